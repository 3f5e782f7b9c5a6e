"""Where each pixel of a frame was in an earlier one, and where it cannot have been seen there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

# By which share of the motion, and how many squared pixels, the ways forth and back may disagree (Sundaram, Brox &
# Keutzer 2010, eq. 5, as in Ruder et al. 2016), and how different the two frames may look at both ends
UNEVEN, NOISE = 0.01, 0.5
UNLIKE, AROUND = 0.1, 2.0  # of light in [0, 1], averaged over so many pixels (standard deviation)
NEARLY = 0.01  # of light, by which the motion of the camera may explain a spot worse than its own flow
SURE = 0.04  # of light: the most that a spot may differ that follows the camera
GRID, FEWEST, MOST = 32, 20, 0.3  # spots along the short side that tell it, how many at least, and their share

Flow = NDArray[np.float32]  # (H, W, 2) in pixels, right and down
Light = NDArray[np.uint8]


@dataclass(frozen=True)
class Motion:
    """What became of an earlier frame.

    Attributes:
        back, forth: From each pixel of the frame to its place in the earlier one, and from that one to this.
        seen: (1, 1, H, W): 1 where the pixel was seen there, 0 where it has come into view.
    """

    back: Flow
    forth: Flow
    seen: Tensor

    @property
    def nearer(self) -> float:
        """How much larger things are than they were, in area: above 1 if the camera comes nearer."""
        places = _places(self.back)
        height, width = places.shape[:2]
        across = np.median(places[:, -1, 0] - places[:, 0, 0]) / (width - 1)
        down = np.median(places[-1, :, 1] - places[0, :, 1]) / (height - 1)
        return 1 / max(1e-3, float(across * down))

    def carried(self, pixels: Tensor) -> Tensor:
        """What is fixed to the earlier frame (1, C, H, W), moved to this one; beyond the edge its nearest pixel."""
        return self._moved(pixels, cv2.INTER_LANCZOS4)

    def nearest(self, values: Tensor) -> Tensor:
        """The same of (1, 1, H, W), without values between values."""
        return self._moved(values, cv2.INTER_NEAREST)

    def _moved(self, pixels: Tensor, interpolation: int) -> Tensor:
        places, rows = _places(self.back), np.ascontiguousarray(pixels[0].permute(1, 2, 0).numpy())
        across, down = places[..., 0], places[..., 1]
        moved = cv2.remap(rows, across, down, interpolation, borderMode=cv2.BORDER_REPLICATE)
        return torch.from_numpy(np.atleast_3d(moved)).permute(2, 0, 1)[None]


def motion(before: Image.Image, after: Image.Image) -> Motion:
    """Between two frames of the same size, each at least 16 x 16 pixels.

    Dense inverse search (Kroeger, Timofte, Dai & Van Gool 2016), both ways.
    """
    old, new = _light(before), _light(after)
    ways = [(_flow(new, old), _flow(old, new))]
    return _best_motion(old, new, ways)


def far_motion(before: Image.Image, after: Image.Image, far: Motion, near: Motion) -> Motion:
    """Likewise between frames that lie further apart, by way of one between: from `before` to it, and from it on.

    It is looked for directly, which adds up no errors, and once more beginning with that way.
    """
    old, new = _light(before), _light(after)
    by_way_back = near.back + _at(far.back, _places(near.back))
    by_way_forth = far.forth + _at(near.forth, _places(far.forth))
    direct = _flow(new, old), _flow(old, new)
    guided = _flow(new, old, by_way_back), _flow(old, new, by_way_forth)
    return _best_motion(old, new, [direct, guided])


@dataclass(frozen=True)
class _Way:
    """One answer to where the pixels of `new` were in `old`.

    Attributes:
        back, forth: As of `Motion`.
        unlike: (H, W) in [0, 1], how different the surroundings look at both ends.
        seen: (H, W), where it can be believed.
    """

    back: Flow
    forth: Flow
    unlike: NDArray[np.float32]
    seen: NDArray[np.bool_]


def _best_motion(old: Light, new: Light, ways: Sequence[tuple[Flow, Flow]]) -> Motion:
    backward = [_way(old, new, back, forth) for back, forth in ways]
    forward = [_way(new, old, forth, back) for back, forth in ways]
    of_camera = [camera for way in backward if (camera := _of_camera(way)) is not None]
    back, seen = _better([_followed(old, new, *one) for one in of_camera], backward)
    forth, _ = _better([_followed(new, old, forth, back) for back, forth in of_camera], forward)
    return Motion(back, forth, torch.from_numpy(seen.astype(np.float32))[None, None])


def _better(of_camera: Sequence[_Way], ways: Sequence[_Way]) -> tuple[Flow, NDArray[np.bool_]]:
    """Of some flows back and forth the best one back for each pixel, and where it has been seen by any.

    Where little is to be seen, flows wander, and what is painted there would wander with them. The motion of the
    camera is therefore preferred wherever it explains the frame nearly as well.
    """
    every, handicaps = [*of_camera, *ways], [0.0] * len(of_camera) + [NEARLY] * len(ways)
    unlike = np.stack([one.unlike + less for one, less in zip(every, handicaps, strict=True)])
    seen = np.stack([one.seen for one in every])
    best = (unlike + np.where(seen, np.float32(0), np.float32(2))).argmin(0)
    chosen = every[0].back.copy()
    for number, one in enumerate(every[1:], 1):
        np.copyto(chosen, one.back, where=(best == number)[..., None])
    return chosen, np.asarray(seen.any(0))


def _of_camera(way: _Way) -> tuple[Flow, Flow] | None:
    """The affine motion, back and forth, that most of the picture follows, if there is one."""
    step = max(1, min(way.back.shape[:2]) // GRID)
    chosen = way.seen[::step, ::step]
    if chosen.sum() < FEWEST:
        return None
    here = _grid(*way.back.shape[:2])
    pairs = here[::step, ::step][chosen], _places(way.back)[::step, ::step][chosen]
    motion, follow = cv2.estimateAffine2D(*pairs, method=cv2.RANSAC, ransacReprojThreshold=0.5)
    if motion is None or follow.mean() < MOST or abs(np.linalg.det(motion[:, :2])) < 0.1:
        return None
    other = cv2.invertAffineTransform(motion)
    ways = [cv2.transform(here, one.astype(np.float32)) - here for one in (motion, other)]
    return ways[0], ways[1]


def _light(frame: Image.Image) -> Light:
    return np.asarray(frame.convert("L"))


def _flow(origin: Light, target: Light, guess: Flow | None = None) -> Flow:
    """For each pixel of `origin` the way to its like in `target`."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    begun = np.zeros((*origin.shape, 2), np.float32) if guess is None else guess.copy()
    return np.asarray(search.calc(origin, target, begun), np.float32)


