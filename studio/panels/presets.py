"""Sketch, Painting or Masterpiece: how far to go, and how long that takes here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr

from nst import Settings
from nst.tiles import NoRoom
from studio.components.controls import moved
from studio.i18n import LANGUAGES, language_of, time_in_words, words
from studio.limits import KNOBS
from studio.runs import estimate

HERE = Path(__file__).parent
PRESETS: Mapping[str, Mapping[str, int]] = {
    name: {"size": int(min(size, KNOBS["size"].high)), "steps": int(min(steps, KNOBS["steps"].high))}
    for name, size, steps in (("sketch", 256, 40), ("painting", 512, 70), ("masterpiece", 768, 110))
}
SET = ("size", "steps")  # the knobs that a preset sets
LARGE = ("enlarge", "tile", "style_layers", "content_layers")
TIMED = (*SET, "start_size", "recipe", *LARGE)  # the knobs that time and memory depend on
ANY_PHOTO = (1024, 683)  # until the browser has shown the photo


def presets() -> gr.HTML:
    """The segmented control. A choice by the visitor is the event `select`, another photo `load`."""
    said = {
        language: {"heading": words(language)["presets"]} | {key: words(language)[f"preset_{key}"] for key in PRESETS}
        for language in LANGUAGES
    }
    return gr.HTML(
        {"preset": matching({name: knob.default for name, knob in KNOBS.items()}), "photo": None},
        html_template=(HERE / "presets.html").read_text(encoding="utf-8"),
        css_template=(HERE / "presets.css").read_text(encoding="utf-8"),
        js_on_load=(HERE / "presets.js").read_text(encoding="utf-8"),
        items=list(PRESETS),
        words=said,
        times={},
        own="",
        large="",
        disabled=False,
        elem_id="presets",
        elem_classes=["bare"],
    )


def matching(knobs: Mapping[str, Any]) -> str | None:
    """The preset that the knobs stand at."""
    return next((key for key, preset in PRESETS.items() if all(knobs[name] == preset[name] for name in SET)), None)


def set_by(value: Mapping[str, Any]) -> list[Any]:
    """Updates of the knobs in SET, for a choice."""
    preset = PRESETS[value["preset"]]
    return [moved(KNOBS[name], preset[name]) for name in SET]


def foretold(request: gr.Request, value: Mapping[str, Any], *knobs: Any) -> Any:
    """The control with the seconds of today's photo, and of settings that are no preset; below, what a large
    picture takes."""
    language, said = language_of(request), dict(zip(TIMED, knobs, strict=True))
    photo = _believable(value.get("photo"))
    preset = matching(said)
    times = {key: _about(said | dict(preset), photo, language) for key, preset in PRESETS.items()}
    own = "" if preset else words(language)["own"].format(time=_about(said, photo, language))
    large = _about_a_large_one(said, photo, language)
    return gr.update(value={"preset": preset, "photo": value.get("photo")}, times=times, own=own, large=large)


def _believable(photo: Any) -> tuple[int, int]:
    """What a browser says about its photo, unless it cannot be."""
    with suppress(TypeError, ValueError):
        width, height = (int(side) for side in photo)
        if min(width, height) > 0 and max(width, height) <= 100 * min(width, height):
            return width, height
    return ANY_PHOTO


def _about(knobs: Mapping[str, Any], photo: tuple[int, int], language: str) -> str:
    """Empty where nothing can be said: a value is out of range, or the machine not known yet."""
    with suppress(ValueError):
        seconds = estimate.predicted(Settings(**knobs), *photo)
        if seconds is not None:
            return words(language)["about"].format(time=_roughly(seconds, language))
    return ""


def _about_a_large_one(knobs: Mapping[str, Any], photo: tuple[int, int], language: str) -> str:
    """Empty where the picture is worked on in one piece, or a value is out of range."""
    said = words(language)
    try:
        fit = estimate.in_tiles_here(Settings(**knobs), *photo)
    except NoRoom as error:
        return said["no_room"].format(needed=_gigabytes(error.needed), free=_gigabytes(error.free))
    except ValueError:
        return ""
    return said["in_tiles"].format(side=fit.side, memory=_gigabytes(fit.memory)) if fit else ""


def _gigabytes(count: float) -> str:
    return f"{count / 2**30:.1f}"


def _roughly(seconds: float, language: str) -> str:
    """No more precise than it is: to 1 second, 5 seconds or a minute."""
    if seconds >= 97.5:
        return words(language)["round_minutes"].format(minutes=round(seconds / 60))
    unit = 1 if seconds < 15 else 5
    return time_in_words(unit * round(seconds / unit), language)
