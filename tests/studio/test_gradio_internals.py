"""Every private part of Gradio that the page relies on: an update that takes one away fails here."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
import httpx
import pytest
from gradio.blocks import postprocess_update_dict
from gradio.data_classes import ImageData
from gradio.queueing import Event, EventQueue, Queue

import app
from studio.catalogue import PHOTOS
from studio.components.controls import KnobChoice, KnobMix, KnobNumber, KnobSlider, KnobText
from studio.components.images import Canvas, PictureBox
from studio.gradio_internals import (
    connections_of,
    forget_state,
    last_uses,
    no_tool,
    opened_by,
    queue_of,
    upload_folder,
    without_its_mark,
)

WIDGETS = {
    KnobSlider: "slider",
    KnobNumber: "number",
    KnobChoice: "dropdown",
    KnobMix: "dropdown",
    KnobText: "textbox",
    PictureBox: "image",
    Canvas: "image",
}


@pytest.mark.parametrize(("widget", "name"), WIDGETS.items())
def test_a_widget_of_ours_is_shown_as_its_parent(widget: type[gr.components.Component], name: str) -> None:
    one = widget(render=False, elem_id="knob-size")
    assert (one.get_block_name(), one.get_block_class()) == (name, name)


def test_an_update_of_a_value_leaves_the_properties_of_a_widget() -> None:
    """Gradio's own would replace them while the widget is not on the page; the day it does not, this can go."""
    widget = gr.HTML(words=1, render=False)
    gradios = postprocess_update_dict(widget, {"value": "a", "__type__": "update"})
    assert gradios["props"] == {"__type__": "update"}
    assert without_its_mark(gradios) == {"value": "a", "__type__": "update"}
    ours = postprocess_update_dict(widget, {"words": 2, "__type__": "update"})
    assert without_its_mark(ours)["props"] == {"words": 2}


def test_the_upload_folder_is_ours() -> None:
    assert upload_folder() == os.environ["GRADIO_TEMP_DIR"]


def test_a_raw_picture_is_opened_by_its_box() -> None:
    box = PictureBox(render=False, elem_id="photo")
    raw = ImageData(path=str(PHOTOS["barn"].path), orig_name="mine.png").model_dump()
    assert opened_by(box, raw).info["name"] == "mine.png"
    assert opened_by(box, None) is None


def test_an_endpoint_can_be_hidden_from_agents_alone() -> None:
    mcp = pytest.importorskip("gradio.mcp")

    def function() -> None: ...

    no_tool(function)
    assert function._mcp_type != "tool"  # type: ignore[attr-defined]
    assert 'block_fn.fn._mcp_type != "tool"' in inspect.getsource(mcp)


def raw_events() -> list[int]:
    """Those that take a picture as the browser sends it: a sketch, Paint, and what is handed in."""
    named = {block.elem_id: block for block in app.demo.blocks.values() if getattr(block, "elem_id", None)}
    events = app.demo.fns.items()
    paint = [number for number, event in events if not event.preprocess and named["photo"] in event.inputs]
    return paint + [number for number, event in events if named["inbox"] in event.inputs]


def sent(server: str, number: int, path: str) -> bool:
    """Whether an event with that photo succeeds."""
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    values = {"photo": file, "inbox": {"box": "photo", "file": file}}
    data = [values.get(getattr(one, "elem_id", "")) for one in app.demo.fns[number].inputs]
    body = {"fn_index": number, "data": data, "session_hash": uuid4().hex}
    answer = httpx.post(f"{server}gradio_api/queue/join", json=body, timeout=240)
    return answer.status_code == 200 and bool(ended(server, body["session_hash"])["success"])


def test_a_file_that_is_no_upload_is_refused_even_where_values_are_raw(
    server: str, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    preprocess = PictureBox.preprocess
    monkeypatch.setattr(PictureBox, "preprocess", lambda self, file: opened.append(file.path) or preprocess(self, file))
    sketched, paint, arrived, *others = raw_events()
    assert len(others) == 2
    assert not any(sent(server, event, str(photo)) for event in (sketched, paint, arrived, *others))
    assert opened == []
    with photo.open("rb") as file:
        (uploaded,) = httpx.post(f"{server}gradio_api/upload", files={"files": file}, timeout=240).json()
    assert sent(server, paint, uploaded)
    assert sent(server, arrived, uploaded)
    assert opened == [uploaded]


def ended(server: str, session: str) -> Any:
    """The last message about an event."""
    address = f"{server}gradio_api/queue/data?session_hash={session}"
    with httpx.stream("GET", address, timeout=240) as answer:
        for line in answer.iter_lines():
            message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if message.get("msg") == "process_completed":
                return message
    raise AssertionError("no answer")


def test_the_queue_has_what_ours_builds_upon() -> None:
    queue = queue_of(app.demo)
    overridden = {"push": ["body", "request", "username"], "get_events": [], "start": []}
    for name, parameters in overridden.items():
        assert list(inspect.signature(getattr(Queue, name)).parameters) == ["self", *parameters]
    assert set(inspect.signature(Queue.clean_events).parameters) == {"self", "session_hash", "event_id"}
    for name in (
        "active_jobs", "blocks", "event_ids_to_events", "event_queue_per_concurrency_id",
        "pending_event_ids_session", "pending_messages_per_session", "stopped",
    ):  # fmt: skip
        assert hasattr(queue, name), name
    event = inspect.getsource(Event.__init__)
    assert all(f"self.{name}" in event for name in ("session_hash", "fn", "request", "alive", "enqueue_time", "data"))
    line = EventQueue("name", 1)
    assert (line.queue, line.concurrency_limit, line.current_concurrency) == ([], 1, 0)


def test_a_session_is_forgotten_whole() -> None:
    state = app.demo.state_holder["a session of a test"]
    assert state and "a session of a test" in last_uses(app.demo)
    forget_state(app.demo, "a session of a test")
    assert "a session of a test" not in app.demo.state_holder
    assert "a session of a test" not in last_uses(app.demo)


def test_connections_can_be_seen(server: str) -> None:
    with httpx.stream("GET", f"{server}gradio_api/heartbeat/{uuid4().hex}", timeout=240):
        requests = [one.cycle for one in connections_of(app.demo) if hasattr(one, "cycle") and one.cycle]
        assert any(not request.response_complete for request in requests)
        assert all(hasattr(one, "transport") for one in connections_of(app.demo))
