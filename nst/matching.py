"""Like finds like: for each position of a picture the position of the paintings that it resembles most.

Features are points (N, C): rows are positions. Two positions are as alike as the cosine of their features,
each side centred by its own mean (Kolkin et al. 2022, Neural Neighbor Style Transfer, section 3.2). Nothing
here waits for the device, and no table of all pairs is held at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nst.blur import blurred
from nst.strokes import LEAN
from nst.tables import best_of_rows
from nst.wrap import NOWHERE, Wrap

# Of all paintings together, for each layer: all positions of relu3_1 up to 512 x 512 pixels. Above, they are drawn by
# chance. Nothing is lost: a position of relu3_1 sees 24 pixels and stands for 4, so that of a 1024-px painting, of
# which every third or fourth position is a candidate, each patch is still seen by several.
CANDIDATES = 16384
SAMPLE = 2048  # positions of the picture, drawn by chance, that tell its mean, the hubs and each painting's share
BEST = 10  # of the sample: those that a hub is near to (k of Conneau et al. 2018)
FAINT = 1e-3  # contrast below which there is none
PAIRS = 2**22  # cosines that are held at once: more of them do not fit into a processor's cache
SWEEPS = 4  # over the paintings, until each has its share
CELLS = 24  # of a painting, down and across, in which its matches are counted
NEIGHBOURHOOD = 2.0  # cells, standard deviation: how far around its matches a painting lends its motifs
LIKES = 5  # that tell whether a painting repeats something,
NEIGHBOURS = 0.12  # of its height and width: those that are nearer do not count
RANKS = 1000  # among the candidates of a painting; means are reached by adding up whole numbers
RARE, COMMON = 0.3, 0.45  # mean ranks: what there is but once, and what fills the painting
SELDOM = 0.05  # what the former still counts, as all of it may be so
REACH = 2  # cells around a position of a deeper layer than the one that tells, in which there may be nothing rare
PARTS = 42  # along the short side of a photo, in which its contrast is measured,
WINDOW = 7  # and how many of them together tell whether a spot is empty: a sixth of the short side
CALM = 0.7  # contrast, of the mean one, at which a spot counts as half empty


@dataclass(frozen=True)
class Candidates:
    """Positions of one or more paintings, at one layer, that a picture's positions are matched with.

    Attributes:
        features: (M, C), as the network saw them.
        unit: (M, C), of each painting centred by its mean, of length 1.
        places: (M, 2), down and across the painting, both in [0, 1].
        paintings: (M,), the number of the painting.
        counts: Candidates of each painting, one painting after the other.
        shares: Of the picture that each painting is to get.
        strokes: (M, 3), how they run there, as `nst.strokes.Turn` has it; None if nobody asks.
    """

    features: Tensor
    unit: Tensor
    places: Tensor
    paintings: Tensor
    counts: Sequence[int]
    shares: Sequence[float]
    strokes: Tensor | None = None


def unit(features: Tensor, mean: Tensor) -> Tensor:
    """Features (N, C) less their mean, of length 1; zero where they are no different from it."""
    return F.normalize(features - mean.to(features.dtype))


def candidates(features: Tensor, places: Tensor, painting: int = 0, strokes: Tensor | None = None) -> Candidates:
    """Of one painting: features (M, C), their places (M, 2) in it, and the strokes (M, 3) there if they matter."""
    number = torch.full((len(features),), painting, device=features.device)
    mean = features.float().mean(0)
    return Candidates(features, unit(features, mean), places, number, [len(features)], [1.0], strokes)


def together(parts: Sequence[Candidates], shares: Sequence[float]) -> Candidates:
    """Of several paintings."""
    strokes = [part.strokes for part in parts if part.strokes is not None]
    return Candidates(
        torch.cat([part.features for part in parts]),
        torch.cat([part.unit for part in parts]),
        torch.cat([part.places for part in parts]),
        torch.cat([part.paintings for part in parts]),
        [count for part in parts for count in part.counts],
        shares,
        torch.cat(strokes) if strokes else None,
    )


def one_of(parts: Sequence[Candidates]) -> Candidates:
    """Several views of one painting, as one."""
    every = together(parts, [1.0])
    return replace(every, counts=[sum(every.counts)], unit=unit(every.features, every.features.float().mean(0)))


@dataclass(frozen=True)
class Likes:
    """Where in the paintings each part of a picture has its like, and so where it comes from.

    Attributes:
        paintings: (h, w) int64, the number of the painting; -1 where a mask leaves the photo.
        rows, columns: (h, w) float32 in [0, 1], down and across that painting.
    """

    paintings: NDArray[np.int64]
    rows: NDArray[np.float32]
    columns: NDArray[np.float32]


@dataclass(frozen=True)
class Found:
    """The matches of one region at one layer.

    Attributes:
        places: (h, w, 2), down and across the painting, in [0, 1].
        paintings: (h, w), its number.
        mask: (h, w) in [0, 1], how much each position belongs to the region.
    """

    places: Tensor
    paintings: Tensor
    mask: Tensor


def likes(regions: Sequence[Found]) -> Likes | None:
    """Of each position that of the region to which it belongs most; None if there is no region."""
    if not regions:
        return None
    belongs, region = torch.stack([one.mask for one in regions]).max(0, keepdim=True)
    numbers, places = (torch.stack([getattr(one, name) for one in regions]) for name in ("paintings", "places"))
    painting = numbers.gather(0, region)[0].masked_fill(belongs[0] < 0.5, -1)
    rows, columns = (places[..., axis].float().gather(0, region)[0].cpu().numpy() for axis in (0, 1))
    return Likes(painting.cpu().numpy(), rows, columns)


@dataclass(frozen=True)
class Search:
    """Answers which candidate each position of one picture resembles most.

    Attributes:
        mean: (C,), of the picture's features.
        handicap: (M,), what is taken from twice the cosine of each candidate.
    """

    candidates: Candidates
    mean: Tensor
    handicap: Tensor

    def nearest(self, features: Tensor, asked: Tensor | None = None) -> Tensor:
        """Number (N,) of the candidate for each of the picture's features (N, C), of which some (N, 3) ask for strokes
        that run in a direction."""
        ours, theirs = 2 * unit(features, self.mean), self.candidates.unit.t()
        rows = max(1, PAIRS // theirs.shape[1])
        scores = ((part @ theirs).float().sub_(self.handicap) for part in torch.split(ours, rows))
        if asked is None or self.candidates.strokes is None:
            return torch.cat([best_of_rows(one) for one in scores])
        strokes, parts = LEAN * self.candidates.strokes.t(), torch.split(asked, rows)
        return torch.cat([best_of_rows(one.addmm_(part, strokes)) for one, part in zip(scores, parts, strict=True)])


def search(candidates: Candidates, sample: Tensor, with_hubs: bool = False) -> Search:
    """For a picture of which some features (S, C) are known.

    A candidate that is near to everything would be everybody's match, a dark empty corner for instance. Each is
    therefore judged by how alike it is less how alike it is to those ten of the picture that are nearest to it:
    cross-domain similarity local scaling (Conneau et al. 2018, Word translation without parallel data, eq. 6).
    With hubs, none is.

    Of several paintings each gets its share of the picture: what all of its candidates are handicapped by is found so.
    """
    mean = sample.float().mean(0)
    ours, theirs = unit(sample, mean), candidates.unit
    handicap = ours.new_zeros(len(theirs), dtype=torch.float32) if with_hubs else hubness(ours, theirs)
    if len(candidates.counts) > 1:
        scores = _best_of_each(ours, candidates, handicap)
        extra = _handicaps(scores, candidates.shares)
        counts = torch.tensor(candidates.counts, device=extra.device)
        handicap = handicap + extra.repeat_interleave(counts, output_size=len(theirs))
    return Search(candidates, mean, handicap)


def hubness(ours: Tensor, theirs: Tensor) -> Tensor:
    """Mean cosine (M,) of each of theirs (M, C) with the ten of ours (S, C) that it is nearest to; all of length 1."""
    best, rows = min(BEST, len(ours)), max(1, PAIRS // len(ours))
    return torch.cat([(part @ ours.t()).topk(best, dim=1).values.float().mean(1) for part in torch.split(theirs, rows)])


def _best_of_each(ours: Tensor, candidates: Candidates, handicap: Tensor) -> Tensor:
    """Best score (S, P) of each of ours in each painting."""
    parts = zip(*(torch.split(one, [*candidates.counts]) for one in (candidates.unit, handicap)), strict=True)
    return torch.stack([_best(ours, theirs, less) for theirs, less in parts], dim=1)


def _best(ours: Tensor, theirs: Tensor, handicap: Tensor) -> Tensor:
    parts = torch.split(ours, max(1, PAIRS // len(theirs)))
    return torch.cat([(2 * part @ theirs.t()).float().sub_(handicap).amax(1) for part in parts])


def _handicaps(scores: Tensor, shares: Sequence[float]) -> Tensor:
    """What to take from each painting's scores (S, P) so that it is the best at its share of the S positions."""
    extra = scores.new_zeros(scores.shape[1])
    for _ in range(SWEEPS):
        for painting, share in enumerate(shares):
            others = (scores - extra).index_fill(1, torch.tensor([painting]).to(extra.device), -torch.inf).amax(1)
            lead = scores[:, painting] - others
            extra[painting] = lead.quantile(1 - share)
    return extra


