"""One control for each knob. Its kind, range and check come from the knob's declaration."""

from __future__ import annotations

from typing import Any, cast

import gradio as gr

from nst.recipes import RECIPES
from nst.settings import Knob, Settings
from studio.errors import in_the_users_words
from studio.gradio_internals import shown_as_its_parent
from studio.i18n import choice_label, label
from studio.limits import PAGE_KNOBS

SLIDERS = {"size": 2048, "steps": 400, "style_scale": 2.5}  # upper end within easy reach; recipes may go beyond
SWITCHES = ("keep_faces",)  # beside what they are about, as a tick
PLAIN = tuple(name for name, knob in PAGE_KNOBS.items() if not knob.group)  # for everybody
MOVED = {name for recipe in RECIPES.values() for name in recipe.knobs}  # what a choice of recipe may change


def knob_of(one: gr.components.Component) -> Knob:
    return PAGE_KNOBS[str(one.elem_id).split("-")[-1]]


def checked(self: gr.components.Component, payload: Any) -> Any:
    """The value, or a refusal in the knob's own words. None means as the recipe has it."""
    if payload is None:
        return None
    if isinstance(payload, list):
        payload = " ".join(payload)
    with in_the_users_words():
        return knob_of(self).check(payload)


def described(self: gr.components.Component) -> dict[str, Any]:
    return schema(knob_of(self))


@shown_as_its_parent
class KnobSlider(gr.Slider):
    preprocess, api_info = checked, described


@shown_as_its_parent
class KnobNumber(gr.Number):
    preprocess, api_info = checked, described


@shown_as_its_parent
class KnobChoice(gr.Dropdown):
    preprocess, api_info = checked, described


@shown_as_its_parent
class KnobMix(gr.Dropdown):
    """Several choices, each with its weight: a text everywhere but in the browser."""

    preprocess, api_info = checked, described

    def postprocess(self, value: Any) -> Any:
        several: Any = value.split() if isinstance(value, str) else value
        return super().postprocess(several)


@shown_as_its_parent
class KnobText(gr.Textbox):
    preprocess, api_info = checked, described


@shown_as_its_parent
class KnobSwitch(gr.Checkbox):
    """Of a knob that is "no" or "yes"."""

    api_info = described

    def preprocess(self, payload: Any) -> Any:
        return checked(self, "yes" if payload is True else "no" if payload is False else payload)

    def postprocess(self, value: Any) -> bool:
        return value in (True, "yes")


def schema(knob: Knob) -> dict[str, Any]:
    """How a knob is described to programs."""
    if isinstance(knob.default, str):
        limits: dict[str, Any] = {"enum": list(knob.choices)} if knob.choices and not knob.mixes else {}
        return {"type": "string", "description": knob.help} | limits
    kind = "integer" if isinstance(knob.default, int) else "number"
    return {"type": kind, "minimum": knob.low, "maximum": knob.high, "description": knob.help}


def control(name: str) -> gr.components.Component:
    """For the page, in the visitor's language."""
    knob = PAGE_KNOBS[name]
    common: dict[str, Any] = {
        "label": label(f"knob_{knob.name}"),
        "info": label(f"help_{knob.name}"),
        "elem_id": f"knob-{knob.name}",
    }
    if knob.name in SLIDERS:
        most, default = min(SLIDERS[knob.name], knob.high), cast(float, knob.default)
        return KnobSlider(minimum=knob.low, maximum=most, value=default, step=knob.step, **common)
    if knob.name in SWITCHES:
        return KnobSwitch(knob.default == "yes", container=False, **common)
    if knob.mixes:
        several: dict[str, Any] = {"multiselect": True, "allow_custom_value": True, "interactive": True}
        return KnobMix(list(knob.choices), value=knob.default, **several, **common)
    return _plain(knob, common | {"interactive": True})


def hidden_control(name: str) -> gr.components.Component:
    """For programs: the same checks, and a place for the value."""
    knob = PAGE_KNOBS[name]
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
        return label(f"recipe_{choice}")
    return choice_label(knob.name, choice)


def moved(name: str, value: Any) -> Any:
    """The update that moves a control to a value; a slider's track grows where it has to."""
    knob = PAGE_KNOBS[name]
    if name in SLIDERS:
        value = min(value, knob.high)
        return gr.update(value=value, maximum=max(min(SLIDERS[name], knob.high), value))
    return gr.update(value=value)


def moved_to(settings: Settings) -> dict[str, Any]:
    """Updates for all controls, by name."""
    return {name: moved(name, getattr(settings, name)) for name in PAGE_KNOBS}


def moved_by(recipe: str) -> dict[str, Any]:
    """Updates that a choice of recipe brings; what no recipe sets stays as it is."""
    return {name: move for name, move in moved_to(Settings(recipe=recipe)).items() if name in MOVED}
