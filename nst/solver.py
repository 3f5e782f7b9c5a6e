"""How pixels move: one step of L-BFGS, or of Adam, RMSprop or plain gradient descent.

A solver takes the pixels and the gradient there and answers with new pixels. It keeps what it
learned of the landscape, and `enlarged` carries that over to the next scale.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial, reduce
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

TINY = 1e-30  # instead of zero where something is divided by
HISTORY_BYTES, LEAST_HISTORY = 512 * 2**20, 2  # of L-BFGS: what its pairs may take, and how many it keeps at any size
HISTORY, PAIR_BYTES = 10, 2 * 3 * 4  # pairs where there is room; of one, for each pixel
BANDS = 6  # whose curvature L-BFGS tells apart
SPREAD = 10.0  # times more or less than the whole picture that a band may be curved
LITTLE = 1e-10  # share of the change of slope that teaches nothing about a band
STRIP = 1024  # rows of a picture that are multiplied in one go


def resize(pixels: Tensor, height: int, width: int) -> Tensor:
    """(1, 3, H, W) -> (1, 3, height, width), bicubic; filtered when it shrinks."""
    if pixels.shape[-2:] == (height, width):
        return pixels
    shrinks = height < pixels.shape[-2]
    return F.interpolate(pixels, (height, width), mode="bicubic", antialias=shrinks)


class Solver(Protocol):
    def step(self, pixels: Tensor, gradient: Tensor) -> Tensor:
        """New pixels; both arguments are left alone."""

    def enlarged(self, height: int, width: int) -> Solver:
        """The same memory for another size of the picture, whose gradient spreads over its pixels."""

    def gentler(self) -> Solver:
        """Without memory, at a tenth of the learning rate: for where the last step led nowhere."""


class LBFGS:
    """Limited-memory BFGS without a line search (Nocedal & Wright 2006, algorithm 7.4).

    It departs in its first guess of the inverse curvature: not one number for all (eq. 7.20), but by that
    rule one for each band of a Laplacian pyramid, because fine bands are several times more curved than
    coarse ones. A step costs 2 % more, and as many steps lead as far as 15 % more of the others.

    Nothing here waits for the device: a pair without positive curvature is not left out, it is
    given no weight.

    Args:
        learning_rate: Length of a step; 1 takes the quasi-Newton step as it is.
        history: Pairs remembered, each as large as two pictures; fewer where a picture is so large
            that they would fill the memory.
        reach: The most that a step may change the pixels, in their mean. Healthy steps stay below
            it; the very first, when nothing is known yet, takes it whole.
    """

    def __init__(self, learning_rate: float = 1.0, history: int = HISTORY, reach: float = 0.03) -> None:
        self.learning_rate = learning_rate
        self.history = history
        self.reach = reach
        self.pairs: deque[tuple[Tensor, Tensor, Tensor]] = deque(maxlen=history)  # s, y, 1 / s.y
        self.inverse_curvature: Tensor | None = None  # (BANDS,), fine to coarse
        self.before: tuple[Tensor, Tensor] | None = None

    def step(self, pixels: Tensor, gradient: Tensor) -> Tensor:
        if self.before is not None:
            s, y = pixels - self.before[0], gradient - self.before[1]
            self.before = None  # a large picture has no room for it any more
            self._remember(s, y)
            self._learn_curvature()
        self.before = pixels, gradient
        descent = self._descent(gradient)
        if len(self.pairs) == self.pairs.maxlen != self.history:
            self.pairs.popleft()  # the next step would forget it: a large picture has no room for it until then
        within_reach = self.reach / descent.abs().mean().clamp(min=TINY)
        if self.inverse_curvature is not None:
            within_reach = within_reach.clamp(max=1)
        return descent.mul_(-self.learning_rate * within_reach).add_(pixels)

    def enlarged(self, height: int, width: int) -> LBFGS:
        history = pairs_kept(height * width, self.history)
        twin = LBFGS(self.learning_rate, self.history, self.reach)
        twin.pairs = deque(maxlen=history)
        growth = 1.0
        for s, y, _ in list(self.pairs)[-history:]:
            growth = height * width / (y.shape[-2] * y.shape[-1])
            twin._remember(resize(s, height, width), resize(y, height, width) / growth)
        if self.inverse_curvature is not None:
            twin.inverse_curvature = growth * self.inverse_curvature
            twin._learn_curvature()
        return twin

    def gentler(self) -> LBFGS:
        twin = LBFGS(self.learning_rate / 10, self.history, self.reach / 10)
        twin.pairs = deque(maxlen=self.pairs.maxlen)
        return twin

    def _remember(self, s: Tensor, y: Tensor) -> None:
        curvature = _dot(s, y)
        fit = curvature > 1e-10 * s.norm() * y.norm()
        self.pairs.append((s, y, torch.where(fit, 1 / curvature, 0.0)))

    def _learn_curvature(self) -> None:
        """From the latest pair; without positive curvature it teaches nothing."""
        s, y, rho = self.pairs[-1]
        before = self.inverse_curvature if self.inverse_curvature is not None else s.norm() / y.norm().clamp(min=TINY)
        of_s, of_y = _halvings(s, BANDS), _halvings(y, BANDS)
        along, squared = _dots_of_bands(of_s, of_y), _dots_of_bands(of_y, of_y)
        whole, little = along.sum() / squared.sum(), LITTLE * squared.sum()
        of_bands = (along + whole * little) / (squared + little)  # a band that hardly moved is taken for the whole
        of_bands = of_bands.clamp(whole / SPREAD, whole * SPREAD)
        self.inverse_curvature = torch.where(rho > 0, of_bands, before)

    def _descent(self, gradient: Tensor) -> Tensor:
        direction, shares = gradient.clone(), []
        for s, y, rho in reversed(self.pairs):
            shares.append(rho * _dot(s, direction))
            direction.addcmul_(y, -shares[-1])
        if self.inverse_curvature is not None:
            direction = _weighted(direction, self.inverse_curvature)
        for (s, y, rho), share in zip(self.pairs, reversed(shares), strict=True):
            direction.addcmul_(s, share - rho * _dot(y, direction))
        return direction


class FirstOrder:
    """A solver of torch.optim.

    Args:
        optimizer: "adam" (Kingma & Ba 2015), "adam_short", which forgets the squares of the slopes ten
            times sooner, "rmsprop", or "sgd", plain gradient descent.
        learning_rate: Length of a step; for Adam about the change of a pixel.
        bands: 1 moves the pixels; more the bands of their Laplacian pyramid (Burt & Adelson 1983),
            so that a step moves large areas as easily as single pixels.
    """

    def __init__(self, optimizer: str, learning_rate: float, bands: int = 1) -> None:
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.bands = bands
        self.state: tuple[list[Tensor], torch.optim.Optimizer] | None = None
        self.moved: Tensor | None = None

    def step(self, pixels: Tensor, gradient: Tensor) -> Tensor:
        bands, optimizer = self._bands_of(pixels)
        for band, slope in zip(bands, _along_bands(bands, gradient), strict=True):
            band.grad = slope
        optimizer.step()
        self.moved = collapsed(bands).clone()
        return self.moved

    def _bands_of(self, pixels: Tensor) -> tuple[list[Tensor], torch.optim.Optimizer]:
        """The bands that move; taken anew where the pixels are not those of the last step."""
        if self.state is None:
            bands = laplacian_pyramid(pixels, self.bands)
            self.state = bands, OPTIMIZERS[self.optimizer](bands, lr=self.learning_rate)
        elif pixels is not self.moved:
            for band, new in zip(self.state[0], laplacian_pyramid(pixels, self.bands), strict=True):
                band.copy_(new)
        return self.state

    def enlarged(self, height: int, width: int) -> FirstOrder:
        twin = FirstOrder(self.optimizer, self.learning_rate, self.bands)
        if self.state is None:
            return twin
        own, optimizer = self.state
        bands = laplacian_pyramid(own[0].new_zeros(1, 3, height, width), self.bands)
        twin.state = bands, OPTIMIZERS[self.optimizer](bands, lr=self.learning_rate)
        for before, band in zip(own, bands, strict=True):
            twin.state[1].state[band] = _carried(optimizer.state[before], band)
        return twin

    def gentler(self) -> FirstOrder:
        return FirstOrder(self.optimizer, self.learning_rate / 10, self.bands)


OPTIMIZERS: Mapping[str, Callable[..., torch.optim.Optimizer]] = MappingProxyType(
    {
        "adam": torch.optim.Adam,
        "adam_short": partial(torch.optim.Adam, betas=(0.9, 0.99)),  # as in Crowson 2021
        "rmsprop": torch.optim.RMSprop,
        "sgd": torch.optim.SGD,
    }
)


def _carried(state: dict[str, Any], band: Tensor) -> dict[str, Any]:
    """What an optimiser knows of each number of a band, for a band of another size (as in Crowson 2021)."""
    carried = {}
    for name, value in state.items():
        if not isinstance(value, Tensor) or value.ndim < 4:
            carried[name] = deepcopy(value)  # the count of steps
            continue
        growth = band[0, 0].numel() / value[0, 0].numel()
        squared = "sq" in name  # exp_avg_sq, square_avg
        resized = resize(value, band.shape[-2], band.shape[-1]) / (growth**2 if squared else growth)
        carried[name] = resized.clamp(min=0) if squared else resized
    return carried


def laplacian_pyramid(pixels: Tensor, bands: int) -> list[Tensor]:
    """Fine to coarse: what each halving loses, and the small picture that is left (Burt & Adelson 1983)."""
    sizes = _halvings(pixels, bands)
    return [*(large - _doubled(small, large) for large, small in pairwise(sizes)), sizes[-1].clone()]


def collapsed(bands: Sequence[Tensor]) -> Tensor:
    """The picture whose Laplacian pyramid it is."""
    return reduce(lambda small, large: large + _doubled(small, large), reversed(bands))


def _halvings(pixels: Tensor, count: int) -> list[Tensor]:
    """`count` sizes, from the picture's own on.

    Halving is the transpose of doubling but for the border, so that to weight bands is symmetric, as an inverse
    curvature must be.
    """
    sizes = [pixels]
    for _ in range(count - 1):
        height, width = sizes[-1].shape[-2:]
        half = (height + 1) // 2, (width + 1) // 2
        sizes.append(F.interpolate(sizes[-1], half, mode="bilinear", antialias=True))
    return sizes


def _doubled(small: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(small, like.shape[-2:], mode="bilinear")


def _dots_of_bands(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """Of two pictures in their halvings, fine to coarse: what each takes away from a.b, and what is left."""
    dots = torch.stack([_dot(x, y) * (a[0].numel() / x.numel()) for x, y in zip(a, b, strict=True)])
    return dots - F.pad(dots[1:], (0, 1))


def _weighted(pixels: Tensor, weights: Tensor) -> Tensor:
    """Each band times its weight: all of the picture by the first, what is coarser by what the next adds to it.

    It is written over the pixels: a large picture has no room for both.
    """
    rests = torch.diff(weights, prepend=torch.zeros_like(weights[:1]))
    sizes = [size.mul_(rest) for size, rest in zip(_halvings(pixels, len(weights)), rests, strict=True)]
    return reduce(lambda small, large: large.add_(_doubled(small, large)), reversed(sizes))


def _along_bands(bands: list[Tensor], gradient: Tensor) -> list[Tensor]:
    """The gradient by the bands, from that by the pixels."""
    if len(bands) == 1:
        return [gradient]
    with torch.enable_grad():
        leaves = [band.detach().requires_grad_() for band in bands]
        return list(torch.autograd.grad(collapsed(leaves), leaves, gradient))


class Average:
    """Running mean of the steps, each counting `decay` times the next, unbiased from the first on.

    Args:
        decay: 0 is the last step alone (Polyak & Juditsky 1992; as an exponential mean in Crowson 2021).
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.weight = 0.0
        self.mean: Tensor | None = None

    def with_step(self, pixels: Tensor) -> Tensor:
        self.weight = self.decay * self.weight + 1
        if self.mean is None or not self.decay:
            self.mean = pixels
        else:
            self.mean = torch.lerp(self.mean, pixels, 1 / self.weight)
        return self.mean


def make_solver(optimizer: str, learning_rate: float, bands: int = 1) -> Solver:
    """The solver by the name of the knob `optimizer`."""
    return LBFGS(learning_rate) if optimizer == "lbfgs" else FirstOrder(optimizer, learning_rate, bands)


def pairs_kept(pixels: int, most: int = HISTORY) -> int:
    """How many pairs L-BFGS remembers of a picture of so many pixels."""
    return max(LEAST_HISTORY, min(most, HISTORY_BYTES // (PAIR_BYTES * pixels)))


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """A strip at a time: a large picture has no room for the products of all its values."""
    parts = zip(*(torch.split(one, STRIP, dim=2) for one in (a, b)), strict=True)
    return torch.stack([(x * y).sum() for x, y in parts]).sum()