def emptiness(light: Tensor, wrap: Wrap = NOWHERE) -> Tensor:
    """How little happens around each spot of a photo, (1, 1, h, w) in [0, 1]: 1 is a clear sky or a bare wall.

    Args:
        light: (1, 1, H, W), the photo's luma.
        wrap: Along which sides its ends meet.
    """
    height, width = light.shape[-2:]
    down, across = (max(1, min(length, round(PARTS * length / min(height, width)))) for length in (height, width))
    mean, squared = (_around(F.adaptive_avg_pool2d(one, (down, across)), wrap) for one in (light, light.square()))
    contrast = (squared - mean.square()).clamp(min=0).sqrt()
    return 1 / (1 + (contrast / (CALM * contrast.mean()).clamp(min=FAINT)) ** 4)


def _around(cells: Tensor, wrap: Wrap) -> Tensor:
    margin = WINDOW // 2
    across, down = (0 if wrap.across else margin), (0 if wrap.down else margin)
    padded = F.pad(wrap.around(cells, margin, margin), (across, across, down, down), mode="replicate")
    return F.avg_pool2d(padded, WINDOW, 1)


def lent(candidates: Candidates, told_by: Candidates, matches: Tensor, weights: Tensor) -> Tensor:
    """How much each candidate (M,) belongs to the parts of the paintings that some positions are matched with.

    What lies near to a match belongs to it, matched or not: a sky that is matched with a painted sky may have its
    stars, but not the faces that are far from it.

    Args:
        told_by: Candidates of the same paintings, at the same layer or another, with which the positions are matched.
        matches: (N,), numbers among these.
        weights: (N,) in [0, 1], how much each position counts.
    """
    cell = _cells(told_by)
    counts = torch.zeros(len(told_by.counts) * CELLS**2, dtype=torch.long, device=cell.device)
    whole = (weights * 1000).round().long()  # adding up numbers that are not whole would depend on their order
    counts.index_add_(0, cell[matches], whole)
    rooted = counts.view(-1, 1, CELLS, CELLS).float().sqrt()  # or hubs would have it all
    grids = blurred(rooted, NEIGHBOURHOOD)
    return (grids / blurred(torch.ones_like(grids), NEIGHBOURHOOD)).flatten()[_cells(candidates)]


