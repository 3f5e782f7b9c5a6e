"""What the losses compare with: the photo and the paintings, looked at once for each scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from nst.arrows import arrows_from
from nst.galleries import Gallery, Motifs, column_at
from nst.image import fitted_size, luma, match_colors, match_histograms, to_pixels
from nst.losses import CONTENT_SCALES, LEAST, POINT_LOSSES, SUM_LOSSES, Sums, between, mixed_sums, palette, sums
from nst.matching import CANDIDATES, Candidates, candidates, emptiness, one_of, repeated, together
from nst.objective import Objective
from nst.points import Map, Points, Spots, colors_at, features_at
from nst.precision import exact_dtype
from nst.settings import (
    Settings,
    clearest_match,
    face_shares,
    match_shares,
    mix_shares,
    motif_layers,
    shares,
    style_shares,
)
from nst.strokes import HOLD, TURNS, Turn, asked, field_of, fit, spread, turns
from nst.terms import (
    Collected,
    ContentTerm,
    Errors,
    PaletteTerm,
    PhotoMaps,
    PointsTerm,
    SimilarityTerm,
    SumsTerm,
    Term,
    added,
)
from nst.tiles import Tile
from nst.vgg import shrinkage
from nst.view import View, layers, match_step
from nst.wrap import WRAPS, Wrap, interpolate

GIVE_WAY = 0.8  # of its match, what a spot in the emptiest part is free of, for motifs
SPARED = 0.5  # of its match, what a spot of a face is free of
# Positions along the edge of a painting with a cut margin that lend no motifs. Beyond them the network sees zeros, as
# it does beyond the edge of the picture: a cartouche in a corner of the painting came into the same corner of the sky.
RIM = 1
TARGET_POINTS = 4  # points of the paintings for each point of the picture


@dataclass(frozen=True)
class Target:
    """What a painting offers: sums, points and candidates of each layer, and colours, if a loss asks for them."""

    sums: Mapping[str, Sums]
    points: Mapping[str, Tensor]
    candidates: Mapping[str, Candidates]
    colors: Tensor | None


@dataclass(frozen=True)
class Region:
    """A part of the picture, by its mask (1, 1, H, W) if it is not all of it, and what it takes after."""

    weight: float
    mask: Tensor | None
    target: Target
    _often: dict[tuple[str, str], Tensor] = field(default_factory=dict)

    def often(self, layer: str, told_by: str) -> Tensor:
        """How much its candidates at a layer belong to what their painting has more than once: see `repeated`.

        It is found out once, for all rounds of matches and all frames of a film.
        """
        if (layer, told_by) not in self._often:
            candidates = self.target.candidates
            self._often[layer, told_by] = repeated(candidates[layer], candidates[told_by])
        return self._often[layer, told_by]


def objective_for(
    photo: Tensor,
    paintings: Sequence[Image.Image],
    masks: Sequence[Image.Image] | None,
    view: View,
    fade: float = 1.0,
) -> Objective:
    """Look once at the photo (1, 3, H, W) and the paintings, and keep what the losses compare with.

    Args:
        fade: How many times more the photo weighs than the settings say, and how many times less the palette.
    """
    points = points_for(view.settings)
    return objective_of(photo, regions_for(photo, paintings, masks, points, view), points, view, fade)


def keeping(objective: Objective, photo: Tensor, faces: Image.Image | None) -> Objective:
    """The same, where the faces of the photo (1, 3, H, W), if there are any, keep their features.

    There its features weigh more, shallow ones too; matches, which would bring the painting's strokes, weigh less, and
    motifs nothing. Statistics are those of the whole picture as before, so that a face is painted in its colours.

    Args:
        faces: Grey, in the photo's shape: white where they are.
    """
    if faces is None or not faces.getbbox():
        return objective
    view, relative = objective.view, CONTENT_SCALES["relative"]
    more_of = face_shares(view.settings)
    mask = to_pixels(faces, (photo.shape[-1], photo.shape[-2]))[:, :1].to(photo.device)
    asked = [term.scale / relative(term.target) for term in objective.terms if isinstance(term, ContentTerm)]
    weight = torch.stack(asked).sum() if asked else 1.0
    with torch.no_grad():
        seen = _whole(photo, _photo_maps(photo, objective.tiles, view, more_of), objective.tiles)
        more = [
            ContentTerm(layer, seen[layer], weight * times * relative(seen[layer]), _at(mask, shrinkage([layer])))
            for layer, times in more_of.items()
        ]
        galleries = [_sparing(gallery, mask) for gallery in objective.galleries]
    return replace(objective, terms=[*objective.terms, *more], galleries=galleries)


def _sparing(gallery: Gallery, mask: Tensor) -> Gallery:
    """The same without the faces in `mask` (1, 1, H, W); every other position is bound as before."""
    here = _at(mask, match_step(gallery.layer))
    bound = (1 - SPARED * here) * gallery.bound
    motifs = [replace(one, empty=(1 - _at(mask, match_step(one.layer))) * one.empty) for one in gallery.motifs]
    weight = gallery.weight * float(bound.sum() / gallery.bound.sum().clamp(min=LEAST))
    return replace(gallery, weight=weight, bound=bound, empty=(1 - here) * gallery.empty, motifs=motifs)


def points_for(settings: Settings) -> Points:
    """The spots that are drawn for one objective."""
    return Points(settings.samples, torch.Generator().manual_seed(settings.seed))


def objective_of(photo: Tensor, regions: Sequence[Region], points: Points, view: View, fade: float = 1.0) -> Objective:
    """The same, where it is known what each region of the picture takes after."""
    settings, parts_of_photo = view.settings, view.tiles(photo)
    with torch.no_grad():
        of_photo = _photo_terms(photo, parts_of_photo, view)
    return Objective(
        view,
        weights_at(settings, fade),
        [*of_photo, *(term for one in regions for term in _style_terms(one, settings))],
        [term for one in regions for term in _palette_terms(one)],
        [gallery for one in regions for gallery in _galleries(one, photo, view)],
        parts_of_photo,
        points,
    )


def targets_for(
    photo: Tensor,
    paintings: Sequence[Image.Image],
    parts: Sequence[float],
    points: Points,
    view: View,
    masks: Sequence[Image.Image] | None = None,
) -> list[Target]:
    """What the paintings offer to a photo (1, 3, H, W): its size matters, and its colours where they are to be like it.

    Args:
        parts: Of all points, those that are drawn from each painting.
        masks: Where each of them goes, if not everywhere: it matters which directions are wanted there.
    """
    styles = [_painting_pixels(painting, photo, view.settings) for painting in paintings]
    strokes, nowhere = _field(photo, view.settings), [None] * len(styles)
    with torch.no_grad():
        wanted = nowhere if strokes is None else [spread(strokes, _mask_on(strokes, mask)) for mask in masks or nowhere]
        return [
            _target(style, number, part, points, view, directions)
            for number, (style, part, directions) in enumerate(zip(styles, parts, wanted, strict=True))
        ]


def _field(photo: Tensor, settings: Settings) -> Tensor | None:
    """Where strokes are to run, as `field_of` says it; None if they may run anywhere."""
    arrows = arrows_from(settings.strokes)
    height, width = photo.shape[-2:]
    return field_of(arrows, height, width, WRAPS[settings.tileable]).to(photo.device) if arrows else None


def _mask_on(strokes: Tensor, mask: Image.Image | None) -> Tensor | None:
    """(1, 1, h, w), on the grid of the strokes' field."""
    return None if mask is None else to_pixels(mask, (strokes.shape[-1], strokes.shape[-2]))[:, :1].to(strokes.device)


