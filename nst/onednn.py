"""3 x 3 convolutions by oneDNN, with the ReLU in the same pass and the weights laid out as it wants them, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

STEADY = [1, 1]  # stride and dilation


@dataclass(frozen=True, eq=False)
class Kernels:
    """The weights of one convolution.

    Attributes:
        forward: (O, I, 3, 3), laid out for maps.
        backward: (I, O, 3, 3), of the convolution that leads gradients back: transposed, and turned by half a turn.
        bias: (O,)
    """

    forward: Tensor
    backward: Tensor
    bias: Tensor


def pays(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether torch offers it there: it is never slower than the plain convolution, and the ReLU costs nothing."""
    built_in: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if device.type != "cpu" or not built_in or not hasattr(torch.ops.mkldnn, "_convolution_pointwise"):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))


def kernels(weight: Tensor, bias: Tensor) -> Kernels:
    """Of a convolution with weights (O, I, 3, 3)."""
    return Kernels(_laid_out(weight), _laid_out(weight.flip(2, 3).transpose(0, 1)), bias)


def _laid_out(weight: Tensor) -> Tensor:
    weight = weight.contiguous(memory_format=torch.channels_last)
    laid_out: Tensor = torch.ops.mkldnn._reorder_convolution_weight(weight, [1, 1], STEADY, STEADY, 1)
    return laid_out


def conv2d(maps: Tensor, kernels: Kernels, padding: tuple[int, int], with_relu: bool) -> tuple[Tensor, Tensor]:
    """The convolution, and the maps themselves for others to look at, so that gradients are added up in its own pass.

    Args:
        maps: (1, I, H, W), channels_last. Gradients flow to nothing else.
        padding: Rows of zeros above and below, and columns on both sides: 1, or 0 where the maps have their own.
        with_relu: Whether the ReLU of the convolution is wanted.

    Returns:
        (1, O, H', W'), channels_last, and the maps.
    """
    convolved, seen = _Convolution.apply(maps, kernels, padding, with_relu)
    return convolved, seen


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, maps: Tensor, kernels: Kernels, padding: tuple[int, int], with_relu: bool
    ) -> tuple[Tensor, Tensor]:
        then = "relu" if with_relu else "none"
        out = torch.ops.mkldnn._convolution_pointwise(
            maps, kernels.forward, kernels.bias, padding, STEADY, STEADY, 1, then, [], ""
        )
        ctx.kernels, ctx.padding = kernels, [2 - one for one in padding]
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
        arguments = ctx.kernels.backward, None, ctx.padding, STEADY, STEADY, 1
        if of_seen is None:
            into = torch.ops.mkldnn._convolution_pointwise(gradient, *arguments, "none", [], "")
        else:
            of_seen = of_seen.contiguous(memory_format=torch.channels_last)
            into = torch.ops.mkldnn._convolution_pointwise.binary(
                gradient, of_seen, *arguments, "add", None, None, [], None
            )
        return into, None, None, None
