"""Features at some spots of a picture, for losses that compare sets of points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nst.tiles import Span, Tile


@dataclass(frozen=True)
class Spots:
    """Places in a picture, (N,) each, in pixels from its corner."""

    rows: Tensor
    columns: Tensor


@dataclass(frozen=True)
class Points:
    """Draws the spots that are compared, at most `count` at a time; the same ones for the same seed."""

    count: int
    generator: torch.Generator = field(default_factory=torch.Generator)

    def spots(
        self, height: int, width: int, step: int = 1, mask: Tensor | None = None, count: int | None = None
    ) -> Spots:
        """Middles of positions of `step` x `step` pixels; where their mask (1, 1, h, w) allows, if there is one."""
        rows, columns = height // step, width // step
        drawn = self._drawn(rows * columns, mask, count or self.count)
        return Spots((drawn // columns + 0.5) * step, (drawn % columns + 0.5) * step)

    def _drawn(self, positions: int, mask: Tensor | None, count: int) -> Tensor:
        if mask is not None and mask.any():
            return torch.multinomial(mask.flatten().cpu(), count, replacement=True, generator=self.generator)
        if positions <= count:
            return torch.arange(positions)
        return torch.randint(positions, (count,), generator=self.generator)


@dataclass(frozen=True)
class Map:
    """A layer's features (1, C, h, w) in the window of a tile; a position stands for `step` x `step` pixels."""

    features: Tensor
    step: int
    tile: Tile

    @property
    def core(self) -> Tensor:
        """The tile's own part."""
        return self.tile.core(self.features, self.step)

    def at(self, spots: Spots) -> Tensor:
        """Features (N, C), bilinear between positions, float32 at least.

        Positions of other tiles count as zero: what all tiles have at a spot adds up to what is there.
        """
        place, width = self.features.device, self.features.shape[-1]
        rows = list(_around(spots.rows.to(place, non_blocking=True), self.tile.rows, self.step))
        columns = list(_around(spots.columns.to(place, non_blocking=True), self.tile.columns, self.step))
        indices = torch.cat([row * width + column for row, _ in rows for column, _ in columns])
        shares = torch.cat([down * across for _, down in rows for _, across in columns])
        found = self.features[0].permute(1, 2, 0).flatten(0, 1)[indices]  # of a view of (h*w, C)
        found = found.to(torch.promote_types(found.dtype, torch.float32)) * shares[:, None]
        return found.view(4, -1, found.shape[1]).sum(0)


Maps = Sequence[Map]  # of a layer, or of all layers of a hypercolumn


def _around(along: Tensor, span: Span, step: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Positions of the window on either side of each spot, along one side of the picture, and their shares of it."""
    at, positions = along / step - 0.5, span.length // step
    at = at if span.wraps else at.clamp(0, positions - 1)
    first = at.floor()
    following = (first + 1) % positions if span.wraps else first + 1
    for position, share in ((first % positions, 1 - (at - first)), (following, at - first)):
        own = (position >= span.begin // step) & (position < span.end // step)
        yield torch.where(own, position - span.window_begin // step, 0).long(), share * own


def features_at(maps: Maps, spots: Spots) -> Tensor:
    """Features (N, C) of all maps at the same spots, side by side."""
    return torch.cat([one.at(spots) for one in maps], dim=1)


def colors_at(pixels: Tensor, spots: Spots) -> Tensor:
    """Colours (N, 3) of a picture (1, 3, H, W)."""
    return pixels[0][:, spots.rows.long().to(pixels.device), spots.columns.long().to(pixels.device)].t()
