"""The private parts of Gradio that this page relies on, and why no public way exists.

`tests/studio/test_gradio_internals.py` names each, so that an update of Gradio fails there and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import gradio as gr
from gradio.components import Component
from gradio.context import LocalContext
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder

Widget = TypeVar("Widget", bound=type[Component])

upload_folder = get_upload_folder
"""The folder that Gradio serves from. No public function names it."""


def shown_as_its_parent(widget: Widget) -> Widget:
    """A class decorator. The browser looks for a widget under its class's name, unless it is such a "template"."""
    widget.is_template = True  # type: ignore[attr-defined]
    return widget


def opened_by(component: Component, raw: Any) -> Any:
    """What a component makes of its raw value, for an event with `preprocess=False`, or of one that was kept.

    A public event preprocesses all of its inputs or none.
    """
    if isinstance(component, gr.Image):
        return component.preprocess(ImageData(**raw)) if raw else None
    return component.preprocess(raw)


def without_its_mark(update: Any) -> Any:
    """An update as it was meant. Gradio takes its own mark for a property of a `gr.HTML`; one that is not on the page
    yet, in a panel that was never opened, would have that property and no other.
    """
    if isinstance(update, dict) and update.get("__type__") == "update" and isinstance(update.get("props"), dict):
        update["props"].pop("__type__", None)
        if not update["props"]:
            del update["props"]
    return update


def no_tool(function: Any) -> None:
    """Hides an endpoint from agents only; the public setting would hide it from programs, too."""
    function._mcp_type = "not a tool"


def queue_of(page: gr.Blocks) -> Any:
    """The queue itself. `Blocks.queue` only sets its options, and it has no hook for who is served next."""
    return page._queue


def is_wanted() -> Callable[[], bool]:
    """Whether somebody still waits for the event that is being handled now. Gradio itself asks after each step only."""
    page, number = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    event = queue_of(page).event_ids_to_events.get(number) if page and number else None
    return lambda: event is None or event.alive


def how_many(kind: str) -> Callable[[], int]:
    """Counts the events of a `concurrency_id` that wait or are worked on; for a handler, which Gradio tells nothing."""
    page = LocalContext.blocks.get(None)
    if page is None:
        return lambda: 0
    queue = queue_of(page)

    def count() -> int:
        line = queue.event_queue_per_concurrency_id.get(kind)
        working = [event for job in list(queue.active_jobs) for event in job or () if event.concurrency_id == kind]
        return len(working) + (len(line.queue) if line else 0)

    return count


def set_queue(page: gr.Blocks, queue: Any) -> None:
    page._queue = queue


def uploads_of(page: gr.Blocks) -> set[str]:
    """Paths of the files that were uploaded. `delete_cache` knows them, but no visits."""
    return page.upload_file_set


def forget_missing_files(page: gr.Blocks) -> None:
    """Gradio only adds to its sets of files."""
    for files in page.temp_file_sets:
        files -= {path for path in list(files) if not os.path.exists(path)}


def last_uses(page: gr.Blocks) -> dict[str, datetime]:
    """Session -> when its state was last used."""
    return dict(page.state_holder.time_last_used)


def state_of(session: str, component: Component) -> Any:
    """What another session has in a `gr.State`, while an event is being handled; None if nothing, or no such session.

    A session ends with its page, and Gradio has no way to take it up again after a reload.
    """
    page = LocalContext.blocks.get(None)
    kept = page.state_holder.session_data.get(session) if page else None
    return kept.state_data.get(component._id) if kept else None


def forget_state(page: gr.Blocks, session: str) -> None:
    """All that Gradio keeps for a session. Its own `delete_state` keeps the values of all controls."""
    holder = page.state_holder
    holder.delete_state(session)
    with holder.lock:
        holder.session_data.pop(session, None)
        holder.time_last_used.pop(session, None)


def connections_of(page: gr.Blocks) -> list[Any]:
    """uvicorn's open connections. Gradio makes the server itself, so that no option of uvicorn's can be set."""
    server = getattr(page, "server", None)
    return list(server.server_state.connections) if server else []
