"""Maps as tables, and where the largest numbers of a table stand: torch finds a maximum several times faster than its
place."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 128  # numbers of which the largest is found first, many at a time


def rows_of(features: Tensor) -> Tensor:
    """(1, C, H, W) -> (H*W, C): a row for each position, a view of a channels_last map."""
    return features[0].permute(1, 2, 0).flatten(0, 1)


def best_of_rows(table: Tensor) -> Tensor:
    """Number (N,) of the first of the largest in each row of (N, M)."""
    if missing := -table.shape[1] % BLOCK:
        table = F.pad(table, (0, missing), value=-torch.inf)
    blocks = table.reshape(len(table), -1, BLOCK)
    block = blocks.amax(2).float().argmax(1)
    within = blocks[torch.arange(len(table), device=table.device), block].float().argmax(1)
    return within.add_(block, alpha=BLOCK)


def best_of_columns(table: Tensor) -> Tensor:
    """The same (M,) for the columns, along which a table is read more slowly than along rows."""
    block = math.gcd(len(table), BLOCK)
    blocks = table.reshape(-1, block, table.shape[1])  # (N / block, block, M)
    first = blocks.amax(1).float().argmax(0)
    within = blocks[first, :, torch.arange(table.shape[1], device=table.device)].float().argmax(1)
    return within.add_(first, alpha=block)
