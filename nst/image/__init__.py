"""Pictures in and out. The only part of the engine that knows how files of pictures are made.

decode   a stranger's file, opened behind the gate
color    light and colours of pixels
pixels   PIL <-> tensors, transparency, PNG
"""

from nst.gate.srgb import encoded, fitted_size
from nst.image.color import luma, match_colors, match_histograms, with_luma, with_luma_inside
from nst.image.decode import FORMATS, MAX_MEGABYTES, WORKING_SIDE, endings, open_picture, open_with_alpha, read_text
from nst.image.pixels import save_png, to_image, to_pixels, with_alpha, with_alpha_values

__all__ = [
    "FORMATS",
    "MAX_MEGABYTES",
    "WORKING_SIDE",
    "encoded",
    "endings",
    "fitted_size",
    "luma",
    "match_colors",
    "match_histograms",
    "open_picture",
    "open_with_alpha",
    "read_text",
    "save_png",
    "to_image",
    "to_pixels",
    "with_alpha",
    "with_alpha_values",
    "with_luma",
    "with_luma_inside",
]
