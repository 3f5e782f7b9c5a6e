"""Pictures and pixels: from PIL to tensors and back, transparency, a PNG that carries texts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from nst.gate.srgb import on_white, plain


def to_pixels(image: Image.Image, size: tuple[int, int]) -> Tensor:
    """PIL picture -> (1, 3, H, W) float32 sRGB in [0, 1], resampled to `size` (width, height).

    Any mode will do; transparency lies on white.
    """
    from torchvision.transforms.v2.functional import pil_to_tensor  # not above: it takes a second to import

    if image.mode != "RGB":
        image = on_white(plain(image))
    resampled = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    levels: Tensor = pil_to_tensor(resampled)
    return levels[None].float() / 255


def to_image(pixels: Tensor) -> Image.Image:
    """(1, 3, H, W) in [0, 1], on any device -> PIL RGB; values beyond the range are clipped."""
    from torchvision.transforms.v2.functional import to_pil_image  # not above: it takes a second to import

    levels = (pixels[0].detach().clamp(0, 1) * 255).round().to(torch.uint8)  # `to_dtype` would not round
    picture: Image.Image = to_pil_image(levels)
    return picture


def with_alpha(image: Image.Image, alpha: Image.Image | None) -> Image.Image:
    """The picture in RGBA, as opaque as another one of its shape was; as it is where that was all over."""
    if alpha is None:
        return image
    image = image.copy()
    image.putalpha(alpha.resize(image.size, Image.Resampling.BILINEAR))
    return image


def with_alpha_values(pixels: NDArray[np.float32], alpha: Image.Image | None) -> NDArray[np.float32]:
    """The same of (H, W, 3) in [0, 1]: (H, W, 4)."""
    if alpha is None:
        return pixels
    height, width, _ = pixels.shape
    resized = np.array(alpha.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
    return np.dstack([pixels, resized / 255])


def save_png(image: Image.Image, target: str | os.PathLike[str] | BinaryIO, text: Mapping[str, str]) -> None:
    """Write a PNG, lossless, that carries texts in UTF-8 ("iTXt" chunks).

    Args:
        image: In RGB or RGBA.
        target: Path of the file, or a binary stream.
        text: Keyword -> text. A keyword has 1 to 79 characters of Latin-1.

    Raises:
        ValueError: if a keyword is not one.
        OSError: if the file cannot be written.
    """
    chunks = PngInfo()
    for keyword, value in text.items():
        if not re.fullmatch(r"[!-~\xa1-\xff]([ -~\xa1-\xff]{0,77}[!-~\xa1-\xff])?", keyword):
            raise ValueError(f"A keyword of a PNG must have 1 to 79 characters of Latin-1, not {keyword!r}.")
        chunks.add_itxt(keyword, value)
    image.save(target, "PNG", pnginfo=chunks)
