"""Terms of the objective: what each collects from the maps of a tile, and how it judges what all tiles add up to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.losses import LEAST, Sums, self_similarity, squared_distance, sums
from nst.matching import Candidates
from nst.points import Maps, Points, Spots, features_at
from nst.precision import exact_dtype
from nst.tiles import Tile
from nst.vgg import shrinkage

Collected = Sequence[Tensor]  # of one tile; those of all tiles are added up, one by one
Errors = Sequence[tuple[float, Callable[[Any], Tensor]]]  # each with its share
PhotoMaps = Callable[[Tile], Mapping[str, Maps]]  # what a tile shows of the photo


class Term(ABC):
    """A part of one of the losses.

    Attributes:
        loss: "content", "style" or "match".
    """

    loss: ClassVar[str]

    @property
    @abstractmethod
    def layers(self) -> Collection[str]:
        """Layers and hypercolumns that it looks at."""

    def drawn(self, points: Points, height: int, width: int) -> Term:
        """The same for one step: with spots drawn in the whole picture, whatever the tiles are, if it needs any."""
        return self

    @abstractmethod
    def collect(self, maps: Mapping[str, Maps]) -> Collected:
        """What a tile contributes."""

    @abstractmethod
    def error(self, collected: Collected) -> Tensor:
        """Of the whole picture, a scalar."""


def added(first: Sequence[Collected], second: Sequence[Collected]) -> list[Collected]:
    """What two tiles contribute together, term by term."""
    return [[*map(add, ours, theirs)] for ours, theirs in zip(first, second, strict=True)]


@dataclass(frozen=True)
class _LayerTerm(Term):
    """Looks at one layer. What its tiles contribute is a part of the error itself, if nothing else is said."""

    layer: str

    @property
    def layers(self) -> Collection[str]:
        return (self.layer,)

    def error(self, collected: Collected) -> Tensor:
        return collected[0]


@dataclass(frozen=True)
class ContentTerm(_LayerTerm):
    """One layer of the photo: error = scale * sum of bound * ||features - target||^2.

    Attributes:
        bound: (1, 1, h, w) in [0, 1], how much each position is to be like the photo; all are if not said.
    """

    loss = "content"
    target: Tensor
    scale: Tensor
    bound: Tensor | None = None

    def collect(self, maps: Mapping[str, Maps]) -> Collected:
        (seen,) = maps[self.layer]
        bound = None if self.bound is None else seen.tile.own(self.bound, seen.step)
        return [self.scale * squared_distance(seen.core, seen.tile.own(self.target, seen.step), bound)]


@dataclass(frozen=True)
class MatchTerm(_LayerTerm):
    """One layer of a region, each position with its match: error = scale * sum of bound * ||features - match||^2.

    Attributes:
        bound: (1, 1, h, w) in [0, 1], how much each position is to be like its match.
        matches: (1, 1, h, w), the number of each position's candidate.
    """

    loss = "match"
    bound: Tensor
    candidates: Candidates
    matches: Tensor
    scale: Tensor

    def collect(self, maps: Mapping[str, Maps]) -> Collected:
        (seen,) = maps[self.layer]
        matched = F.embedding(seen.tile.own(self.matches, seen.step)[:, 0], self.candidates.features)  # (1, h, w, C)
        bound = seen.tile.own(self.bound, seen.step)
        return [self.scale * squared_distance(seen.core, matched.permute(0, 3, 1, 2), bound)]


class _Products(torch.autograd.Function):
    """Sums over the channels of f t and f f, (1, h, w) each: what the cosine of two maps is made of.

    Written out because autograd would keep both products, and add up their gradients in passes of their own.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(features, target)
        kind = exact_dtype(features)
        return (features * target).sum(1, dtype=kind), features.square().sum(1, dtype=kind)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        features, target = ctx.saved_tensors
        of_product, of_square = (gradient[:, None].to(features.dtype) for gradient in gradients)
        return torch.addcmul(target * of_product, features, 2 * of_square), None


