"""What has come into view is begun in the colours in which its surroundings were painted."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.blur import blurred

CELL = 8  # pixels along a side, for which there is one map of colours
REACH = 2.0  # cells, standard deviation, from which it learns
EVERYWHERE = 0.01  # how much the whole picture counts beside the surroundings
NOISE = 1e-3  # squared colours: differences below it say nothing


def painted_like_the_rest(photo: Tensor, painted: Tensor, known: Tensor) -> Tensor:
    """The photo in the painting's colours: for each spot the affine map of colours that fits best around it.

    As in a guided filter (He, Sun & Tang 2010) with the photo as its guide, learned where the painting is known.

    Args:
        photo, painted: (1, 3, H, W) in [0, 1].
        known: (1, 1, H, W) in [0, 1].
    """
    height, width = photo.shape[-2:]
    pairs = [photo[:, [i]] * other for other in (photo, painted) for i in range(3)]
    moments = torch.cat([torch.ones_like(known), photo, painted, *pairs], dim=1) * known
    cells = F.adaptive_avg_pool2d(moments, (-(-height // CELL), -(-width // CELL)))
    cells = blurred(cells, REACH) + EVERYWHERE * cells.mean((2, 3), keepdim=True)
    cells = cells[0].permute(1, 2, 0)  # (h, w, 25)
    cells = cells / cells[..., :1].clamp(min=1e-6)
    ours, theirs = cells[..., 1:4], cells[..., 4:7]
    own = _matrices(cells[..., 7:16]) - ours[..., None] * ours[..., None, :]
    shared = _matrices(cells[..., 16:]) - ours[..., None] * theirs[..., None, :]
    slope = torch.linalg.solve(own + NOISE * torch.eye(3).to(own), shared)  # (h, w, of the photo, of the painting)
    offset = theirs - (ours[..., None, :] @ slope)[..., 0, :]
    maps = torch.cat([slope.flatten(-2), offset], dim=-1).permute(2, 0, 1)[None]
    maps = F.interpolate(maps, (height, width), mode="bilinear")
    slopes = maps[:, :9].reshape(1, 3, 3, height, width)
    coloured: Tensor = (photo[:, :, None] * slopes).sum(1) + maps[:, 9:]
    return coloured.clamp(0, 1)


def _matrices(values: Tensor) -> Tensor:
    """(..., 9) -> (..., 3, 3)."""
    return values.reshape(*values.shape[:-1], 3, 3)
