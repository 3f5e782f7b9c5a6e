"""Names for Gradio's own buttons and fields, in the visitor's language."""

from __future__ import annotations

import gradio as gr

from studio.components.widget_files import widget_files
from studio.i18n import for_browser

WORDS = ("fullscreen", "leave", "close", "reset", "copy", "footer", "error")


def gradio_words() -> gr.HTML:
    """Nothing to be seen."""
    return gr.HTML(
        **widget_files(__file__),
        html_template="",
        words=for_browser(WORDS, "gradio_"),
        elem_id="gradio-words",
        elem_classes=["bare"],
    )
