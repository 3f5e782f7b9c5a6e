"""Light and colours of pixels are measured and moved."""

from __future__ import annotations

import torch
from torch import Tensor

REC601 = (0.299, 0.587, 0.114)  # luma of sRGB values, ITU-R BT.601
LEAST_SPREAD = 0.01  # standard deviation of a colour below which it counts as noise


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
