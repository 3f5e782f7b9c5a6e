"""Pictures in and out: safe decoding, sizes, colour. The only module that knows PIL."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

REC601 = (0.299, 0.587, 0.114)  # luma of sRGB values, ITU-R BT.601


def fitted_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """(width, height) of the same shape with the given long side, each at least 1 pixel."""
    scale = long_side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def to_pixels(image: Image.Image, size: tuple[int, int]) -> Tensor:
    """PIL picture -> (1, 3, H, W) float32 sRGB in [0, 1], resampled to `size` (width, height)."""
    resampled = image.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return torch.from_numpy(np.asarray(resampled).copy()).permute(2, 0, 1)[None].float() / 255


def to_image(pixels: Tensor) -> Image.Image:
    """(1, 3, H, W) in [0, 1], on any device -> PIL RGB; values beyond the range are clipped."""
    bytes_ = (pixels[0].detach().clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(bytes_.permute(1, 2, 0).cpu().numpy())


def luma(pixels: Tensor) -> Tensor:
    """(1, 3, H, W) -> (1, 1, H, W)."""
    return (pixels * pixels.new_tensor(REC601).view(1, 3, 1, 1)).sum(1, keepdim=True)


def with_luma(pixels: Tensor, new_luma: Tensor) -> Tensor:
    """The chroma of `pixels` under another luma: the difference is added to all three channels."""
    return pixels + (new_luma - luma(pixels))


def match_colors(pixels: Tensor, like: Tensor) -> Tensor:
    """Move the colours of one picture so that their mean and covariance are another's.

    A_style x + b of Gatys et al. 2017 ("Controlling perceptual factors", section 5.3), with the
    symmetric square root that they recommend.
    """
    flat, other = (picture[0].flatten(1).double() for picture in (pixels, like))
    mean, other_mean = flat.mean(1, keepdim=True), other.mean(1, keepdim=True)
    own_root, other_root = _root(torch.cov(flat)), _root(torch.cov(other))
    mapped = other_root @ torch.linalg.solve(own_root, flat - mean) + other_mean
    return mapped.view_as(pixels[0])[None].float().clamp(0, 1)


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp(min=1e-6).sqrt()) @ vectors.t()
