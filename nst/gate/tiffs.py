"""TIFFs that Pillow does not know or gets wrong: more than 8 bits a channel, floating point, further channels."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from tifffile import COMPRESSION, PHOTOMETRIC, TIFF, TiffFile, TiffPage

from nst.gate.srgb import eight_bits, to_srgb
from nst.gate.wire import Refused, Why

MAX_MEGAPIXELS = 36
MAX_BYTES = 600 * 10**6  # of one picture in memory
ORIENTATION, ICC_PROFILE = 274, 34675
COLORS = {  # kind of colours -> how many channels, and what Pillow calls it
    PHOTOMETRIC.MINISWHITE: (1, "L"),
    PHOTOMETRIC.MINISBLACK: (1, "L"),
    PHOTOMETRIC.RGB: (3, "RGB"),
    PHOTOMETRIC.SEPARATED: (4, "CMYK"),
}
ASSOCIATED, UNASSOCIATED = 1, 2  # kinds of alpha: multiplied in, or not

for _coding in (  # a worker can load nothing later on
    COMPRESSION.NONE,
    COMPRESSION.LZW,
    COMPRESSION.ADOBE_DEFLATE,
    COMPRESSION.DEFLATE,
    COMPRESSION.PACKBITS,
    COMPRESSION.JPEG,
    COMPRESSION.LZMA,
    COMPRESSION.ZSTD,
    COMPRESSION.WEBP,
):
    TIFF.DECOMPRESSORS[_coding]
for _difference in (1, 2, 3):
    TIFF.UNPREDICTORS[_difference]


def is_deep(file: bytes) -> bool:
    """Whether Pillow would lose something of it."""
    try:
        with TiffFile(io.BytesIO(file)) as tiff:
            page = tiff.pages.first
            return isinstance(page, TiffPage) and bool(page.bitspersample > 8)
    except Exception:  # then it is for Pillow to say what is wrong with it
        return False


def opened(file: bytes) -> Image.Image:
    """The first page, in L, LA, RGB, RGBA or CMYK, upright, with its profile.

    Raises:
        Refused: if it is too large, or holds no colours that can be shown.
        Exception: nearly any, if it is damaged.
    """
    with TiffFile(io.BytesIO(file)) as tiff:
        page = tiff.pages.first
        if not isinstance(page, TiffPage) or page.photometric not in COLORS or page.imagedepth != 1:
            raise Refused(Why.NOT_A_PICTURE)
        size = max(page.imagewidth * page.imagelength, page.tilewidth * page.tilelength)
        if size > MAX_MEGAPIXELS * 10**6 or page.nbytes > MAX_BYTES:
            raise Refused(Why.TOO_LARGE, MAX_MEGAPIXELS)
        image = _with_colors(page)
        image.getexif()[ORIENTATION] = int(page.tags.valueof(ORIENTATION, 1))
        return ImageOps.exif_transpose(image)


def _with_colors(page: TiffPage) -> Image.Image:
    count, mode = COLORS[PHOTOMETRIC(page.photometric)]
    channels = _channels(page)
    profile = bytes(page.tags.valueof(ICC_PROFILE, b""))
    levels = eight_bits(channels[..., :count], _white(page))
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        levels = 255 - levels
    image = Image.fromarray(levels[..., 0] if count == 1 else levels, mode)
    kind = page.extrasamples[0] if page.extrasamples else 0
    if kind in (ASSOCIATED, UNASSOCIATED):
        alpha = Image.fromarray(eight_bits(channels[..., count], _white(page)))
        if mode == "CMYK":  # which has no name together with alpha
            image, profile = to_srgb(mode, profile)(image), b""
        if kind == ASSOCIATED:
            image = _divided(image.convert("RGB"), alpha)
        image.putalpha(alpha)
    image.info["icc_profile"] = profile
    return image


def _channels(page: TiffPage) -> NDArray[Any]:
    """(height, width, channels), whether they lie together or each for itself."""
    values = page.asarray(squeeze=False, maxworkers=1)  # (planes, depth, height, width, channels)
    return np.moveaxis(values[:, 0, ..., 0], 0, -1) if len(values) > 1 else values[0, 0]


def _white(page: TiffPage) -> float:
    """The number that stands for white: the largest; of signed ones what Pillow takes for it."""
    kind = page.dtype
    if kind is None or kind.kind == "f":
        return 1.0
    return 2.0**page.bitspersample - 1 if kind.kind == "u" else 65535.0


def _divided(image: Image.Image, alpha: Image.Image) -> Image.Image:
    """The colours before alpha was multiplied in."""
    return Image.merge("RGBa", (*image.split(), alpha)).convert("RGBA").convert("RGB")
