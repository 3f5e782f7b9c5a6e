"""What the regions of a picture may be matched with, and the matches that are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from nst.losses import LEAST, Sums, sums
from nst.matching import SAMPLE, Candidates, Found, Search, lent, search
from nst.points import Maps, Points, Spots, features_at
from nst.precision import exact, exact_dtype
from nst.strokes import fit
from nst.tables import rows_of
from nst.terms import Collected, CosineTerm, MatchTerm, SumsTerm, Term, added
from nst.view import View, match_step

NOT_FOUND = -1  # instead of the number of a candidate
FOUND_SIDE = 64  # positions along the long side, of what a frame says about its matches


@dataclass(frozen=True)
class Motifs:
    """What the empty parts of a region are to have at a deep layer.

    Attributes:
        empty: (1, 1, h, w) in [0, 1], how much each position belongs to them.
        candidates: Whose statistics they take.
        losses: Each with its part of the style loss.
        often: How much each candidate (M,) belongs to what its painting has more than once, as `repeated` says it.
        wanted: How much of those parts wants strokes of each direction, as `nst.strokes.spread` says it, if any does.
    """

    layer: str
    empty: Tensor
    candidates: Candidates
    losses: Sequence[tuple[float, Callable[[Sums], Callable[[Sums], Tensor]]]]
    often: Callable[[], Tensor]
    wanted: Tensor | None = None


@dataclass(frozen=True)
class Gallery:
    """What a region of the picture may be matched with at one layer.

    Attributes:
        weight: Its part of the match loss.
        mask: (1, 1, h, w) in [0, 1], how much each position belongs to the region; all do if not said.
        bound: (1, 1, h, w) in [0, 1], how much each position is to be like its match.
        empty: (1, 1, h, w) in [0, 1], how much each position belongs to an empty part of the region.
        by_angle: Whether each position goes to the nearest, and is like it by the cosine alone.
        motifs: For those parts. What they are compared with is known with the matches: those parts of the paintings
            that they resemble.
        asked: (1, 3, h, w), what each position asks of the strokes of its match, as `nst.strokes.asked` says it.
    """

    layer: str
    weight: float
    mask: Tensor | None
    bound: Tensor
    empty: Tensor
    candidates: Candidates
    motifs: Sequence[Motifs]
    by_angle: bool = False
    asked: Tensor | None = None

    @property
    def step(self) -> int:
        """Pixels that a position stands for, down and across."""
        return match_step(self.layer)

    def terms(self, matches: Tensor) -> list[Term]:
        """What (1, 1, h, w) matches ask of the picture.

        The error of a match is relative to the paintings' features: 1 is as far away as zero.
        """
        features = self.candidates.features
        if self.by_angle:
            norms = torch.linalg.vector_norm(features, dim=1, dtype=exact_dtype(features)).clamp(min=LEAST)
            scale = self.weight / self.bound.sum().clamp(min=LEAST)
            return [CosineTerm(self.layer, self.step, self.bound, self.candidates, norms, matches, scale)]
        energy = exact(features).square().sum(1).mean()
        scale = self.weight / (self.bound.sum() * energy).clamp(min=LEAST)
        return [MatchTerm(self.layer, self.bound, self.candidates, matches, scale), *self._motif_terms(matches)]

    def _motif_terms(self, matches: Tensor) -> Iterator[SumsTerm]:
        for motifs in self.motifs:
            weights = motifs.often() * lent(motifs.candidates, self.candidates, matches.flatten(), self.empty.flatten())
            if motifs.wanted is not None and motifs.candidates.strokes is not None:
                weights = weights * fit(motifs.candidates.strokes, motifs.wanted)
            features = motifs.candidates.features.t()[None, :, :, None]
            target = sums(features, weights.to(features.dtype)[None, None, :, None])
            yield SumsTerm(motifs.layer, 1.0, motifs.empty, [(share, loss(target)) for share, loss in motifs.losses])

    def found(self, matches: Tensor) -> Found:
        """Every second or third position and so on where there are many: it is kept with each frame, and travels."""
        every = -(-max(matches.shape) // FOUND_SIDE)
        mask = torch.ones_like(matches, dtype=torch.float32) if self.mask is None else self.mask
        matches, mask = (one[0, 0, ::every, ::every].contiguous() for one in (matches, mask))
        return Found(self.candidates.places[matches], self.candidates.paintings[matches], mask)


def column(maps: Maps, step: int) -> Tensor:
    """(1, C, h, w), a tile's own part of a layer; of a hypercolumn each layer divided by its channels, side by side."""
    if len(maps) == 1:
        return maps[0].core
    grids = [one.on_grid(step) for one in maps]
    return torch.cat([grid / grid.shape[1] for grid in grids], dim=1)


