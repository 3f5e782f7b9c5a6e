"""Colours and seams: of the photo before it is painted, and of the picture afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from PIL import Image
from torch import Tensor

from nst.image import (
    fitted_size,
    luma,
    match_colors,
    match_histograms,
    to_image,
    to_pixels,
    with_luma,
    with_luma_inside,
)
from nst.settings import Settings, mix_shares
from nst.solvers.pyramid import resize
from nst.wrap import WRAPS, seamless

LIGHTS = {"luminance": with_luma, "exact": with_luma_inside}  # the photo's colours under painted light
RECOLOURED = {"match_photo": match_colors, "histogram_photo": match_histograms}  # the photo, like the painting
COLOURS_SIDE = 256  # of a square that holds the colours of all paintings


def colours_of(paintings: Sequence[Image.Image], settings: Settings) -> Tensor:
    """(1, 3, 1, N): the colours of all paintings, each as often as its share asks for."""
    sides = [max(1, round(COLOURS_SIDE * share**0.5)) for share in mix_shares(settings.style_mix, len(paintings))]
    squares = [to_pixels(painting, (side, side)) for painting, side in zip(paintings, sides, strict=True)]
    return torch.cat([square.flatten(2) for square in squares], dim=2)[:, :, None]


def joined(content: Image.Image, size: tuple[int, int], settings: Settings) -> Image.Image:
    """The photo as it is painted: where the ends of the picture are to meet, without the jump between its own."""
    wrap = WRAPS[settings.tileable]
    return to_image(seamless(to_pixels(content, size), wrap)) if wrap else content


def recoloured(content: Image.Image, size: tuple[int, int], colours: Tensor, settings: Settings) -> Image.Image:
    """The photo as the painting is to see it."""
    if settings.color not in RECOLOURED:
        return content
    return to_image(RECOLOURED[settings.color](to_pixels(content, size), colours))


def finisher(
    content: Image.Image,
    size: tuple[int, int],
    colours: Tensor,
    settings: Settings,
    masks: Sequence[Image.Image] | None,
) -> Callable[[Tensor, int], Tensor]:
    """(pixels of any scale, long side) -> pixels of that long side: in the colours asked for, on the photo
    where no mask applies."""

    def finish(pixels: Tensor, long_side: int) -> Tensor:
        width, height = size if long_side == max(size) else fitted_size(*size, long_side)
        pixels = resize(pixels.cpu(), height, width, WRAPS[settings.tileable])
        if settings.color in LIGHTS or masks is not None:
            photo = to_pixels(content, (width, height))
        if settings.color in LIGHTS:
            pixels = LIGHTS[settings.color](photo, luma(pixels))
        if settings.color == "match_finished":
            pixels = match_colors(pixels, colours)
        if masks is not None:
            cover = torch.stack([to_pixels(mask, (width, height)) for mask in masks]).sum(0).clamp(max=1)
            pixels = photo + cover * (pixels - photo)
        return pixels

    return finish
