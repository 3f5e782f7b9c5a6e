"""Where a visitor's pictures come in, whether they were dropped, pasted or chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from studio.components.images import MOST_BYTES
from studio.components.widget_files import widget_files
from studio.i18n import words

PROBLEMS = {"413": "too_large", "429": "too_much", "507": "disk_full"}  # HTTP status of an upload -> what is said


def inbox() -> gr.HTML:
    """Nothing to be seen. A picture that has been sent is the event `upload`, a clip the event `submit`."""
    return gr.HTML(
        None,
        **widget_files(__file__),
        html_template="",
        most=MOST_BYTES,
        problems=PROBLEMS,
        elem_id="inbox",
        elem_classes=["bare"],
    )


def arrived(value: Mapping[str, Any], language: str) -> tuple[str, dict[str, Any]]:
    """Which box a file is for, and the file as Gradio names it.

    Raises:
        gr.Error: if it could not be sent.
    """
    box, file = value.get("box"), value.get("file")
    if box not in ("photo", "painting", "film") or not isinstance(file, dict):
        problem = str(value.get("problem"))
        key = problem if problem in (*PROBLEMS.values(), "no_picture") else "not_sent"
        raise gr.Error(words(language)[key], print_exception=False)
    return box, file
