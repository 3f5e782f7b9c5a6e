"""A picture in tiles, each seen with as much around it as its features depend on."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

SMALLEST = 64  # side of a tile in pixels
SHARE = 0.7  # of the free memory that a painting may take


@dataclass(frozen=True)
class Span:
    """A tile along one side of the picture, in pixels: its own part, the window that is looked through, the side."""

    begin: int
    end: int
    window_begin: int
    window_end: int
    length: int


@dataclass(frozen=True)
class Tile:
    rows: Span
    columns: Span

    def window(self, pixels: Tensor) -> Tensor:
        """Of the picture's pixels (1, C, H, W), a view."""
        rows, columns = self.rows, self.columns
        return pixels[..., rows.window_begin : rows.window_end, columns.window_begin : columns.window_end]

    def own(self, whole: Tensor, shrinkage: int) -> Tensor:
        """The tile's own part of a map of the whole picture, a position for `shrinkage` x `shrinkage` pixels."""
        return whole[..., _part(self.rows, 0, shrinkage), _part(self.columns, 0, shrinkage)]

    def core(self, seen: Tensor, shrinkage: int) -> Tensor:
        """The tile's own part of a map of its window."""
        rows, columns = self.rows, self.columns
        return seen[..., _part(rows, rows.window_begin, shrinkage), _part(columns, columns.window_begin, shrinkage)]


def _part(span: Span, origin: int, shrinkage: int) -> slice:
    return slice((span.begin - origin) // shrinkage, (span.end - origin) // shrinkage)


def tiles(height: int, width: int, side: int, halo: int, grid: int) -> list[Tile]:
    """Tiles that cover a picture once.

    Args:
        height, width: Of the picture in pixels.
        side: Of a tile in pixels; a picture that is smaller is one tile.
        halo: Pixels around a tile that its features depend on.
        grid: Tiles begin, and windows too, at multiples of this: where the network's pools do.
    """
    rows, columns = (_spans(length, side, halo, grid) for length in (height, width))
    return [Tile(row, column) for row in rows for column in columns]


def _spans(length: int, side: int, halo: int, grid: int) -> list[Span]:
    count = -(-length // side)
    begins = [round(length * index / count / grid) * grid for index in range(count)]
    begins = sorted({begin for begin in begins if length - begin >= grid})
    halo = -(-halo // grid) * grid
    return [
        Span(begin, end, max(0, begin - halo), min(length, end + halo), length)
        for begin, end in zip(begins, [*begins[1:], length], strict=True)
    ]


@dataclass(frozen=True)
class Fit:
    """How a picture is worked on: the side of its tiles in pixels, and the bytes that this takes."""

    side: int
    memory: int


class NoRoom(ValueError):
    """More bytes are needed than are free."""

    def __init__(self, width: int, height: int, needed: float, free: int) -> None:
        self.needed, self.free = needed, free
        super().__init__(
            f"A picture of {width} x {height} pixels needs {needed / 2**30:.1f} GB of memory, and "
            f"{free / 2**30:.1f} GB are free. Please choose a smaller size."
        )


@dataclass(frozen=True)
class Need:
    """What a step takes.

    Attributes:
        halo: Pixels around a tile that are looked at with it.
        per_pixel: Bytes for each pixel that is looked at, in one tile.
        whole: Bytes whatever the tiles are.
    """

    halo: int
    per_pixel: int
    whole: int

    def of(self, height: int, width: int, side: int) -> Fit:
        """In tiles of `side` pixels."""
        window = min(height, side + 2 * self.halo) * min(width, side + 2 * self.halo)
        return Fit(side, self.whole + window * self.per_pixel)


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
            raise NoRoom(width, height, chosen.memory / SHARE, free)
        return chosen
    longest = max(height, width)
    sides = longest, *range(longest // SMALLEST * SMALLEST, SMALLEST - 1, -SMALLEST)
    fits = [need.of(height, width, each) for each in sides]
    needed = fits[-1].memory / SHARE
    if needed > free:
        raise NoRoom(width, height, needed, free)
    return next(one for one in fits if one.memory / SHARE <= free)
