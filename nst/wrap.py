"""Pictures whose ends meet: seamless tiles, and panoramas all around."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

GRID = 16  # pixels: what the deepest pool of a VGG stands for; sides whose ends meet are multiples of it
REACH = 3  # pixels, of the smaller size, that bicubic interpolation may look at beyond an edge


@dataclass(frozen=True)
class Wrap:
    """Along which sides the ends of a picture meet.

    Attributes:
        down: Its first row follows its last.
        across: Its first column follows its last.
    """

    down: bool = False
    across: bool = False

    def __bool__(self) -> bool:
        return self.down or self.across

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) in whole positions of every layer, where ends meet; never larger, but for the smallest."""
        return _whole(width, self.across), _whole(height, self.down)

    def around(self, maps: Tensor, rows: int, columns: int) -> Tensor:
        """(1, C, H, W) with so much more on each side as is seen beyond the ends that meet; the others stay."""
        laid = maps.permute(0, 2, 3, 1)  # a channels_last map stays one
        if self.down:
            laid = _lengthened(laid, 1, rows)
        if self.across:
            laid = _lengthened(laid, 2, columns)
        return laid.permute(0, 3, 1, 2)


NOWHERE = Wrap()
WRAPS: Mapping[str, Wrap] = MappingProxyType(
    {"no": NOWHERE, "x": Wrap(across=True), "y": Wrap(down=True), "both": Wrap(down=True, across=True)}
)


def _whole(side: int, meets: bool) -> int:
    return max(GRID, side // GRID * GRID) if meets else side


def _lengthened(laid: Tensor, axis: int, margin: int) -> Tensor:
    length = laid.shape[axis]
    if margin > length:
        return laid.index_select(axis, torch.arange(-margin, length + margin, device=laid.device) % length)
    before, after = laid.narrow(axis, length - margin, margin), laid.narrow(axis, 0, margin)
    return torch.cat([before, laid, after], axis)


def interpolate(pixels: Tensor, size: tuple[int, int], wrap: Wrap, **how: Any) -> Tensor:
    """`F.interpolate` to (height, width), across the ends that meet."""
    if not wrap:
        return F.interpolate(pixels, size, **how)
    (height, width), (new_height, new_width) = pixels.shape[-2:], size
    rows, top = _margins(height, new_height) if wrap.down else (0, 0)
    columns, left = _margins(width, new_width) if wrap.across else (0, 0)
    larger = wrap.around(pixels, rows, columns)
    whole = F.interpolate(larger, (new_height + 2 * top, new_width + 2 * left), **how)
    return whole[..., top : top + new_height, left : left + new_width].contiguous()


def _margins(length: int, new_length: int) -> tuple[int, int]:
    """Margins before and after that are whole pixels both, so that nothing is shifted."""
    unit = length // math.gcd(length, new_length)
    margin = unit * math.ceil(REACH * max(1, length / new_length) / unit)
    return margin, margin * new_length // length


def seamless(pixels: Tensor, wrap: Wrap) -> Tensor:
    """A photo (1, 3, H, W) in [0, 1] without the jump where its ends meet; one that has none stays as it is.

    The periodic component of Moisan 2011, "Periodic plus smooth image decomposition": what is taken away is as smooth
    as can be, and jumps at the ends as the photo does. Unlike there, along a side whose ends do not meet the photo is
    continued by its mirror image, which has no jump.
    """
    if not wrap:
        return pixels
    height, width = pixels.shape[-2:]
    tall = pixels if wrap.down else torch.cat([pixels, pixels.flip(2)], 2)
    whole = tall if wrap.across else torch.cat([tall, tall.flip(3)], 3)
    jumps = torch.zeros_like(whole)
    for axis in (2, 3):
        first, last = whole.narrow(axis, 0, 1), whole.narrow(axis, whole.shape[axis] - 1, 1)
        jumps.narrow(axis, 0, 1).add_(last - first)
        jumps.narrow(axis, whole.shape[axis] - 1, 1).add_(first - last)
    smooth: Tensor = torch.fft.irfft2(torch.fft.rfft2(jumps) / _laplacian(whole), s=whole.shape[-2:])
    periodic: Tensor = (whole - smooth)[..., :height, :width]
    return periodic.clamp(0, 1).contiguous()


def _laplacian(like: Tensor) -> Tensor:
    """What the discrete Laplacian does to each frequency of a real picture; 1 for the mean, which has no jump."""
    rows, columns = torch.fft.fftfreq(like.shape[-2]), torch.fft.rfftfreq(like.shape[-1])
    down, across = (2 * torch.cos(2 * math.pi * frequencies) - 2 for frequencies in (rows, columns))
    factors = down[:, None] + across
    factors[0, 0] = 1
    return factors.to(like)
