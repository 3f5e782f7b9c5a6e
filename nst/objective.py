"""What is minimised at one scale: where weights meet losses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.losses import LEAST, TV_LOSSES, Sums, self_similarity, sums
from nst.matching import SAMPLE, Candidates, Found, Search, lent, search
from nst.points import Map, Maps, Points, Spots, colors_at, features_at
from nst.settings import Settings, match_shares, shares, style_shares
from nst.tiles import Tile
from nst.vgg import VGG, shrinkage

FOUND_SIDE = 64  # positions along the long side, of what a frame says about its matches

Errors = Sequence[tuple[float, Callable[[Any], Tensor]]]


@dataclass(frozen=True)
class ContentTerm:
    """One layer of the photo: error = scale * ||features - target||^2."""

    layer: str
    target: Tensor
    scale: Tensor

    def error(self, seen: Map) -> Tensor:
        """A tile's part of it."""
        difference = seen.core.to(self.scale.dtype) - seen.tile.own(self.target, seen.step).to(self.scale.dtype)
        return self.scale * difference.square().sum()


@dataclass(frozen=True)
class Gallery:
    """What a region of the picture may be matched with at one layer.

    Attributes:
        weight: Its part of the match loss.
        mask: (1, 1, h, w) in [0, 1], how much each position belongs to the region; all do if not said.
        bound: (1, 1, h, w) in [0, 1], how much each position is to be like its match.
        empty: (1, 1, h, w) in [0, 1], how much each position belongs to an empty part of the region.
        motifs: Style losses for those parts, each with its part of the style loss. What they are compared with is
            known with the matches: those parts of the paintings that they resemble.
    """

    layer: str
    weight: float
    mask: Tensor | None
    bound: Tensor
    empty: Tensor
    candidates: Candidates
    motifs: Sequence[tuple[float, Callable[[Sums], Callable[[Sums], Tensor]]]]


@dataclass(frozen=True)
class MatchTerm:
    """One layer of a region, each position with its match: error = scale * sum of bound * ||features - match||^2.

    Attributes:
        matches: (1, 1, h, w), the number of each position's candidate.
    """

    layer: str
    bound: Tensor
    candidates: Candidates
    matches: Tensor
    scale: Tensor

    def error(self, seen: Map) -> Tensor:
        """A tile's part of it."""
        matched = F.embedding(seen.tile.own(self.matches, seen.step)[:, 0], self.candidates.features)  # (1, h, w, C)
        squares = (seen.core.to(self.scale.dtype) - matched.permute(0, 3, 1, 2).to(self.scale.dtype)).square()
        return self.scale * (seen.tile.own(self.bound, seen.step) * squares).sum()


@dataclass(frozen=True)
class SimilarityTerm:
    """One layer of the photo: how alike its points are among themselves."""

    layer: str
    weight: float
    mask: None = None


@dataclass(frozen=True)
class StyleTerm:
    """One layer in one region of the picture, and what its sums or its points are compared with.

    Attributes:
        weight: Its part of the style loss.
        mask: (1, 1, h, w) in [0, 1], how much each position belongs to the region; all do if not said.
        errors: Each with its share.
    """

    layer: str
    weight: float
    mask: Tensor | None
    errors: Errors

    def error(self, value: Any) -> Tensor:
        return self.weight * torch.stack([share * error(value) for share, error in self.errors]).sum()


@dataclass(frozen=True)
class PaletteTerm:
    """The colours of one region."""

    weight: float
    mask: Tensor | None
    error: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Anchor:
    """Pixels that the picture is to keep to: error = mean of hold * (pixels - target)^2 (Ruder et al. 2016, eq. 7).

    Attributes:
        target: (1, 3, H, W).
        hold: (1, 1, H, W), how much each pixel is held; 0 is free.
    """

    target: Tensor
    hold: Tensor

    def error(self, pixels: Tensor) -> Tensor:
        return (self.hold * (pixels - self.target).square()).mean()


