"""Losses of neural style transfer: pure functions of features and pixels.

Features are maps of shape (1, C, H, W) in any float type; every loss is a float32 scalar.
F below is a map seen as the (C, H*W) matrix of Gatys et al. 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

Statistic = tuple[Tensor, ...]


class _Sums(torch.autograd.Function):
    """Weighted sum over positions of F, and F diag(w) F^T, at the price of one product each way.

    Written out because autograd would copy a channels_last map to transpose it, and would
    multiply twice in the backward pass.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
        rows = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])  # (H*W, C), a view
        column = rows.new_ones(rows.shape[0], 1) if weights is None else weights.reshape(-1, 1).to(rows.dtype)
        ctx.save_for_backward(rows, column)
        ctx.map_shape, ctx.weighted = features.shape, weights is not None
        weighted_rows = rows if weights is None else rows * column
        return (column.t() @ rows)[0].float(), (weighted_rows.t() @ rows).float()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        rows, column = ctx.saved_tensors
        of_total, of_product = (gradient.to(rows.dtype) for gradient in gradients)
        _, channels, height, width = ctx.map_shape
        into = torch.addmm(of_total, rows, of_product + of_product.t())
        if ctx.weighted:
            into = into * column
        return into.view(1, height, width, channels).permute(0, 3, 1, 2), None


def sums(features: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """(sum over positions of w F (C,), F diag(w) F^T (C, C)), both float32.

    Args:
        features: (1, C, H, W).
        weights: (1, 1, H, W) in [0, 1], how much each position counts; all of them if not said
            (guided Gram matrices, Gatys et al. 2017, eq. 5).
    """
    total, product = _Sums.apply(features, weights)
    return total, product


def gram(features: Tensor) -> Tensor:
    """Gram matrix F F^T (C, C), not normalised (Gatys et al. 2016, eq. 3)."""
    return sums(features)[1]


def relative_error(value: Tensor, target: Tensor) -> Tensor:
    """||value - target||^2 / ||target||^2: 0 is equal, 1 is as far away as zero."""
    value, target = value.float(), target.float()
    return (value - target).square().sum() / target.square().sum().clamp(min=1e-12)


def mean_square(value: Tensor, target: Tensor) -> Tensor:
    """mean((value - target)^2)."""
    return (value.float() - target.float()).square().mean()


def total_variation(pixels: Tensor) -> Tensor:
    """Mean squared difference between neighbours, down plus across (Mahendran & Vedaldi 2015, beta 2)."""
    down = (pixels[..., 1:, :] - pixels[..., :-1, :]).square().mean()
    across = (pixels[..., :, 1:] - pixels[..., :, :-1]).square().mean()
    return down + across


def _positions(features: Tensor, weights: Tensor | None) -> float | Tensor:
    return features.shape[-2] * features.shape[-1] if weights is None else weights.sum().clamp(min=1e-6)


def _moments(features: Tensor, weights: Tensor | None = None) -> Statistic:
    total, product = sums(features, weights)
    positions = _positions(features, weights)
    return total / positions, product / positions


def _moments_error(value: Statistic, target: Statistic) -> Tensor:
    (mean, second), (target_mean, target_second) = value, target
    covariance = second - torch.outer(mean, mean)
    target_covariance = target_second - torch.outer(target_mean, target_mean)
    return 0.5 * relative_error(mean, target_mean) + 0.5 * relative_error(covariance, target_covariance)


@dataclass(frozen=True)
class StyleLoss:
    """A statistic of one layer's features, and how far two such statistics are apart.

    Statistics add up: those of several paintings are blended by their weighted mean. One that
    `grows` with the number of positions is that of a painting as large as the photo.
    """

    statistic: Callable[..., Statistic]  # (features, weights of positions or None)
    error: Callable[[Statistic, Statistic], Tensor]
    grows: bool = False


def blended(statistics: Sequence[Statistic], shares: Sequence[float]) -> Statistic:
    """One layer's statistics of several paintings, mixed in the given shares."""
    return tuple(
        torch.stack([share * part for share, part in zip(shares, parts, strict=True)]).sum(0)
        for parts in zip(*statistics, strict=True)
    )


def _normalised_gram(features: Tensor, weights: Tensor | None = None) -> Statistic:
    return (sums(features, weights)[1] / _positions(features, weights),)


def _plain_gram(features: Tensor, weights: Tensor | None = None) -> Statistic:
    return (sums(features, weights)[1],)


STYLE_LOSSES: Mapping[str, StyleLoss] = MappingProxyType(
    {
        "moments": StyleLoss(_moments, _moments_error),
        "gram": StyleLoss(_normalised_gram, lambda value, target: relative_error(value[0], target[0])),
        "gram_sum": StyleLoss(_plain_gram, lambda value, target: mean_square(value[0], target[0]), grows=True),
    }
)
CONTENT_LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {"relative": relative_error, "mean_square": mean_square}
)
