"""The painting itself: from a photo to frames.

The generator is the session. Pixels, solver and targets are its local variables: to stop is to
close it, and two of them never meet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nst.device import Device, best_device
from nst.image import fitted_size, luma, to_image, to_pixels, with_luma
from nst.objective import objective_for
from nst.settings import Settings, layer_weights, mix_shares
from nst.solver import make_solver, resize
from nst.vgg import VGG

FIRST_TO_LAST = 4  # steps of the smallest scale to those of the largest


@dataclass(frozen=True)
class Scale:
    """One size that is painted at.

    Attributes:
        size: (width, height) in pixels.
        steps: How many steps are taken at this size.
    """

    size: tuple[int, int]
    steps: int

    @property
    def work(self) -> int:
        """Cost in pixels times steps; time is proportional to it."""
        return self.size[0] * self.size[1] * self.steps


@dataclass(frozen=True)
class Frame:
    """The painting after one step.

    Attributes:
        step, steps: 1-based, over the whole run.
        seconds: Since the run began.
        progress: Share of the whole work that is done, in (0, 1].
        long_side: Of the scale that is being painted, in pixels.
    """

    step: int
    steps: int
    seconds: float
    progress: float
    long_side: int
    _pixels: Tensor
    _losses: Mapping[str, Tensor]
    _finish: Callable[[Tensor, int], Tensor]
    _size: int

    @property
    def seconds_left(self) -> float:
        """If the rest goes as fast as the work so far."""
        return self.seconds * (1 / self.progress - 1)

    @property
    def losses(self) -> dict[str, float]:
        """Unweighted losses at the pixels that this step started from."""
        return {name: float(value) for name, value in self._losses.items()}

    @cached_property
    def image(self) -> Image.Image:
        """RGB, always in the size of the finished picture. Made when asked for."""
        return to_image(self._finish(self._pixels, self._size))

    @property
    def pixels(self) -> NDArray[np.float32]:
        """The same picture in full precision: (H, W, 3) sRGB in [0, 1]."""
        finished = self._finish(self._pixels, self._size)
        return np.ascontiguousarray(finished[0].clamp(0, 1).permute(1, 2, 0).numpy())

    def preview(self, long_side: int) -> Image.Image:
        """The same picture with another long side in pixels, never above that of `image`."""
        return to_image(self._finish(self._pixels, min(long_side, self._size)))


def stylize(
    content: Image.Image,
    styles: Image.Image | Sequence[Image.Image],
    settings: Settings,
    network: VGG,
    device: Device | None = None,
    start: Image.Image | None = None,
    masks: Sequence[Image.Image] | None = None,
) -> Generator[Frame, None, None]:
    """Paint a photo in the manner of one or more paintings (Gatys, Ecker & Bethge 2016).

    Args:
        content: The photo.
        styles: A painting, or several whose statistics are blended.
        settings: How to paint.
        network: The frozen VGG that looks.
        device: Where to compute; the best one here if not said.
        start: A picture to go on from. Painting then continues at the final size alone.
        masks: One grey picture for each painting, in the photo's shape: white where it applies.
            Where none does, the photo stays. Blended all over if not said.

    Yields:
        A `Frame` after each step. The last one's image has the photo's aspect ratio and a long
        side of `settings.size`, or of the photo's own where that is smaller.

    Raises:
        ValueError: if a picture is missing or too small, a mask is empty, or a layer is unknown.
    """
    paintings = list(styles) if isinstance(styles, Sequence) else [styles]
    _check(content, paintings, masks, settings, network)
    return _paint(content, paintings, settings, network, device or best_device(), start, masks)


def _check(
    content: Image.Image,
    paintings: list[Image.Image],
    masks: Sequence[Image.Image] | None,
    settings: Settings,
    network: VGG,
) -> None:
    if content is None:
        raise ValueError("Please choose a photo.")
    if not paintings or any(painting is None for painting in paintings):
        raise ValueError("Please choose a painting.")
    mix_shares(settings.style_mix, len(paintings))
    if masks is not None and len(masks) != len(paintings):
        raise ValueError(f"There must be one mask for each painting, not {len(masks)} for {len(paintings)}.")
    if any(mask.convert("L").getextrema()[1] == 0 for mask in masks or ()):
        raise ValueError("A mask is empty: nothing would be painted. Please mark where the painting goes.")
    least = network.shrinkage(_layers(settings, network))
    for name, picture in (("photo", content), *(("painting", painting) for painting in paintings)):
        size = fitted_size(*picture.size, min(settings.size, max(picture.size)))
        if min(size) < least:
            raise ValueError(
                f"The {name} would be {size[0]} x {size[1]} pixels; "
                f"its short side needs at least {least}. Please choose a larger or less narrow one."
            )


def _layers(settings: Settings, network: VGG) -> list[str]:
    """All layers that are looked at, known to the network."""
    layers = [layer_weights(names) for names in (settings.style_layers, settings.content_layers)]
    for names in layers:
        network.check_layers(list(names))
    return [name for names in layers for name in names]


def scales(width: int, height: int, settings: Settings, least: int) -> list[Scale]:
    """The sizes to paint at, small to large, and how the steps are shared among them.

    The final size is halved for as long as it stays at or above `start_size`. Steps are cheap
    where the picture is small: the first scale gets `FIRST_TO_LAST` times as many as the last.

    Args:
        width, height: Of the photo.
        least: The smallest short side that the network can see.
    """
    sides = [min(settings.size, max(width, height))]
    while sides[0] / 2 >= settings.start_size and min(fitted_size(width, height, sides[0] // 2)) >= least:
        sides.insert(0, round(sides[0] / 2))
    sides = sides[-settings.steps :]  # one step at least for each
    ratio = FIRST_TO_LAST ** (-1 / max(1, len(sides) - 1))
    parts = [ratio**i for i in range(len(sides))]
    shares = [max(1, round(settings.steps * part / sum(parts))) for part in parts]
    shares[0] += settings.steps - sum(shares)
    return [Scale(fitted_size(width, height, side), steps) for side, steps in zip(sides, shares, strict=True)]


def _paint(
    content: Image.Image,
    paintings: list[Image.Image],
    settings: Settings,
    network: VGG,
    device: Device,
    start: Image.Image | None,
    masks: Sequence[Image.Image] | None,
) -> Generator[Frame, None, None]:
    began = time.perf_counter()
    network = network.to(device.place, device.dtype)
    plan = scales(*content.size, settings, network.shrinkage(_layers(settings, network)))
    if start is not None:
        plan = [Scale(plan[-1].size, settings.steps)]
    longest, finish = max(plan[-1].size), _finisher(content, plan[-1].size, settings, masks)
    work, done, step = sum(scale.work for scale in plan), 0, 0
    solver = make_solver(settings.optimizer, settings.learning_rate)
    pixels = None if start is None else to_pixels(start, start.size).to(device.place)
    for scale in plan:
        width, height = scale.size
        photo = to_pixels(content, scale.size).to(device.place)
        pixels = _begun(photo, settings) if pixels is None else _enlarged(pixels, photo, content, settings)
        solver = solver.enlarged(height, width)
        objective = objective_for(photo, paintings, masks, settings, network)
        for _ in range(scale.steps):
            gradient, losses = objective(pixels)
            pixels = solver.step(pixels, gradient)
            if settings.bounds == "clamp":
                pixels = pixels.clamp(0, 1)
            step, done = step + 1, done + width * height
            seconds = time.perf_counter() - began
            yield Frame(step, settings.steps, seconds, done / work, max(scale.size), pixels, losses, finish, longest)


def _begun(photo: Tensor, settings: Settings) -> Tensor:
    if settings.init == "content":
        return photo.clone()
    generator = torch.Generator().manual_seed(settings.seed)
    return torch.rand(photo.shape, generator=generator).to(photo.device)


def _enlarged(pixels: Tensor, photo: Tensor, content: Image.Image, settings: Settings) -> Tensor:
    """The painting so far at the photo's size. Enlarging blurs; the photo knows the detail that is missing."""
    (height, width), (new_height, new_width) = pixels.shape[-2:], photo.shape[-2:]
    enlarged = resize(pixels, new_height, new_width)
    if settings.init == "content" and height < new_height:
        small_photo = to_pixels(content, (width, height)).to(photo.device)
        enlarged = enlarged + photo - resize(small_photo, new_height, new_width)
    return enlarged


def _finisher(
    content: Image.Image, size: tuple[int, int], settings: Settings, masks: Sequence[Image.Image] | None
) -> Callable[[Tensor, int], Tensor]:
    """(pixels of any scale, long side) -> pixels of that long side: in the colours asked for, on the photo
    where no mask applies."""

    def finish(pixels: Tensor, long_side: int) -> Tensor:
        width, height = size if long_side == max(size) else fitted_size(*size, long_side)
        pixels = resize(pixels.cpu(), height, width)
        if settings.color == "luminance" or masks is not None:
            photo = to_pixels(content, (width, height))
        if settings.color == "luminance":
            pixels = with_luma(photo, luma(pixels))
        if masks is not None:
            cover = torch.stack([to_pixels(mask, (width, height)) for mask in masks]).sum(0).clamp(max=1)
            pixels = photo + cover * (pixels - photo)
        return pixels

    return finish