def regions_between(first: Target, second: Target, share: float) -> list[Region]:
    """What a picture takes after on the way from one painting to another: the statistics on the way, and of the points
    and matches of each its share, in [0, 1) of the second."""
    summed = {layer: between(first.sums[layer], second.sums[layer], share) for layer in first.sums}
    whole = Region(1.0, None, Target(summed, {}, {}, None))
    parts = [(1 - share, first), (share, second)]
    return [whole, *(Region(part, None, replace(target, sums={})) for part, target in parts if part)]


def regions_for(
    photo: Tensor, paintings: Sequence[Image.Image], masks: Sequence[Image.Image] | None, points: Points, view: View
) -> list[Region]:
    """One for each mask; without masks a single one that takes after all paintings."""
    mix = mix_shares(view.settings.style_mix, len(paintings))
    targets = targets_for(photo, paintings, mix if masks is None else [1.0] * len(mix), points, view, masks)
    if masks is None:
        return [Region(1.0, None, _blended(targets, mix))]
    applied = [to_pixels(mask, (photo.shape[-1], photo.shape[-2]))[:, :1].to(photo.device) for mask in masks]
    # so that a stroke weighs the same in a small region
    weights = [mask.mean().item() * share * len(mix) for mask, share in zip(applied, mix, strict=True)]
    return list(map(Region, weights, applied, targets))


