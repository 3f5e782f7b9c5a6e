"""Pictures at other sizes, and the bands of detail that lie between two sizes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.wrap import NOWHERE, Wrap, interpolate

PART = 2**20  # products that are added up in one go


def resize(pixels: Tensor, height: int, width: int, wrap: Wrap = NOWHERE) -> Tensor:
    """(1, 3, H, W) -> (1, 3, height, width), bicubic; filtered when it shrinks."""
    if pixels.shape[-2:] == (height, width):
        return pixels
    shrinks = height < pixels.shape[-2]
    return interpolate(pixels, (height, width), wrap, mode="bicubic", antialias=shrinks)


def laplacian_pyramid(pixels: Tensor, bands: int, wrap: Wrap = NOWHERE) -> list[Tensor]:
    """Fine to coarse: what each halving loses, and the small picture that is left (Burt & Adelson 1983)."""
    sizes = halvings(pixels, bands, wrap)
    return [*(large - doubled(small, large, wrap) for large, small in pairwise(sizes)), sizes[-1].clone()]


def collapsed(bands: Sequence[Tensor], wrap: Wrap = NOWHERE) -> Tensor:
    """The picture whose Laplacian pyramid it is."""
    return reduce(lambda small, large: large + doubled(small, large, wrap), reversed(bands))


def halvings(pixels: Tensor, count: int, wrap: Wrap = NOWHERE) -> list[Tensor]:
    """`count` sizes, from the picture's own on.

    Halving is the transpose of doubling but for the border, so that to weight bands is symmetric, as an inverse
    curvature must be.
    """
    sizes = [pixels]
    for _ in range(count - 1):
        height, width = sizes[-1].shape[-2:]
        half = (height + 1) // 2, (width + 1) // 2
        sizes.append(interpolate(sizes[-1], half, wrap, mode="bilinear", antialias=True))
    return sizes


def doubled(small: Tensor, like: Tensor, wrap: Wrap = NOWHERE) -> Tensor:
    height, width = like.shape[-2:]
    return interpolate(small, (height, width), wrap, mode="bilinear")


def dots_of_bands(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """Of two pictures in their halvings, fine to coarse: what each takes away from a.b, and what is left."""
    dots = torch.stack([dot(x, y) * (a[0].numel() / x.numel()) for x, y in zip(a, b, strict=True)])
    return dots - F.pad(dots[1:], (0, 1))


def weighted(pixels: Tensor, weights: Tensor, wrap: Wrap = NOWHERE) -> Tensor:
    """Each band times its weight: all of the picture by the first, what is coarser by what the next adds to it.

    It is written over the pixels: a large picture has no room for both.
    """
    rests = torch.diff(weights, prepend=torch.zeros_like(weights[:1]))
    sizes = [size.mul_(rest) for size, rest in zip(halvings(pixels, len(weights), wrap), rests, strict=True)]
    return reduce(lambda small, large: large.add_(doubled(small, large, wrap)), reversed(sizes))


def along_bands(bands: list[Tensor], gradient: Tensor, wrap: Wrap = NOWHERE) -> list[Tensor]:
    """The gradient by the bands, from that by the pixels."""
    if len(bands) == 1:
        return [gradient]
    with torch.enable_grad():
        leaves = [band.detach().requires_grad_() for band in bands]
        return list(torch.autograd.grad(collapsed(leaves, wrap), leaves, gradient))


def dot(a: Tensor, b: Tensor) -> Tensor:
    """A part at a time: float32 would lose digits of a sum of so many products in a row. Nothing of channels_last
    pictures (1, C, H, W) is copied."""
    parts = zip(*(torch.split(one.movedim(1, -1).flatten(), PART) for one in (a, b)), strict=True)
    return torch.stack([torch.dot(x, y) for x, y in parts]).sum()
