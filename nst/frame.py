"""The painting after one step, as whoever loops over a run gets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import SupportsFloat

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nst.image import fitted_size, to_image
from nst.matching import Found, Likes, likes
from nst.snapshot import Snapshot


@dataclass(frozen=True)
class Frame:
    """The painting after one step.

    Attributes:
        step, steps: 1-based, over the whole run.
        seconds: Since the run began.
        progress: Share of the whole work that is done, in (0, 1].
        long_side: Of the scale that is being painted, in pixels.
        deferred_losses: As `losses`; the device may still be working at them.
        render: A long side in pixels -> the finished picture's pixels (1, 3, H, W) at that size.
        size: (width, height) of the finished picture.
        snapshot: All that it takes to go on from here exactly. It can be had until the next step is asked for, and
            only where the painting goes on in this process.
    """

    step: int
    steps: int
    seconds: float
    progress: float
    long_side: int
    deferred_losses: Mapping[str, SupportsFloat]
    render: Callable[[int], Tensor]
    size: tuple[int, int]
    found: Sequence[Found] = ()
    snapshot: Callable[[], Snapshot] | None = None

    @property
    def seconds_left(self) -> float:
        """If the rest goes as fast as the work so far."""
        return self.seconds * (1 / self.progress - 1)

    @property
    def losses(self) -> dict[str, float]:
        """Unweighted losses at the pixels that this step started from."""
        return {name: float(value) for name, value in self.deferred_losses.items()}

    @cached_property
    def image(self) -> Image.Image:
        """RGB, always in the size of the finished picture. Made when asked for."""
        return to_image(self.render(max(self.size)))

    @property
    def pixels(self) -> NDArray[np.float32]:
        """The same picture in full precision: (H, W, 3) sRGB in [0, 1]."""
        finished = self.render(max(self.size))[0].permute(1, 2, 0).numpy()
        inside: NDArray[np.float32] = np.clip(finished, 0, 1, order="C")
        return inside

    @property
    def likes(self) -> Likes | None:
        """Which part of which painting each part of the picture came from: at most 64 positions along the long
        side, by default one for 8 x 8 pixels of this scale. None where nothing is matched."""
        return likes(self.found)

    def preview(self, long_side: int) -> Image.Image:
        """The same picture with another long side in pixels, never above that of `image`."""
        size = fitted_size(*self.size, min(long_side, max(self.size)))
        painted = to_image(self.render(min(max(size), self.long_side)))
        return painted.resize(size, Image.Resampling.BICUBIC)  # of 8 bits: far quicker than in float32
