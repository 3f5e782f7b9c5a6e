"""What a slider allows: more than its track shows, and never clamped without a word."""

from __future__ import annotations

import gradio as gr

from studio.components.controls import SLIDERS
from studio.components.widget_files import widget_files
from studio.i18n import for_browser
from studio.limits import PAGE_KNOBS


def slider_limits() -> gr.HTML:
    """One line, empty as long as nothing is beyond."""
    knobs = {name: {"low": PAGE_KNOBS[name].low, "high": PAGE_KNOBS[name].high} for name in SLIDERS}
    return gr.HTML(
        **widget_files(__file__),
        knobs=knobs,
        words=for_browser(("text",), "limits_"),
        elem_id="limits",
        elem_classes=["bare"],
    )


def growing(name: str) -> str:
    """JavaScript for a slider's `release`: its track grows to where a typed number is."""
    return (
        f"() => {{ const typed = window.typed?.{name}; delete window.typed?.{name}; return typed > {SLIDERS[name]}"
        ' ? { __type__: "update", maximum: typed, value: typed } : { __type__: "update" }; }'
    )
