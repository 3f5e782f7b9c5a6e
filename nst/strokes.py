"""Strokes that follow: arrows over the photo become a field of directions, by which what a painting offers is sorted.

A direction has no head: turned by half a circle it is the same. It is therefore kept as the vector of twice its angle,
as a structure tensor does (Bigun & Granlund 1987), whose length in [0, 1] says how much there is of it. Angles grow
from the x axis, which points right, to the y axis, which points down.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.arrows import Arrow
from nst.blur import blurred
from nst.image import luma
from nst.wrap import NOWHERE, Wrap, interpolate

GRID = 64  # places along the long side where the field is worked out; between them it is smooth
SPACING = 1 / GRID  # of the long side, between the points of an arrow that lead the strokes around it
NEAREST = 1 / GRID  # likewise, the distance below which a point leads no more
FALL = 3  # a point leads with this power of its distance
REACH = 0.2  # of the long side: how far around the arrows strokes follow them
BLUR, WINDOW = 0.7, 2.5  # pixels, standard deviations: of slopes, and around a place whose direction they tell
BINS = 8  # directions, 22.5 degrees apart, to which a picture's directions are counted
SHARP = 6.0  # how much more a stroke counts that fits: exp(SHARP * cos 2 * angle between)
TURNS = 2  # ways in which a painting is looked at
LEAN = 2.0  # what a clear direction that fits adds to twice the cosine of two features
HOLD = 0.8  # of its match, what a spot keeps to at an arrow, whatever motifs might come there
FLAT = 1e-6  # mean squared slope below which there is no direction


def field_of(arrows: Sequence[Arrow], height: int, width: int, wrap: Wrap = NOWHERE) -> Tensor:
    """Where strokes are to run in a picture of so many pixels, (1, 2, h, w) on a grid of its own.

    Each point of an arrow leads by its own direction, the more the nearer it is; the length falls off around them all.
    Across ends that meet it leads the shorter way.
    """
    long = max(height, width)
    down, across = (max(1, round(GRID * side / long)) for side in (height, width))
    rows, columns = (
        (torch.arange(count) + 0.5) / count * side / long for count, side in ((down, height), (across, width))
    )
    places = torch.cartesian_prod(rows, columns)
    points, leads = _leads(arrows, height / long, width / long)
    total, nearest = torch.zeros(len(places), 2), torch.full((len(places),), torch.inf)
    for some, theirs in zip(torch.split(points, 1024), torch.split(leads, 1024), strict=True):
        distance = _distances(places, some, (height / long, width / long), wrap)
        total += (distance + NEAREST).pow(-FALL) @ theirs
        nearest = torch.minimum(nearest, distance.amin(1))
    field = F.normalize(total) * nearest.div(REACH).pow(4).div(-2).exp()[:, None]
    return field.t().reshape(1, 2, down, across)


def _distances(places: Tensor, points: Tensor, sides: tuple[float, float], wrap: Wrap) -> Tensor:
    """(N, M) from (N, 2) and (M, 2), in a picture of `sides` (height, width)."""
    if not wrap:
        return torch.cdist(places, points)
    apart = []
    for axis, (side, meets) in enumerate(zip(sides, (wrap.down, wrap.across), strict=True)):
        along = (places[:, None, axis] - points[:, axis]).abs()
        apart.append(torch.minimum(along, side - along) if meets else along)
    return torch.hypot(*apart)


def _leads(arrows: Sequence[Arrow], height: float, width: float) -> tuple[Tensor, Tensor]:
    """Points (N, 2) on the arrows, down and across in long sides, and the vectors (N, 2) with which they lead."""
    points, leads = [], []
    for arrow in arrows:
        corners = torch.tensor([(y * height, x * width) for x, y in arrow])
        for start, end in pairwise(corners):
            way = end - start
            count = math.ceil(float(way.norm()) / SPACING)
            if not count:
                continue
            along = (torch.arange(count) + 0.5)[:, None] / count
            twice = 2 * torch.atan2(way[0], way[1])
            points.append(start + along * way)
            leads.append(torch.stack([twice.cos(), twice.sin()]).mul(way.norm() / count).expand(count, 2))
    return torch.cat(points), torch.cat(leads)


def directions(light: Tensor) -> Tensor:
    """How strokes run at each place of a picture, (1, 2, H, W), from its luma (1, 1, H, W).

    The length is the coherence of the structure tensor: 1 where all slopes around are parallel, 0 where they are not.
    """
    seen = F.pad(blurred(light, BLUR, "replicate"), (1, 1, 1, 1), mode="replicate")
    across = (seen[..., 1:-1, 2:] - seen[..., 1:-1, :-2]) / 2
    down = (seen[..., 2:, 1:-1] - seen[..., :-2, 1:-1]) / 2
    squares = torch.cat([down.square() - across.square(), -2 * across * down, across.square() + down.square()], 1)
    tensor = blurred(squares, WINDOW, "replicate")
    return tensor[:, :2] / (tensor[:, 2:] + FLAT)


def spread(field: Tensor, weights: Tensor | None = None) -> Tensor:
    """How much of a picture wants each direction, (BINS + 1,): what adds up to 1 with the last, which wants none.

    Args:
        field: (1, 2, h, w).
        weights: (1, 1, h, w), how much each place counts; all alike if not said.
    """
    length = field.norm(dim=1, keepdim=True)
    at = torch.atan2(field[:, 1:], field[:, :1]) / (2 * math.pi) * BINS
    bins = torch.arange(BINS, device=field.device).view(1, -1, 1, 1)
    near = (1 - ((at - bins + BINS / 2) % BINS - BINS / 2).abs()).clamp(min=0)  # linear from one bin to the next
    counted = torch.cat([near * length, 1 - length], 1)
    if weights is not None:
        counted = counted * weights
    total = counted.sum((0, 2, 3))
    return total / total.sum().clamp(min=FLAT)


def asked(field: Tensor, height: int, width: int, wrap: Wrap = NOWHERE) -> Tensor:
    """What each of height x width positions asks of its match, (1, 3, h, w): a direction, and how little it does so.

    Times the strokes (3,) of a candidate this is how well it fits, from -1 to 1. One that was turned fits nowhere where
    no direction is wanted.
    """
    here = interpolate(field, (height, width), wrap, mode="bilinear")
    return torch.cat([here, (1 - here.norm(dim=1, keepdim=True)).square()], 1)


@dataclass(frozen=True)
class Turn:
    """A painting as it is looked at.

    Attributes:
        pixels: (1, 3, H, W).
        strokes: (1, 3, H, W), the directions of its strokes, and 0, or -1 where it was turned; None if nobody asks.
        quarters: By how many quarter turns it was turned to the left.
    """

    pixels: Tensor
    strokes: Tensor | None = None
    quarters: int = 0


def turns(pixels: Tensor) -> list[Turn]:
    """A painting upright and on its side: where most strokes run across, there are as many that run down.

    A quarter turn is exact. Copies at the angles between would have corners to be cut off, cost more, and hardly lead
    better: a painting has strokes to both sides of its main direction.
    """
    return [
        Turn(one, _marked(directions(luma(one.float())), -float(quarters)), quarters)
        for quarters, one in enumerate([pixels, pixels.rot90(1, (2, 3)).contiguous()])
    ]


def _marked(found: Tensor, mark: float) -> Tensor:
    return torch.cat([found, torch.full_like(found[:, :1], mark)], 1)


def fit(strokes: Tensor, wanted: Tensor) -> Tensor:
    """How much strokes (..., 3) count for a picture that wants directions as `spread` (BINS + 1,) says, (...).

    By a von Mises density of their angles: where a painting has all directions alike, they count 1 on average. Where no
    direction is wanted, nothing that was turned counts.
    """
    angles = torch.arange(BINS, device=strokes.device) * (2 * math.pi / BINS)
    axes, mean = torch.stack([angles.cos(), angles.sin()]), torch.special.i0(SHARP * strokes[..., :2].norm(dim=-1))
    wanted = wanted.to(strokes.dtype)
    led = (SHARP * strokes[..., :2] @ axes).exp() @ wanted[:BINS] / mean
    counts: Tensor = led / TURNS + (1 + strokes[..., 2]) * wanted[BINS]
    return counts
