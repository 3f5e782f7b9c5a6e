"""What each button will take, said on the button before it is pressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import gradio as gr

from nst import Settings
from nst.recipes import RECIPES
from studio.components.controls import MOVED
from studio.components.page_components import PageComponents
from studio.components.updates import Updates
from studio.i18n import roughly, words
from studio.limits import PAGE_KNOBS
from studio.panels import continue_buttons, how_it_works, variants
from studio.runs import album, estimate
from studio.runs.album import Photo
from studio.runs.result import Result

LONG = 300.0  # seconds: from here on the button warns
UNSTEADY = 1.5  # between the slowest and the fastest of the last minutes
ONE_SCALE = 8192  # a first size that is also the last: going on knows no other


def seconds_of(runs: Sequence[Settings], photo: tuple[int, int], paintings: int = 1) -> float | None:
    """Of some runs, one after the other; None where nothing can be said."""
    with suppress(ValueError):  # for names of layers that somebody is still typing
        each = (estimate.predicted(settings, *photo, paintings, look_again=False) for settings in runs)
        return estimate.together(each)
    return None


def about(runs: Sequence[Settings], photo: tuple[int, int], language: str, paintings: int = 1) -> str:
    """Empty where nothing can be said."""
    seconds = seconds_of(runs, photo, paintings)
    return "" if seconds is None else in_words(seconds, language)


def in_words(seconds: float, language: str) -> str:
    """One figure, or from and to where the machine's pace has changed in the last minutes."""
    least, most = estimate.spread()
    low, high = (roughly(factor * seconds, language) for factor in (least, most))
    if most < UNSTEADY * least or low == high:
        return words(language)["about"].format(time=roughly(seconds, language))
    return words(language)["from_to"].format(low=low, high=high)


def of_settings(
    page: PageComponents, settings: Settings | None, photo: tuple[int, int], paintings: int, language: str
) -> Updates:
    """Of Paint, the nine variants and the lesson, as the controls stand; no figure where they cannot."""
    known = settings or Settings()
    keeping, knowing, matching = how_it_works.runs()
    sheet = [replace(one, **variants.QUICK) for one in variants.variants(known)]
    paint = [settings] if settings else []
    buttons = {page.paint: ("paint", paint), page.paint_variants: ("variants_paint", sheet)}
    buttons[page.paint_lesson] = ("lesson_paint", [*keeping, *knowing, matching])
    seconds = {key: seconds_of(runs, photo, paintings) if runs else None for key, runs in buttons.values()}
    return {button: _named(key, seconds[key], language) for button, (key, _) in buttons.items()}


def _named(key: str, seconds: float | None, language: str) -> Any:
    name = words(language)[key]
    if seconds is None:
        return gr.update(value=name, elem_classes=[])
    return gr.update(value=f"{name}, {in_words(seconds, language)}", elem_classes=["long"] if seconds > LONG else [])


def of_album(
    page: PageComponents, photos: Sequence[Photo], settings: Settings | None, paintings: int, language: str
) -> Updates:
    """Of all photos that are to be painted one after another."""
    seconds = album.predicted(photos, settings, paintings) if photos and settings else None
    return {page.paint_album: _named("album_paint", seconds, language)}


def of_recipes(knobs: Mapping[str, Any], photo: tuple[int, int], paintings: int, language: str) -> dict[str, str]:
    """Recipe -> what it would take in this size, as it is published."""
    kept = {name: value for name, value in knobs.items() if name not in {"recipe", *MOVED}}
    with suppress(ValueError):
        return {recipe: about([Settings(recipe=recipe, **kept)], photo, language, paintings) for recipe in RECIPES}
    return {}


def of_going_on(result: Result | None, language: str) -> dict[str, str]:
    """Way -> its time, from the picture on the wall."""
    if result is None or not result.chosen:
        return {}
    with suppress(ValueError):
        settings = Settings(**{name: as_text(result.chosen[name]) for name in PAGE_KNOBS})
        (width, height), paintings = result.size, len(result.chosen["mix"]["weights"])
        plan = {way: continue_buttons.planned(way, settings, (width, height)) for way in continue_buttons.WAYS}
        large = (100 * width, 100 * height)  # the photo itself may be larger than the picture
        runs = {way: [replace(one, start_size=ONE_SCALE)] for way, one in plan.items()}
        return {way: about(run, large, language, paintings) for way, run in runs.items()}
    return {}


def as_text(value: Any) -> Any:
    """A raw value of a control: several choices are one text, and a tick is a yes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else value


def outputs(page: PageComponents) -> list[Any]:
    return [page.paint, page.paint_variants, page.paint_lesson, page.paint_album, page.continue_buttons]


def on_the_wall(page: PageComponents, result: Result | None, language: str) -> Mapping[Any, Any]:
    """What the buttons for going on say about a picture that comes to the wall."""
    own, prices = continue_buttons.own(result), of_going_on(result, language)
    return {page.continue_buttons: gr.update(own=own, prices=prices)}
