"""A photo that goes from one painting to the next, and back to the first: a loop.

Statistics go along the Wasserstein geodesic from painting to painting, matches pass from the one to the other, and each
frame goes on from the last one with a few steps.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace

import torch
from PIL import Image

from nst.canvas import Canvas, solver_for
from nst.colouring import colours_of, finisher
from nst.commission import Commission
from nst.device import Device, best_device
from nst.film.paint import FilmFrame, State, check_film
from nst.frame import Frame
from nst.image import to_image, to_pixels
from nst.mistakes import Mistake
from nst.plan import final_size, room
from nst.targets import keeping, objective_of, points_for, regions_between, targets_for
from nst.transfer import paint
from nst.vgg import VGG
from nst.view import View

STEPS = 3  # of each frame
HOMEWARD = 0.5  # share of the last way on which the first picture draws, so that the loop closes


def morph(
    commission: Commission,
    frames: int,
    network: VGG,
    device: Device | None = None,
    begun: tuple[int, State] | None = None,
) -> Generator[FilmFrame, None, None]:
    """Paint a loop.

    Args:
        commission: A photo and two paintings or more. It has no masks.
        frames: From each painting to the next.
        begun: How many frames there are already, and the state of the last one, to go on from.

    Raises:
        ValueError: as `stylize` does, and for a single painting.
    """
    if len(commission.styles) < 2:
        raise Mistake("A morph needs two paintings or more.")
    check_film(commission.settings)
    return _morph(commission, frames, network, device or best_device(), begun)


def first_of(commission: Commission) -> Commission:
    """What the first frame is painted as: the photo in the manner of the first painting."""
    settings = replace(commission.settings, style_mix="")
    return replace(commission, styles=commission.styles[:1], settings=settings)


def first_state(commission: Commission, painted: Frame) -> State:
    """Of a first frame that somebody has painted, to go on from; `painted` is the last `Frame` of `first_of`."""
    pixels = painted.render(max(painted.size)).clamp(0, 1)
    return State(_photo(commission), pixels, torch.ones_like(pixels[:, :1]), to_image(pixels))


def _photo(commission: Commission) -> Image.Image:
    size = final_size(*commission.content.size, commission.settings)
    return commission.content.resize(size, Image.Resampling.LANCZOS)


def _morph(
    commission: Commission, frames: int, network: VGG, device: Device, begun: tuple[int, State] | None
) -> Generator[FilmFrame, None, None]:
    began, ways = time.perf_counter(), len(commission.styles)
    photo = _photo(commission)
    if begun is None:
        *_, last = paint(first_of(commission), network, device)
        begun = 1, first_state(commission, last)
        first_took = time.perf_counter() - began
        yield FilmFrame(1, frames * ways, first_took, frames * ways * first_took / 4, True, begun[1])
    done, state = begun
    painter, first = _Painter(commission, photo, network, device), to_pixels(state.first, photo.size)
    going = time.perf_counter()
    for number in range(done, frames * ways):
        way, gone = divmod(number, frames)
        pixels = painter.next(state.painted, way, gone / frames)
        if way == ways - 1 and gone > (1 - HOMEWARD) * frames:
            pixels = torch.lerp(pixels, first, 2 / (frames - gone + 2))
        state, now = replace(state, painted=pixels), time.perf_counter()
        left = (now - going) / (number - done + 1) * (frames * ways - number - 1)
        yield FilmFrame(number + 1, frames * ways, now - began, left, False, state)


class _Painter:
    """What all frames share."""

    def __init__(self, commission: Commission, photo: Image.Image, network: VGG, device: Device) -> None:
        self.settings, self.device, self.faces = commission.settings, device, commission.faces
        side = room(*photo.size, self.settings, network, device).side
        self.view = View(network.to(device.place, device.dtype), self.settings, side)
        self.photo, self.points = to_pixels(photo, photo.size).to(device.place), points_for(self.settings)
        ones = [1.0] * len(commission.styles)
        self.targets = targets_for(self.photo, commission.styles, ones, self.points, self.view)
        self.solver = solver_for(self.settings)
        self.finish = finisher(photo, photo.size, colours_of(commission.styles, self.settings), self.settings, None)

    def next(self, start: torch.Tensor, leg: int, share: float) -> torch.Tensor:
        """From painting `leg` to the next, of which `share` is gone."""
        pixels = start.to(self.device.place)
        regions = regions_between(self.targets[leg], self.targets[(leg + 1) % len(self.targets)], share)
        objective = objective_of(self.photo, regions, self.points, self.view)
        objective = keeping(objective, self.photo, self.faces).matched(pixels)
        canvas = Canvas(pixels, self.solver.enlarged(*pixels.shape[-2:]), is_clamped=True)
        for _ in range(STEPS):
            canvas.move(objective(canvas.pixels)[0])
        self.solver = canvas.solver
        return self.finish(canvas.pixels, max(pixels.shape[-2:])).clamp(0, 1)
