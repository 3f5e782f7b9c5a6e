"""One control for each knob. Its kind, range and check come from the knob's declaration."""

from __future__ import annotations

from typing import Any

import gradio as gr

from nst.recipes import RECIPES
from nst.settings import Knob, Settings
from studio.errors import in_the_users_words
from studio.limits import KNOBS
from studio.words import choice_label, label

SLIDERS = {"size": 2048, "steps": 400, "style_scale": 2.5}  # upper end within easy reach; recipes may go beyond
FIRST = (
    "recipe",
    "size",
    "steps",
    "style_scale",
    "color",
    "motifs",
    "style_weight",
    "content_weight",
    "tv_weight",
    "seed",
)
MOVED = {name for recipe in RECIPES.values() for name in recipe.knobs}  # what a choice of recipe may change


def knob_of(one: gr.components.Component) -> Knob:
    return KNOBS[str(one.elem_id).split("-")[-1]]


def checked(self: gr.components.Component, payload: Any) -> Any:
    """The value, or a refusal in the knob's own words. None means not said: as the recipe has it."""
    if payload is None:
        return None
    if isinstance(payload, list):
        payload = " ".join(payload)
    with in_the_users_words():
        return knob_of(self).check(payload)


def described(self: gr.components.Component) -> dict[str, Any]:
    return schema(knob_of(self))


class KnobSlider(gr.Slider):
    is_template, preprocess, api_info = True, checked, described


class KnobNumber(gr.Number):
    is_template, preprocess, api_info = True, checked, described


class KnobChoice(gr.Dropdown):
    is_template, preprocess, api_info = True, checked, described


class KnobMix(gr.Dropdown):
    """Several choices, each with its weight: a text everywhere but in the browser."""

    is_template, preprocess, api_info = True, checked, described

    def postprocess(self, value: Any) -> Any:
        return super().postprocess(value.split() if isinstance(value, str) else value)


class KnobText(gr.Textbox):
    is_template, preprocess, api_info = True, checked, described


def schema(knob: Knob) -> dict[str, Any]:
    """What a program is told about a knob."""
    if isinstance(knob.default, str):
        limits: dict[str, Any] = {"enum": list(knob.choices)} if knob.choices and not knob.mixes else {}
        return {"type": "string", "description": knob.help} | limits
    kind = "integer" if isinstance(knob.default, int) else "number"
    return {"type": kind, "minimum": knob.low, "maximum": knob.high, "description": knob.help}


def control(knob: Knob) -> gr.components.Component:
    """For the page, in the visitor's language."""
    knob = KNOBS[knob.name]
    common = {
        "label": label(f"knob_{knob.name}"),
        "info": label(f"help_{knob.name}"),
        "elem_id": f"knob-{knob.name}",
    }
    if knob.name in SLIDERS:
        return KnobSlider(
            minimum=knob.low, maximum=min(SLIDERS[knob.name], knob.high), value=knob.default, step=knob.step, **common
        )
    if knob.mixes:
        several = {"multiselect": True, "allow_custom_value": True, "interactive": True}
        return KnobMix(list(knob.choices), value=knob.default, **several, **common)
    return _plain(knob, common | {"interactive": True})


def hidden_control(knob: Knob) -> gr.components.Component:
    """For programs: the same checks, and a place for the value."""
    return _plain(knob, {"label": knob.label, "elem_id": f"api-{knob.name}", "visible": False})


def _plain(knob: Knob, common: dict[str, Any]) -> gr.components.Component:
    if knob.mixes:
        return KnobChoice(list(knob.choices), value=knob.default, allow_custom_value=True, **common)
    if knob.choices:
        return KnobChoice([(_title(knob, choice), choice) for choice in knob.choices], value=knob.default, **common)
    if isinstance(knob.default, str):
        return KnobText(knob.default, **common)
    return KnobNumber(
        knob.default,
        precision=0 if isinstance(knob.default, int) else None,
        minimum=knob.low,
        maximum=knob.high,
        step=knob.step or 1,
        **common,
    )


def _title(knob: Knob, choice: str) -> Any:
    if knob.name == "recipe":
        return f"{RECIPES[choice].title} · {RECIPES[choice].summary}"
    return choice_label(knob.name, choice)


def moved(knob: Knob, value: Any) -> Any:
    """The update that moves a control to a value; a slider's track grows where it has to."""
    knob = KNOBS[knob.name]
    if knob.name in SLIDERS:
        value = min(value, knob.high)
        return gr.update(value=value, maximum=max(min(SLIDERS[knob.name], knob.high), value))
    return gr.update(value=value)


def moved_to(settings: Settings) -> list[Any]:
    """Updates for all controls, in the order of KNOBS."""
    return [moved(knob, getattr(settings, knob.name)) for knob in KNOBS.values()]


def moved_by(recipe: str) -> list[Any]:
    """Updates that a choice of recipe brings; what no recipe sets stays as it is."""
    settings = Settings(recipe=recipe)
    return [moved(knob, getattr(settings, knob.name)) if knob.name in MOVED else gr.skip() for knob in KNOBS.values()]
