"""How pixels move: one step of L-BFGS, Adam or plain gradient descent.

A solver takes the pixels and the gradient there and answers with new pixels. It keeps what it
learned of the landscape, and `enlarged` carries that over to the next scale.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

TINY = 1e-30  # instead of zero where something is divided by


def resize(pixels: Tensor, height: int, width: int) -> Tensor:
    """(1, 3, H, W) -> (1, 3, height, width), bicubic; filtered when it shrinks."""
    if pixels.shape[-2:] == (height, width):
        return pixels
    shrinks = height < pixels.shape[-2]
    return F.interpolate(pixels, (height, width), mode="bicubic", antialias=shrinks)


class Solver(Protocol):
    def step(self, pixels: Tensor, gradient: Tensor) -> Tensor: ...

    def enlarged(self, height: int, width: int) -> Solver: ...


class LBFGS:
    """Limited-memory BFGS without a line search (Nocedal & Wright 2006, algorithm 7.4).

    Nothing here waits for the device: a pair without positive curvature is not left out, it is
    given no weight.

    Args:
        learning_rate: Length of a step; 1 takes the quasi-Newton step as it is.
        history: Pairs remembered, each as large as two pictures.
        reach: The most that a step may change the pixels, in their mean. Healthy steps stay below
            it; the very first, when nothing is known yet, takes it whole.
    """

    def __init__(self, learning_rate: float = 1.0, history: int = 10, reach: float = 0.03) -> None:
        self.learning_rate = learning_rate
        self.reach = reach
        self.pairs: deque[tuple[Tensor, Tensor, Tensor]] = deque(maxlen=history)  # s, y, 1 / s.y
        self.inverse_curvature: Tensor | None = None
        self.before: tuple[Tensor, Tensor] | None = None

    def step(self, pixels: Tensor, gradient: Tensor) -> Tensor:
        if self.before is not None:
            self._remember(pixels - self.before[0], gradient - self.before[1])
        self.before = pixels, gradient
        descent = self._descent(gradient)
        within_reach = self.reach / descent.abs().mean().clamp(min=TINY)
        if self.inverse_curvature is not None:
            within_reach = within_reach.clamp(max=1)
        return pixels - self.learning_rate * within_reach * descent

    def enlarged(self, height: int, width: int) -> LBFGS:
        """The same memory for a larger picture, whose gradient spreads over more pixels."""
        twin = LBFGS(self.learning_rate, self.pairs.maxlen or 0, self.reach)
        for s, y, _ in self.pairs:
            growth = height * width / (y.shape[-2] * y.shape[-1])
            twin._remember(resize(s, height, width), resize(y, height, width) / growth)
        return twin

    def _remember(self, s: Tensor, y: Tensor) -> None:
        curvature = _dot(s, y)
        fit = curvature > 1e-10 * s.norm() * y.norm()
        self.pairs.append((s, y, torch.where(fit, 1 / curvature, 0.0)))
        before = self.inverse_curvature if self.inverse_curvature is not None else s.norm() / y.norm().clamp(min=TINY)
        self.inverse_curvature = torch.where(fit, curvature / _dot(y, y), before)

    def _descent(self, gradient: Tensor) -> Tensor:
        direction, shares = gradient.clone(), []
        for s, y, rho in reversed(self.pairs):
            shares.append(rho * _dot(s, direction))
            direction -= shares[-1] * y
        if self.inverse_curvature is not None:
            direction *= self.inverse_curvature
        for (s, y, rho), share in zip(self.pairs, reversed(shares), strict=True):
            direction += (share - rho * _dot(y, direction)) * s
        return direction


class FirstOrder:
    """A solver of torch.optim that starts afresh at each scale.

    Args:
        optimizer: "adam" (Kingma & Ba 2015) or "sgd", plain gradient descent.
        learning_rate: Length of a step; for Adam about the change of a pixel.
    """

    def __init__(self, optimizer: str, learning_rate: float) -> None:
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.state: tuple[Tensor, torch.optim.Optimizer] | None = None

    def step(self, pixels: Tensor, gradient: Tensor) -> Tensor:
        if self.state is None:
            kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[self.optimizer]
            own = pixels.clone()
            self.state = own, kind([own], lr=self.learning_rate)
        own, optimizer = self.state
        own.copy_(pixels)
        own.grad = gradient
        optimizer.step()
        return own.clone()

    def enlarged(self, height: int, width: int) -> FirstOrder:
        return FirstOrder(self.optimizer, self.learning_rate)


def make_solver(optimizer: str, learning_rate: float) -> Solver:
    """The solver by the name of the knob `optimizer`."""
    return LBFGS(learning_rate) if optimizer == "lbfgs" else FirstOrder(optimizer, learning_rate)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum()
