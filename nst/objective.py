"""What is minimised at one scale: where weights meet losses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nst.losses import POINT_LOSSES, TV_LOSSES, Sums, self_similarity, sums
from nst.points import Maps, Points, features_at
from nst.settings import Settings, shares
from nst.tiles import Tile
from nst.vgg import VGG, shrinkage

Errors = Sequence[tuple[float, Callable[[Any], Tensor]]]


@dataclass(frozen=True)
class StyleTerm:
    """One layer in one region of the picture, and what it is compared with.

    Attributes:
        weight: Its part of the style loss.
        mask: (1, 1, h, w) in [0, 1], how much each position belongs to the region; all do if not said.
        on_sums, on_points: Errors, each with its share, of the sums over positions and of points.
    """

    layer: str
    weight: float
    mask: Tensor | None
    on_sums: Errors
    on_points: Errors


@dataclass(frozen=True)
class ContentTerm:
    """One layer of the photo: error = scale * ||features - target||^2, and similarity * self-similarity."""

    layer: str
    target: Maps
    scale: Tensor
    similarity: float


@dataclass(frozen=True)
class PaletteTerm:
    """The colours of one region."""

    weight: float
    mask: Tensor | None
    error: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """content_weight * content + style_weight * style + tv_weight * tv (Gatys et al. 2016, eq. 7) + palette.

    A picture in several tiles has the very same gradient as in one: what all positions add up to is
    gathered first, tile by tile; then each tile is told what the whole asks of it.
    """

    settings: Settings
    network: VGG
    weights: Mapping[str, float]
    content: Sequence[ContentTerm]
    style: Sequence[StyleTerm]
    palette: Sequence[PaletteTerm]
    tiles: Sequence[Tile]
    points: Points

    def __call__(self, pixels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Gradient of the total loss (1, 3, H, W), and the unweighted losses, at some pixels."""
        with torch.enable_grad():  # a generator may be resumed on any thread, in any mode
            pixels = pixels.detach().requires_grad_()
            losses = self._on_pixels(pixels)
            if len(self.tiles) == 1:
                losses = self._seen(pixels) | losses
                (gradient,) = torch.autograd.grad(self._total(losses), pixels)
            else:
                gradient = torch.zeros_like(pixels)
                if losses:
                    (gradient,) = torch.autograd.grad(self._total(losses), pixels)
                losses = self._tile_by_tile(pixels.detach(), gradient) | losses
        return gradient, {name: loss.detach() for name, loss in losses.items()}

    def _total(self, losses: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()

    def _on_pixels(self, pixels: Tensor) -> dict[str, Tensor]:
        """The losses that need no network."""
        losses = {}
        if self.weights["tv"]:
            losses["tv"] = TV_LOSSES[self.settings.tv_loss](pixels)
        if self.weights["palette"]:
            terms = [term.weight * term.error(self.points.of([pixels], term.mask)) for term in self.palette]
            losses["palette"] = torch.stack(terms).sum()
        return losses

    def _seen(self, pixels: Tensor) -> dict[str, Tensor]:
        """Content and style of a picture that is looked at as a whole."""
        maps = look(pixels, self._layers, self.settings, self.network)
        content = [self._content_error(term, maps[term.layer], term.target) for term in self.content]
        for term in self.content:
            if term.similarity:
                spots = self.points.at(term.target)
                ours, photos = features_at(maps[term.layer], spots), features_at(term.target, spots)
                content.append(term.similarity * self_similarity(ours, photos))
        style = self._style_of(self._sums(maps))
        for part in self.style:
            if part.on_points:
                style = style + part.weight * _mixed(part.on_points, self.points.of(maps[part.layer], part.mask))
        return {"content": torch.stack(content).sum(), "style": style}

    def _tile_by_tile(self, pixels: Tensor, gradient: Tensor) -> dict[str, Tensor]:
        """The same, and its gradient added to `gradient`, with the memory of one tile."""
        with torch.no_grad():
            seen = [self._seen_in(tile, tile.window(pixels)) for tile in self.tiles]
        content = torch.stack([error for _, error in seen]).sum()
        gathered = [sum(parts[1:], start=parts[0]) for parts in zip(*(found for found, _ in seen), strict=True)]
        leaves = [Sums(one.positions, one.total.requires_grad_(), one.product.requires_grad_()) for one in gathered]
        style = self._style_of(leaves)
        asked = torch.autograd.grad(self.weights["style"] * style, _tensors(leaves), materialize_grads=True)
        for tile in self.tiles:
            window = tile.window(pixels).clone().requires_grad_()
            found, error = self._seen_in(tile, window)
            outputs = [*_tensors(found), error]
            weights = [*asked, torch.full_like(error, self.weights["content"])]
            into = tile.window(gradient)
            into += torch.autograd.grad(outputs, window, weights)[0]
        return {"content": content, "style": style}

    def _seen_in(self, tile: Tile, window: Tensor) -> tuple[list[Sums], Tensor]:
        """A tile's part of every term's sums, and of the content error."""
        maps = {
            layer: [tile.core(found, shrinkage([layer]))]
            for layer, (found,) in look(window, self._layers, self.settings, self.network).items()
        }
        errors = [
            self._content_error(term, maps[term.layer], [tile.own(term.target[0], shrinkage([term.layer]))])
            for term in self.content
        ]
        return self._sums(maps, tile), torch.stack(errors).sum()

    def _sums(self, maps: Mapping[str, Maps], tile: Tile | None = None) -> list[Sums]:
        found = []
        for term in self.style:
            if term.on_sums:
                mask = term.mask if term.mask is None or tile is None else tile.own(term.mask, shrinkage([term.layer]))
                found.append(sums(maps[term.layer][0], mask))
        return found

    def _style_of(self, found: Sequence[Sums]) -> Tensor:
        terms = [term for term in self.style if term.on_sums]
        errors = [term.weight * _mixed(term.on_sums, one) for term, one in zip(terms, found, strict=True)]
        return torch.stack(errors).sum() if errors else torch.zeros(())

    def _content_error(self, term: ContentTerm, maps: Maps, target: Maps) -> Tensor:
        difference = maps[0].to(term.scale.dtype) - target[0].to(term.scale.dtype)
        return term.scale * difference.square().sum()

    @property
    def _layers(self) -> set[str]:
        return {term.layer for term in self.content} | {term.layer for term in self.style}


def _mixed(errors: Errors, value: Any) -> Tensor:
    return torch.stack([share * error(value) for share, error in errors]).sum()


def _tensors(found: Sequence[Sums]) -> list[Tensor]:
    return [tensor for one in found for tensor in (one.total, one.product)]


def layers(settings: Settings) -> list[str]:
    """Every layer of the network that is looked at."""
    named = (*shares(settings.style_layers), *shares(settings.content_layers))
    return [layer for name in named for layer in name.split("+")]


def whole_only(settings: Settings) -> list[str]:
    """Why a picture cannot be painted in tiles: what of the settings compares points of the whole picture."""
    said = (*shares(settings.style_loss), *shares(settings.content_loss))
    columns = [name for name in (*shares(settings.style_layers), *shares(settings.content_layers)) if "+" in name]
    return [*(name for name in said if name in (*POINT_LOSSES, "self_similarity")), *columns]


def look(pixels: Tensor, names: Iterable[str], settings: Settings, network: VGG) -> dict[str, Maps]:
    """Maps of layers, one each, and of hypercolumns such as "relu1_1+relu2_1", several each."""
    named = {name: name.split("+") for name in names}
    wanted = {layer for layers in named.values() for layer in layers}
    maps = network.features(pixels, wanted, pooling=settings.pooling, padding=settings.padding)
    return {name: [maps[layer] for layer in layers] for name, layers in named.items()}
