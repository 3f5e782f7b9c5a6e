"""Sketch, Painting or Masterpiece: how far to go, and how long that takes here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from nst import Settings
from nst.tiles import GB, NoRoom
from studio.components.controls import moved
from studio.components.page_components import PageComponents
from studio.components.updates import Updates
from studio.components.widget_files import widget_files
from studio.events import AT_ONCE, LATEST, RAW
from studio.i18n import LANGUAGES, for_browser, language_of, sentence, words
from studio.limits import PAGE_KNOBS
from studio.panels import prices
from studio.runs import estimate

PRESETS = {"sketch": (256, 4 / 7), "painting": (512, 1.0), "masterpiece": (768, 11 / 7)}  # size, share of the steps
SET = ("size", "steps")  # the knobs that a preset sets
COMPARED = ("style_layers", "content_layers", "style_loss", "content_loss", "samples", "palette_weight")
LARGE = ("enlarge", "tile", "match_layers", "match_weight", "match_rounds", "last_pass", "style_turns", *COMPARED)
TIMED = (*SET, "start_size", "recipe", *LARGE)  # the knobs that time and memory depend on


def presets() -> gr.HTML:
    """The segmented control. A choice by the visitor is the event `select`, another photo `load`."""
    names = for_browser(PRESETS, "preset_")
    return gr.HTML(
        {"preset": matching({name: knob.default for name, knob in PAGE_KNOBS.items()}), "photo": None},
        **widget_files(__file__),
        items=list(PRESETS),
        words={language: {"heading": words(language)["presets"], **names[language]} for language in LANGUAGES},
        times={},
        recipes={},
        own="",
        large="",
        disabled=False,
        elem_id="presets",
        elem_classes=["bare"],
    )


def join(page: PageComponents) -> None:
    """A preset sets its knobs; the time that each takes is forecast anew when something changes."""
    asked, knobs = [page.presets, page.knobs["recipe"]], [page.knobs[name] for name in SET]
    page.presets.select(set_by, asked, knobs, **LATEST, **AT_ONCE)
    changes = [page.presets.load, *(page.knobs[name].change for name in TIMED)]
    gr.on(changes, **_renewing(page), **LATEST)


def renew_after(event: Dependency, page: PageComponents) -> None:
    """The same when an event has changed how many paintings there are."""
    event.success(**_renewing(page))


def _renewing(page: PageComponents) -> dict[str, Any]:
    def renew(values: dict[Any, Any], request: gr.Request) -> Updates:
        return {**forecasts(page, values, request), page.memory: gr.update(session=request.session_hash)}

    return {"fn": renew, "inputs": {*inputs(page), page.result}, "outputs": [*outputs(page), page.memory], **RAW}


def inputs(page: PageComponents) -> set[Component]:
    """What a forecast depends on; raw, since half a number typed is no mistake yet."""
    return {page.presets, page.album_photos, page.mix, *(page.knobs[name] for name in TIMED)}


def _timed(page: PageComponents, values: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: prices.as_text(values[page.knobs[name]]) for name in TIMED}


def paintings_of(page: PageComponents, values: Mapping[Any, Any]) -> int:
    """How many there are, or will be when the box is filled again."""
    mix = values.get(page.mix)
    return len(mix["weights"]) if mix else 1


def timed_settings(page: PageComponents, values: Mapping[Any, Any]) -> Settings | None:
    """As far as time depends on them; None where a control stands at what cannot be."""
    with suppress(ValueError):
        return Settings(**_timed(page, values))
    return None


def outputs(page: PageComponents) -> list[Any]:
    """What `forecasts` changes."""
    return [page.presets, *prices.outputs(page)]


def forecasts(page: PageComponents, values: Mapping[Any, Any], request: gr.Request, look_again: bool = True) -> Updates:
    """The presets with their times, and the buttons with theirs."""
    value, knobs, language = values[page.presets], _timed(page, values), language_of(request)
    paintings = paintings_of(page, values)
    shown = forecast(request, value, knobs, look_again, paintings)
    settings, photo = timed_settings(page, values), _believable(value.get("photo"))
    buttons = prices.of_settings(page, settings, photo, paintings, language)
    buttons |= prices.of_album(page, values.get(page.album_photos) or (), settings, paintings, language)
    return {page.presets: shown, **buttons, **prices.on_the_wall(page, values[page.result], language)}


def ended(page: PageComponents, request: gr.Request, values: Mapping[Any, Any]) -> Updates:
    """A run has taught more about the time that is needed. Nothing is measured now, and no choice is touched."""
    updates = forecasts(page, values, request, look_again=False)
    untouched = {name: new for name, new in updates[page.presets].items() if name != "value"}
    return {**updates, page.presets: untouched}


def preset_for(key: str, recipe: str) -> dict[str, int]:
    """The knobs in SET. A recipe knows how many steps it takes; a preset takes more or fewer."""
    size, share = PRESETS[key]
    steps = round(share * Settings(recipe=recipe).steps)
    return {"size": int(min(size, PAGE_KNOBS["size"].high)), "steps": int(min(steps, PAGE_KNOBS["steps"].high))}


def matching(knobs: Mapping[str, Any]) -> str | None:
    """The preset that the knobs stand at."""
    standing = {name: knobs[name] for name in SET}
    return next((key for key in PRESETS if preset_for(key, knobs["recipe"]) == standing), None)


def set_by(value: Mapping[str, Any], recipe: str) -> list[Any]:
    """Updates of the knobs in SET, for a choice."""
    preset = preset_for(value["preset"], recipe)
    return [moved(name, preset[name]) for name in SET]


def forecast(
    request: gr.Request, value: Mapping[str, Any], knobs: Mapping[str, Any], look_again: bool = True, paintings: int = 1
) -> Any:
    """The control with the seconds of today's photo, and of settings that are no preset; below, what a large
    picture takes. `knobs` are those in TIMED.
    """
    language, photo = language_of(request), _believable(value.get("photo"))

    def about(settings: Mapping[str, Any]) -> str:
        """Empty where nothing can be said: a value is out of range, or the machine not known yet."""
        with suppress(ValueError):
            seconds = estimate.predicted(Settings(**settings), *photo, paintings, look_again)
            if seconds is not None:
                return prices.in_words(seconds, language)
        return ""

    preset = matching(knobs)
    return gr.update(
        value={"preset": preset, "photo": value.get("photo")},
        times={key: about({**knobs, **preset_for(key, knobs["recipe"])}) for key in PRESETS},
        recipes=prices.of_recipes(knobs, photo, paintings, language),
        own="" if preset else words(language)["own"].format(time=about(knobs)),
        large=_about_a_large_one(knobs, photo, language),
    )


def _believable(photo: Any) -> tuple[int, int]:
    """What a browser says about its photo, unless it cannot be."""
    with suppress(TypeError, ValueError):
        width, height = (int(side) for side in photo)
        if min(width, height) > 0 and max(width, height) <= 100 * min(width, height):
            return width, height
    return estimate.ANY_PHOTO  # until the browser has shown it


def _about_a_large_one(knobs: Mapping[str, Any], photo: tuple[int, int], language: str) -> str:
    """Empty where the picture is worked on in one piece, or a value is out of range."""
    try:
        fit = estimate.in_tiles_here(Settings(**knobs), *photo)
    except NoRoom as error:
        return sentence(error, language)
    except ValueError:
        return ""
    return words(language)["in_tiles"].format(side=fit.side, memory=f"{fit.memory / GB:.1f}") if fit else ""
