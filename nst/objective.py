"""What is minimised at one scale: where weights meet losses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from nst.image import fitted_size, luma, match_colors, match_histograms, to_pixels
from nst.losses import (
    CONTENT_SCALES,
    POINT_LOSSES,
    SUM_LOSSES,
    TV_LOSSES,
    Sums,
    mixed_sums,
    palette,
    self_similarity,
    sums,
)
from nst.settings import Settings, mix_shares, shares
from nst.tiles import Tile, tiles
from nst.vgg import VGG, shrinkage

TARGET_POINTS = 4  # points of the paintings for each point of the picture
COLUMN_STEP = 4  # pixels of the picture per position of a hypercolumn (Kolkin et al. 2022)

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
    target: Tensor
    scale: Tensor
    similarity: float


@dataclass(frozen=True)
class PaletteTerm:
    """The colours of one region."""

    weight: float
    mask: Tensor | None
    error: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Points:
    """Draws the positions that are compared, at most `count` at a time; the same ones for the same seed."""

    count: int
    generator: torch.Generator = field(default_factory=torch.Generator)

    def at(self, features: Tensor, mask: Tensor | None = None, count: int | None = None) -> Tensor:
        """Positions of a map (1, C, H, W), where its mask allows."""
        positions, count = features[0, 0].numel(), count or self.count
        if mask is not None:
            return torch.multinomial(mask.flatten().cpu(), count, replacement=True, generator=self.generator)
        if positions <= count:
            return torch.arange(positions)
        return torch.randint(positions, (count,), generator=self.generator)

    def of(self, features: Tensor, mask: Tensor | None = None, count: int | None = None) -> Tensor:
        """The feature vectors (N, C) there, float32 at least."""
        return taken(features, self.at(features, mask, count))


def taken(features: Tensor, positions: Tensor) -> Tensor:
    vectors = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])[positions.to(features.device)]
    return vectors.to(torch.promote_types(vectors.dtype, torch.float32))


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
            terms = [term.weight * term.error(self.points.of(pixels, term.mask)) for term in self.palette]
            losses["palette"] = torch.stack(terms).sum()
        return losses

    def _seen(self, pixels: Tensor) -> dict[str, Tensor]:
        """Content and style of a picture that is looked at as a whole."""
        features = look(pixels, self._layers, self.settings, self.network)
        similar = [term for term in self.content if term.similarity]
        content = [self._content_error(term, features[term.layer], term.target) for term in self.content]
        content += [term.similarity * self._similarity(term, features[term.layer]) for term in similar]
        style = self._style_of(self._sums(features))
        for term in self.style:
            if term.on_points:
                points = self.points.of(features[term.layer], term.mask)
                style = style + term.weight * _mixed(term.on_points, points)
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
        maps = look(window, self._layers, self.settings, self.network)
        features = {layer: tile.core(found, shrinkage([layer])) for layer, found in maps.items()}
        errors = [
            self._content_error(term, features[term.layer], tile.own(term.target, shrinkage([term.layer])))
            for term in self.content
        ]
        return self._sums(features, tile), torch.stack(errors).sum()

    def _sums(self, features: Mapping[str, Tensor], tile: Tile | None = None) -> list[Sums]:
        found = []
        for term in self.style:
            if term.on_sums:
                mask = term.mask if term.mask is None or tile is None else tile.own(term.mask, shrinkage([term.layer]))
                found.append(sums(features[term.layer], mask))
        return found

    def _style_of(self, found: Sequence[Sums]) -> Tensor:
        terms = [term for term in self.style if term.on_sums]
        errors = [term.weight * _mixed(term.on_sums, one) for term, one in zip(terms, found, strict=True)]
        return torch.stack(errors).sum() if errors else torch.zeros(())

    def _content_error(self, term: ContentTerm, features: Tensor, target: Tensor) -> Tensor:
        difference = features.to(term.scale.dtype) - target.to(term.scale.dtype)
        return term.scale * difference.square().sum()

    def _similarity(self, term: ContentTerm, features: Tensor) -> Tensor:
        positions = self.points.at(features)
        return self_similarity(taken(features, positions), taken(term.target, positions))

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


def look(pixels: Tensor, names: Iterable[str], settings: Settings, network: VGG) -> dict[str, Tensor]:
    """Maps of layers, and of hypercolumns such as "relu1_1+relu2_1"."""
    wanted = {layer for name in names for layer in name.split("+")}
    maps = network.features(pixels, wanted, pooling=settings.pooling, padding=settings.padding)
    size = [max(1, side // COLUMN_STEP) for side in pixels.shape[-2:]]
    return {
        name: torch.cat([F.interpolate(maps[layer], size, mode="bilinear") for layer in name.split("+")], dim=1)
        if "+" in name
        else maps[name]
        for name in names
    }


def objective_for(
    photo: Tensor,
    paintings: Sequence[Image.Image],
    masks: Sequence[Image.Image] | None,
    settings: Settings,
    network: VGG,
    fade: float = 1.0,
    tile: int | None = None,
) -> Objective:
    """Look once at the photo (1, 3, H, W) and the paintings, and keep what the losses compare with.

    Args:
        fade: How many times more the photo weighs than `settings` say.
        tile: Side of a tile in pixels; the picture is one tile if not said.
    """
    points = Points(settings.samples, torch.Generator().manual_seed(settings.seed))
    mix = mix_shares(settings.style_mix, len(paintings))
    parts = mix if masks is None else [1.0] * len(mix)  # of a region
    counts = [max(1, round(part * TARGET_POINTS * settings.samples)) for part in parts]
    styles = [_painting_pixels(painting, photo, settings) for painting in paintings]
    with torch.no_grad():
        content = _content_terms(photo, settings, network, tile)
        targets = [
            _target(style, count, points, settings, network, tile) for style, count in zip(styles, counts, strict=True)
        ]
    colours = [points.of(style, count=count) for style, count in zip(styles, counts, strict=True)]
    if masks is None:
        blend = {layer: _blended([target[layer] for target in targets], mix) for layer in targets[0]}
        regions: list[tuple[float, Tensor | None, Mapping[str, Target], Tensor]]
        regions = [(1.0, None, blend, torch.cat(colours))]
    else:
        applied = [to_pixels(mask, (photo.shape[-1], photo.shape[-2]))[:, :1].to(photo.device) for mask in masks]
        # so that a stroke weighs the same in a small region
        weights = [mask.mean().item() * share * len(mix) for mask, share in zip(applied, mix, strict=True)]
        regions = list(zip(weights, applied, targets, colours, strict=True))
    return Objective(
        settings,
        network,
        _weights(settings, fade),
        content,
        [term for weight, mask, seen, _ in regions for term in _style_terms(weight, mask, seen, settings)],
        [PaletteTerm(weight, mask, palette(colour)) for weight, mask, _, colour in regions],
        _tiles(photo, settings, network, tile),
        points,
    )


def _weights(settings: Settings, fade: float) -> dict[str, float]:
    weights = {name: getattr(settings, f"{name}_weight") for name in ("content", "style", "tv", "palette")}
    return weights | {"content": fade * weights["content"]}


def _tiles(pixels: Tensor, settings: Settings, network: VGG, side: int | None) -> list[Tile]:
    height, width = pixels.shape[-2:]
    names = layers(settings)
    return tiles(height, width, side or max(height, width), network.radius(names), shrinkage(names))


def _content_terms(photo: Tensor, settings: Settings, network: VGG, tile: int | None) -> list[ContentTerm]:
    weights, kinds = shares(settings.content_layers), shares(settings.content_loss)
    seen = _maps(photo, list(weights), settings, network, tile)
    terms = []
    for layer, weight in weights.items():
        scales = [share * CONTENT_SCALES[kind](seen[layer]) for kind, share in kinds.items() if kind in CONTENT_SCALES]
        scale = weight * sum(scales, torch.zeros((), dtype=torch.promote_types(seen[layer].dtype, torch.float32)))
        terms.append(ContentTerm(layer, seen[layer], scale, weight * kinds.get("self_similarity", 0.0)))
    return terms


def _maps(pixels: Tensor, names: list[str], settings: Settings, network: VGG, tile: int | None) -> dict[str, Tensor]:
    """Maps of the whole picture, put together from those of its tiles."""
    parts = _tiles(pixels, settings, network, tile)
    if len(parts) == 1:
        return look(pixels, names, settings, network)
    height, width = pixels.shape[-2:]
    whole: dict[str, Tensor] = {}
    for part in parts:
        for name, seen in look(part.window(pixels), names, settings, network).items():
            step = shrinkage([name])
            if name not in whole:
                whole[name] = seen.new_empty(1, seen.shape[1], height // step, width // step)
            part.own(whole[name], step).copy_(part.core(seen, step))
    return whole


@dataclass(frozen=True)
class Target:
    """What a painting offers at one layer: its sums, and points (N, C) where a loss asks for them."""

    sums: Sums
    points: Tensor | None


def _target(
    pixels: Tensor, count: int, points: Points, settings: Settings, network: VGG, tile: int | None
) -> dict[str, Target]:
    """What a painting (1, 3, H, W) offers at each layer; at most `count` points of each."""
    names = list(shares(settings.style_layers))
    if not POINT_LOSSES.keys().isdisjoint(shares(settings.style_loss)):  # never in tiles
        maps = look(pixels, names, settings, network)
        return {name: Target(sums(seen), points.of(seen, count=count)) for name, seen in maps.items()}
    gathered: dict[str, Sums] = {}
    parts = _tiles(pixels, settings, network, tile)
    for part in parts:
        for name, seen in look(part.window(pixels), names, settings, network).items():
            found = sums(part.core(seen, shrinkage([name])))
            gathered[name] = gathered[name] + found if name in gathered else found
    return {name: Target(found, None) for name, found in gathered.items()}


def _blended(targets: Sequence[Target], mix: Sequence[float]) -> Target:
    """Several paintings as one."""
    points = [target.points for target in targets if target.points is not None]
    return Target(mixed_sums([target.sums for target in targets], mix), torch.cat(points) if points else None)


def _style_terms(
    weight: float, mask: Tensor | None, targets: Mapping[str, Target], settings: Settings
) -> list[StyleTerm]:
    losses, terms = shares(settings.style_loss), []
    for layer, share in shares(settings.style_layers).items():
        found, points = targets[layer].sums, targets[layer].points
        on_sums = [(part, SUM_LOSSES[loss](found)) for loss, part in losses.items() if loss in SUM_LOSSES]
        on_points = [
            (part, POINT_LOSSES[loss](points))
            for loss, part in losses.items()
            if loss in POINT_LOSSES and points is not None
        ]
        shrunk = None if mask is None else _shrunk(mask, COLUMN_STEP if "+" in layer else shrinkage([layer]))
        terms.append(StyleTerm(layer, weight * share, shrunk, on_sums, on_points))
    return terms


def _shrunk(mask: Tensor, step: int) -> Tensor:
    height, width = mask.shape[-2:]
    return F.adaptive_avg_pool2d(mask, (max(1, height // step), max(1, width // step)))


def _painting_pixels(painting: Image.Image, photo: Tensor, settings: Settings) -> Tensor:
    """The painting at the size at which its strokes are seen, never larger than it is, in the colours asked for."""
    base = settings.style_size or max(photo.shape[-2:])
    long_side = min(round(base * settings.style_scale), max(painting.size))
    pixels = to_pixels(painting, fitted_size(*painting.size, long_side)).to(photo.device)
    if settings.color == "match":
        return match_colors(pixels, photo)
    if settings.color == "histogram":
        return match_histograms(pixels, photo)
    if settings.color in ("luminance", "exact"):
        light, photo_light = luma(pixels), luma(photo)
        light = (light - light.mean()) / light.std().clamp(min=1e-3) * photo_light.std() + photo_light.mean()
        return light.clamp(0, 1).expand(1, 3, -1, -1)
    return pixels
