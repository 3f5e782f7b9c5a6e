"""3 x 3 convolutions with fewer multiplications: F(m x m, 3 x 3) of Lavin & Gray 2016.

Each square of m x m outputs sees (m + 2) x (m + 2) inputs. A small matrix spreads these over as many planes, in which
the convolution is a product of matrices, and another one gathers the products in the square: with m = 4, 36
multiplications for 16 outputs instead of 144. The gradient is the same again, seen in a mirror.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property

import torch
from torch import Tensor

from nst.convolution import differentiable
from nst.wrap import NOWHERE, Wrap

# B^T, G and A^T of the paper, by m: along one side.
INPUTS = {
    2: ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    4: (
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
}
WEIGHTS = {
    2: ((1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1)),
    4: (
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
}
OUTPUTS = {
    2: ((1, 1, 1, 0), (0, 1, -1, -1)),
    4: ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
}
SQUARES = {torch.bfloat16: 2, torch.float32: 4, torch.float64: 4}  # m; in bfloat16, 4 would be off by 3 %
FEWEST_CHANNELS = {torch.bfloat16: 256, torch.float32: 128}  # with fewer, spreading takes as long as it saves
STRIP = 2**20  # values of the planes at a time, for each thread: they stay in its cache


@dataclass(frozen=True, eq=False)
class Kernels:
    """The weights of one convolution, and the type that it computes in.

    Attributes:
        weight: (O, I, 3, 3)
        bias: (O,)
    """

    weight: Tensor
    bias: Tensor
    dtype: torch.dtype

    @property
    def square(self) -> int:
        return SQUARES[self.dtype]

    @cached_property
    def planes(self) -> Tensor:
        """((m + 2)^2, I, O). They are four times as large as the weights: layers that nobody looks at have none."""
        taps = self.weight.permute(2, 3, 1, 0).flatten(0, 1)  # (9, I, O)
        planes = _down_and_across(WEIGHTS[self.square], taps.dtype) @ taps.flatten(1)
        return planes.view(-1, *taps.shape[1:]).to(self.dtype)


def may_pay(device: torch.device, dtype: torch.dtype, weight: Tensor) -> bool:
    """Whether it may be faster than the library's own convolution with weights (O, I, 3, 3).

    On a CPU it often is, but not where multiplications are so fast that little can be saved; cuDNN chooses for itself.
    """
    return device.type == "cpu" and dtype in FEWEST_CHANNELS and min(weight.shape[:2]) >= FEWEST_CHANNELS[dtype]


def conv2d(maps: Tensor, kernels: Kernels, with_relu: bool, wrap: Wrap = NOWHERE) -> tuple[Tensor, Tensor]:
    """The convolution with one zero around the maps, or with what lies at the other end where ends meet.

    Args:
        maps: (1, I, H, W), channels_last. Gradients flow to nothing else.
        with_relu: Whether the ReLU of the convolution is wanted.

    Returns:
        (1, O, H, W), channels_last, and the maps for others to look at, so that gradients are added up in one place.
    """
    spread, gather = (_down_and_across(sides[kernels.square], maps.dtype) for sides in (INPUTS, OUTPUTS))

    def there(maps: Tensor) -> Tensor:
        return _convolved(maps, (spread, kernels.planes, gather), wrap, kernels.bias, with_relu)

    def back(gradient: Tensor, of_seen: Tensor | None) -> Tensor:
        into = _convolved(gradient, (spread.flip(1), kernels.planes.mT, gather.flip(0)), wrap)
        return into if of_seen is None else into.add_(of_seen)

    return differentiable(maps, there, back, with_relu)


def _convolved(
    maps: Tensor,
    matrices: tuple[Tensor, Tensor, Tensor],
    wrap: Wrap,
    bias: Tensor | None = None,
    with_relu: bool = False,
) -> Tensor:
    """(1, I, H, W) -> (1, O, H, W), channels_last. A side that is no multiple of m is lengthened, and cut again.

    Args:
        matrices: Which spread the inputs, (k^2, k^2) for k = m + 2, multiply them, (k^2, I, O), and gather, (m^2, k^2).
    """
    spread, planes, gather = matrices
    _, channels, height, width = maps.shape
    seen, square = math.isqrt(len(spread)), math.isqrt(len(gather))
    tall, wide = -(-height // square), -(-width // square)  # in squares
    padded = _padded(maps[0].permute(1, 2, 0), square * tall, square * wide, wrap)
    windows = padded.unfold(0, seen, square).unfold(1, seen, square).permute(3, 4, 0, 1, 2)  # (k, k, h, w, I)
    out = padded.new_empty(square * tall, square * wide, planes.shape[2])
    squares = out.view(tall, square, wide, square, -1).permute(1, 3, 0, 2, 4)  # (m, m, h, w, O)
    rows = max(1, STRIP * torch.get_num_threads() // (len(spread) * wide * channels))
    for window, into in zip(torch.split(windows, rows, 2), torch.split(squares, rows, 2), strict=True):
        inputs = spread @ window.reshape(len(spread), -1)
        products = torch.bmm(inputs.view(len(spread), -1, channels), planes)
        outputs = (gather @ products.flatten(1)).view(into.shape)
        if bias is not None:
            outputs += bias
        into.copy_(outputs.relu_() if with_relu else outputs)
    return out[:height, :width].contiguous().permute(2, 0, 1)[None]


def _padded(rows: Tensor, height: int, width: int, wrap: Wrap) -> Tensor:
    """(H, W, C) -> (height + 2, width + 2, C): one zero around it, or what lies at the other end, and zeros to the end.

    Written out because torch would fill all of it with zeros first.
    """
    tall, wide, channels = rows.shape
    padded = rows.new_empty(height + 2, width + 2, channels)
    padded[1 : tall + 1, 1 : wide + 1] = rows
    for edge in (padded[0], padded[tall + 1 :], padded[:, 0], padded[:, wide + 1 :]):
        edge.zero_()
    if wrap.down:
        padded[0], padded[tall + 1] = padded[tall], padded[1]
    if wrap.across:
        padded[:, 0], padded[:, wide + 1] = padded[:, wide], padded[:, 1]
    return padded


@cache
def _down_and_across(sides: tuple[tuple[float, ...], ...], dtype: torch.dtype) -> Tensor:
    """What a matrix does along one side, along both at once."""
    along = torch.tensor(sides, dtype=dtype)
    return torch.kron(along, along)
