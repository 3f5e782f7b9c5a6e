"""Where a clip comes in: from a file or the camera. What it is to become is chosen beside it."""

from __future__ import annotations

import gradio as gr

from studio.components.widget_files import widget_files
from studio.i18n import for_browser

SECONDS = 4  # that the camera records
WORDS = ("hint", "choose", "record", "recording", "no_camera", "poster")


def clip_box() -> gr.HTML:
    """Its value is the file, as Gradio names it. The inbox sends it; its event `submit` says that it has come."""
    return gr.HTML(
        None,
        **widget_files(__file__),
        poster="",
        name="",
        about="",
        seconds=SECONDS,
        words=for_browser(WORDS, "film_"),
        elem_id="clip",
        elem_classes=["bare"],
    )
