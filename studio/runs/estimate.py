"""What a painting will take on this very machine, time and memory, said before it begins and while it is painted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import inf
from time import monotonic as clock

from PIL import Image

from nst import Commission, Frame, Settings, load_vgg
from nst.cost import look_cost, looks, search_cost, step_cost
from nst.film.morph import STEPS as STEPS_OF_MORPH
from nst.film.paint import coarse_steps, steps_of
from nst.plan import Scale, in_tiles, scales
from nst.settings import match_shares
from nst.tiles import Fit
from studio.runs import backend, zerogpu

PROBES = (128, 256)  # pixels: the sides of two small pictures whose steps are timed
PROBE_STEPS, PROBE_SECONDS = 3, 0.7  # at least: what else the machine does comes in turns of some tenths of a second
ENDLESS = 10_000  # steps
TELLING = 2.0  # seconds; a shorter run tells more about its beginning than about its steps
FIRST_STEPS = 5  # of a run, before which nobody can say how long it will take
FRESH = 20.0  # seconds for which the pace of the machine is believed; then it is looked at again
REMEMBERED = 300.0  # seconds; how fast the machine was before that says nothing about how fast it may be
SEVERAL = 6  # paces that are remembered, of runs and glances
ANY_PHOTO = (1024, 683)  # where nobody has said how large it is
LOOK = 1 / 3  # of a step: a look without going back, as at the photo and at each painting, once a scale


@dataclass(frozen=True)
class Machine:
    """Seconds of one step of the default recipe: `each`, and `per_pixel` for every pixel of the scale."""

    each: float
    per_pixel: float

    def seconds(self, plan: Sequence[Scale], settings: Settings, paintings: int, steps: float = inf) -> float:
        """Of a whole run, or of its first `steps` steps."""
        seconds = 0.0
        for scale in plan:
            now = min(steps, scale.steps)
            pixels, these = scale.pixels, scale.of(settings)
            rounds = min(these.match_rounds, scale.steps) if match_shares(these) else 0
            times = LOOK * (looks(these, paintings) + rounds)
            seconds += now * (self.each + self.per_pixel * step_cost(these, pixels))
            seconds += times * (self.each + self.per_pixel * look_cost(these, pixels))
            seconds += rounds * self.per_pixel * search_cost(these, pixels)
            steps -= now
            if steps <= 0:
                break
        return seconds


@dataclass(frozen=True)
class Pace:
    """How many times as long a step took, at a moment, as when the machine was probed: it may have more to do."""

    factor: float
    moment: float


_machine: Machine | None = None  # as it was probed; not known yet
_paces: OrderedDict[str, Pace] = OrderedDict()  # of the last runs, and of glances; the newest is the last


def predicted(settings: Settings, width: int, height: int, paintings: int = 1, look_again: bool = True) -> float | None:
    """Seconds that a painting of this photo would take here; None where that is not known yet.

    If nobody has looked at the machine's pace for a while, it is measured first, unless `look_again` is False.
    """
    if _machine is None:
        return None
    if look_again and clock() - _newest().moment > FRESH:
        _glance(_machine)
    return _newest().factor * _machine.seconds(scales(width, height, settings), settings, paintings)


def together(each: Iterable[float | None]) -> float | None:
    """Seconds of several runs, one after the other; None where those of one are not known."""
    seconds = list(each)
    return None if None in seconds else sum(filter(None, seconds))


def predicted_film(settings: Settings, size: tuple[int, int], frames: int, paintings: int = 1) -> float | None:
    """Seconds that a film of frames of this size would take here; None where that is not known yet."""
    steps, half = steps_of(settings), (size[0] // 2, size[1] // 2)
    each = [Scale(size, steps), Scale(half, coarse_steps(steps))]  # what has come into view is begun small
    return _predicted_frames(settings, size, each, frames, paintings)


def predicted_morph(settings: Settings, frames: int, photo: tuple[int, int] = ANY_PHOTO) -> float | None:
    """The same of a morph."""
    size = scales(*photo, settings)[-1].size
    return _predicted_frames(settings, size, [Scale(size, STEPS_OF_MORPH)], frames, 1)


def _predicted_frames(
    settings: Settings, size: tuple[int, int], each: Sequence[Scale], frames: int, paintings: int
) -> float | None:
    first = predicted(settings, *size, paintings, look_again=False)
    if _machine is None or first is None:
        return None
    once = replace(settings, match_rounds=min(1, settings.match_rounds))
    return first + (frames - 1) * _newest().factor * _machine.seconds(each, once, 0)


def spread() -> tuple[float, float]:
    """How far a prediction may be off, as two factors: the paces of the last minutes against the newest."""
    newest, recent = _newest(), [pace.factor for pace in _paces.values() if clock() - pace.moment < REMEMBERED]
    return min(recent, default=newest.factor) / newest.factor, max(recent, default=newest.factor) / newest.factor


def left(commission: Commission, frame: Frame) -> float | None:
    """Seconds that a run still takes, by what its own steps took so far; None while these are too few to say."""
    if frame.step < FIRST_STEPS:
        return None
    machine, of = _machine or Machine(0.0, 1.0), _run(commission)
    whole, done = machine.seconds(*of), machine.seconds(*of, frame.step)
    return frame.seconds * (whole - done) / done


def _newest() -> Pace:
    return next(reversed(_paces.values()), Pace(1.0, -inf))


def _run(commission: Commission) -> tuple[Sequence[Scale], Settings, int]:
    """What `Machine.seconds` wants to know."""
    plan = scales(*commission.content.size, commission.settings, started=commission.start is not None)
    return plan, commission.settings, len(commission.styles)


def in_tiles_here(settings: Settings, width: int, height: int) -> Fit | None:
    """The tiles that this photo would be worked on in, and their memory; None if it would not be, or not here."""
    if backend.ADDRESS or zerogpu.ZERO_GPU:
        return None
    return in_tiles(width, height, settings, load_vgg())  # the deepest network; none is fetched for a forecast


def learn(commission: Commission, frame: Frame, run: str) -> None:
    """What a run tells once it is some seconds old, whether or not it goes on to its end.

    Args:
        run: Its name; what it tells later replaces what it told before.
    """
    global _machine
    if frame.seconds < TELLING:
        return
    if _machine is None:
        _machine = Machine(0.0, frame.seconds / Machine(0.0, 1.0).seconds(*_run(commission), frame.step))
    _remember(run, frame.seconds / _machine.seconds(*_run(commission), frame.step))


def _remember(name: str, factor: float) -> None:
    _paces[name] = Pace(factor, clock())
    _paces.move_to_end(name)
    while len(_paces) > SEVERAL:
        _paces.popitem(last=False)


def _glance(machine: Machine) -> None:
    """A few small steps, while nothing is painted: is the machine as fast as it was?"""
    side = PROBES[0]
    _remember(f"glance at {clock()}", _step_seconds(side) / (machine.each + machine.per_pixel * side * side))


def probe() -> None:
    """Time a few real steps at two sizes. Takes a second or two, so it is done once, before visitors come."""
    global _machine
    (small, short), (large, long) = ((side * side, _step_seconds(side)) for side in PROBES)
    per_pixel = max(0.0, long - short) / (large - small)
    _machine = Machine(max(0.0, short - per_pixel * small), per_pixel)
    _remember("probe", 1.0)


def _step_seconds(side: int) -> float:
    """On average: the quickest of them would not tell that another process has the cores half of the time."""
    grey = Image.linear_gradient("L").resize((side, side)).convert("RGB")
    settings = Settings(size=side, start_size=side, steps=ENDLESS, match_rounds=1)
    with closing(backend.here(Commission(grey, [grey], settings), load_vgg(settings.backbone))) as frames:
        first = next(frames).seconds
        for frame in frames:
            if frame.step >= PROBE_STEPS and frame.seconds - first >= PROBE_SECONDS:
                break
    return (frame.seconds - first) / (frame.step - 1)
