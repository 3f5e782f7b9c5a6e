"""Colour: every kind of picture becomes sRGB in 8 bits; light and colours of pixels are measured and moved."""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import torch
from PIL import Image, ImageCms
from torch import Tensor

REC601 = (0.299, 0.587, 0.114)  # luma of sRGB values, ITU-R BT.601
LEAST_SPREAD = 0.01  # standard deviation of a colour below which it counts as noise


# Modes and colours


def plain(image: Image.Image) -> Image.Image:
    """Palettes, single bits, deep greys, transparent colours -> 8-bit channels, which can be resampled.

    Returns:
        A picture in L, LA, RGB, RGBA, CMYK or LAB.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _eight_bits(image)
    if image.mode in ("LA", "RGBA"):
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits or floating point -> 8 bits.

    Black is 0, white 65535, or 1 of floating point; a picture that goes beyond is squeezed into the
    range. (PIL would clip all above 255.)
    """
    values = np.array(image, dtype=np.float32)
    white = 1.0 if image.mode == "F" else 65535.0
    transparent = image.info.get("transparency")
    if transparent is not None:
        values[values == transparent] = white
    values[~(np.abs(values) < 1e30)] = 0  # not a number, or none that a grey could be
    black, white = min(0.0, float(values.min())), max(white, float(values.max()))
    values -= black
    values *= 255 / (white - black)
    return Image.fromarray(np.rint(values, out=values).astype(np.uint8))


def on_white(image: Image.Image, profile: bytes = b"") -> Image.Image:
    """A plain picture -> RGB on white paper. A new picture, to which nothing sticks but pixels."""
    paper = Image.new("RGB", image.size, "white")
    paper.paste(_in_srgb(image, profile), mask=alpha_of(image))
    return paper


def alpha_of(image: Image.Image) -> Image.Image | None:
    """How opaque a plain picture is, in grey; None where it is all over. A new picture likewise."""
    if image.mode not in ("LA", "RGBA") or image.getextrema()[-1] == (255, 255):
        return None
    return Image.frombytes("L", image.size, image.getchannel("A").tobytes())


# The colour space of an ICC profile: the mode that it reads, and the modes of pictures that it fits.
PROFILES = {
    "RGB ": ("RGB", ("RGB", "RGBA", "L", "LA")),
    "GRAY": ("L", ("L", "LA")),
    "CMYK": ("CMYK", ("CMYK",)),
}


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """A plain picture -> RGB, alpha dropped. A profile that is broken or does not fit is ignored."""
    with suppress(ImageCms.PyCMSError, KeyError, OSError, TypeError, ValueError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode, fitting = PROFILES[source.profile.xcolor_space]
        if image.mode in fitting:
            srgb = ImageCms.createProfile("sRGB")
            intent = ImageCms.Intent.RELATIVE_COLORIMETRIC  # paper becomes white, and the darkest ink black
            transform = ImageCms.buildTransform(
                source, srgb, mode, "RGB", intent, ImageCms.Flags.BLACKPOINTCOMPENSATION
            )
            return transform.apply(image.convert(mode))
    return image.convert("RGB")


# Colours of pixels


def luma(pixels: Tensor) -> Tensor:
    """(1, 3, H, W) -> (1, 1, H, W)."""
    return (pixels * pixels.new_tensor(REC601).view(1, 3, 1, 1)).sum(1, keepdim=True)


def with_luma(pixels: Tensor, new_luma: Tensor) -> Tensor:
    """The chroma of `pixels` under another luma: the difference is added to all three channels."""
    return pixels + (new_luma - luma(pixels))


def with_luma_inside(pixels: Tensor, new_luma: Tensor) -> Tensor:
    """The same, and where a channel would leave [0, 1] the luma gives way: the chroma stays whole."""
    chroma = pixels - luma(pixels)
    lowest, highest = -chroma.amin(1, keepdim=True), 1 - chroma.amax(1, keepdim=True)
    return chroma + new_luma.clamp(lowest, highest)


def match_colors(pixels: Tensor, like: Tensor) -> Tensor:
    """Move the colours of one picture so that their mean and covariance are another's.

    A x + b of Gatys, Bethge, Hertzmann & Shechtman 2016 ("Preserving color in neural artistic style
    transfer"), with the symmetric square roots that they prefer: A = other^(1/2) own^(-1/2). It departs
    from them where the picture hardly varies, as in the chroma of a grey one: that is noise, and not
    stretched to the other's spread.

    Args:
        pixels, like: (1, 3, H, W) in [0, 1], each of its own size.

    Returns:
        (1, 3, H, W) like `pixels`, clipped to [0, 1].
    """
    (mean, own), (other_mean, other) = _moments(pixels), _moments(like)
    matrix = _power(other, 0.5) @ _power(own, -0.5, LEAST_SPREAD**2)
    matrix, offset = matrix.to(pixels), (other_mean - matrix @ mean).to(pixels)
    return (torch.einsum("ij,njhw->nihw", matrix, pixels) + offset.view(1, 3, 1, 1)).clamp(0, 1)


def _moments(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (3) and covariance (3, 3) of the colours in float64, on the CPU: not every device has it."""
    colors = pixels[0].flatten(1).cpu().double()
    return colors.mean(1), torch.cov(colors, correction=0)


def _power(covariance: Tensor, exponent: float, least: float = 0.0) -> Tensor:
    """A power of a symmetric matrix whose eigenvalues are raised to at least `least` first."""
    values, vectors = torch.linalg.eigh(covariance)
    power: Tensor = (vectors * values.clamp(min=least).pow(exponent)) @ vectors.t()
    return power


def match_histograms(pixels: Tensor, like: Tensor) -> Tensor:
    """Give each channel of one picture the histogram that it has in another.

    Args:
        pixels, like: (1, 3, H, W), each of its own size.

    Returns:
        (1, 3, H, W) like `pixels`: the order of its values, with the other's values.
    """
    values, wanted = pixels[0].flatten(1), like[0].flatten(1).sort(dim=1).values
    rank = values.argsort(dim=1, stable=True).argsort(dim=1)
    at = ((rank + 0.5) * (wanted.shape[1] / values.shape[1])).long().clamp(max=wanted.shape[1] - 1)
    return wanted.gather(1, at).view_as(pixels)
