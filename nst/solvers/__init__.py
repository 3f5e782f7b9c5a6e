"""How pixels move: one step of L-BFGS, or of Adam, RMSprop or plain gradient descent.

A solver takes the pixels and the gradient there and answers with new pixels. It keeps what it
learned of the landscape, and `enlarged` carries that over to the next scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from nst.solvers.first_order import FirstOrder
from nst.solvers.lbfgs import LBFGS, REACH
from nst.wrap import NOWHERE, Wrap


class Solver(Protocol):
    def step(self, pixels: Tensor, gradient: Tensor) -> Tensor:
        """New pixels; both arguments are left alone."""

    def enlarged(self, height: int, width: int) -> Solver:
        """The same memory for another size of the picture, whose gradient spreads over its pixels."""

    def state_dict(self, pixels: Tensor) -> dict[str, Tensor]:
        """All that steps have changed, the last of which led to these pixels; steps to come leave it alone."""

    def load_state_dict(self, state: Mapping[str, Tensor], pixels: Tensor) -> None:
        """Go on from there, after having been made alike."""

    def gentler(self) -> Solver:
        """Without memory, at a tenth of the learning rate: for where the last step led nowhere."""


class Average:
    """Running mean of the steps, each counting `decay` times the next, unbiased from the first on.

    Args:
        decay: 0 is the last step alone (Polyak & Juditsky 1992; as an exponential mean in Crowson 2021).
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.weight = 0.0
        self.mean: Tensor | None = None  # until the first step

    def with_step(self, pixels: Tensor) -> Tensor:
        self.weight = self.decay * self.weight + 1
        if self.mean is None or not self.decay:
            self.mean = pixels
        else:
            self.mean = torch.lerp(self.mean, pixels, 1 / self.weight)
        return self.mean

    def state_dict(self) -> dict[str, Tensor]:
        mean = {} if self.mean is None else {"mean": self.mean.clone()}  # it may be the pixels themselves
        return {"weight": torch.tensor(self.weight, dtype=torch.float64), **mean}

    def load_state_dict(self, state: Mapping[str, Tensor], pixels: Tensor) -> None:
        self.weight = float(state["weight"])
        self.mean = state["mean"].to(pixels.device) if self.decay else pixels


def make_solver(
    optimizer: str, learning_rate: float, bands: int = 1, wrap: Wrap = NOWHERE, reach: float = REACH
) -> Solver:
    """The solver by the name of the knob `optimizer`, for a picture whose ends meet along some sides.

    Args:
        reach: As L-BFGS has it; the others have no bounds.
    """
    if optimizer == "lbfgs":
        return LBFGS(learning_rate, reach=reach, wrap=wrap)
    return FirstOrder(optimizer, learning_rate, bands, wrap)