@dataclass(frozen=True)
class CosineTerm(_LayerTerm):
    """One layer or hypercolumn, each position with its match: error = scale * sum of bound * (1 - cosine).

    Kolkin et al. 2022, eq. 4. As there, each layer of a hypercolumn is divided by its channels.

    Attributes:
        step: Pixels of a position.
        norms: (M,), of the candidates' features.
    """

    loss = "match"
    step: int
    bound: Tensor
    candidates: Candidates
    norms: Tensor
    matches: Tensor
    scale: Tensor

    def collect(self, maps: Mapping[str, Maps]) -> Collected:
        seen = maps[self.layer]
        matches, bound = (seen[0].tile.own(one, self.step)[:, 0] for one in (self.matches, self.bound))
        matched = F.embedding(matches, self.candidates.features).permute(0, 3, 1, 2)  # (1, C, h, w)
        grids = [one.on_grid(self.step) for one in seen]
        parts = torch.split(matched, [grid.shape[1] for grid in grids], dim=1)
        products, squares = self.norms.new_zeros(2, *matches.shape).unbind()
        for grid, part in zip(grids, parts, strict=True):
            product, square = _Products.apply(grid, part)
            products = products + product / grid.shape[1]
            squares = squares + square / grid.shape[1] ** 2
        lengths = squares.clamp(min=LEAST).sqrt() * F.embedding(matches, self.norms[:, None])[..., 0]
        return [self.scale * (bound * (1 - products / lengths)).sum()]


@dataclass(frozen=True)
class SimilarityTerm(Term):
    """How alike the photo's points are among themselves.

    Attributes:
        weights: Of each layer.
        photo, tiles: What the tiles of the picture show of the photo.
        spots: Of each layer, drawn for one step.
        photos: The photo's features there.
        dtype: In which they are multiplied.
    """

    loss = "content"
    weights: Mapping[str, float]
    photo: PhotoMaps
    tiles: Sequence[Tile]
    dtype: torch.dtype
    spots: Mapping[str, Spots] = field(default_factory=dict)
    photos: Collected = ()

    @property
    def layers(self) -> Collection[str]:
        return self.weights.keys()

    def drawn(self, points: Points, height: int, width: int) -> SimilarityTerm:
        spots = {layer: points.spots(height, width, shrinkage([layer])) for layer in self.weights}
        term = replace(self, spots=spots)
        with torch.no_grad():
            (photos,) = reduce(added, ([term.collect(self.photo(tile))] for tile in self.tiles))
        return replace(term, photos=[one.to(self.dtype) for one in photos])

    def collect(self, maps: Mapping[str, Maps]) -> Collected:
        return [features_at(maps[layer], spots) for layer, spots in self.spots.items()]

    def error(self, collected: Collected) -> Tensor:
        each = zip(self.weights.values(), collected, self.photos, strict=True)
        return torch.stack([weight * self_similarity(ours, photos) for weight, ours, photos in each]).sum()


@dataclass(frozen=True)
class _StyleTerm(_LayerTerm):
    """One layer in one region of the picture.

    Attributes:
        weight: Its part of the style loss.
        mask: (1, 1, h, w) in [0, 1], how much each position belongs to the region; all do if not said.
        errors: Of what is compared with the paintings.
    """

    loss = "style"
    weight: float
    mask: Tensor | None
    errors: Errors

    def judged(self, value: Any) -> Tensor:
        return self.weight * torch.stack([share * error(value) for share, error in self.errors]).sum()


@dataclass(frozen=True)
class SumsTerm(_StyleTerm):
    """Compares sums over all positions."""

    def collect(self, maps: Mapping[str, Maps]) -> Collected:
        (seen,) = maps[self.layer]
        return sums(seen.core, self.mask if self.mask is None else seen.tile.own(self.mask, seen.step)).parts

    def error(self, collected: Collected) -> Tensor:
        return self.judged(Sums(*collected))


@dataclass(frozen=True)
class PointsTerm(_StyleTerm):
    """Compares the features at some spots, others at each step."""

    spots: Spots | None = None

    def drawn(self, points: Points, height: int, width: int) -> PointsTerm:
        return replace(self, spots=points.spots(height, width, shrinkage([self.layer]), self.mask))

    def collect(self, maps: Mapping[str, Maps]) -> Collected:
        assert self.spots is not None, "drawn first"
        return [features_at(maps[self.layer], self.spots)]

    def error(self, collected: Collected) -> Tensor:
        return self.judged(collected[0])


@dataclass(frozen=True)
class PaletteTerm:
    """The colours of one region."""

    weight: float
    mask: Tensor | None
    error: Callable[[Tensor], Tensor]