def repeated(candidates: Candidates, told_by: Candidates) -> Tensor:
    """How much each candidate (M,) belongs to what its painting has more than once, in (0, 1].

    A star in a sky of stars has its like in the others, a stroke in a thousand; a face has none, and is no texture that
    may fill an empty sky. Candidates of a painting are ranked by how alike they are, on average, to the five of it that
    they resemble most and that are not their neighbours; a part of the painting has the mean rank of what lies there.

    Args:
        told_by: Candidates of the same paintings at a layer that can tell. relu5_1 cannot, which finds a face like a
            dog; and as it sees far beyond its own place, nothing near to it may be there but once.
    """
    parts = zip(*(torch.split(one, [*told_by.counts]) for one in (told_by.unit, told_by.places)), strict=True)
    ranks = torch.cat([_ranks(*part) for part in parts])
    cell = _cells(told_by)
    total, count = torch.zeros(2, len(told_by.counts) * CELLS**2, dtype=torch.long, device=cell.device)
    total.index_add_(0, cell, ranks)
    count.index_add_(0, cell, torch.ones_like(ranks))
    totals, counts = (blurred(one.view(-1, 1, CELLS, CELLS).float(), NEIGHBOURHOOD) for one in (total, count))
    often = (totals / counts.clamp(min=FAINT) / RANKS - RARE) / (COMMON - RARE)
    if candidates is told_by:
        return often.flatten()[cell].clamp(SELDOM, 1)
    least = -F.max_pool2d(-often, 2 * REACH + 1, 1, REACH)
    return least.flatten()[_cells(candidates)].clamp(FAINT, 1)


def _ranks(unit: Tensor, places: Tensor) -> Tensor:
    """Of one painting's candidates, (M,), whole numbers from 0 to RANKS."""
    every = -(-len(unit) // SAMPLE)
    others, where, best = unit[::every], places[::every], min(LIKES, -(-len(unit) // every))
    parts = zip(torch.split(unit, PAIRS // SAMPLE), torch.split(places, PAIRS // SAMPLE), strict=True)
    alike = torch.cat(
        [
            (ours @ others.t()).float().masked_fill(torch.cdist(here, where) < NEIGHBOURS, -1).topk(best).values.mean(1)
            for ours, here in parts
        ]
    )
    return alike.argsort(stable=True).argsort() * RANKS // len(unit)


def _cells(candidates: Candidates) -> Tensor:
    """Of each candidate (M,): which cell of which painting it lies in, one painting after the other."""
    down, across = (candidates.places * CELLS).long().clamp(max=CELLS - 1).unbind(1)
    cell = (candidates.paintings * CELLS + down) * CELLS + across
    if len(candidates.counts) == 1:
        return cell - candidates.paintings * CELLS**2  # of a region, whose painting may be any
    return cell
