"""Three ways to look at a picture, in one frame: as it is, against its photo, and as it came to be."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from nst.adjust import Adjustment
from nst.export import FRAMES_PER_SECOND, time_lapse
from studio.components.thumbnails import url
from studio.errors import without_a_trace
from studio.events import AT_ONCE
from studio.i18n import LANGUAGES, label, language_of, words
from studio.runs.result import Result

if TYPE_CHECKING:
    from studio.page import Desk

HERE = Path(__file__).parent
VIEWS = ("painting", "compare", "replay")
SAID = (
    "photo",
    "painting",
    "compare_share",
    "replay_none",
    "replay_step",
    "replay_scrub",
    "replay_play",
    "replay_pause",
    "time_lapse",
)


def stage() -> gr.HTML:
    """Lies over the canvas, and is empty while the canvas itself is to be seen."""
    return gr.HTML(
        html_template=(HERE / "viewer.html").read_text(encoding="utf-8"),
        css_template=(HERE / "viewer.css").read_text(encoding="utf-8"),
        js_on_load=(HERE / "viewer.js").read_text(encoding="utf-8"),
        view="painting",
        before="",
        after="",
        ratio=1.5,
        film="",
        steps=[],
        rate=FRAMES_PER_SECOND,
        said={language: {key: words(language)[key] for key in SAID} for language in LANGUAGES},
        elem_id="stage",
        elem_classes=["bare"],
    )


def switch() -> gr.Radio:
    return gr.Radio(
        [(label(f"view_{view}"), view) for view in VIEWS],
        value="painting",
        show_label=False,
        interactive=True,
        elem_id="view",
        elem_classes=["segments"],
    )


def join(desk: Desk) -> None:
    """Looking changes nothing: the canvas stays under the stage."""
    desk.view.input(show, [desk.view, desk.result, *desk.adjusting], desk.stage, **AT_ONCE)
    begin(desk, desk.finished.select)


def begin(desk: Desk, begun: Any) -> None:
    """Another picture comes: to the canvas."""
    begun(back, None, [desk.view, desk.stage], **AT_ONCE)


def back() -> list[Any]:
    """To the canvas."""
    return [gr.update(value="painting"), gr.update(view="painting", film="")]


def show(request: gr.Request, view: str, result: Result | None, *adjusting: Any) -> Any:
    """The stage for a view of what hangs on the wall."""
    if result is None or view == "painting":
        return gr.update(view="painting", film="")
    with without_a_trace(language_of(request)):
        return compare(result, Adjustment(*adjusting)) if view == "compare" else replay(result, request)


def compare(result: Result, adjustment: Adjustment) -> Any:
    return gr.update(
        view="compare",
        before=data_url(result.before),
        after=data_url(result.small(adjustment)),
        ratio=result.ratio,
        film="",
    )


def replay(result: Result, request: gr.Request) -> Any:
    if not result.film:
        return gr.update(view="replay", film="", steps=[])
    path = result.beside("time-lapse.mp4", request)
    time_lapse((shot.picture for shot in result.film), path)
    steps = [shot.step for shot in result.film]
    return gr.update(view="replay", film=url(path), steps=steps, ratio=result.ratio)


def data_url(file: bytes, kind: str = "jpeg") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(file).decode()}"