def weights_at(settings: Settings, fade: float) -> dict[str, float]:
    """What each loss is multiplied with, where the photo weighs `fade` times more."""
    weights = {name: getattr(settings, f"{name}_weight") for name in ("content", "style", "tv", "palette")}
    match = settings.style_weight * settings.match_weight
    return weights | {"content": fade * weights["content"], "palette": weights["palette"] / fade, "match": match}


def total_loss(losses: Mapping[str, float], settings: Settings) -> float:
    """What is minimised at the last size, from the unweighted losses of a frame there."""
    weights = weights_at(settings, fade=1.0)
    return sum(weights[name] * loss for name, loss in losses.items())


def _photo_terms(photo: Tensor, parts: Sequence[Tile], view: View) -> list[Term]:
    photo_maps = _photo_maps(photo, parts, view, shares(view.settings.content_layers))
    return [
        *_content_terms(photo, photo_maps, parts, view.settings),
        *_similarity_terms(photo_maps, parts, view),
    ]


def _photo_maps(photo: Tensor, parts: Sequence[Tile], view: View, layers: Iterable[str]) -> PhotoMaps:
    """What a tile shows of the photo: remembered if it is all of it, else looked at anew to save the memory."""
    names, (first, *others) = list(layers), parts
    if others:
        return lambda tile: view.maps(tile.window(photo), tile, names)
    maps = view.maps(photo, first, names)
    return lambda tile: maps


def _content_terms(
    photo: Tensor, photo_maps: PhotoMaps, parts: Sequence[Tile], settings: Settings
) -> list[ContentTerm]:
    kinds = {kind: share for kind, share in shares(settings.content_loss).items() if kind in CONTENT_SCALES}
    if not kinds:
        return []
    seen, terms = _whole(photo, photo_maps, parts), []
    for layer, weight in shares(settings.content_layers).items():
        target = seen[layer]
        scales = [share * CONTENT_SCALES[kind](target) for kind, share in kinds.items()]
        scale = weight * sum(scales, torch.zeros((), dtype=exact_dtype(target)))
        terms.append(ContentTerm(layer, target, scale))
    return terms


def _whole(pixels: Tensor, maps: PhotoMaps, parts: Sequence[Tile]) -> Mapping[str, Tensor]:
    """Each layer's map of the whole picture, put together from those of its tiles."""
    if len(parts) == 1:
        return {name: seen.core for name, (seen,) in maps(parts[0]).items()}
    height, width = pixels.shape[-2:]
    whole: dict[str, Tensor] = {}
    for part in parts:
        for name, (seen,) in maps(part).items():
            if name not in whole:
                shape = 1, seen.core.shape[1], height // seen.step, width // seen.step
                whole[name] = seen.core.new_empty(shape).contiguous(memory_format=torch.channels_last)
            part.own(whole[name], seen.step).copy_(seen.core)
    return whole


