"""Where a clip comes in: from a file or the camera. What it is to become is chosen beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from studio.components.widget_files import widget_files
from studio.i18n import for_browser

SECONDS = 4  # that the camera records
WORDS = ("hint", "choose", "record", "recording", "no_camera", "poster")


def clip_box() -> gr.HTML:
    """Its value is the file, as Gradio names it. The inbox sends it; its event `submit` says that it has come."""
    return gr.HTML(None, **widget_files(__file__), **_properties(), elem_id="clip", elem_classes=["bare"])


def showing(file: Mapping[str, Any], poster: str, name: str, about: str) -> Any:
    """The update that shows a clip. A widget in a panel that has never been open would lose what is not said again."""
    return gr.update(value=file, **_properties(poster, name, about))


def _properties(poster: str = "", name: str = "", about: str = "") -> dict[str, Any]:
    words = for_browser(WORDS, "film_")
    return {"poster": poster, "name": name, "about": about, "seconds": SECONDS, "words": words}
