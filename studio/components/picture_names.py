"""What the pictures on the page are called, for those who cannot see them."""

from __future__ import annotations

import gradio as gr

from studio.components.widget_files import widget_files
from studio.i18n import for_browser

WORDS = ("photo", "painting", "canvas", "remove_photo", "remove_painting")


def picture_names() -> gr.HTML:
    """Nothing to be seen."""
    return gr.HTML(
        **widget_files(__file__), html_template="", words=for_browser(WORDS), elem_id="names", elem_classes=["bare"]
    )
