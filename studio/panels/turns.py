"""One thing is painted at a time: while it is, all that could begin another, or look at the last one, rests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from gradio.events import Dependency

from studio.components.page_components import PageComponents
from studio.components.updates import Updates
from studio.events import AT_ONCE, FOCUS, QUIET
from studio.runs.backend import ONE_AT_A_TIME


def switched(page: PageComponents) -> list[Block]:
    """What the two functions below change."""
    return list(busy(page))


def busy(page: PageComponents) -> Updates:
    """A run begins: Stop takes Paint's place, and everything else that paints or looks rests."""
    return _switched(page, running=True)


def idle(page: PageComponents) -> Updates:
    """A run is over."""
    return _switched(page, running=False)


def _switched(page: PageComponents, running: bool) -> Updates:
    widgets = [page.finished_gallery, page.continue_buttons, page.history, page.share]
    return {
        page.paint: gr.update(visible=not running),
        page.stop: gr.update(visible=running, interactive=True),
        **{widget: gr.update(disabled=running) for widget in widgets},
        **{component: gr.update(interactive=not running) for component in page.resting},
    }


def focus(after: Callable[..., Dependency], element: str) -> None:
    """Give the focus to another button, if the one that had it is gone. Needs no call to the server."""
    after(None, js=FOCUS % element, **AT_ONCE)


def small_run(
    page: PageComponents,
    button: gr.Button,
    paint: Callable[..., Iterator[Any]],
    inputs: list[Component] | set[Component],
    shown: Component,
) -> Dependency:
    """A run beside the canvas, from a button of its own. Stop stops it; what it has shown stays."""
    start = button.click(lambda: busy(page), None, switched(page), **AT_ONCE)
    focus(start.then, "stop")
    run: Dependency = start.then(paint, inputs, shown, **ONE_AT_A_TIME, **QUIET)
    for end in (run.success, run.failure):  # a stop counts as a failure
        over = end(lambda: {**idle(page), shown: gr.update(count=0)}, None, [*switched(page), shown], **AT_ONCE)
        focus(over.then, str(button.elem_id))
    return run