def _similarity_terms(photo_maps: PhotoMaps, parts: Sequence[Tile], view: View) -> list[SimilarityTerm]:
    settings = view.settings
    share = shares(settings.content_loss).get("self_similarity")
    if share is None:
        return []
    weights = {layer: share * weight for layer, weight in shares(settings.content_layers).items()}
    return [SimilarityTerm(weights, photo_maps, parts, view.network.dtype)]


def _target(
    pixels: Tensor, number: int, part: float, points: Points, view: View, wanted: Tensor | None = None
) -> Target:
    """What a painting (1, 3, H, W) offers; of points its part of those of all. The turned copies have points only.

    Args:
        wanted: Which directions of strokes, as `spread` says it: the painting is then looked at on its side as well,
            and a stroke counts the more the better it fits.
    """
    if wanted is not None:
        return _joined([_offered(turn, number, part / TURNS, points, view, wanted) for turn in turns(pixels)])
    if view.settings.style_turns == "no":
        return _offered(Turn(pixels), number, part, points, view)
    copies = (Turn(pixels.rot90(quarters, (2, 3)), quarters=quarters) for quarters in range(4))
    looks = [_offered(copy, number, part / 4, points, view) for copy in copies]
    upright = looks[0]
    return Target(
        upright.sums,
        {layer: torch.cat([look.points[layer] for look in looks]) for layer in upright.points},
        {layer: one_of([look.candidates[layer] for look in looks]) for layer in upright.candidates},
        upright.colors,
    )


def _joined(looks: Sequence[Target]) -> Target:
    """One painting, looked at in several ways. Points and colours are those of the first one."""
    first, *others = looks
    added_up = {layer: sum((look.sums[layer] for look in others), start=one) for layer, one in first.sums.items()}
    together_in = {layer: one_of([look.candidates[layer] for look in looks]) for layer in first.candidates}
    return Target(added_up, first.points, together_in, first.colors)


def _offered(turn: Turn, number: int, part: float, points: Points, view: View, wanted: Tensor | None = None) -> Target:
    """As `_target`, of a painting looked at in one way."""
    settings, (height, width) = view.settings, turn.pixels.shape[-2:]
    names, losses = list(style_shares(settings)), shares(settings.style_loss)
    of_motifs = [name for name in names if name in motif_layers(settings)]
    summed = [name for name in names if name not in of_motifs] if SUM_LOSSES.keys() & losses else []
    pointed = names if POINT_LOSSES.keys() & losses else []
    lending = [name for name in of_motifs if name not in match_shares(settings)]  # and nothing more
    matched, rim = [*match_shares(settings), *lending], RIM if settings.style_margin else 0
    count, of_candidates = (
        max(1, round(part * most)) for most in (TARGET_POINTS * settings.samples, most_candidates(settings))
    )
    steps = {name: shrinkage([name]) for name in pointed}  # of a hypercolumn that of its first layer
    compared = {name: points.spots(height, width, step, count=count) for name, step in steps.items()}
    offered = {
        name: points.inner_spots(height, width, match_step(name), of_candidates, rim if name in lending else 0)
        for name in matched
    }
    strokes = {name: _region_at(turn.strokes, match_step(name)) for name in {*summed, *matched}}
    weights = {name: _weights(strokes[name], wanted) for name in summed}

    def seen_in(tile: Tile) -> list[Collected]:
        maps = view.maps(tile.window(turn.pixels), tile, {*names, *matched})
        return [
            [features_at(maps[name], spots) for name, spots in compared.items()],
            [column_at(maps[name], spots) for name, spots in offered.items()],
            *(sums(maps[name][0].core, _own(weights[name], maps[name][0])).parts for name in summed),
        ]

    features, of_offered, *totals = reduce(added, map(seen_in, view.tiles_of_painting(turn.pixels)))
    return Target(
        {name: Sums(*parts) for name, parts in zip(summed, totals, strict=True)},
        {name: found.to(view.network.dtype) for name, found in zip(compared, features, strict=True)},
        {
            name: candidates(
                found.to(view.network.dtype),
                _places(spots, turn, settings),
                number,
                _at_spots(strokes[name], spots, match_step(name)),
            )
            for (name, spots), found in zip(offered.items(), of_offered, strict=True)
        },
        colors_at(turn.pixels, points.spots(height, width, count=count)) if settings.palette_weight else None,
    )


