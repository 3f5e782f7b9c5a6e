"""L-BFGS that knows how curved the loss is for each band of detail."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import torch
from torch import Tensor

from nst.solvers.pyramid import dot, dots_of_bands, halvings, resize, weighted
from nst.wrap import NOWHERE, Wrap

TINY = 1e-30  # instead of zero where something is divided by
HISTORY_BYTES, LEAST_HISTORY = 512 * 2**20, 2  # what its pairs may take, and how many it keeps at any size
REACH = 0.03  # the most that a step may change the pixels, in their mean
HISTORY, PAIR_BYTES = 10, 2 * 3 * 4  # pairs where there is room; of one, for each pixel
PAIR = "s", "y", "rho"  # the parts of a pair, as the book names them; rho is 1 / s.y
BANDS = 6  # whose curvature is told apart
SPREAD = 10.0  # times more or less than the whole picture that a band may be curved
LITTLE = 1e-10  # share of the change of slope that teaches nothing about a band


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
        wrap: Along which sides the ends of the picture meet.
    """

    def __init__(
        self, learning_rate: float = 1.0, history: int = HISTORY, reach: float = REACH, wrap: Wrap = NOWHERE
    ) -> None:
        self.learning_rate = learning_rate
        self.history = history
        self.reach = reach
        self.wrap = wrap
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
        twin = LBFGS(self.learning_rate, self.history, self.reach, self.wrap)
        twin.pairs = deque(maxlen=history)
        if self.pairs and self.pairs[-1][0].shape[-2:] == (height, width):
            twin.pairs.extend(self.pairs)
            twin.inverse_curvature = self.inverse_curvature
            return twin
        growth = 1.0
        latest = history if history == self.history else history - 1  # as `step` leaves a large picture
        for s, y, _ in list(self.pairs)[-latest:]:
            growth = height * width / (y.shape[-2] * y.shape[-1])
            of_s, of_y = (resize(one, height, width, self.wrap) for one in (s, y))
            twin._remember(of_s, of_y / growth)
        if self.inverse_curvature is not None:
            twin.inverse_curvature = growth * self.inverse_curvature
            twin._learn_curvature()
        return twin

    def gentler(self) -> LBFGS:
        twin = LBFGS(self.learning_rate / 10, self.history, self.reach / 10, self.wrap)
        twin.pairs = deque(maxlen=self.pairs.maxlen)
        return twin

    def state_dict(self, pixels: Tensor) -> dict[str, Tensor]:
        lengths = {"learning_rate": self.learning_rate, "reach": self.reach}
        state = {name: torch.tensor(length, dtype=torch.float64) for name, length in lengths.items()}
        for number, pair in enumerate(self.pairs):
            state |= {f"{name}.{number}": one for name, one in zip(PAIR, pair, strict=True)}
        if self.inverse_curvature is not None:
            state["inverse_curvature"] = self.inverse_curvature
        if self.before is not None:
            state["pixels"], state["gradient"] = self.before
        return state

    def load_state_dict(self, state: Mapping[str, Tensor], pixels: Tensor) -> None:
        self.learning_rate, self.reach = float(state["learning_rate"]), float(state["reach"])
        there = {name: value.to(pixels.device) for name, value in state.items()}
        self.pairs.clear()
        while f"s.{(number := len(self.pairs))}" in there:
            s, y, rho = (there[f"{name}.{number}"] for name in PAIR)
            self.pairs.append((s, y, rho))
        self.inverse_curvature = there.get("inverse_curvature")
        self.before = (there["pixels"], there["gradient"]) if "pixels" in there else None

    def _remember(self, s: Tensor, y: Tensor) -> None:
        curvature = dot(s, y)
        fit = curvature > 1e-10 * s.norm() * y.norm()
        self.pairs.append((s, y, torch.where(fit, 1 / curvature, 0.0)))

    def _learn_curvature(self) -> None:
        """From the latest pair; without positive curvature it teaches nothing."""
        s, y, rho = self.pairs[-1]
        before = self.inverse_curvature if self.inverse_curvature is not None else s.norm() / y.norm().clamp(min=TINY)
        of_s, of_y = (halvings(one, BANDS, self.wrap) for one in (s, y))
        along, squared = dots_of_bands(of_s, of_y), dots_of_bands(of_y, of_y)
        whole, little = along.sum() / squared.sum(), LITTLE * squared.sum()
        of_bands = (along + whole * little) / (squared + little)  # a band that hardly moved is taken for the whole
        of_bands = of_bands.clamp(whole / SPREAD, whole * SPREAD)
        self.inverse_curvature = torch.where(rho > 0, of_bands, before)

    def _descent(self, gradient: Tensor) -> Tensor:
        direction, shares = gradient.clone(), []
        for s, y, rho in reversed(self.pairs):
            shares.append(rho * dot(s, direction))
            direction.addcmul_(y, -shares[-1])
        if self.inverse_curvature is not None:
            direction = weighted(direction, self.inverse_curvature, self.wrap)
        for (s, y, rho), share in zip(self.pairs, reversed(shares), strict=True):
            direction.addcmul_(s, share - rho * dot(y, direction))
        return direction


def pairs_kept(pixels: int, most: int = HISTORY) -> int:
    """How many pairs L-BFGS remembers of a picture of so many pixels."""
    return max(LEAST_HISTORY, min(most, HISTORY_BYTES // (PAIR_BYTES * pixels)))
