"""3 x 3 convolutions with 16 multiplications for four outputs instead of 36: F(2 x 2, 3 x 3) of Lavin & Gray 2016.

Each square of 2 x 2 outputs sees 4 x 4 inputs. A few additions spread these over 16 planes, in which
the convolution is a product of matrices, and gather the products in the square: vertically first,
then horizontally, by the same rule. The gradient is the same again, seen in a mirror.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.wrap import NOWHERE, Wrap

FEWEST_CHANNELS = 256  # with fewer, the additions take as long as the multiplications that they save
STRIP = 2**23  # values of the planes at a time: those of a large picture would fill the memory


def may_pay(device: torch.device, dtype: torch.dtype, weight: Tensor) -> bool:
    """Whether it may be faster than the library's own convolution with weights (O, I, 3, 3).

    On some processors it is in bfloat16, but not where multiplications are so fast that little can be saved; in
    float32 it hardly is, and cuDNN chooses for itself.
    """
    return device.type == "cpu" and dtype == torch.bfloat16 and min(weight.shape[:2]) >= FEWEST_CHANNELS


def kernels(weight: Tensor) -> Tensor:
    """(O, I, 3, 3) -> (16, I, O), the weights of each plane: G g G^T, horizontally first."""
    return _weighted(*_weighted(*weight.permute(2, 3, 1, 0)).unbind(1)).flatten(0, 1)


def conv2d(maps: Tensor, kernels: Tensor, bias: Tensor, wrap: Wrap = NOWHERE) -> Tensor:
    """The convolution with one zero around the maps, or with what lies at the other end where ends meet.

    Args:
        maps: (1, I, H, W), channels_last.
        kernels: (16, I, O)
        bias: (O,)

    Returns:
        (1, O, H, W), channels_last. Its gradient flows to the maps alone.
    """
    convolved: Tensor = _Convolution.apply(maps, kernels, bias, wrap)
    return convolved


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, kernels: Tensor, bias: Tensor, wrap: Wrap) -> Tensor:
        ctx.save_for_backward(kernels)
        ctx.wrap = wrap
        return _convolved(maps, kernels, bias, wrap, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (kernels,) = ctx.saved_tensors
        return _convolved(gradient, kernels.mT, None, ctx.wrap, -1), None, None, None


def _convolved(maps: Tensor, kernels: Tensor, bias: Tensor | None, wrap: Wrap, way: int) -> Tensor:
    """(1, I, H, W), (16, I, O) -> (1, O, H, W). A side that is odd is made even, and cut again.

    Args:
        way: 1 from left to right and from top to bottom, -1 the other way.
    """
    _, channels, height, width = maps.shape
    tall, wide = (height + 1) // 2, (width + 1) // 2  # in squares
    border = (0, 0, 1, 2 * wide - width + 1, 1, 2 * tall - height + 1)
    padded = F.pad(maps[0].permute(1, 2, 0), border)
    if wrap.down:
        padded[0], padded[height + 1] = padded[height], padded[1]
    if wrap.across:
        padded[:, 0], padded[:, width + 1] = padded[:, width], padded[:, 1]
    padded = padded.view(tall + 1, 2, wide + 1, 2, channels)
    size = 1, kernels.shape[2], 2 * tall, 2 * wide
    out = torch.empty(size, dtype=maps.dtype, device=maps.device, memory_format=torch.channels_last)
    squares = out.permute(0, 2, 3, 1).view(tall, 2, wide, 2, -1)
    rows = max(1, STRIP // (16 * wide * channels))
    for top in range(0, tall, rows):
        _strip(padded[top : top + rows + 1], kernels, bias, way, squares[top : top + rows])
    return out if out.shape[2:] == maps.shape[2:] else out[..., :height, :width].clone()


def _strip(padded: Tensor, kernels: Tensor, bias: Tensor | None, way: int, squares: Tensor) -> None:
    """(h + 1, 2, w + 1, 2, I), (16, I, O) -> (h, 2, w, 2, O)."""
    tall, _, wide, _, channels = squares.shape
    rows = *padded[:-1].unbind(1), *padded[1:].unbind(1)
    planes = _spread(*rows[::way])  # (4, h, w + 1, 2, I)
    columns = *planes[:, :, :-1].unbind(3), *planes[:, :, 1:].unbind(3)
    planes = _spread(*columns[::way])  # (4, 4, h, w, I)
    products = torch.bmm(planes.flatten(2, 3).flatten(0, 1), kernels).view(4, 4, tall, wide, channels)
    if bias is not None:
        products[1, 1] += bias  # the one plane that each output takes in, and with a plus
    _gather(products, products[0], products[1])
    for column, into in zip(products[:2], squares.unbind(3)[::way], strict=True):
        _gather(column, *into.unbind(1)[::way])


def _weighted(first: Tensor, second: Tensor, third: Tensor) -> Tensor:
    """Three weights in a row -> those of four planes, along a new first axis: G g."""
    return torch.stack([first, (first + second + third) / 2, (first - second + third) / 2, third])


def _spread(first: Tensor, second: Tensor, third: Tensor, fourth: Tensor) -> Tensor:
    """Four inputs in a row -> four planes, along a new first axis: B^T d."""
    planes = first.new_empty(4, *first.shape)
    torch.sub(first, third, out=planes[0])
    torch.add(second, third, out=planes[1])
    torch.sub(third, second, out=planes[2])
    torch.sub(second, fourth, out=planes[3])
    return planes


def _gather(planes: Tensor, first: Tensor, second: Tensor) -> None:
    """Four planes, along the first axis -> two outputs in a row: A^T m. They may lie where the first planes are."""
    torch.add(planes[0], planes[1], out=first).add_(planes[2])
    torch.sub(planes[1], planes[2], out=second).sub_(planes[3])
