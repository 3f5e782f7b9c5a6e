"""The private parts of Gradio that widgets and panels rely on, and why no public way exists.

`tests/studio/test_gradio_internals.py` names each, so that an update of Gradio fails there and nowhere else.
"""

from __future__ import annotations

from typing import Any, TypeVar

from gradio.components import Component
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder

Widget = TypeVar("Widget", bound=type[Component])

upload_folder = get_upload_folder
"""The folder that Gradio serves from. No public function names it."""


def shown_as_its_parent(widget: Widget) -> Widget:
    """A class decorator. The browser looks for a widget under its class's name, unless it is such a "template"."""
    widget.is_template = True  # type: ignore[attr-defined]
    return widget


def opened_by(box: Component, payload: dict[str, Any] | None) -> Any:
    """What a picture's component makes of its raw value, for an event with `preprocess=False`.

    A public event preprocesses all of its inputs or none. Gradio has checked by then that the file is an upload.
    """
    return box.preprocess(ImageData(**payload)) if payload else None


def no_tool(function: Any) -> None:
    """Hides an endpoint from agents only; the public setting would hide it from programs, too."""
    function._mcp_type = "not a tool"
