"""One thing is painted at a time: while it is, all that could begin another, or look at the last one, rests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import Dependency

from studio.events import AT_ONCE, FOCUS, ONE_AT_A_TIME, QUIET

if TYPE_CHECKING:
    from studio.page import Desk


def rest(desk: Desk, begun: Callable[..., Dependency]) -> None:
    """A run begins."""
    _turn(begun, desk.resting, interactive=False)


def wake(desk: Desk, after: Callable[..., Dependency]) -> None:
    """A run is over."""
    _turn(after, desk.resting, interactive=True)


def _turn(when: Callable[..., Dependency], ones: list[Any], **how: bool) -> None:
    when(lambda: [gr.update(**how) for _ in ones], None, ones, **AT_ONCE)


def small_run(
    desk: Desk, button: Any, paint: Callable[..., Any], inputs: list[Any], shown: Any
) -> tuple[Dependency, Dependency]:
    """A run beside the canvas, from a button of its own. Stop stops it; what it has shown stays.

    Returns:
        Its beginning, and the run.
    """
    switched = [desk.paint, desk.stop, desk.finished, desk.onward, desk.visit]
    begun = button.click(lambda: _switched(running=True), None, switched, **AT_ONCE)
    rest(desk, begun.then)
    begun.then(None, js=FOCUS % "stop", **AT_ONCE)
    run = begun.then(paint, inputs, shown, **ONE_AT_A_TIME, **QUIET)
    for ended in (run.success, run.failure):  # a stop counts as a failure
        over = ended(lambda: _switched(running=False), None, switched, **AT_ONCE)
        wake(desk, over.then)
        over.then(None, js=FOCUS % button.elem_id, **AT_ONCE)
    return begun, run


def _switched(running: bool) -> list[Any]:
    walls = [gr.update(disabled=running) for _ in range(3)]
    return [gr.update(visible=not running), gr.update(visible=running, interactive=True), *walls]
