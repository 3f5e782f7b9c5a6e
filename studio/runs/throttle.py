"""How often a new picture is shown."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

from nst import Frame

QUICKEST = 0.3  # seconds between two pictures: what a browser takes with ease
SLOWEST = 0.5  # twice a second, however dear it is to show one
SHARE = 0.15  # of the time may go into showing rather than painting

Shown = TypeVar("Shown", bound=Frame)


def paced(
    frames: Generator[Shown, None, None], clock: Callable[[], float] = time.monotonic
) -> Generator[Shown, None, None]:
    """Those frames that are shown: the first, the last, and between them as many as are good to watch.

    When this is closed, the painting is: it owns `frames`.
    """
    shown, interval = -math.inf, QUICKEST
    with closing(frames):
        for frame in frames:
            if frame.step == frame.steps or clock() - shown >= interval:
                shown = clock()
                yield frame
                cost = clock() - shown  # of all that was done with it
                interval = min(SLOWEST, max(QUICKEST, cost / SHARE))
