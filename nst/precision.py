"""In which type sums are made: features may have 16 bits, what many of them add up to has more."""

from __future__ import annotations

import torch
from torch import Tensor


def exact_dtype(value: Tensor) -> torch.dtype:
    """float32 at least."""
    return torch.promote_types(value.dtype, torch.float32)


def exact(value: Tensor) -> Tensor:
    """The same values in it."""
    return value.to(exact_dtype(value))
