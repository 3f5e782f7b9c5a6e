"""Matches of a film: what a spot of the last frame was like, it is like in this one, wherever it has gone to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.film.flow import Motion
from nst.galleries import NOT_FOUND, Gallery, find_and_learn, find_missing
from nst.matching import Search
from nst.objective import Objective

FRAMES = 3  # after which all of them are sought anew
FEW = 0.01  # share of the positions that wait until there are more of them


@dataclass(frozen=True)
class Matches:
    """Those of one frame.

    Attributes:
        searches: Of each gallery, with which they were found.
        numbers: Of each gallery, of the candidate that each pixel (1, 1, H, W) is like.
        found: (1, 1, H, W), 1 where they were sought, 0 where something has come into view since.
        frames: For how many they have been carried along.
    """

    searches: Sequence[Search]
    numbers: Sequence[Tensor]
    found: Tensor
    frames: int = 0

    def carried(self, near: Motion) -> Matches:
        """Those of the next frame."""
        found = near.seen * near.nearest(self.found)
        return Matches(self.searches, [near.nearest(one) for one in self.numbers], found, self.frames + 1)


def matched(objective: Objective, pixels: Tensor, known: Matches | None) -> tuple[Objective, Matches | None]:
    """The objective with the matches of a frame's start (1, 3, H, W), and these; `known` have been carried to it."""
    galleries, view = objective.galleries, objective.view
    if not galleries:
        return objective, None
    with torch.no_grad():
        if known is None or known.frames >= FRAMES or view.settings.strokes.strip():
            matches, searches = find_and_learn(galleries, pixels, view, objective.points)
            known = Matches(searches, _numbers(galleries, matches, pixels), torch.ones_like(pixels[:, :1]).cpu())
        elif (known.found == 0).float().mean() > FEW:
            places = [_positions(known.found, one.step).to(pixels.device) for one in galleries]
            carried = zip(places, _carried_matches(galleries, known, pixels), strict=True)
            matches = [torch.where(found > 0, one, NOT_FOUND) for found, one in carried]
            matches = find_missing(galleries, known.searches, matches, pixels, view)
            pairs = zip(known.numbers, _numbers(galleries, matches, pixels), strict=True)
            numbers = [torch.where(known.found > 0, old, new) for old, new in pairs]
            known = Matches(known.searches, numbers, torch.ones_like(known.found), known.frames)
        else:
            matches = _carried_matches(galleries, known, pixels)
        return objective.with_matches(matches), known


def _carried_matches(galleries: Sequence[Gallery], known: Matches, pixels: Tensor) -> list[Tensor]:
    """(1, 1, h, w) of each gallery."""
    pairs = zip(galleries, known.numbers, strict=True)
    return [_positions(numbers, one.step).long().to(pixels.device) for one, numbers in pairs]


def _positions(values: Tensor, step: int) -> Tensor:
    """What pixels (1, 1, H, W) say in the middle of each position of `step` x `step` of them."""
    height, width = (length // step for length in values.shape[-2:])
    return values[..., step // 2 :: step, step // 2 :: step][..., :height, :width]


def _numbers(galleries: Sequence[Gallery], matches: Sequence[Tensor], pixels: Tensor) -> list[Tensor]:
    """Each position's match, for all of its pixels (1, 1, H, W)."""
    height, width = pixels.shape[-2:]
    numbers = []
    for gallery, one in zip(galleries, matches, strict=True):
        step = gallery.step
        whole = one.float().repeat_interleave(step, 2).repeat_interleave(step, 3)
        more = (0, width - whole.shape[-1], 0, height - whole.shape[-2])
        numbers.append(F.pad(whole, more, mode="replicate").cpu())
    return numbers