def most_candidates(settings: Settings) -> int:
    """Of all paintings together, for each layer."""
    return CANDIDATES * (1 if settings.style_turns == "no" else 4)


def _weights(strokes: Tensor | None, wanted: Tensor | None) -> Tensor | None:
    """How much each position (1, 1, h, w) of a painting counts, by the strokes (1, 3, h, w) there."""
    if strokes is None or wanted is None:
        return None
    return fit(strokes.permute(0, 2, 3, 1), wanted)[:, None]


def _own(whole: Tensor | None, seen: Map) -> Tensor | None:
    return None if whole is None else seen.tile.own(whole, seen.step)


def _at_spots(strokes: Tensor | None, spots: Spots, step: int) -> Tensor | None:
    """(N, 3) from a map of positions of `step` pixels."""
    return None if strokes is None else colors_at(strokes, Spots(spots.rows / step, spots.columns / step))


def _places(spots: Spots, turn: Turn, settings: Settings) -> Tensor:
    """(N, 2), down and across the whole painting as it hangs, margin included, in [0, 1]."""
    height, width = turn.pixels.shape[-2:]
    down, across = spots.rows / height, spots.columns / width
    for _ in range(turn.quarters):
        down, across = across, 1 - down
    inside = torch.stack([down, across], dim=1).to(turn.pixels.device)
    return settings.style_margin + (1 - 2 * settings.style_margin) * inside


def _blended(targets: Sequence[Target], mix: Sequence[float]) -> Target:
    """Several paintings as one."""
    first, *_ = targets
    colors = [target.colors for target in targets if target.colors is not None]
    return Target(
        {layer: mixed_sums([target.sums[layer] for target in targets], mix) for layer in first.sums},
        {layer: torch.cat([target.points[layer] for target in targets]) for layer in first.points},
        {layer: together([target.candidates[layer] for target in targets], mix) for layer in first.candidates},
        torch.cat(colors) if colors else None,
    )


def _style_terms(region: Region, settings: Settings) -> list[Term]:
    """One for each layer and kind of loss, on sums or on points, that is asked for."""
    return [
        kind(
            layer,
            region.weight * weight,
            _region_at(region.mask, shrinkage([layer])),
            _errors(losses, targets[layer], settings),
        )
        for kind, losses, targets in (
            (SumsTerm, SUM_LOSSES, region.target.sums),
            (PointsTerm, POINT_LOSSES, region.target.points),
        )
        for layer, weight in style_shares(settings).items()
        if layer in targets
    ]


def _errors(losses: Mapping[str, Callable[[Any], Callable[[Any], Tensor]]], target: Any, settings: Settings) -> Errors:
    """Each of the losses that are asked for, with its share."""
    return [(share, losses[loss](target)) for loss, share in shares(settings.style_loss).items() if loss in losses]


def _galleries(region: Region, photo: Tensor, view: View) -> list[Gallery]:
    """One for each layer that is matched. Where the photo is empty, matches give way to motifs."""
    if not region.target.candidates:
        return []
    settings, galleries = view.settings, []
    empty, clearest = emptiness(luma(photo), view.wrap), clearest_match(settings)
    strokes = _field(photo, settings)
    for layer, share in match_shares(settings).items():
        mask = _whole_is_none(_region_at(region.mask, match_step(layer)))
        here = _empty_at(layer, empty, photo, view)
        bound, ask = 1 - GIVE_WAY * min(1.0, settings.motifs) * here, None
        if strokes is not None:
            ask = asked(strokes, here.shape[-2], here.shape[-1], view.wrap)
            bound = torch.maximum(bound, HOLD * ask[:, :2].norm(dim=1, keepdim=True))
        galleries.append(
            Gallery(
                layer,
                region.weight * share,
                mask,
                _within(mask, bound),
                _within(mask, here),
                region.target.candidates[layer],
                _motifs(region, empty, strokes, photo, view) if layer == clearest else [],
                settings.match_loss == "cosine" or "+" in layer,
                ask,
            )
        )
    return galleries