@dataclass(frozen=True)
class Seen:
    """What a tile contributes to the losses. Added up over all tiles, it is all that they ask of a picture.

    Attributes:
        errors: Of each content term, then of each match.
        sums: Of each term on sums.
        points: Of each term on points.
    """

    errors: Sequence[Tensor]
    sums: Sequence[Sums]
    points: Sequence[Tensor]

    @property
    def tensors(self) -> list[Tensor]:
        return [*self.errors, *(tensor for one in self.sums for tensor in (one.total, one.product)), *self.points]

    def __add__(self, other: Seen) -> Seen:
        pairs = zip((self.errors, self.sums, self.points), (other.errors, other.sums, other.points), strict=True)
        return Seen(*([*map(add, ours, theirs)] for ours, theirs in pairs))


@dataclass(frozen=True)
class Objective:
    """content_weight * content + style_weight * (style + match_weight * match) + tv_weight * tv + palette + anchor.

    After Gatys et al. 2016, eq. 7. Without matches there is no such term: `matched` finds them.

    A picture in several tiles has the very same gradient as in one: what they contribute is gathered
    first, tile by tile; then each tile is told what the whole asks of it.

    Attributes:
        photo: What a tile shows of the photo, where a term compares the picture with it.
    """

    settings: Settings
    network: VGG
    weights: Mapping[str, float]
    photo: Callable[[Tile], Mapping[str, Maps]] | None
    content: Sequence[ContentTerm]
    similarity: Sequence[SimilarityTerm]
    on_sums: Sequence[StyleTerm]
    on_points: Sequence[StyleTerm]
    palette: Sequence[PaletteTerm]
    galleries: Sequence[Gallery]
    tiles: Sequence[Tile]
    points: Points
    matches: Sequence[MatchTerm] = ()
    motifs: Sequence[StyleTerm] = ()
    anchor: Anchor | None = None

    def __call__(self, pixels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Gradient of the total loss (1, 3, H, W), and the unweighted losses, at some pixels."""
        with torch.enable_grad():  # a generator may be resumed on any thread, in any mode
            pixels = pixels.detach().requires_grad_()
            losses = self._on_pixels(pixels)
            spots = self._spots(*pixels.shape[-2:])
            if len(self.tiles) == 1:
                losses = self._judged(self._seen(pixels, self.tiles[0], spots), spots) | losses
                (gradient,) = torch.autograd.grad(self._total(losses), pixels)
            else:
                gradient = torch.zeros_like(pixels)
                if losses:
                    (gradient,) = torch.autograd.grad(self._total(losses), pixels)
                losses = self._tile_by_tile(pixels.detach(), spots, gradient) | losses
        return gradient, {name: loss.detach() for name, loss in losses.items()}

    def matched(self, pixels: Tensor) -> Objective:
        """The same, where each position of `pixels` (1, 3, H, W) is drawn to its like in the paintings.

        Who its like is stays as it is, whatever the pixels become, so that the loss is a sum of squares.
        """
        if not self.galleries:
            return self
        with torch.no_grad():
            views, (height, width) = self._views(pixels), pixels.shape[-2:]
            spots = [
                self.points.spots(height, width, shrinkage([one.layer]), one.mask, SAMPLE) for one in self.galleries
            ]
            samples = reduce(add, (Seen([], [], _points(self.galleries, maps, spots)) for maps in views()))
            searches = [
                search(one.candidates, sample.to(one.candidates.unit.dtype))
                for one, sample in zip(self.galleries, samples.points, strict=True)
            ]
            matches = self._matches(searches, views, pixels)
            pairs = zip(self.galleries, matches, strict=True)
            motifs = [_motif_term(one, match.matches) for one, match in pairs if one.motifs]
            return replace(self, matches=matches, motifs=motifs)

    def anchored(self, target: Tensor, hold: Tensor, weight: float) -> Objective:
        """The same, with a loss on what differs from `target` (1, 3, H, W) where `hold` (1, 1, H, W) is not 0."""
        return replace(self, anchor=Anchor(target, hold), weights={**self.weights, "anchor": weight})

    def found(self) -> list[Found]:
        """The matches of all regions, at the coarsest layer that is matched."""
        coarsest = max((shrinkage([match.layer]) for match in self.matches), default=0)
        pairs = zip(self.galleries, self.matches, strict=False)
        return [_found(one, match.matches[0, 0]) for one, match in pairs if shrinkage([one.layer]) == coarsest]

    def _views(self, pixels: Tensor) -> Callable[[], Iterable[Mapping[str, Maps]]]:
        """What all tiles show at the layers that are matched: remembered if it is one, else looked at anew."""
        names = {one.layer for one in self.galleries}

        def views() -> Iterator[Mapping[str, Maps]]:
            return (look(tile.window(pixels), tile, names, self.settings, self.network) for tile in self.tiles)

        if len(self.tiles) > 1:
            return views
        seen = list(views())
        return lambda: seen

    def _matches(
        self, searches: Sequence[Search], views: Callable[[], Iterable[Mapping[str, Maps]]], pixels: Tensor
    ) -> list[MatchTerm]:
        height, width = pixels.shape[-2:]
        steps = [shrinkage([one.layer]) for one in self.galleries]
        matches = [pixels.new_empty((1, 1, height // step, width // step), dtype=torch.long) for step in steps]
        for maps in views():
            for gallery, found, into in zip(self.galleries, searches, matches, strict=True):
                (seen,) = maps[gallery.layer]
                own = seen.tile.own(into, seen.step)
                own.copy_(found.nearest(seen.core[0].permute(1, 2, 0).flatten(0, 1)).view_as(own))
        return [_match_term(gallery, into) for gallery, into in zip(self.galleries, matches, strict=True)]

    def _total(self, losses: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()

    def _on_pixels(self, pixels: Tensor) -> dict[str, Tensor]:
        """The losses that need no network."""
        losses = {}
        if self.weights["tv"]:
            losses["tv"] = TV_LOSSES[self.settings.tv_loss](pixels)
        if self.anchor is not None:
            losses["anchor"] = self.anchor.error(pixels)
        if self.palette:
            height, width = pixels.shape[-2:]
            drawn = [self.points.spots(height, width, mask=term.mask) for term in self.palette]
            colours = [colors_at(pixels, spots) for spots in drawn]
            errors = [term.weight * term.error(seen) for term, seen in zip(self.palette, colours, strict=True)]
            losses["palette"] = torch.stack(errors).sum()
        return losses

    @property
    def _terms_on_sums(self) -> list[StyleTerm]:
        return [*self.on_sums, *self.motifs]

    @property
    def _terms_on_points(self) -> list[SimilarityTerm | StyleTerm]:
        return [*self.similarity, *self.on_points]

    def _spots(self, height: int, width: int) -> list[Spots]:
        """Drawn anew at each step, in the whole picture, whatever the tiles are."""
        return [self.points.spots(height, width, shrinkage([term.layer]), term.mask) for term in self._terms_on_points]

    def _tile_by_tile(self, pixels: Tensor, spots: Sequence[Spots], gradient: Tensor) -> dict[str, Tensor]:
        """Content and style, and their gradient added to `gradient`, with the memory of one tile."""
        with torch.no_grad():
            seen = reduce(add, (self._seen(tile.window(pixels), tile, spots) for tile in self.tiles))
        leaves = [tensor.requires_grad_() for tensor in seen.tensors]
        losses = self._judged(seen, spots)
        asked = torch.autograd.grad(self._total(losses), leaves, materialize_grads=True)
        for tile in self.tiles:
            window = tile.window(pixels).clone().requires_grad_()
            into = tile.window(gradient)
            into += torch.autograd.grad(self._seen(window, tile, spots).tensors, window, asked)[0]
        return losses

    def _seen(self, window: Tensor, tile: Tile, spots: Sequence[Spots]) -> Seen:
        on_maps: list[ContentTerm | MatchTerm] = [*self.content, *self.matches]
        terms = (*on_maps, *self._terms_on_sums, *self._terms_on_points)
        maps = look(window, tile, {term.layer for term in terms}, self.settings, self.network)
        return Seen(
            [term.error(*maps[term.layer]) for term in on_maps],
            [_sums(term.mask, *maps[term.layer]) for term in self._terms_on_sums],
            _points(self._terms_on_points, maps, spots),
        )

    def _judged(self, seen: Seen, spots: Sequence[Spots]) -> dict[str, Tensor]:
        """Content, style and match of the whole picture."""
        alike, photos_own = len(self.similarity), len(self.content)
        pairs = zip(self.similarity, seen.points, self._photo_points(spots[:alike]), strict=False)
        likeness = (term.weight * self_similarity(ours, photos) for term, ours, photos in pairs)
        values = [
            *zip(self._terms_on_sums, seen.sums, strict=True),
            *zip(self.on_points, seen.points[alike:], strict=True),
        ]
        style = [term.error(value) for term, value in values]
        losses = {"content": [*seen.errors[:photos_own], *likeness], "style": style}
        if self.matches:
            losses["match"] = [*seen.errors[photos_own:]]
        none = torch.zeros((), device=self.network.mean.device)  # where all style layers are deep and without motifs
        return {name: torch.stack(errors or [none]).sum() for name, errors in losses.items()}

    def _photo_points(self, spots: Sequence[Spots]) -> Sequence[Tensor]:
        """Of the photo, at the spots of the terms that compare it with itself."""
        if self.photo is None:
            return []
        with torch.no_grad():
            maps = map(self.photo, self.tiles)
            return reduce(add, (Seen([], [], _points(self.similarity, seen, spots)) for seen in maps)).points


def _match_term(gallery: Gallery, matches: Tensor) -> MatchTerm:
    """The error is relative to the paintings' features: 1 is as far away as zero."""
    features = gallery.candidates.features
    energy = features.to(torch.promote_types(features.dtype, torch.float32)).square().sum(1).mean()
    scale = gallery.weight / (gallery.bound.sum() * energy).clamp(min=LEAST)
    return MatchTerm(gallery.layer, gallery.bound, gallery.candidates, matches, scale)


def _motif_term(gallery: Gallery, matches: Tensor) -> StyleTerm:
    weights = lent(gallery.candidates, matches.flatten(), gallery.empty.flatten())
    features = gallery.candidates.features.t()[None, :, :, None]
    target = sums(features, weights.to(features.dtype)[None, None, :, None])
    return StyleTerm(gallery.layer, 1.0, gallery.empty, [(share, loss(target)) for share, loss in gallery.motifs])


def _found(gallery: Gallery, matches: Tensor) -> Found:
    """Every second or third position and so on where there are many: it is kept with each frame, and travels."""
    every = -(-max(matches.shape) // FOUND_SIDE)
    mask = torch.ones_like(matches, dtype=torch.float32) if gallery.mask is None else gallery.mask[0, 0]
    matches, mask = (one[::every, ::every].contiguous() for one in (matches, mask))
    return Found(gallery.candidates.places[matches], gallery.candidates.paintings[matches], mask)


def _sums(mask: Tensor | None, seen: Map) -> Sums:
    return sums(seen.core, mask if mask is None else seen.tile.own(mask, seen.step))


def _points(
    terms: Sequence[SimilarityTerm | StyleTerm | Gallery], maps: Mapping[str, Maps], spots: Sequence[Spots]
) -> list[Tensor]:
    return [features_at(maps[term.layer], where) for term, where in zip(terms, spots, strict=True)]


def layers(settings: Settings) -> list[str]:
    """Every layer of the network that is looked at."""
    named = (*style_shares(settings), *shares(settings.content_layers), *match_shares(settings))
    return [layer for name in named for layer in name.split("+")]


def look(window: Tensor, tile: Tile, names: Iterable[str], settings: Settings, network: VGG) -> dict[str, Maps]:
    """Maps of a tile's window: one for a layer, several for a hypercolumn such as "relu1_1+relu2_1"."""
    named = {name: name.split("+") for name in names}
    wanted = {layer for layers in named.values() for layer in layers}
    maps = network.features(window, wanted, pooling=settings.pooling, padding=settings.padding)
    return {name: [Map(maps[layer], shrinkage([layer]), tile) for layer in layers] for name, layers in named.items()}