def column_at(maps: Maps, spots: Spots) -> Tensor:
    """(N, C) at some spots, likewise."""
    if len(maps) == 1:
        return features_at(maps, spots)
    found = [one.at(spots) for one in maps]
    return torch.cat([one / one.shape[1] for one in found], dim=1)


def find(galleries: Sequence[Gallery], pixels: Tensor, view: View, points: Points) -> list[Tensor]:
    """Of each gallery the candidates (1, 1, h, w), by number, that the positions of a picture resemble most."""
    return find_and_learn(galleries, pixels, view, points)[0]


def find_and_learn(
    galleries: Sequence[Gallery], pixels: Tensor, view: View, points: Points
) -> tuple[list[Tensor], list[Search]]:
    """The same, and what has been learned of the picture, with which some positions can be searched for again."""
    height, width = pixels.shape[-2:]
    views = _views(galleries, pixels, view)
    spots = [points.spots(height, width, one.step, one.mask, SAMPLE) for one in galleries]

    def sampled(maps: Mapping[str, Maps]) -> Sequence[Collected]:
        return [[column_at(maps[one.layer], where)] for one, where in zip(galleries, spots, strict=True)]

    samples = reduce(added, map(sampled, views()))
    searches = [
        search(one.candidates, sample.to(one.candidates.unit.dtype), with_hubs=one.by_angle)
        for one, (sample,) in zip(galleries, samples, strict=True)
    ]
    steps = [one.step for one in galleries]
    matches = [pixels.new_empty((1, 1, height // step, width // step), dtype=torch.long) for step in steps]
    for gallery, search_of, seen, own in _parts(galleries, searches, views, matches):
        asked = None if gallery.asked is None else rows_of(seen[0].tile.own(gallery.asked, gallery.step))
        own.copy_(search_of.nearest(rows_of(column(seen, gallery.step)), asked).view_as(own))
    return matches, searches


def find_missing(
    galleries: Sequence[Gallery], searches: Sequence[Search], matches: Sequence[Tensor], pixels: Tensor, view: View
) -> list[Tensor]:
    """The same matches, with those found that are `NOT_FOUND`. Of a film, whose strokes do not follow arrows."""
    matches = [one.clone() for one in matches]
    for gallery, search_of, seen, own in _parts(galleries, searches, _views(galleries, pixels, view), matches):
        missing = own == NOT_FOUND
        if missing.any():
            own[missing] = search_of.nearest(rows_of(column(seen, gallery.step))[missing.flatten()])
    return matches


def _views(galleries: Sequence[Gallery], pixels: Tensor, view: View) -> Callable[[], Iterable[Mapping[str, Maps]]]:
    """What all tiles show at the layers that are matched: remembered if it is one, else looked at anew."""
    names, parts = {one.layer for one in galleries}, view.tiles(pixels)

    def views() -> Iterator[Mapping[str, Maps]]:
        return (view.maps(tile.window(pixels), tile, names) for tile in parts)

    if len(parts) > 1:
        return views
    seen = list(views())
    return lambda: seen


def _parts(
    galleries: Sequence[Gallery],
    searches: Sequence[Search],
    views: Callable[[], Iterable[Mapping[str, Maps]]],
    matches: Sequence[Tensor],
) -> Iterator[tuple[Gallery, Search, Maps, Tensor]]:
    """Of each tile and each gallery: what is seen there, and the tile's own part of the matches, to be written to."""
    for maps in views():
        for gallery, search_of, into in zip(galleries, searches, matches, strict=True):
            seen = maps[gallery.layer]
            yield gallery, search_of, seen, seen[0].tile.own(into, gallery.step)
