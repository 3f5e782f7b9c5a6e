"""Every mode and profile of a picture becomes sRGB in 8 bits."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms


def fitted_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """(width, height) of the same shape with the given long side, each at least 1 pixel."""
    scale = long_side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def plain(image: Image.Image) -> Image.Image:
    """Palettes, single bits, deep greys, transparent colours -> 8-bit channels, which can be resampled.

    Returns:
        A picture in L, LA, RGB, RGBA, CMYK or LAB.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_grey(image)
    if image.mode in ("LA", "RGBA"):
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _deep_grey(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits or floating point -> 8 bits. (PIL would clip all above 255.)"""
    white = 1.0 if image.mode == "F" else 65535.0
    values = np.array(image, dtype=np.float32)
    transparent = image.info.get("transparency")
    if transparent is not None:
        values[values == transparent] = white
    return Image.fromarray(eight_bits(values, white))


BAND = 64  # rows that are worked on at once: large pictures are never twice in memory, and a band fits in a cache


def eight_bits(values: NDArray[np.generic], white: float) -> NDArray[np.uint8]:
    """Whole or floating numbers -> 8 bits, where 0 is black. What goes beyond the range is squeezed into it."""
    lowest = min(0.0, *(float(band.min()) for band in _bands(values)))
    highest = max(white, *(float(band.max()) for band in _bands(values)))
    levels = [np.rint((band - lowest) * (255 / (highest - lowest))).astype(np.uint8) for band in _bands(values)]
    return np.concatenate(levels)


def _bands(values: NDArray[np.generic]) -> Iterator[NDArray[np.float64]]:
    """Some rows at a time; what is not a number, or none that a grey could be, is black."""
    for top in range(0, len(values), BAND):
        band = values[top : top + BAND].astype(np.float64)
        band[~(np.abs(band) < 1e30)] = 0
        yield band


def on_white(image: Image.Image) -> Image.Image:
    """A plain picture -> RGB on white paper. A new picture, to which nothing sticks but pixels."""
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image.convert("RGB"), mask=image.getchannel("A") if image.mode in ("LA", "RGBA") else None)
    return paper


def alpha_of(image: Image.Image) -> Image.Image | None:
    """How opaque a plain picture is, in grey; None where it is all over."""
    return image.getchannel("A") if image.mode in ("LA", "RGBA") and image.getextrema()[-1] != (255, 255) else None


# The colour space of an ICC profile: the mode that it reads, and the modes of pictures that it fits.
PROFILES = {
    "RGB ": ("RGB", ("RGB", "RGBA", "L", "LA")),
    "GRAY": ("L", ("L", "LA")),
    "CMYK": ("CMYK", ("CMYK",)),
}


def to_srgb(mode: str, profile: bytes) -> Callable[[Image.Image], Image.Image]:
    """What makes RGB of plain pictures of a mode; alpha is dropped. A broken or unfit profile is ignored."""
    with suppress(ImageCms.PyCMSError, KeyError, OSError, TypeError, ValueError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        read, fitting = PROFILES[source.profile.xcolor_space]
        if mode in fitting:
            srgb = ImageCms.createProfile("sRGB")
            intent = ImageCms.Intent.RELATIVE_COLORIMETRIC  # paper becomes white, and the darkest ink black
            transform = ImageCms.buildTransform(
                source, srgb, read, "RGB", intent, ImageCms.Flags.BLACKPOINTCOMPENSATION
            )
            return lambda image: transform.apply(image.convert(read))
    return lambda image: image if image.mode == "RGB" else image.convert("RGB")


def encoded(light: NDArray[np.floating]) -> NDArray[np.floating]:
    """Light from 0 on, 1 being white -> levels of sRGB (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


ABOUT_SRGB = 0.05  # what libpng, too, takes for no difference between two exponents


def with_gamma(image: Image.Image, gamma: float) -> Image.Image:
    """A plain picture whose levels are light to the power of `gamma` (PNG, chunk gAMA) -> levels of sRGB."""
    if not 0.01 < gamma < 100 or abs(2.2 * gamma - 1) < ABOUT_SRGB:
        return image
    light = (np.arange(256) / 255) ** (1 / gamma)
    curve = [round(255 * float(level)) for level in encoded(light)]
    alpha = [list(range(256))] if image.mode in ("LA", "RGBA") else []
    colors = len(image.getbands()) - len(alpha)
    return image.point([*(curve * colors), *(level for one in alpha for level in one)])
