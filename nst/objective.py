"""What is minimised at one scale: where weights meet losses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import torch
from torch import Tensor

from nst.losses import TV_LOSSES, Sums, self_similarity, sums
from nst.points import Map, Maps, Points, Spots, colors_at, features_at
from nst.settings import Settings, shares
from nst.tiles import Tile
from nst.vgg import VGG, shrinkage

Errors = Sequence[tuple[float, Callable[[Any], Tensor]]]


@dataclass(frozen=True)
class ContentTerm:
    """One layer of the photo: error = scale * ||features - target||^2."""

    layer: str
    target: Tensor
    scale: Tensor


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
class Seen:
    """What a tile contributes to the losses. Added up over all tiles, it is all that they ask of a picture.

    Attributes:
        errors: Of each content term.
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
    """content_weight * content + style_weight * style + tv_weight * tv (Gatys et al. 2016, eq. 7) + palette.

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
    tiles: Sequence[Tile]
    points: Points

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

    def _total(self, losses: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()

    def _on_pixels(self, pixels: Tensor) -> dict[str, Tensor]:
        """The losses that need no network."""
        losses = {}
        if self.weights["tv"]:
            losses["tv"] = TV_LOSSES[self.settings.tv_loss](pixels)
        if self.palette:
            height, width = pixels.shape[-2:]
            drawn = [self.points.spots(height, width, mask=term.mask) for term in self.palette]
            colours = [colors_at(pixels, spots) for spots in drawn]
            errors = [term.weight * term.error(seen) for term, seen in zip(self.palette, colours, strict=True)]
            losses["palette"] = torch.stack(errors).sum()
        return losses

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
        terms = (*self.content, *self.on_sums, *self._terms_on_points)
        maps = look(window, tile, {term.layer for term in terms}, self.settings, self.network)
        return Seen(
            [_content_error(term, *maps[term.layer]) for term in self.content],
            [_sums(term.mask, *maps[term.layer]) for term in self.on_sums],
            _points(self._terms_on_points, maps, spots),
        )

    def _judged(self, seen: Seen, spots: Sequence[Spots]) -> dict[str, Tensor]:
        """Content and style of the whole picture."""
        alike = len(self.similarity)
        pairs = zip(self.similarity, seen.points, self._photo_points(spots[:alike]), strict=False)
        content = [*seen.errors, *(term.weight * self_similarity(ours, photos) for term, ours, photos in pairs)]
        values = [*zip(self.on_sums, seen.sums, strict=True), *zip(self.on_points, seen.points[alike:], strict=True)]
        style = [term.error(value) for term, value in values]
        return {"content": torch.stack(content).sum(), "style": torch.stack(style).sum()}

    def _photo_points(self, spots: Sequence[Spots]) -> Sequence[Tensor]:
        """Of the photo, at the spots of the terms that compare it with itself."""
        if self.photo is None:
            return []
        with torch.no_grad():
            maps = map(self.photo, self.tiles)
            return reduce(add, (Seen([], [], _points(self.similarity, seen, spots)) for seen in maps)).points


def _content_error(term: ContentTerm, seen: Map) -> Tensor:
    target = seen.tile.own(term.target, seen.step)
    difference = seen.core.to(term.scale.dtype) - target.to(term.scale.dtype)
    return term.scale * difference.square().sum()


def _sums(mask: Tensor | None, seen: Map) -> Sums:
    return sums(seen.core, mask if mask is None else seen.tile.own(mask, seen.step))


def _points(
    terms: Sequence[SimilarityTerm | StyleTerm], maps: Mapping[str, Maps], spots: Sequence[Spots]
) -> list[Tensor]:
    return [features_at(maps[term.layer], where) for term, where in zip(terms, spots, strict=True)]


def layers(settings: Settings) -> list[str]:
    """Every layer of the network that is looked at."""
    named = (*shares(settings.style_layers), *shares(settings.content_layers))
    return [layer for name in named for layer in name.split("+")]


def look(window: Tensor, tile: Tile, names: Iterable[str], settings: Settings, network: VGG) -> dict[str, Maps]:
    """Maps of a tile's window: one for a layer, several for a hypercolumn such as "relu1_1+relu2_1"."""
    named = {name: name.split("+") for name in names}
    wanted = {layer for layers in named.values() for layer in layers}
    maps = network.features(window, wanted, pooling=settings.pooling, padding=settings.padding)
    return {name: [Map(maps[layer], shrinkage([layer]), tile) for layer in layers] for name, layers in named.items()}
