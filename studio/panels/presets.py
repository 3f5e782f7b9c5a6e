"""Sketch, Painting or Masterpiece: how far to go, and how long that takes here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import gradio as gr
from gradio.components import Component

from nst import Settings
from nst.tiles import NoRoom
from studio.components.controls import moved
from studio.components.page_components import PageComponents
from studio.components.updates import Updates
from studio.components.widget_files import widget_files
from studio.events import AT_ONCE, RAW
from studio.i18n import LANGUAGES, for_browser, language_of, time_in_words, words
from studio.limits import PAGE_KNOBS
from studio.runs import estimate

PRESETS: Mapping[str, Mapping[str, int]] = {
    name: {"size": int(min(size, PAGE_KNOBS["size"].high)), "steps": int(min(steps, PAGE_KNOBS["steps"].high))}
    for name, size, steps in (
        ("sketch", 256, 40),
        ("painting", PAGE_KNOBS["size"].default, PAGE_KNOBS["steps"].default),
        ("masterpiece", 768, 110),
    )
}
SET = ("size", "steps")  # the knobs that a preset sets
LARGE = ("enlarge", "tile", "style_layers", "content_layers")
TIMED = (*SET, "start_size", "recipe", *LARGE)  # the knobs that time and memory depend on
ANY_PHOTO = (1024, 683)  # until the browser has shown the photo


def presets() -> gr.HTML:
    """The segmented control. A choice by the visitor is the event `select`, another photo `load`."""
    names = for_browser(PRESETS, "preset_")
    return gr.HTML(
        {"preset": matching({name: knob.default for name, knob in PAGE_KNOBS.items()}), "photo": None},
        **widget_files(__file__),
        items=list(PRESETS),
        words={language: {"heading": words(language)["presets"], **names[language]} for language in LANGUAGES},
        times={},
        own="",
        large="",
        disabled=False,
        elem_id="presets",
        elem_classes=["bare"],
    )


def join(page: PageComponents) -> None:
    """A preset sets its knobs; the time that each takes is forecast anew when something changes."""

    def renew(values: dict[Any, Any], request: gr.Request) -> Updates:
        shown = forecast(request, values[page.presets], _timed(page, values))
        return {page.presets: shown, page.memory: gr.update(session=request.session_hash)}

    page.presets.select(set_by, page.presets, [page.knobs[name] for name in SET], **AT_ONCE)
    changes = [page.presets.load, *(page.knobs[name].change for name in TIMED)]
    gr.on(changes, renew, inputs(page), [page.presets, page.memory], trigger_mode="always_last", **RAW)


def inputs(page: PageComponents) -> set[Component]:
    """What a forecast depends on; raw, since half a number typed is no mistake yet."""
    return {page.presets, *(page.knobs[name] for name in TIMED)}


def _timed(page: PageComponents, values: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: values[page.knobs[name]] for name in TIMED}


def ended(page: PageComponents, request: gr.Request, values: Mapping[Any, Any]) -> Updates:
    """A run has taught more about the time that is needed. Nothing is measured now, and no choice is touched."""
    update = forecast(request, values[page.presets], _timed(page, values), look_again=False)
    return {page.presets: {name: new for name, new in update.items() if name != "value"}}


def matching(knobs: Mapping[str, Any]) -> str | None:
    """The preset that the knobs stand at."""
    return next((key for key, preset in PRESETS.items() if all(knobs[name] == preset[name] for name in SET)), None)


def set_by(value: Mapping[str, Any]) -> list[Any]:
    """Updates of the knobs in SET, for a choice."""
    preset = PRESETS[value["preset"]]
    return [moved(name, preset[name]) for name in SET]


def forecast(request: gr.Request, value: Mapping[str, Any], knobs: Mapping[str, Any], look_again: bool = True) -> Any:
    """The control with the seconds of today's photo, and of settings that are no preset; below, what a large
    picture takes. `knobs` are those in TIMED.
    """
    language, photo = language_of(request), _believable(value.get("photo"))

    def about(settings: Mapping[str, Any]) -> str:
        """Empty where nothing can be said: a value is out of range, or the machine not known yet."""
        with suppress(ValueError):
            seconds = estimate.predicted(Settings(**settings), *photo, look_again=look_again)
            if seconds is not None:
                return words(language)["about"].format(time=_roughly(seconds, language))
        return ""

    preset = matching(knobs)
    return gr.update(
        value={"preset": preset, "photo": value.get("photo")},
        times={key: about({**knobs, **preset}) for key, preset in PRESETS.items()},
        own="" if preset else words(language)["own"].format(time=about(knobs)),
        large=_about_a_large_one(knobs, photo, language),
    )


def _believable(photo: Any) -> tuple[int, int]:
    """What a browser says about its photo, unless it cannot be."""
    with suppress(TypeError, ValueError):
        width, height = (int(side) for side in photo)
        if min(width, height) > 0 and max(width, height) <= 100 * min(width, height):
            return width, height
    return ANY_PHOTO


def _about_a_large_one(knobs: Mapping[str, Any], photo: tuple[int, int], language: str) -> str:
    """Empty where the picture is worked on in one piece, or a value is out of range."""
    texts = words(language)
    try:
        fit = estimate.in_tiles_here(Settings(**knobs), *photo)
    except NoRoom as error:
        return texts["no_room"].format(needed=_gigabytes(error.needed), free=_gigabytes(error.free))
    except ValueError:
        return ""
    return texts["in_tiles"].format(side=fit.side, memory=_gigabytes(fit.memory)) if fit else ""


def _gigabytes(count: float) -> str:
    return f"{count / 2**30:.1f}"


def _roughly(seconds: float, language: str) -> str:
    """No more precise than it is: to 1 second, 5 seconds or a minute."""
    if seconds >= 97.5:
        return words(language)["round_minutes"].format(minutes=round(seconds / 60))
    unit = 1 if seconds < 15 else 5
    return time_in_words(unit * round(seconds / unit), language)
