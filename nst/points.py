"""Features at some spots of a picture, for losses that compare sets of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

Maps = Sequence[Tensor]  # of one picture: a layer's (1, C, H, W), or those of a hypercolumn, finest first


@dataclass(frozen=True)
class Points:
    """Draws the spots that are compared, at most `count` at a time; the same ones for the same seed."""

    count: int
    generator: torch.Generator = field(default_factory=torch.Generator)

    def at(self, maps: Maps, mask: Tensor | None = None, count: int | None = None) -> Tensor:
        """Spots (N,) of the finest map, row by row; only where its mask (1, 1, H, W) allows, if there is one."""
        spots, count = maps[0][0, 0].numel(), count or self.count
        if mask is not None and mask.any():
            return torch.multinomial(mask.flatten().cpu(), count, replacement=True, generator=self.generator)
        if spots <= count:
            return torch.arange(spots)
        return torch.randint(spots, (count,), generator=self.generator)

    def of(self, maps: Maps, mask: Tensor | None = None, count: int | None = None) -> Tensor:
        """The features (N, C) there, float32 at least."""
        return features_at(maps, self.at(maps, mask, count))


def features_at(maps: Maps, spots: Tensor) -> Tensor:
    """Features (N, C) of all maps at the same spots, side by side, float32 at least."""
    height, width = maps[0].shape[-2:]
    rows, columns = (spots // width).to(maps[0].device), (spots % width).to(maps[0].device)
    found = [one[0, :, (rows * one.shape[-2]) // height, (columns * one.shape[-1]) // width].t() for one in maps]
    together = torch.cat(found, dim=1)
    return together.to(torch.promote_types(together.dtype, torch.float32))
