"""How pixels move: one step of L-BFGS, or of Adam, RMSprop or plain gradient descent.

A solver takes the pixels and the gradient there and answers with new pixels. It keeps what it
learned of the landscape, and `enlarged` carries that over to the next scale.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from nst.solvers.first_order import FirstOrder
from nst.solvers.lbfgs import LBFGS
from nst.wrap import NOWHERE, Wrap


class Solver(Protocol):
    def step(self, pixels: Tensor, gradient: Tensor) -> Tensor:
        """New pixels; both arguments are left alone."""

    def enlarged(self, height: int, width: int) -> Solver:
        """The same memory for another size of the picture, whose gradient spreads over its pixels."""

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
        self.mean: Tensor | None = None

    def with_step(self, pixels: Tensor) -> Tensor:
        self.weight = self.decay * self.weight + 1
        if self.mean is None or not self.decay:
            self.mean = pixels
        else:
            self.mean = torch.lerp(self.mean, pixels, 1 / self.weight)
        return self.mean


def make_solver(optimizer: str, learning_rate: float, bands: int = 1, wrap: Wrap = NOWHERE) -> Solver:
    """The solver by the name of the knob `optimizer`, for a picture whose ends meet along some sides."""
    if optimizer == "lbfgs":
        return LBFGS(learning_rate, wrap=wrap)
    return FirstOrder(optimizer, learning_rate, bands, wrap)
