"""What the losses compare with: the photo and the paintings, looked at once for each scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from nst.image import fitted_size, luma, match_colors, match_histograms, to_pixels
from nst.losses import CONTENT_SCALES, POINT_LOSSES, SUM_LOSSES, Sums, mixed_sums, palette, sums
from nst.objective import ContentTerm, Objective, PaletteTerm, StyleTerm, layers, look
from nst.points import Maps, Points
from nst.settings import Settings, mix_shares, shares
from nst.tiles import Tile, tiles
from nst.vgg import VGG, shrinkage

TARGET_POINTS = 4  # points of the paintings for each point of the picture


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
        fade: How many times more the photo weighs than `settings` say, and how many times less the palette.
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
    colours = [points.of([style], count=count) for style, count in zip(styles, counts, strict=True)]
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
        weights_at(settings, fade),
        content,
        [term for weight, mask, seen, _ in regions for term in _style_terms(weight, mask, seen, settings)],
        [PaletteTerm(weight, mask, palette(colour)) for weight, mask, _, colour in regions],
        _tiles(photo, settings, network, tile),
        points,
    )


def weights_at(settings: Settings, fade: float) -> dict[str, float]:
    """What each loss is multiplied with, where the photo weighs `fade` times more."""
    weights = {name: getattr(settings, f"{name}_weight") for name in ("content", "style", "tv", "palette")}
    return weights | {"content": fade * weights["content"], "palette": weights["palette"] / fade}


def _tiles(pixels: Tensor, settings: Settings, network: VGG, side: int | None) -> list[Tile]:
    height, width = pixels.shape[-2:]
    names = layers(settings)
    return tiles(height, width, side or max(height, width), network.radius(names), shrinkage(names))


def _content_terms(photo: Tensor, settings: Settings, network: VGG, tile: int | None) -> list[ContentTerm]:
    weights, kinds = shares(settings.content_layers), shares(settings.content_loss)
    seen = _maps(photo, list(weights), settings, network, tile)
    terms = []
    for layer, weight in weights.items():
        target = seen[layer][0]
        scales = [share * CONTENT_SCALES[kind](target) for kind, share in kinds.items() if kind in CONTENT_SCALES]
        scale = weight * sum(scales, torch.zeros((), dtype=torch.promote_types(target.dtype, torch.float32)))
        terms.append(ContentTerm(layer, seen[layer], scale, weight * kinds.get("self_similarity", 0.0)))
    return terms


def _maps(pixels: Tensor, names: list[str], settings: Settings, network: VGG, tile: int | None) -> dict[str, Maps]:
    """Maps of the whole picture, put together from those of its tiles."""
    parts = _tiles(pixels, settings, network, tile)
    if len(parts) == 1:
        return look(pixels, names, settings, network)
    height, width = pixels.shape[-2:]
    whole: dict[str, Tensor] = {}
    for part in parts:
        for name, (seen,) in look(part.window(pixels), names, settings, network).items():
            step = shrinkage([name])
            if name not in whole:
                whole[name] = seen.new_empty(1, seen.shape[1], height // step, width // step)
            part.own(whole[name], step).copy_(part.core(seen, step))
    return {name: [found] for name, found in whole.items()}


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
        return {name: Target(sums(seen[0]), points.of(seen, count=count)) for name, seen in maps.items()}
    gathered: dict[str, Sums] = {}
    parts = _tiles(pixels, settings, network, tile)
    for part in parts:
        for name, (seen,) in look(part.window(pixels), names, settings, network).items():
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
        shrunk = None if mask is None else _shrunk(mask, shrinkage([layer]))
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
