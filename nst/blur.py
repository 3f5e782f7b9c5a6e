"""A Gaussian blur of maps."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 3  # standard deviations, beyond which a weight counts as none


def blurred(maps: Tensor, deviation: float, edge: str = "constant") -> Tensor:
    """(N, C, H, W), each channel on its own; the weights add up to 1.

    Args:
        deviation: Standard deviation in positions.
        edge: What lies beyond the edge, as `F.pad` calls it: "constant" is nothing, "replicate" the edge again.
    """
    reach, channels = round(REACH * deviation), maps.shape[1]
    kernel = torch.arange(-reach, reach + 1, device=maps.device).div(deviation).square().div(-2).exp().to(maps)
    kernel = (kernel / kernel.sum()).expand(channels, 1, 1, -1)
    padded = F.pad(maps, (reach, reach, reach, reach), mode=edge)
    return F.conv2d(F.conv2d(padded, kernel, groups=channels), kernel.mT, groups=channels)
