"""What is painted on: where its pixels begin, how they move, and how they grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import SupportsFloat

import torch
from PIL import Image
from torch import Tensor

from nst.device import DeferredScalar
from nst.image import match_colors, to_pixels
from nst.settings import Settings
from nst.snapshot import of, under
from nst.solvers import Solver, make_solver
from nst.solvers.lbfgs import REACH
from nst.solvers.pyramid import laplacian_pyramid, resize
from nst.wrap import WRAPS

FAINT = 0.001 / 255  # what Johnson's neural-style begins with, so that no two pixels are the same
FURTHEST = 8  # a pixel that is so far from [0, 1] will not come back


@dataclass
class Canvas:
    """What is painted on.

    Attributes:
        pixels: (1, 3, H, W).
        solver: How they move.
        is_clamped: Whether they stay between black and white.
    """

    pixels: Tensor
    solver: Solver
    is_clamped: bool
    _inside: SupportsFloat = True

    def move(self, gradient: Tensor) -> None:
        """A step. One that would lead out of all bounds is not taken, and those after it are gentler."""
        if not float(self._inside):  # of the step before: the device is at work on this one by now
            self.solver = self.solver.gentler()
        self.pixels, self._inside = moved(self.pixels, gradient, self.solver)
        if self.is_clamped:
            self.pixels = self.pixels.clamp(0, 1)

    def state_dict(self) -> dict[str, Tensor]:
        inside = torch.tensor(float(self._inside), dtype=torch.float64)
        return {"pixels": self.pixels, "inside": inside, **under("solver", self.solver.state_dict(self.pixels))}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.pixels, self._inside = state["pixels"].to(self.pixels.device), float(state["inside"])
        self.solver.load_state_dict(of("solver", state), self.pixels)


def moved(pixels: Tensor, gradient: Tensor, solver: Solver) -> tuple[Tensor, DeferredScalar]:
    """Pixels after a step, and whether it stayed within all bounds. If not, it is not taken."""
    moved = solver.step(pixels, gradient)
    inside = torch.stack(moved.aminmax()).abs().amax() <= FURTHEST  # NaN is not
    return torch.where(inside, moved, pixels, out=moved), DeferredScalar(inside)


def solver_for(settings: Settings, reach: float = REACH) -> Solver:
    """How the pixels move; `reach` is the most that a step of L-BFGS may change them, in their mean."""
    wrap = WRAPS[settings.tileable]
    return make_solver(settings.optimizer, settings.learning_rate, settings.pyramid, wrap, reach)


def begun(
    photo: Tensor,
    content: Image.Image,
    colours: Tensor,
    start: Image.Image | None,
    settings: Settings,
    gray: Tensor,
) -> Tensor:
    """Where the first scale starts from; `gray` is what the network sees as zero."""
    if start is not None:
        return enlarged(to_pixels(start, start.size).to(photo.device), photo, content, settings)
    if settings.init in ("content", "small"):
        return photo.clone()
    generator = torch.Generator().manual_seed(settings.seed)
    if settings.init == "noise":
        return torch.rand(photo.shape, generator=generator).to(photo.device)
    if settings.init == "gray":
        return gray + FAINT * torch.randn(photo.shape, generator=generator).to(photo.device)
    if settings.init == "colors":
        noise = torch.randn(photo.shape, generator=generator).to(photo.device)
        return match_colors(noise, colours)
    return colours.mean((2, 3), keepdim=True) + laplacian_pyramid(photo, 2, WRAPS[settings.tileable])[0]


def enlarged(pixels: Tensor, photo: Tensor, content: Image.Image, settings: Settings) -> Tensor:
    """The painting so far at the photo's size. Enlarging blurs; the photo knows the detail that is missing."""
    (height, width), (new_height, new_width) = pixels.shape[-2:], photo.shape[-2:]
    wrap = WRAPS[settings.tileable]
    larger = resize(pixels, new_height, new_width, wrap)
    if settings.init in ("content", "detail") and height < new_height:
        small_photo = to_pixels(content, (width, height)).to(photo.device)
        larger = larger + photo - resize(small_photo, new_height, new_width, wrap)
    return larger


def matched_pixels(pixels: Tensor, content: Image.Image, settings: Settings, is_first: bool) -> Tensor:
    """What matches are sought for: the painting so far with the photo's finest band, and as much of the photo as asked.

    (Kolkin et al. 2022, section 3.2. By then the painting has been enlarged and has no such band of its own.)
    """
    if not settings.match_photo:
        return pixels
    photo = to_pixels(content, (pixels.shape[-1], pixels.shape[-2])).to(pixels.device)
    if is_first:
        return photo
    detail, _ = laplacian_pyramid(photo, 2, WRAPS[settings.tileable])
    return torch.lerp(pixels + detail, photo, settings.match_photo)
