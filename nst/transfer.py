"""The painting itself: where weights meet losses.

The generator is the session. Pixels, solver and targets are its local variables: to stop is to
close it, and two of them never meet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from PIL import Image
from torch import Tensor

from nst.device import Device, best_device
from nst.image import fitted_size, luma, match_colors, to_image, to_pixels, with_luma
from nst.losses import CONTENT_LOSSES, STYLE_LOSSES, Statistic, blended, total_variation
from nst.settings import Settings, layer_weights
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
    _finish: Callable[[Tensor], Image.Image]

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
        return self._finish(self._pixels)


def stylize(
    content: Image.Image,
    styles: Image.Image | Sequence[Image.Image],
    settings: Settings,
    network: VGG,
    device: Device | None = None,
) -> Iterator[Frame]:
    """Paint a photo in the manner of one or more paintings (Gatys, Ecker & Bethge 2016).

    Args:
        content: The photo.
        styles: A painting, or several whose statistics are blended.
        settings: How to paint.
        network: The frozen VGG that looks.
        device: Where to compute; the best one here if not said.

    Yields:
        A `Frame` after each step. The last one's image has the photo's aspect ratio and a long
        side of `settings.size`, or of the photo's own where that is smaller.

    Raises:
        ValueError: if a picture is missing or too small, or a layer is unknown.
    """
    paintings = list(styles) if isinstance(styles, Sequence) else [styles]
    _check(content, paintings, settings, network)
    return _paint(content, paintings, settings, network, device or best_device())


def _check(content: Image.Image, paintings: list[Image.Image], settings: Settings, network: VGG) -> None:
    if content is None:
        raise ValueError("Please choose a photo.")
    if not paintings or any(painting is None for painting in paintings):
        raise ValueError("Please choose a painting.")
    layers = [*layer_weights(settings.style_layers), *layer_weights(settings.content_layers)]
    network.check_layers(layers)
    least = network.shrinkage(layers)
    for name, picture in (("photo", content), *(("painting", painting) for painting in paintings)):
        size = fitted_size(*picture.size, min(settings.size, max(picture.size)))
        if min(size) < least:
            raise ValueError(
                f"The {name} would be {size[0]} x {size[1]} pixels; "
                f"its short side needs at least {least}. Please choose a larger or less narrow one."
            )


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
    content: Image.Image, paintings: list[Image.Image], settings: Settings, network: VGG, device: Device
) -> Iterator[Frame]:
    began = time.perf_counter()
    network = network.to(device.place, device.dtype)
    layers = [*layer_weights(settings.style_layers), *layer_weights(settings.content_layers)]
    plan = scales(*content.size, settings, network.shrinkage(layers))
    work, done, step = sum(scale.work for scale in plan), 0, 0
    photo = pixels = torch.empty(0)
    solver = make_solver(settings.optimizer, settings.learning_rate)
    for scale in plan:
        before, (width, height) = photo, scale.size
        photo = to_pixels(content, scale.size).to(device.place)
        if step == 0:
            pixels = _start(photo, settings)
        else:
            pixels = resize(pixels, height, width)
            if settings.init == "content":  # enlarging blurs; the photo knows the lost detail
                pixels = pixels + photo - resize(before, height, width)
            solver = solver.enlarged(height, width)
        objective = _Objective.of(photo, paintings, scale, settings, network)
        finish = _finisher(content, plan[-1].size, settings)
        for _ in range(scale.steps):
            gradient, losses = objective(pixels)
            pixels = solver.step(pixels, gradient)
            if settings.bounds == "clamp":
                pixels = pixels.clamp(0, 1)
            step, done = step + 1, done + width * height
            yield Frame(
                step, settings.steps, time.perf_counter() - began, done / work, max(scale.size), pixels, losses, finish
            )


def _start(photo: Tensor, settings: Settings) -> Tensor:
    if settings.init == "content":
        return photo.clone()
    generator = torch.Generator().manual_seed(settings.seed)
    return torch.rand(photo.shape, generator=generator).to(photo.device)


def _finisher(content: Image.Image, size: tuple[int, int], settings: Settings) -> Callable[[Tensor], Image.Image]:
    def finish(pixels: Tensor) -> Image.Image:
        if pixels.shape[-2:] != size[::-1]:
            pixels = resize(pixels, size[1], size[0])
        if settings.color == "luminance":
            pixels = with_luma(to_pixels(content, size), luma(pixels.cpu()))
        return to_image(pixels)

    return finish


def _painting_pixels(painting: Image.Image, photo: Tensor, scale: Scale, settings: Settings) -> Tensor:
    """The painting at the size at which its strokes are seen; never larger than it is."""
    long_side = min(round(max(scale.size) * settings.style_scale), max(painting.size))
    pixels = to_pixels(painting, fitted_size(*painting.size, long_side)).to(photo.device)
    if settings.color == "match":
        return match_colors(pixels, photo)
    if settings.color == "luminance":
        light, photo_light = luma(pixels), luma(photo)
        light = (light - light.mean()) / light.std().clamp(min=1e-3) * photo_light.std() + photo_light.mean()
        return light.clamp(0, 1).expand(1, 3, -1, -1)
    return pixels


@dataclass(frozen=True)
class _Objective:
    """What is minimised at one scale: pixels -> gradient and losses."""

    settings: Settings
    network: VGG
    content: Mapping[str, Tensor]
    style: Mapping[str, Statistic]

    @classmethod
    def of(
        cls, photo: Tensor, paintings: list[Image.Image], scale: Scale, settings: Settings, network: VGG
    ) -> _Objective:
        look = {"pooling": settings.pooling, "padding": settings.padding}
        statistic = STYLE_LOSSES[settings.style_loss].statistic
        layers = layer_weights(settings.style_layers)
        with torch.no_grad():
            content = network.features(photo, layer_weights(settings.content_layers), **look)
            seen = [
                network.features(_painting_pixels(painting, photo, scale, settings), layers, **look)
                for painting in paintings
            ]
            style = {layer: blended([statistic(features[layer]) for features in seen]) for layer in layers}
        return cls(settings, network, content, style)

    def __call__(self, pixels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        settings = self.settings
        with torch.enable_grad():  # Gradio moves a generator between threads; each step says its own mode
            pixels = pixels.detach().requires_grad_()
            features = self.network.features(
                pixels, {*self.content, *self.style}, pooling=settings.pooling, padding=settings.padding
            )
            losses = {"content": self._content_loss(features), "style": self._style_loss(features)}
            total = settings.content_weight * losses["content"] + settings.style_weight * losses["style"]
            if settings.tv_weight:
                losses["tv"] = total_variation(pixels)
                total = total + settings.tv_weight * losses["tv"]
            (gradient,) = torch.autograd.grad(total, pixels)
        return gradient, {name: loss.detach() for name, loss in losses.items()}

    def _content_loss(self, features: Mapping[str, Tensor]) -> Tensor:
        loss = CONTENT_LOSSES[self.settings.content_loss]
        weights = layer_weights(self.settings.content_layers)
        return torch.stack(
            [weight * loss(features[layer], self.content[layer]) for layer, weight in weights.items()]
        ).sum()

    def _style_loss(self, features: Mapping[str, Tensor]) -> Tensor:
        loss = STYLE_LOSSES[self.settings.style_loss]
        weights = layer_weights(self.settings.style_layers)
        return torch.stack(
            [
                weight * loss.error(loss.statistic(features[layer]), self.style[layer])
                for layer, weight in weights.items()
            ]
        ).sum()
