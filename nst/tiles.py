"""A picture in tiles, each seen with as much around it as its features depend on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nst.mistakes import Mistake
from nst.wrap import NOWHERE, Wrap

SMALLEST = 64  # side of a tile in pixels
SHARE = 0.7  # of the free memory that a painting may take
GB = 2**30
NO_ROOM = (
    "A picture of {width} x {height} pixels needs {needed:.1f} GB of memory, and "
    "{free:.1f} GB are free. Please choose a smaller size."
)


@dataclass(frozen=True)
class Span:
    """A tile along one side of the picture, in pixels: its own part, the window that is looked through, the side.

    Where the ends of the picture meet, the window of one tile among several may begin before 0 or end after the side.
    """

    begin: int
    end: int
    window_begin: int
    window_end: int
    length: int
    wraps: bool = False

    @property
    def joins_itself(self) -> bool:
        """Whether the ends of the window meet: it is all there is."""
        return self.wraps and (self.window_begin, self.window_end) == (0, self.length)

    @property
    def pieces(self) -> list[slice]:
        """Of the picture, which the window shows side by side."""
        ends = range(self.window_begin // self.length * self.length, self.window_end, self.length)
        parts = [(max(self.window_begin, end), min(self.window_end, end + self.length), end) for end in ends]
        return [slice(first - end, last - end) for first, last, end in parts]


@dataclass(frozen=True)
class Tile:
    rows: Span
    columns: Span

    @property
    def wrap(self) -> Wrap:
        """Along which sides the ends of its window meet."""
        return Wrap(self.rows.joins_itself, self.columns.joins_itself)

    def window(self, pixels: Tensor) -> Tensor:
        """Of the picture's pixels (1, C, H, W); a view where it lies in one piece."""
        rows, columns = self.rows.pieces, self.columns.pieces
        if len(rows) == len(columns) == 1:
            return pixels[..., rows[0], columns[0]]
        return torch.cat([torch.cat([pixels[..., row, column] for column in columns], -1) for row in rows], -2)

    def add(self, window: Tensor, into: Tensor) -> None:
        """Adds what a window holds (1, C, h, w) to the picture's (1, C, H, W), each pixel where it belongs."""
        top = 0
        for row in self.rows.pieces:
            left = 0
            for column in self.columns.pieces:
                part = into[..., row, column]
                part += window[..., top : top + part.shape[-2], left : left + part.shape[-1]]
                left += part.shape[-1]
            top += row.stop - row.start

    def own(self, whole: Tensor, shrinkage: int) -> Tensor:
        """The tile's own part of a map of the whole picture, a position for `shrinkage` x `shrinkage` pixels."""
        return whole[..., _part(self.rows, 0, shrinkage), _part(self.columns, 0, shrinkage)]

    def core(self, seen: Tensor, shrinkage: int) -> Tensor:
        """The tile's own part (1, C, h, w) of a map of its window. The gradient of a channels_last map is one, too."""
        rows, columns = (_part(span, span.window_begin, shrinkage) for span in (self.rows, self.columns))
        return seen.permute(0, 2, 3, 1)[:, rows, columns].permute(0, 3, 1, 2)


def _part(span: Span, origin: int, shrinkage: int) -> slice:
    return slice((span.begin - origin) // shrinkage, (span.end - origin) // shrinkage)


def tiles(height: int, width: int, side: int, halo: int, grid: int, wrap: Wrap = NOWHERE) -> list[Tile]:
    """Tiles that cover a picture once.

    Args:
        height, width: Of the picture in pixels.
        side: Of a tile in pixels; a picture that is smaller is one tile.
        halo: Pixels around a tile that its features depend on.
        grid: Tiles begin, and windows too, at multiples of this: where the network's pools do.
        wrap: Along which sides the picture's ends meet; those are multiples of `grid`.
    """
    sides = (height, wrap.down), (width, wrap.across)
    rows, columns = (_spans(length, side, halo, grid, wraps) for length, wraps in sides)
    return [Tile(row, column) for row in rows for column in columns]


def _spans(length: int, side: int, halo: int, grid: int, wraps: bool) -> list[Span]:
    halo = -(-halo // grid) * grid
    begins = _begins_around(length, side, grid) if wraps else _begins_between_ends(length, side, halo, grid)
    spans = [(begin, end, begin - halo, end + halo) for begin, end in zip(begins, [*begins[1:], length], strict=True)]
    if wraps and len(spans) > 1:
        return [Span(*span, length, wraps) for span in spans]
    return [Span(begin, end, max(0, first), min(length, last), length, wraps) for begin, end, first, last in spans]


def _begins_around(length: int, side: int, grid: int) -> list[int]:
    count = -(-length // side)
    begins = {round(length * index / count / grid) * grid for index in range(count)}
    return sorted(begin for begin in begins if length - begin >= grid)


def _begins_between_ends(length: int, side: int, halo: int, grid: int) -> list[int]:
    """Such that windows are equally long, but for the last, which is no longer: the first tile, with nothing before it,
    is longer itself. A longer window would ask for larger blocks of memory, and find those of the last one too small.
    """
    if length <= side:
        return [0]
    within = length - 2 * halo
    count = max(2, -(-within // side))
    step = max(grid, -(-within // (count * grid)) * grid)
    return [0, *range(halo + step, length - halo, step)]


@dataclass(frozen=True)
class Fit:
    """How a picture is worked on: the side of its tiles in pixels, and the bytes that this takes."""

    side: int
    memory: int


class NoRoom(Mistake):
    """More memory is needed than is free. Both are among its `values`, as `needed` and `free`, in GB."""


@dataclass(frozen=True)
class Need:
    """What a step takes.

    Attributes:
        halo: Pixels around a tile that are looked at with it.
        per_pixel: Bytes for each pixel that is looked at, in one tile.
        whole: Bytes whatever the tiles are.
        wrap: Along which sides there is always more around a tile.
    """

    halo: int
    per_pixel: int
    whole: int
    wrap: Wrap = NOWHERE

    def of(self, height: int, width: int, side: int) -> Fit:
        """In tiles of `side` pixels."""
        window = self._window(height, side, self.wrap.down) * self._window(width, side, self.wrap.across)
        return Fit(side, self.whole + window * self.per_pixel)

    def _window(self, length: int, side: int, wraps: bool) -> int:
        around = side + 2 * self.halo
        return length if side >= length else around if wraps else min(length, around)


def fit(height: int, width: int, need: Need, free: int, side: int = 0) -> Fit:
    """Tiles that fit into the free memory: the whole picture if it does, else the largest that do.

    Args:
        free: Bytes.
        side: Of the tiles in pixels, where somebody has chosen it; smaller ones than SMALLEST only cost time.

    Raises:
        NoRoom: if not even the smallest tile fits, or the chosen one does not.
    """
    if side:
        chosen = need.of(height, width, max(side, SMALLEST))
        if chosen.memory / SHARE > free:
            raise NoRoom(NO_ROOM, width=width, height=height, needed=chosen.memory / SHARE / GB, free=free / GB)
        return chosen
    longest = max(height, width)
    sides = longest, *range(longest // SMALLEST * SMALLEST, SMALLEST - 1, -SMALLEST)
    fits = [need.of(height, width, each) for each in sides]
    needed = fits[-1].memory / SHARE
    if needed > free:
        raise NoRoom(NO_ROOM, width=width, height=height, needed=needed / GB, free=free / GB)
    return next(one for one in fits if one.memory / SHARE <= free)
