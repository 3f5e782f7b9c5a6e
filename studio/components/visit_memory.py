"""What a browser tab remembers of its visit, so that a reload, Back or a cut connection loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import gradio as gr

from studio.components.widget_files import widget_files

RESUMES = "resumes"  # under this name a browser says which session it had before


def visit_memory() -> gr.HTML:
    """Nothing to be seen. Where the tab had a session before, it says `input`, with the value {resumes, choices}.

    The server tells it the `session` that the tab has now.
    """
    return gr.HTML(
        None, **widget_files(__file__), html_template="", session="", elem_id="memory", elem_classes=["bare"]
    )


def remember(names: Iterable[str]) -> str:
    """JavaScript that keeps the values of components, given in the order of their names."""
    return f"(...values) => {{ window.remember?.({json.dumps(list(names))}, values); }}"


RESUMED = "() => { window.remember?.resumed(); }"
FORGET = "() => { window.remember?.forget(); }"  # there is nothing to come back to


def choices_in(value: Any) -> dict[str, Any]:
    choices = value.get("choices") if isinstance(value, dict) else None
    return choices if isinstance(choices, dict) else {}


def previous_session(value: Any) -> str:
    return str(value.get(RESUMES) or "") if isinstance(value, dict) else ""