def _motifs(region: Region, empty: Tensor, strokes: Tensor | None, photo: Tensor, view: View) -> list[Motifs]:
    """One for each deep layer with statistics."""
    settings = view.settings
    losses = [(share, SUM_LOSSES[loss]) for loss, share in shares(settings.style_loss).items() if loss in SUM_LOSSES]
    motifs = []
    for layer, weight in style_shares(settings).items() if losses else ():
        if layer in motif_layers(settings):
            mask, here = _region_at(region.mask, match_step(layer)), _empty_at(layer, empty, photo, view)
            parts, empty_here = [(region.weight * weight * share, loss) for share, loss in losses], _within(mask, here)
            wanted = None if strokes is None else spread(_resized(strokes, empty_here, view.wrap), empty_here)
            often = partial(region.often, layer, clearest_match(settings))
            motifs.append(Motifs(layer, empty_here, region.target.candidates[layer], parts, often, wanted))
    return motifs


def _resized(strokes: Tensor, like: Tensor, wrap: Wrap) -> Tensor:
    return interpolate(strokes, (like.shape[-2], like.shape[-1]), wrap, mode="bilinear")


def _within(mask: Tensor | None, values: Tensor) -> Tensor:
    return values if mask is None else mask * values


def _whole_is_none(mask: Tensor | None) -> Tensor | None:
    """So that all positions are drawn alike."""
    return None if mask is None or mask.min() == 1 else mask


def _empty_at(layer: str, empty: Tensor, photo: Tensor, view: View) -> Tensor:
    """The emptiness (1, 1, h, w) of the photo at the positions of a layer."""
    height, width = (length // match_step(layer) for length in photo.shape[-2:])
    return interpolate(empty, (height, width), view.wrap, mode="bilinear")


def _palette_terms(region: Region) -> list[PaletteTerm]:
    colors = region.target.colors
    return [] if colors is None else [PaletteTerm(region.weight, region.mask, palette(colors))]


def _region_at(mask: Tensor | None, step: int) -> Tensor | None:
    return None if mask is None else _at(mask, step)


def _at(mask: Tensor, step: int) -> Tensor:
    """A mask (1, 1, H, W) at positions of `step` x `step` pixels."""
    height, width = mask.shape[-2:]
    return F.adaptive_avg_pool2d(mask, (max(1, height // step), max(1, width // step)))


def margins(width: int, height: int, settings: Settings) -> tuple[int, int]:
    """Pixels that are left out of a painting on the left and right, and above and below."""
    return round(settings.style_margin * width), round(settings.style_margin * height)


def _painting_pixels(painting: Image.Image, photo: Tensor, settings: Settings) -> Tensor:
    """The painting at the size at which its strokes are seen, never larger than it is, in the colours asked for.

    A narrow one stays so large that the deepest layer has a position in it, whatever the size of the picture.
    """
    base = settings.style_size or max(photo.shape[-2:])
    short_side = shrinkage(layers(settings)) / (1 - 2 * settings.style_margin) + 1  # where the margin is rounded up
    least = math.ceil(short_side * max(painting.size) / min(painting.size))
    long_side = min(max(round(base * settings.style_scale), least), max(painting.size))
    width, height = fitted_size(*painting.size, long_side)
    across, down = margins(width, height, settings)
    pixels = to_pixels(painting, (width, height))[..., down : height - down, across : width - across].to(photo.device)
    if settings.color == "match":
        return match_colors(pixels, photo)
    if settings.color == "histogram":
        return match_histograms(pixels, photo)
    if settings.color in ("luminance", "exact"):
        light, photo_light = luma(pixels), luma(photo)
        light = (light - light.mean()) / light.std().clamp(min=1e-3) * photo_light.std() + photo_light.mean()
        return light.clamp(0, 1).expand(1, 3, -1, -1)
    return pixels
