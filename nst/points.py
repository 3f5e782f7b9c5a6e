"""Features at some spots of a picture, for losses that compare sets of points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.precision import exact
from nst.tables import rows_of
from nst.tiles import Span, Tile
from nst.wrap import interpolate


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

    def inner_spots(self, height: int, width: int, step: int, count: int, rim: int) -> Spots:
        """The same without the outermost `rim` positions on each side, or an eighth of them where there are few."""
        down, across = (min(rim, length // step // 8) * step for length in (height, width))
        inside = self.spots(height - 2 * down, width - 2 * across, step, count=count)
        return Spots(inside.rows + down, inside.columns + across)

    def _drawn(self, positions: int, mask: Tensor | None, count: int) -> Tensor:
        if mask is not None and mask.any():
            return torch.multinomial(mask.flatten().cpu(), count, replacement=True, generator=self.generator)
        if positions <= count:
            return torch.arange(positions)
        return torch.randint(positions, (count,), generator=self.generator)


class _Fetched(torch.autograd.Function):
    """Features (N, C) of a map (1, C, h, w), each from several positions (N, K), by number, with their shares (N, K).

    Written out, as the next one, because autograd would lay the gradient of a channels_last map out anew.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, indices: Tensor, shares: Tensor) -> Tensor:
        ctx.save_for_backward(features, indices, shares)
        return F.embedding_bag(indices, rows_of(features), mode="sum", per_sample_weights=shares)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        features, indices, shares = ctx.saved_tensors
        (_, channels, height, width), parts = features.shape, gradients[0][:, None] * shares[:, :, None]  # (N, K, C)
        # indexing would add them up in any order
        into = torch.ops.aten.embedding_dense_backward(parts, indices, height * width, -1, False)
        return into.view(1, height, width, channels).permute(0, 3, 1, 2), None, None


class _Middles(torch.autograd.Function):
    """(1, C, h, w) -> (1, C, h // step, w // step): means of the four in the middle of each step x step positions."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, step: int) -> Tensor:
        ctx.step = step
        ctx.save_for_backward(features)
        first, second, third, fourth = _middles(features, step)
        return ((first + second) + (third + fourth)) / 4

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (features,), quarter = ctx.saved_tensors, gradients[0] / 4
        into = torch.zeros_like(features, memory_format=torch.channels_last)
        for middle in _middles(into, ctx.step):
            middle.copy_(quarter)
        return into, None


def _middles(features: Tensor, step: int) -> list[Tensor]:
    height, width = (length // step * step for length in features.shape[-2:])
    before = step // 2 - 1
    return [
        features[..., row:height:step, column:width:step]
        for row in (before, before + 1)
        for column in (before, before + 1)
    ]


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
        indices = torch.stack([row * width + column for row, _ in rows for column, _ in columns], dim=1)
        shares = torch.stack([down * across for _, down in rows for _, across in columns], dim=1)
        found: Tensor = _Fetched.apply(self.features, indices, shares.to(self.features.dtype))
        return exact(found)

    def on_grid(self, step: int) -> Tensor:
        """The tile's own part of the features at the middles of `step` x `step` pixels: (1, C, h, w), bilinear."""
        maps, finer = self.features, step // self.step
        if finer > 1:
            maps = _Middles.apply(maps, finer)
        elif step < self.step:
            times = self.step // step
            height, width = (length // step for length in self._window)
            maps = interpolate(maps, (times * maps.shape[-2], times * maps.shape[-1]), self.tile.wrap, mode="bilinear")
            if (height, width) != maps.shape[-2:]:
                maps = F.pad(maps, (0, width - maps.shape[-1], 0, height - maps.shape[-2]), mode="replicate")
        return self.tile.core(maps, step)

    @property
    def _window(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        rows, columns = self.tile.rows, self.tile.columns
        return rows.window_end - rows.window_begin, columns.window_end - columns.window_begin


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
