"""Where a visitor's pictures come in, whether they were dropped, pasted or chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from studio import limits
from studio.components.images import MOST_BYTES
from studio.components.widget_files import widget_files
from studio.i18n import words

PROBLEMS = {"413": "too_large", "429": "too_much", "507": "disk_full"}  # HTTP status of an upload -> what is said


def inbox() -> gr.HTML:
    """Nothing to be seen. A picture that was sent is the event `upload`, a clip `submit`, several photos `select`."""
    return gr.HTML(
        None,
        **widget_files(__file__),
        html_template="",
        most=MOST_BYTES,
        problems=PROBLEMS,
        photos=int(limits.LIMITS.photos),
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
        raise gr.Error(_problem(value, language), print_exception=False)
    return box, file


def several(value: Mapping[str, Any], language: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Photos that came at once: the name of each, and its file as Gradio names it, or why there is none."""
    files = value.get("files")
    for one in files[: int(limits.LIMITS.photos)] if isinstance(files, list) else ():
        file = one.get("file")
        yield str(one.get("name")), file if isinstance(file, dict) else _problem(one, language)


def _problem(value: Mapping[str, Any], language: str) -> str:
    problem = str(value.get("problem"))
    return words(language)[problem if problem in (*PROBLEMS.values(), "no_picture") else "not_sent"]
