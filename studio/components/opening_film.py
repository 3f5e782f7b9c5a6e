"""The page opens in motion: the film of the picture on the easel plays once, so that one sees what happens here."""

from __future__ import annotations

import gradio as gr

from studio.catalogue import Finished
from studio.components.thumbnails import url
from studio.components.widget_files import widget_files


def opening_film(opening: Finished | None) -> gr.HTML:
    """Lies over the canvas while it plays, and is gone then. Empty where there is no film."""
    return gr.HTML(
        **widget_files(__file__),
        html_template="",
        film=url(opening.film) if opening and opening.film else "",
        elem_id="opening",
        elem_classes=["bare"],
    )
