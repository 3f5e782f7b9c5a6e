"""A rough small picture of what Paint would make of the choices as they stand, within half a second."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import replace

from PIL import Image

from nst import Settings, load_vgg
from nst.cost import step_cost
from nst.device import on_painting_thread
from nst.settings import KNOBS
from nst.sketch import Sketchbook
from nst.vgg import Interrupted
from studio.components.images import opened_copy
from studio.components.mask_brush import opened_mask
from studio.limits import capped
from studio.runs import backend, zerogpu
from studio.runs.choices import Choices

SIDE = 160  # pixels: the long side
SHARE = 1 / 7  # of the steps that a recipe takes, for the first sketch of a photo and paintings
DEAREST = 2.0  # times a sketch by the default recipe: beyond, there is none
BOOK = Sketchbook()  # of everybody: what it remembers of some pictures serves whoever has the same


def is_possible() -> bool:
    """Whether this machine paints at once: a cluster and ZeroGPU have their own queues."""
    return not (backend.ADDRESS or zerogpu.ZERO_GPU)


def sketched(settings: Settings) -> Settings | None:
    """The same, small and with few steps; None where even that takes long, or the network may not be here yet.

    Raises:
        ValueError: if there is no layer of a name that somebody may still be typing.
    """
    small = _small(settings)
    is_dear = _cost(small) > DEAREST * _cost(_small(Settings()))
    return None if is_dear or small.last_pass or small.backbone != KNOBS["backbone"].default else capped(small)


def forget() -> None:
    """Nothing is remembered of anybody's pictures: a visit that is over takes them along, and the others' come back."""
    BOOK.forget()
    opened_copy.cache_clear()
    opened_mask.cache_clear()


def _small(settings: Settings) -> Settings:
    """With the steps of the recipe as it is published, however many the visitor asks for."""
    steps = round(SHARE * Settings(recipe=settings.recipe).steps)
    brush = settings.style_size and max(1, round(settings.style_size * SIDE / settings.size))
    return replace(settings, size=SIDE, steps=steps, style_size=brush, tile=0)


def _cost(settings: Settings) -> float:
    return settings.steps * step_cost(settings, SIDE * SIDE)


def sketch(choices: Choices, is_wanted: Callable[[], bool]) -> Generator[Image.Image, None, None]:
    """The picture, half way and finished; none of settings that take long, or once `is_wanted` says no.

    Args:
        is_wanted: Asked many times, also in the middle of a step.

    Raises:
        ValueError: if a picture is missing or something does not go together, as for a painting.
    """
    settings = sketched(choices.settings)
    if settings is None:
        return
    commission = replace(choices, settings=settings).commission
    drawn = BOOK.sketch(commission, load_vgg(settings.backbone), is_wanted=is_wanted)
    with closing(on_painting_thread(drawn)) as pictures, suppress(Interrupted):
        yield from pictures