def _way(old: Light, new: Light, back: Flow, forth: Flow) -> _Way:
    height, width = back.shape[:2]
    places = _places(back)
    across, down = places[..., 0], places[..., 1]
    inside = (across >= -0.5) & (across <= width - 0.5) & (down >= -0.5) & (down <= height - 0.5)
    returned = _at(forth, places)
    agree = _squares(returned + back) <= UNEVEN * (_squares(returned) + _squares(back)) + NOISE
    difference = np.abs(_at(old.astype(np.float32), places) - new) / 255
    unlike = np.asarray(cv2.GaussianBlur(difference, (0, 0), AROUND), np.float32)
    return _Way(back, forth, unlike, inside & agree & (unlike <= UNLIKE))


def _followed(old: Light, new: Light, back: Flow, forth: Flow) -> _Way:
    """Of a motion of the camera. Back and forth it always agrees, and so what is seen has to be all the more alike."""
    way = _way(old, new, back, forth)
    return replace(way, seen=way.seen & (way.unlike <= SURE))


def _at(values: Flow, places: Flow) -> Flow:
    """Values (H, W, ...) of one frame at places in it, bilinear."""
    across, down = places[..., 0], places[..., 1]
    found = cv2.remap(values, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)


def _squares(vectors: Flow) -> NDArray[np.float32]:
    return np.asarray(np.square(vectors[..., 0]) + np.square(vectors[..., 1]), np.float32)


def _places(flow: Flow) -> Flow:
    """(H, W, 2): where a flow leads to from each pixel, right and down."""
    return np.asarray(_grid(*flow.shape[:2]) + flow, np.float32)


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> Flow:
    """(H, W, 2): the pixels' own places."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=2).astype(np.float32)
