"""Losses of neural style transfer: pure functions of features and pixels.

Features are maps of shape (1, C, H, W) in any float type. F below is a map seen as the (C, H*W)
matrix of Gatys et al. 2016. A style loss compares either sums over all positions, which add up
over tiles, or points: the feature vectors (N, C) at some positions. Every style loss is made for
a target and answers with an error function, so that what depends on the target alone is worked
out once; tables of points are multiplied in the type of its own. Results are float32 scalars,
float64 for features in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.precision import exact, exact_dtype
from nst.tables import best_of_columns, best_of_rows, rows_of
from nst.wrap import NOWHERE, Wrap

SLICES = 64  # directions of the sliced Wasserstein distance
FEWEST = 1e-6  # positions, where a region has none at a deep layer
RARE = 1e-7  # share of the largest eigenvalue below which there is nothing
LEAST = 1e-12  # instead of zero where something is divided by
FLAT = 0.01  # of the mean's square: a covariance of less is no measure of what differs from it


class _Sums(torch.autograd.Function):
    """Weighted sum over positions of F, and F diag(w) F^T, at the price of one product each way.

    Written out because autograd would copy a channels_last map to transpose it, and would
    multiply twice in the backward pass.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(features, weights)
        rows = rows_of(features)
        column = torch.ones_like(rows[:, :1]) if weights is None else rows_of(weights).to(rows.dtype)
        weighted_rows = rows if weights is None else rows * column
        # products of two matrices: as a batch of one, oneDNN takes several times as long in bfloat16
        return exact((column.t() @ rows)[0]), exact(weighted_rows.t() @ rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        features, weights = ctx.saved_tensors
        of_total, of_product = (gradient.to(features.dtype) for gradient in gradients)
        mixing = (of_product + of_product.t())[:, :, None, None]
        into = F.conv2d(features, mixing, of_total)  # addmm would first write of_total to every position
        return into if weights is None else into * weights.to(into.dtype), None


class _SquaredDistance(torch.autograd.Function):
    """Sum of w (F - A)^2, in the features' own precision but for the sum.

    Written out because autograd would do the same in float32, which is twice as much to read and write, and in
    many small operations.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
        root = None if weights is None else weights.sqrt().to(features.dtype)
        difference = features - target
        if root is not None:
            difference = difference * root
        ctx.save_for_backward(difference, root)
        distance: Tensor = torch.linalg.vector_norm(exact(difference)).square()
        return distance

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        difference, root = ctx.saved_tensors
        return difference * (2 * gradient if root is None else (2 * gradient).to(root.dtype) * root), None, None


@dataclass(frozen=True)
class Sums:
    """What all positions of a map add up to.

    Attributes:
        positions: How many there are, or the sum of their weights: a scalar.
        total: Sum of F over the positions, (C,).
        product: F diag(w) F^T, (C, C), the Gram matrix.
    """

    positions: Tensor
    total: Tensor
    product: Tensor

    @property
    def parts(self) -> list[Tensor]:
        """The three of them: those of several tiles add up one by one."""
        return [self.positions, self.total, self.product]

    @property
    def mean(self) -> Tensor:
        return self.total / self.positions.clamp(min=FEWEST)

    @property
    def gram(self) -> Tensor:
        """The Gram matrix of an average position."""
        return self.product / self.positions.clamp(min=FEWEST)

    @property
    def covariance(self) -> Tensor:
        return self.gram - torch.outer(self.mean, self.mean)

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.positions + other.positions, self.total + other.total, self.product + other.product)

    def times(self, factor: float | Tensor) -> Sums:
        return Sums(self.positions * factor, self.total * factor, self.product * factor)


def sums(features: Tensor, weights: Tensor | None = None) -> Sums:
    """Sums over the positions of a map.

    Args:
        features: (1, C, H, W).
        weights: (1, 1, H, W) in [0, 1], how much each position counts; all of them if not said
            (guided Gram matrices, Gatys et al. 2017, eq. 5).
    """
    total, product = _Sums.apply(features, weights)
    if weights is None:
        return Sums(total.new_full((), float(features[0, 0].numel())), total, product)
    return Sums(weights.to(total).sum(), total, product)


def mixed_sums(parts: Sequence[Sums], shares: Sequence[float]) -> Sums:
    """Sums of several paintings, each as if it had `share` positions."""
    first, *others = (
        part.times(share / part.positions.clamp(min=FEWEST)) for part, share in zip(parts, shares, strict=True)
    )
    return sum(others, start=first)


def between(first: Sums, second: Sums, share: float) -> Sums:
    """Sums on the way from one painting to another, as those of one position; `share` in [0, 1] of it is gone.

    The Wasserstein geodesic of the two Gaussians (Takatsu 2011, eq. 1.2): what the first has is moved in straight lines
    to what the second has. (Between two covariances, their mixture has all the colours of both.)
    """
    start, end = first.covariance.double(), second.covariance.double()
    root, inverse = _power(start, 0.5), _power(start, -0.5)
    moved = inverse @ _power(root @ end @ root, 0.5) @ inverse
    way = (1 - share) * torch.eye(len(start)).to(start) + share * moved
    mean = torch.lerp(first.mean.double(), second.mean.double(), share)
    product = way @ start @ way + torch.outer(mean, mean)
    return Sums(first.positions.new_ones(()), mean.to(first.total), product.to(first.product))


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """Of a symmetric matrix without negative eigenvalues; of directions that it hardly has, nothing is made of much."""
    values, vectors = torch.linalg.eigh(matrix)
    values = values.clamp(min=RARE * values.amax().clamp(min=LEAST))
    power: Tensor = (vectors * values.pow(exponent)) @ vectors.t()
    return power


def gram(features: Tensor) -> Tensor:
    """Gram matrix F F^T (C, C), not normalised (Gatys et al. 2016, eq. 3)."""
    return sums(features).product


def relative_error(value: Tensor, target: Tensor, least: Tensor | float = LEAST) -> Tensor:
    """||value - target||^2 / ||target||^2: 0 is equal, 1 is as far away as zero.

    Args:
        least: What the divisor is at least.
    """
    value, target = exact(value), exact(target)
    return (value - target).square().sum() / target.square().sum().clamp(min=least)


def mean_square(value: Tensor, target: Tensor) -> Tensor:
    """mean((value - target)^2)."""
    return (exact(value) - exact(target)).square().mean()


def squared_distance(features: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Sum over all values of weights * (features - target)^2; its gradient flows to the features alone.

    Args:
        features, target: (1, C, H, W).
        weights: (1, 1, H, W), at least 0; all of them 1 if not said.
    """
    distance: Tensor = _SquaredDistance.apply(features, target, weights)
    return distance


# Style losses on sums


def moments(target: Sums) -> Callable[[Sums], Tensor]:
    """Mean and covariance, each as a relative error, half and half.

    One colour, or a single position, has no covariance that could be the measure: a part of the mean's square
    is then.
    """
    mean, covariance = target.mean, target.covariance
    least = (FLAT * exact(mean).square().sum()).square().clamp(min=LEAST)

    def error(value: Sums) -> Tensor:
        return 0.5 * relative_error(value.mean, mean) + 0.5 * relative_error(value.covariance, covariance, least)

    return error


def relative_gram(target: Sums) -> Callable[[Sums], Tensor]:
    """Gram matrices, as a relative error."""
    wanted = target.gram
    return lambda value: relative_error(value.gram, wanted)


def gram_sum(target: Sums) -> Callable[[Sums], Tensor]:
    """mean((G - A)^2) of raw Gram matrices F F^T, the painting's as if it had as many positions as the picture."""
    return lambda value: mean_square(value.product, target.gram * value.positions)


def gram_mean(target: Sums) -> Callable[[Sums], Tensor]:
    """1 / (4 N^2 M^2) sum (G - A)^2, M positions and N channels (Gatys et al. 2016, eq. 4)."""
    return lambda value: mean_square(value.gram, target.gram) / 4


def gram_element(target: Sums) -> Callable[[Sums], Tensor]:
    """mean((G - A)^2) of F F^T / (N M), as in Johnson's neural-style (Johnson 2015)."""
    return lambda value: mean_square(value.gram, target.gram) / len(target.total) ** 2


def wasserstein(target: Sums) -> Callable[[Sums], Tensor]:
    """Squared 2-Wasserstein distance of the two Gaussians, per channel (Olkin & Pukelsheim 1982; Crowson 2021).

    |m - m'|^2 + tr(C + C' - 2 (C'^1/2 C C'^1/2)^1/2); its square root is exact, not iterated.
    """
    mean, covariance, channels = target.mean, target.covariance, len(target.total)
    values, vectors = torch.linalg.eigh(covariance.double())
    root = ((vectors * values.clamp(min=0).sqrt()) @ vectors.t()).to(covariance)

    def error(value: Sums) -> Tensor:
        ours = value.covariance
        shared: Tensor = torch.linalg.eigvalsh(root @ ours @ root).clamp(min=1e-6 * root.square().mean()).sqrt().sum()
        shift: Tensor = (value.mean - mean).square().sum()
        return (shift + ours.trace() + covariance.trace() - 2 * shared) / channels

    return error


SUM_LOSSES: Mapping[str, Callable[[Sums], Callable[[Sums], Tensor]]] = MappingProxyType(
    {
        "moments": moments,
        "gram": relative_gram,
        "gram_sum": gram_sum,
        "gram_mean": gram_mean,
        "gram_element": gram_element,
        "wasserstein": wasserstein,
    }
)


# Style losses on points


def sliced(target: Tensor) -> Callable[[Tensor], Tensor]:
    """Sliced Wasserstein distance: sorted projections, relative to the target's energy (Heitz et al. 2021).

    It departs in that the directions are drawn once, so that the loss is a fixed function.
    """
    target, generator = exact(target), torch.Generator().manual_seed(0)
    directions = torch.randn(target.shape[1], SLICES, generator=generator).to(target)
    directions = directions / directions.norm(dim=0)
    wanted = (target @ directions).sort(dim=0).values
    energy = wanted.square().mean().clamp(min=LEAST)
    return lambda value: _transport(value @ directions, wanted) / energy


def histogram(target: Tensor) -> Callable[[Tensor], Tensor]:
    """Each channel against the same channel matched to the target's histogram (Risser et al. 2017).

    Matching one channel is sorting it; it departs in that the error is relative.
    """
    wanted = exact(target).sort(dim=0).values
    energy = wanted.square().mean().clamp(min=LEAST)
    return lambda value: _transport(value, wanted) / energy


def nearest(target: Tensor) -> Callable[[Tensor], Tensor]:
    """Mean cosine distance of each point to its nearest in the painting, each side centred (Kolkin et al. 2022)."""
    theirs = exact(target)
    wanted = F.normalize(theirs - theirs.mean(0)).to(target.dtype)

    def error(value: Tensor) -> Tensor:
        ours = F.normalize(value - value.mean(0))
        with torch.no_grad():
            match = best_of_rows(_table(ours, wanted))
        return 1 - (ours * wanted[match]).sum(1).mean()

    return error


class _RelaxedTransport(torch.autograd.Function):
    """The smaller of both sides' mean cosine with the nearest, of points of length 1.

    Written out because autograd would carry the gradient through copies of all points of the painting.
    """

    @staticmethod
    def forward(ctx: Any, ours: Tensor, theirs: Tensor) -> Tensor:
        table = _table(ours, theirs)
        there, back = best_of_rows(table), best_of_columns(table)
        forth = exact(table.gather(1, there[:, None])).mean()
        home = exact(table.gather(0, back[None])).mean()
        ctx.save_for_backward(theirs, there, back, forth <= home)
        return torch.minimum(forth, home).to(ours.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        theirs, there, back, is_forth = ctx.saved_tensors
        along = F.embedding(there, theirs) * (is_forth / len(there)).to(theirs.dtype)
        homeward = theirs * (~is_forth / len(back)).to(theirs.dtype)
        # indexing would add them up in any order
        along += torch.ops.aten.embedding_dense_backward(homeward, back, len(there), -1, False)
        return gradients[0] * along, None


def relaxed_emd(target: Tensor) -> Callable[[Tensor], Tensor]:
    """Relaxed earth mover's distance with the cosine distance (Kolkin et al. 2019)."""
    wanted = F.normalize(exact(target)).to(target.dtype)
    return lambda value: 1 - _RelaxedTransport.apply(F.normalize(value), wanted)


class _CovarianceGap(torch.autograd.Function):
    """Sum of |C - C'| of points (N, C) less their mean, whose own covariance C is multiplied in the type of C'.

    Written out because autograd would go over (C, C) values a dozen times, and multiply twice in the backward pass.
    """

    @staticmethod
    def forward(ctx: Any, centred: Tensor, covariance: Tensor, dtype: torch.dtype) -> Tensor:
        points = centred.to(dtype)
        gap = _covariance(points).sub_(covariance)
        ctx.save_for_backward(points, gap.sign().to(dtype))
        return gap.abs_().sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        points, sign = ctx.saved_tensors
        along = exact(points @ sign)  # both are symmetric
        return along.mul_(2 / len(points) * gradients[0]), None, None


def _covariance(centred: Tensor) -> Tensor:
    """(C, C), of points (N, C) less their mean."""
    return exact(centred.t() @ centred).div_(len(centred))


def moments_l1(target: Tensor) -> Callable[[Tensor], Tensor]:
    """|m - m'|_1 and |C - C'|_1 of the points' mean and covariance (Kolkin et al. 2019).

    It departs in that both are relative to the target's, and so do not depend on the network's scale.
    """
    theirs = exact(target)
    mean = theirs.mean(0)
    covariance = _covariance((theirs - mean).to(target.dtype))
    of_mean, of_covariance = (part.abs().sum().clamp(min=LEAST) for part in (mean, covariance))

    def error(value: Tensor) -> Tensor:
        ours = value.mean(0)
        gap: Tensor = _CovarianceGap.apply(value - ours, covariance, target.dtype)
        return (ours - mean).abs().sum() / of_mean + gap / of_covariance

    return error


def _table(ours: Tensor, theirs: Tensor) -> Tensor:
    """Cosines (N, M) of points of length 1, multiplied in the type of theirs."""
    return ours.to(theirs.dtype) @ theirs.t()


def palette(target: Tensor) -> Callable[[Tensor], Tensor]:
    """Relaxed earth mover's distance of colours, with the Euclidean distance (Kolkin et al. 2019)."""

    def error(value: Tensor) -> Tensor:
        theirs = target.to(value)
        with torch.no_grad():
            near = -torch.cdist(value, theirs)
            there, back = best_of_rows(near), best_of_columns(near)
        forth = torch.linalg.vector_norm(value - theirs[there], dim=1).mean()
        home = torch.linalg.vector_norm(
            F.embedding(back, value) - theirs, dim=1
        ).mean()  # indexing adds up in any order
        return torch.maximum(forth, home)

    return error


def _transport(value: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared way of each column to the sorted columns of `wanted`, quantile to quantile."""
    at = (torch.arange(len(value), device=value.device) + 0.5) * (len(wanted) / len(value))
    return (value.sort(dim=0).values - wanted[at.long().clamp(max=len(wanted) - 1)]).square().mean()


POINT_LOSSES: Mapping[str, Callable[[Tensor], Callable[[Tensor], Tensor]]] = MappingProxyType(
    {
        "sliced": sliced,
        "histogram": histogram,
        "nearest": nearest,
        "relaxed_emd": relaxed_emd,
        "moments_l1": moments_l1,
    }
)
STYLE_LOSSES = (*SUM_LOSSES, *POINT_LOSSES)


# Content losses


class _Distances(torch.autograd.Function):
    """1 - cosine (N, N) of points (N, C) of length 1, multiplied in a type that may be coarse.

    Half the squared distance; less their mean the points have the same, and the smaller a product, the less is lost
    by rounding it. Written out because autograd would multiply twice in the backward pass.
    """

    @staticmethod
    def forward(ctx: Any, unit: Tensor, dtype: torch.dtype) -> Tensor:
        centred = (unit - unit.mean(0)).to(dtype)
        ctx.save_for_backward(unit, centred)
        halves = exact(centred).square().sum(1) / 2
        return (halves[:, None] + halves - centred @ centred.t()).clamp_(min=0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        unit, centred = ctx.saved_tensors
        mixing = gradients[0] + gradients[0].t()
        product = (mixing.to(centred.dtype) @ centred).to(unit.dtype)
        return mixing.sum(1, keepdim=True) * centred.to(unit.dtype) - product, None


def self_similarity(value: Tensor, target: Tensor) -> Tensor:
    """Mean difference of the cosine distances among the points, each column a distribution (Kolkin et al. 2019).

    Args:
        value, target: (N, C), the same positions of both pictures.
    """
    ours, photos = (_distances(exact(points), target.dtype) for points in (value, target))
    return len(value) * (ours - photos).abs().mean()


def _distances(points: Tensor, dtype: torch.dtype) -> Tensor:
    distances: Tensor = _Distances.apply(F.normalize(points), dtype)
    return distances / distances.sum(0).clamp(min=LEAST)


def _squares(target: Tensor) -> Tensor:
    """||target||^2, row by row: there is no room for the whole map of a large picture in float32."""
    return torch.stack([exact(row).square().sum() for row in target.unbind(2)]).sum()


# What the squared difference of two maps is multiplied with
CONTENT_SCALES: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "relative": lambda target: 1 / _squares(target).clamp(min=LEAST),
        "mean_square": lambda target: target.new_tensor(1 / target.numel(), dtype=exact_dtype(target)),
        "sum_square": lambda target: target.new_tensor(0.5, dtype=exact_dtype(target)),  # Gatys et al. 2016, eq. 1
    }
)
CONTENT_LOSSES = (*CONTENT_SCALES, "self_similarity")


# Smoothness


def _steps(pixels: Tensor, wrap: Wrap) -> tuple[Tensor, Tensor]:
    """Differences to the neighbour below and to the right; that of the last is the first where ends meet."""
    return _step(pixels, 2, wrap.down), _step(pixels, 3, wrap.across)


def _step(pixels: Tensor, axis: int, ends_meet: bool) -> Tensor:
    return pixels.roll(-1, axis) - pixels if ends_meet else pixels.diff(dim=axis)


def total_variation(pixels: Tensor, wrap: Wrap = NOWHERE) -> Tensor:
    """Mean squared difference between neighbours, down plus across (Mahendran & Vedaldi 2015, beta 2)."""
    down, across = _steps(pixels, wrap)
    return down.square().mean() + across.square().mean()


def total_variation_l1(pixels: Tensor, wrap: Wrap = NOWHERE) -> Tensor:
    """Mean absolute difference between neighbours, down plus across (Rudin et al. 1992, anisotropic)."""
    down, across = _steps(pixels, wrap)
    return down.abs().mean() + across.abs().mean()


TV_LOSSES: Mapping[str, Callable[[Tensor, Wrap], Tensor]] = MappingProxyType(
    {"l2": total_variation, "l1": total_variation_l1}
)
