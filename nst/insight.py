"""What the network sees: a picture from one layer's answers alone, and a Gram matrix to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nst.device import Device, best_device
from nst.image import fitted_size, to_image, to_pixels
from nst.losses import gram
from nst.matching import Likes
from nst.settings import Settings
from nst.vgg import VGG

CONTENT_LAYERS = ("relu1_2", "relu2_2", "relu3_2", "relu4_2", "relu5_2")
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
SHINE_THROUGH = 0.25  # of a painting through its false colours
SMALLEST = 32  # pixels: the first scale; noise becomes a picture soonest where it is small


def kept_by(layer: str, size: int, steps: int) -> Settings:
    """Paint with these, and see what one layer keeps of the photo (Gatys et al. 2016, fig. 1, content)."""
    return Settings(
        size=size,
        steps=steps,
        init="noise",
        start_size=SMALLEST,
        style_weight=0,
        content_weight=1,
        content_layers=layer,
    )


def known_up_to(layer: str, size: int, steps: int) -> Settings:
    """Paint with these, and see what the layers up to one know of the painting (fig. 1, style)."""
    layers = " ".join(STYLE_LAYERS[: STYLE_LAYERS.index(layer) + 1])
    return Settings(
        size=size,
        steps=steps,
        init="noise",
        start_size=SMALLEST,
        content_weight=0,
        match_weight=0,
        style_margin=0,
        style_layers=layers,
    )


def gram_picture(
    image: Image.Image, network: VGG, layer: str, long_side: int, device: Device | None = None
) -> Image.Image:
    """The Gram matrix of one layer, a pixel for each pair of features.

    Each entry is divided by the root of both features' own: white is always together, black never.
    """
    device = device or best_device()
    pixels = to_pixels(image, fitted_size(*image.size, long_side)).to(device.place)
    matrix = gram(network.to(device.place, device.dtype).features(pixels, [layer])[layer])
    scale = matrix.diagonal().clamp(min=1e-12).sqrt()
    together = (matrix / scale / scale[:, None]).clamp(0, 1)
    grey = to_image(together.expand(1, 3, -1, -1)).convert("L")
    return ImageOps.colorize(grey, black="#131210", mid="#4566bd", white="#f7f5f1")


def colored_likes(
    likes: Likes, paintings: Sequence[Image.Image], long_side: int
) -> tuple[list[Image.Image], Image.Image]:
    """Where a picture came from, in false colours: the paintings, each place in its own colour, and the picture.

    Down a painting the hue turns, and across it goes from dark to light; several paintings share the hues. A part of
    the picture has the colour of its like. Where nothing was painted it is grey. The paintings shine through.

    Args:
        long_side: Of all these pictures, in pixels.
    """
    maps = []
    for number, painting in enumerate(paintings):
        width, height = fitted_size(*painting.size, long_side)
        rows, columns = np.meshgrid(_middles(height), _middles(width), indexing="ij")
        colors = _false_colors(np.full(rows.shape, number), rows, columns, len(paintings))
        light = painting.convert("L").resize((width, height), Image.Resampling.LANCZOS).convert("RGB")
        maps.append(Image.blend(colors, light, SHINE_THROUGH))
    found = _false_colors(likes.paintings, likes.rows, likes.columns, len(paintings))
    found.paste((128, 128, 128), mask=Image.fromarray(np.uint8(255) * (likes.paintings < 0)))
    return maps, found.resize(fitted_size(*found.size, long_side), Image.Resampling.NEAREST)


def _middles(count: int) -> NDArray[np.float64]:
    return (np.arange(count) + 0.5) / count


def _false_colors(paintings: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any], count: int) -> Image.Image:
    """Of places (h, w): hue by painting and row, which does not come full circle, and lightness by column."""
    hues, light = (np.maximum(paintings, 0) + 0.8 * rows) / count, 0.35 + 0.65 * columns
    waves = 0.5 + 0.5 * np.cos(2 * np.pi * (hues[..., None] - np.array([0, 1 / 3, 2 / 3])))
    return Image.fromarray(np.uint8(255 * light[..., None] * waves))
