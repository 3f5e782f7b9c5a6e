"""Pictures in and out. The only part of the engine that knows how files of pictures are made.

decode   a stranger's file, opened safely
heif     what a HEIF says of itself, before it is decoded
color    every mode and profile becomes sRGB; light and colours of pixels
pixels   sizes, PIL <-> tensors, transparency, PNG
"""

from nst.image.color import luma, match_colors, match_histograms, with_luma, with_luma_inside
from nst.image.decode import FORMATS, MAX_MEGABYTES, WORKING_SIDE, endings, open_picture, open_with_alpha, read_text
from nst.image.pixels import fitted_size, save_png, to_image, to_pixels, with_alpha, with_alpha_values

__all__ = [
    "FORMATS",
    "MAX_MEGABYTES",
    "WORKING_SIDE",
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
