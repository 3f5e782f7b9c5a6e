"""Where a picture of one's own comes from, in words: a file, the camera, the clipboard."""

from __future__ import annotations

import gradio as gr

from studio.components.widget_files import widget_files
from studio.i18n import for_browser

BOXES = ("photo", "painting")
WORDS = (*(f"own_{box}" for box in BOXES), *(f"own_{box}_more" for box in BOXES), "camera", "paste")


def picture_source() -> gr.HTML:
    """A row below the two boxes. What it finds goes into them."""
    return gr.HTML(
        **widget_files(__file__),
        boxes=list(BOXES),
        words=for_browser(WORDS),
        elem_id="sources",
        elem_classes=["bare"],
    )
