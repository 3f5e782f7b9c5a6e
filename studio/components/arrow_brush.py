"""Strokes that follow: arrows that are drawn over the photo. They are a knob, and this is its control."""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio.components.controls import checked, described
from studio.components.photo_sheet import sheet_files
from studio.gradio_internals import shown_as_its_parent
from studio.i18n import for_browser, label
from studio.limits import PAGE_KNOBS


@shown_as_its_parent
class KnobArrows(gr.HTML):
    preprocess, api_info = checked, described


def arrow_brush() -> KnobArrows:
    """The control of the knob `strokes`. What a visitor draws is the event `change`."""
    own, shared = for_browser(("hint", "canvas", "clear"), "arrows_"), for_browser(("photo", "undo"), "brush_")
    return KnobArrows(
        PAGE_KNOBS["strokes"].default,
        **sheet_files(__file__),
        words={language: {**own[language], **shared[language]} for language in own},
        elem_id="knob-strokes",
        elem_classes=["bare"],
    )


def panel_label(strokes: str | None) -> Any:
    """The panel's heading says whether arrows are in force, also while it is folded."""
    return gr.update(label=label("arrows_drawn" if strokes else "arrows"))
