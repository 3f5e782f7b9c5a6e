"""3 x 3 convolutions by oneDNN, with the ReLU in the same pass and the weights laid out as it wants them, once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nst.convolution import differentiable

STEADY = [1, 1]  # stride and dilation
WIDE = 128  # channels, from which on laying weights out takes a while


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


def pays(device: torch.device, dtype: torch.dtype, weight: Tensor) -> bool:
    """Whether torch offers it there for weights (O, I, 3, 3), and it is not slower than the plain convolution.

    The ReLU costs nothing then. Which layout is wanted depends in float32 on maps and threads, too, and what is laid
    out otherwise is laid out anew at each call: at 512 channels this took ten times as long as the convolution (AVX2,
    two threads).
    """
    built_in: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if device.type != "cpu" or not built_in or not hasattr(torch.ops.mkldnn, "_convolution_pointwise"):
        return False
    if dtype == torch.float32:
        return min(weight.shape[:2]) < WIDE
    return dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


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

    def there(maps: Tensor) -> Tensor:
        weights, then = (kernels.forward, kernels.bias), "relu" if with_relu else "none"
        out: Tensor = torch.ops.mkldnn._convolution_pointwise(maps, *weights, padding, STEADY, STEADY, 1, then, [], "")
        return out

    def back(gradient: Tensor, of_seen: Tensor | None) -> Tensor:
        arguments = kernels.backward, None, [2 - one for one in padding], STEADY, STEADY, 1
        into: Tensor
        if of_seen is None:
            into = torch.ops.mkldnn._convolution_pointwise(gradient, *arguments, "none", [], "")
        else:
            of_seen = of_seen.contiguous(memory_format=torch.channels_last)
            into = torch.ops.mkldnn._convolution_pointwise.binary(
                gradient, of_seen, *arguments, "add", None, None, [], None
            )
        return into

    return differentiable(maps, there, back, with_relu)
