"""The title, what the page does, and the languages that it speaks."""

from __future__ import annotations

import gradio as gr

from studio.components.widget_files import widget_files
from studio.i18n import LANGUAGE_NAMES, for_browser


def page_head() -> gr.HTML:
    return gr.HTML(
        **widget_files(__file__),
        languages=[{"key": key, "name": name} for key, name in LANGUAGE_NAMES.items()],
        words=for_browser(("title", "tagline", "language")),
        elem_classes=["bare"],
    )
