"""Which recipe paints: a picture of each, all of one photo after one painting."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import gradio as gr

from nst.knobs import without_effect
from nst.recipes import RECIPES
from nst.settings import KNOBS, Settings
from studio.catalogue import EXAMPLES
from studio.components.controls import checked, described
from studio.components.thumbnails import url
from studio.components.widget_files import widget_files
from studio.gradio_internals import shown_as_its_parent
from studio.i18n import LANGUAGES, recipe_texts, words
from studio.limits import PAGE_KNOBS

TILES = EXAMPLES / "recipes"
SIZE = (192, 128)  # of each picture, in pixels


@shown_as_its_parent
class KnobPictures(gr.HTML):
    preprocess, api_info = checked, described


def recipe_choice() -> KnobPictures:
    """The control of the knob `recipe`. A choice by the visitor is the event `input`.

    `idle` are the knobs that a recipe does not use, and where they rest. What each recipe would take, the presets tell:
    properties that come before the panel is opened for the first time would replace all others.
    """
    return KnobPictures(
        PAGE_KNOBS["recipe"].default,
        **widget_files(__file__),
        items=[{"key": name, "src": url(TILES / f"{name}.webp")} for name in RECIPES],
        width=SIZE[0],
        height=SIZE[1],
        idle={name: _idle(Settings(recipe=name)) for name in RECIPES},
        words={one: {"heading": words(one)["recipe"], "recipes": recipe_texts(one)} for one in LANGUAGES},
        elem_id="knob-recipe",
        elem_classes=["bare"],
    )


def _idle(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in sorted(without_effect(settings)) if KNOBS[name].group}


def moving(moves: Mapping[str, Sequence[Any]]) -> str:
    """JavaScript that answers a choice with the updates of its knobs, at once: between them, nothing else arrives."""
    return f"(recipe) => ({json.dumps(moves)})[recipe]"


def show_used(names: Iterable[str]) -> str:
    """JavaScript that hides the knobs that the recipe does not use and nobody has turned, from the values of all."""
    return f"(...values) => {{ window.showUsed?.({json.dumps(list(names))}, values); }}"
