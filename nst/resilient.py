"""A painting that comes to an end: it grows smaller where memory runs out, goes on more gently where it
went astray, and stops in time. No picture is lost on the way.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial

import torch
from PIL import Image
from torch import Tensor

from nst.commission import Commission
from nst.device import Device
from nst.frame import Frame
from nst.image import fitted_size, to_pixels
from nst.plan import final_size
from nst.settings import KNOBS, Settings
from nst.transfer import Engine, paint
from nst.vgg import VGG

SMALLER, GENTLER = 0.7, 0.25  # factors: of the size, of the learning rate
TRIALS = 4  # that one painting has
SUITABLE = {"lbfgs": 1.0, "adam": 0.02, "rmsprop": 0.02}  # learning rates that are never too high, whatever the losses
FAR_GENTLER = 0.01  # factor for plain descent, whose steps are as long as the losses are large
PATIENCE = 6  # steps in a row that may lead away
WORSE, FAR_WORSE = 1.01, 2.0  # times a loss at the first step of its size, times its lowest: beyond, it is lost
OUT_OF_MEMORY = ("not enough memory", "can't allocate memory", "out of memory")  # as libraries put it

Begin = Callable[[Settings, Image.Image | None], Generator[Frame, None, None]]


@dataclass(frozen=True)
class RunFrame(Frame):
    """A frame, and what has happened to the run: nothing, `smaller`, `gentler`, `deadline` or `given_up`."""

    note: str = ""

    def as_last(self, note: str) -> RunFrame:
        """The same frame as the end of a run that was cut short."""
        return replace(self, steps=self.step, progress=1.0, note=note)

    def showing(self, other: Frame) -> RunFrame:
        """The same place in the run, with another frame's picture."""
        return replace(self, render=other.render, size=other.size, long_side=other.long_side)

    def able_to_travel(self) -> RunFrame:
        """The same frame for another process: its picture is made, its losses are numbers."""
        return replace(self, render=partial(_resized, self.image), deferred_losses=self.losses, snapshot=None)


def _resized(picture: Image.Image, long_side: int) -> Tensor:
    return to_pixels(picture, fitted_size(*picture.size, long_side))


def resilient(
    commission: Commission,
    network: VGG,
    device: Device | None = None,
    seconds: float = math.inf,
    engine: Engine | None = None,
) -> Generator[RunFrame, None, None]:
    """As `paint`, but it helps itself where something goes wrong, and ends after `seconds` at the latest.

    Args:
        engine: What paints, if it is not `paint` itself.

    Raises:
        ValueError: as `paint` does, before the first step.
        Exception: whatever went wrong, if it did before there was any picture.
    """

    def begin(settings: Settings, start: Image.Image | None) -> Generator[Frame, None, None]:
        return (engine or paint)(replace(commission, settings=settings, start=start), network, device)

    settings, start = commission.settings, commission.start
    frames = begin(settings, start)
    settings = replace(settings, size=max(final_size(*commission.content.size, settings)))
    return _lasting(frames, begin, settings, start, seconds)


def _lasting(
    frames: Generator[Frame, None, None],
    begin: Begin,
    settings: Settings,
    start: Image.Image | None,
    seconds: float,
) -> Generator[RunFrame, None, None]:
    ends, note = time.monotonic() + seconds, ""
    last: RunFrame | None = None
    good: RunFrame | None = None
    for _ in range(TRIALS):
        before, watch = last, _Watch()
        try:
            for frame in frames:
                last = _continued(frame, before, note)
                watch.see(last)
                if time.monotonic() >= ends and last.step < last.steps:
                    frames.close()
                    yield last.as_last("deadline")
                    return
                yield last
            return
        except (MemoryError, RuntimeError, ArithmeticError) as error:
            note, settings = _remedy(error, settings)
            frames.close()
        _release_memory()
        steps = settings.steps if last is None else max(1, last.steps - last.step)
        good = (watch.good or good) if watch.is_astray else last
        if last is not None and good is not None:
            last, start = last.showing(good), good.image
        frames = begin(replace(settings, steps=steps), start)
    if last is None:
        raise MemoryError("Nothing could be painted.")
    yield last.as_last("given_up")


class _Watch:
    """Sees the frames of one trial, and knows the last good one when the painting has left its way.

    Lost is a picture of which no loss is as low as it was: weights do not matter then. A frame's losses
    are those of the picture before, and are read when the next frame is there, so that no device is waited for.
    """

    def __init__(self) -> None:
        self.good: RunFrame | None = None  # none yet: where it began
        self.lost = 0  # steps in a row
        self.latest: tuple[RunFrame | None, RunFrame | None] = (None, None)
        self.long_side = 0
        self.first: dict[str, float] = {}
        self.lowest: dict[str, float] = {}

    @property
    def is_astray(self) -> bool:
        return self.lost >= PATIENCE

    def see(self, frame: RunFrame) -> None:
        """
        Raises:
            ArithmeticError: when it has been lost for too long.
        """
        (judged, after), self.latest = self.latest, (self.latest[1], frame)
        if after is None:
            return
        losses = after.losses
        if after.long_side != self.long_side:
            self.long_side, self.first, self.lowest = after.long_side, losses, losses
        if self._is_lost(losses):
            self.lost += 1
        else:
            self.lost, self.good = 0, judged
        self.lowest = {name: min(value, self.lowest[name]) for name, value in losses.items()}
        if self.is_astray:
            raise ArithmeticError("No step leads back.")

    def _is_lost(self, losses: Mapping[str, float]) -> bool:
        bounds = {name: min(WORSE * self.first[name], FAR_WORSE * self.lowest[name]) for name in losses}
        return not all(map(math.isfinite, losses.values())) or all(losses[name] > bounds[name] for name in losses)


def _continued(frame: Frame, before: RunFrame | None, note: str) -> RunFrame:
    """The frame as part of the whole run, of which `before` was the last one so far."""
    noted = RunFrame(**{one.name: getattr(frame, one.name) for one in fields(Frame)}, note=note)
    if before is None:
        return noted
    return replace(
        noted,
        step=before.step + frame.step,
        steps=before.step + frame.steps,
        seconds=before.seconds + frame.seconds,
        progress=before.progress + (1 - before.progress) * frame.progress,
    )


def _remedy(error: Exception, settings: Settings) -> tuple[str, Settings]:
    """What to change, and its note. What cannot be helped is raised again."""
    if isinstance(error, ArithmeticError):
        suitable = SUITABLE.get(settings.optimizer, settings.learning_rate * FAR_GENTLER)
        rate = min(settings.learning_rate * GENTLER, suitable)
        return "gentler", replace(settings, learning_rate=max(KNOBS["learning_rate"].low, rate))
    size = round(settings.size * SMALLER)
    if not _is_about_memory(error) or size < KNOBS["size"].low:
        raise error
    return "smaller", replace(settings, size=size)


def _is_about_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in OUT_OF_MEMORY)


def _release_memory() -> None:
    """What the broken trial held goes back to the device before the next one asks for it."""
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where CUDA is not in use
