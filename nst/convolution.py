"""A convolution with its ReLU, however it is computed, whose gradient takes along what others ask of the same maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

There = Callable[[Tensor], Tensor]
Back = Callable[[Tensor, Tensor | None], Tensor]


def differentiable(maps: Tensor, there: There, back: Back, with_relu: bool) -> tuple[Tensor, Tensor]:
    """What `there` makes of the maps, and the maps themselves for others to look at.

    Args:
        maps: (1, I, H, W). Gradients flow to nothing else.
        there: The convolution, and its ReLU where `with_relu` says so.
        back: The gradient of the convolution's result, and that of the maps seen by others, if any -> their sum at the
            maps.
    """
    convolved, seen = _Convolution.apply(maps, there, back, with_relu)
    return convolved, seen


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, there: There, back: Back, with_relu: bool) -> tuple[Tensor, Tensor]:
        out = there(maps)
        ctx.back = back
        ctx.set_materialize_grads(False)
        if with_relu:
            ctx.save_for_backward(out)
        return out, maps.detach()  # another tensor, of the same values

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None, of_seen: Tensor | None) -> tuple[Tensor | None, None, None, None]:
        if gradient is None:
            return of_seen, None, None, None
        for out in ctx.saved_tensors:
            gradient = torch.ops.aten.threshold_backward(gradient, out, 0)
        return ctx.back(gradient, of_seen), None, None, None
