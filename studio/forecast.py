"""How long a painting will take on this very machine, said before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from PIL import Image

from nst import Settings, load_vgg, stylize
from nst.transfer import Scale, scales

PROBES = (128, 320)  # pixels: the sides of two small pictures whose steps are timed
PROBE_STEPS = 5
TELLING = 2.0  # seconds; a shorter run tells more about its beginning than about its steps
LOOK = 1 / 3  # of a step: a look without going back, as at the photo and at each painting, once a scale


@dataclass(frozen=True)
class Machine:
    """Seconds of one step: `each`, and `per_pixel` for every pixel of the scale."""

    each: float
    per_pixel: float

    def seconds(self, plan: list[Scale], paintings: int) -> float:
        looks = LOOK * (1 + paintings)
        return sum(
            (scale.steps + looks) * (self.each + self.per_pixel * scale.size[0] * scale.size[1]) for scale in plan
        )

    def times(self, factor: float) -> Machine:
        return Machine(self.each * factor, self.per_pixel * factor)


_machine: Machine | None = None  # not known yet


def predicted(settings: Settings, width: int, height: int, paintings: int = 1) -> float | None:
    """Seconds that a painting of this photo would take here; None where that is not known yet."""
    return _machine and _machine.seconds(scales(width, height, settings), paintings)


def learn(settings: Settings, width: int, height: int, paintings: int, seconds: float) -> None:
    """What a finished run tells: half the way from what was thought to what happened."""
    global _machine
    if seconds < TELLING:
        return
    plan = scales(width, height, settings)
    thought = _machine or Machine(0.0, seconds / sum(scale.work for scale in plan))
    _machine = thought.times(sqrt(seconds / thought.seconds(plan, paintings)))


def probe() -> None:
    """Time a few real steps at two sizes. Takes a second or two, so it is done once, before visitors come."""
    global _machine
    (small, short), (large, long) = ((side * side, _step_seconds(side)) for side in PROBES)
    per_pixel = max(0.0, long - short) / (large - small)
    _machine = Machine(max(0.0, short - per_pixel * small), per_pixel)


def _step_seconds(side: int) -> float:
    grey = Image.linear_gradient("L").resize((side, side)).convert("RGB")
    settings = Settings(size=side, start_size=side, steps=PROBE_STEPS)
    moments = [frame.seconds for frame in stylize(grey, grey, settings, load_vgg(settings.backbone))]
    return min(after - before for before, after in pairwise(moments))
