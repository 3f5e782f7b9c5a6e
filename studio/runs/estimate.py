"""What a painting will take on this very machine, time and memory, said before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from time import monotonic as clock

from PIL import Image

from nst import Commission, Settings, load_vgg
from nst.tiles import Fit
from nst.transfer import Scale, in_tiles, scales
from studio.runs import backend, zerogpu

PROBES = (128, 320)  # pixels: the sides of two small pictures whose steps are timed
PROBE_STEPS = 5
TELLING = 2.0  # seconds; a shorter run tells more about its beginning than about its steps
FRESH = 60.0  # seconds for which the pace of the machine is believed; then it is looked at again
LOOK = 1 / 3  # of a step: a look without going back, as at the photo and at each painting, once a scale


@dataclass(frozen=True)
class Machine:
    """Seconds of one step: `each`, and `per_pixel` for every pixel of the scale."""

    each: float
    per_pixel: float

    def seconds(self, plan: list[Scale], paintings: int, steps: float = inf) -> float:
        """Of a whole run, or of its first `steps` steps."""
        looks, seconds = LOOK * (1 + paintings), 0.0
        for scale in plan:
            now = min(steps, scale.steps)
            seconds += (now + looks) * (self.each + self.per_pixel * scale.size[0] * scale.size[1])
            steps -= now
            if steps <= 0:
                break
        return seconds


_machine: Machine | None = None  # as it was probed; not known yet
_pace = 1.0  # how many times as long it takes at present: it may have more to do than when it was probed
_seen = -inf  # when that was


def predicted(settings: Settings, width: int, height: int, paintings: int = 1, look_again: bool = True) -> float | None:
    """Seconds that a painting of this photo would take here; None where that is not known yet.

    If nobody has looked at the machine's pace for a while, it is measured first, unless `look_again` is False.
    """
    if _machine is None:
        return None
    if look_again and clock() - _seen > FRESH:
        _glance(_machine)
    return _pace * _machine.seconds(scales(width, height, settings), paintings)


def in_tiles_here(settings: Settings, width: int, height: int) -> Fit | None:
    """The tiles that this photo would be worked on in, and their memory; None if it would not be, or not here."""
    if backend.ADDRESS or zerogpu.ZERO_GPU:
        return None
    return in_tiles(width, height, settings, load_vgg())  # the deepest network; none is fetched for a forecast


def learn(settings: Settings, width: int, height: int, paintings: int, step: int, seconds: float) -> None:
    """What a run tells once it is some seconds old, whether or not it goes on to its end."""
    global _machine, _pace, _seen
    if seconds < TELLING:
        return
    plan = scales(width, height, settings)
    if _machine is None:
        work = Machine(0.0, 1.0).seconds(plan, paintings, step)
        _machine = Machine(0.0, seconds / work)
    _pace, _seen = seconds / _machine.seconds(plan, paintings, step), clock()


def _glance(machine: Machine) -> None:
    """A few small steps, while nothing is painted: is the machine as fast as it was?"""
    global _pace, _seen
    side = PROBES[0]
    _pace, _seen = _step_seconds(side) / (machine.each + machine.per_pixel * side * side), clock()


def probe() -> None:
    """Time a few real steps at two sizes. Takes a second or two, so it is done once, before visitors come."""
    global _machine, _pace, _seen
    (small, short), (large, long) = ((side * side, _step_seconds(side)) for side in PROBES)
    per_pixel = max(0.0, long - short) / (large - small)
    _machine = Machine(max(0.0, short - per_pixel * small), per_pixel)
    _pace, _seen = 1.0, clock()


def _step_seconds(side: int) -> float:
    grey = Image.linear_gradient("L").resize((side, side)).convert("RGB")
    settings = Settings(size=side, start_size=side, steps=PROBE_STEPS)
    moments = [frame.seconds for frame in backend.here(Commission(grey, [grey], settings), load_vgg(settings.backbone))]
    return min(after - before for before, after in pairwise(moments))
