"""A painting that comes to an end: it grows smaller where memory runs out, goes on more gently where it
went astray, and stops in time. No picture is lost on the way.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, fields, replace

import torch
from PIL import Image

from nst.device import Device
from nst.settings import KNOBS, Settings
from nst.transfer import Frame, final_size, stylize
from nst.vgg import VGG

SMALLER, GENTLER = 0.7, 0.25  # factors: of the size, of the learning rate
TRIALS = 4  # that one painting has
OUT_OF_MEMORY = ("not enough memory", "can't allocate memory", "out of memory")  # as libraries put it

Begin = Callable[[Settings, Image.Image | None], Generator[Frame, None, None]]


@dataclass(frozen=True)
class Noted(Frame):
    """A frame, and what has happened to the run: nothing, `smaller`, `gentler`, `deadline` or `given_up`."""

    note: str = ""

    def as_last(self, note: str) -> Noted:
        """The same frame as the end of a run that was cut short."""
        return replace(self, steps=self.step, progress=1.0, note=note)


def steady(
    content: Image.Image,
    styles: Image.Image | Sequence[Image.Image],
    settings: Settings,
    network: VGG,
    device: Device | None = None,
    start: Image.Image | None = None,
    masks: Sequence[Image.Image] | None = None,
    seconds: float = math.inf,
    engine: Callable[..., Generator[Frame, None, None]] | None = None,
) -> Generator[Noted, None, None]:
    """`stylize`, which see, with patience: it helps itself, and ends after `seconds` at the latest.

    Args:
        engine: What paints, if it is not `stylize` itself.

    Raises:
        ValueError: as `stylize` does, before the first step.
        Exception: whatever went wrong, if it did before there was any picture.
    """

    def begin(settings: Settings, start: Image.Image | None) -> Generator[Frame, None, None]:
        return (engine or stylize)(content, styles, settings, network, device, start, masks)

    frames = begin(settings, start)
    return _lasting(frames, begin, replace(settings, size=max(final_size(*content.size, settings))), start, seconds)


def _lasting(
    frames: Generator[Frame, None, None],
    begin: Begin,
    settings: Settings,
    start: Image.Image | None,
    seconds: float,
) -> Generator[Noted, None, None]:
    ends, last, note = time.monotonic() + seconds, None, ""
    for _ in range(TRIALS):
        before = last
        try:
            for frame in frames:
                last = _continued(frame, before, note)
                if time.monotonic() >= ends and last.step < last.steps:
                    frames.close()
                    yield last.as_last("deadline")
                    return
                yield last
            return
        except (MemoryError, RuntimeError, ArithmeticError) as error:
            note, settings = _remedy(error, settings)
        _let_go()
        steps = settings.steps if last is None else max(1, last.steps - last.step)
        start = start if last is None else last.image
        frames = begin(replace(settings, steps=steps), start)
    if last is None:
        raise MemoryError("Nothing could be painted.")
    yield last.as_last("given_up")


def _continued(frame: Frame, before: Noted | None, note: str) -> Noted:
    """The frame as part of the whole run, of which `before` was the last one so far."""
    noted = Noted(**{one.name: getattr(frame, one.name) for one in fields(Frame)}, note=note)
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
        rate = max(KNOBS["learning_rate"].low, settings.learning_rate * GENTLER)
        return "gentler", replace(settings, learning_rate=rate)
    size = round(settings.size * SMALLER)
    if not _is_about_memory(error) or size < KNOBS["size"].low:
        raise error
    return "smaller", replace(settings, size=size)


def _is_about_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in OUT_OF_MEMORY)


def _let_go() -> None:
    """What the broken trial held goes back to the device before the next one asks for it."""
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where CUDA is not in use
