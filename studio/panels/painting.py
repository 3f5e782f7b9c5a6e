"""Paint, go on, and stop. A run is three calls to the server: one before, the run itself, one after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.events import Dependency

from studio.components import status_line
from studio.components.page_components import PageComponents, named
from studio.components.updates import Updates, merged
from studio.events import AT_ONCE, QUIET, RAW
from studio.gradio_internals import opened_by
from studio.i18n import language_of, words
from studio.panels import adjust, continue_buttons, history, presets, restore, turns, viewer
from studio.runs import run
from studio.runs.backend import ONE_AT_A_TIME
from studio.runs.choices import Choices
from studio.runs.result import Result

SHOW_CANVAS = """() => {
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    document.getElementById("canvas").scrollIntoView({ behavior, block: "nearest" });
}"""


def join(page: PageComponents) -> list[Dependency]:
    """Returns the runs, for Stop."""
    return [_painting(page), _going_on(page)]


def _painting(page: PageComponents) -> Dependency:
    """Paint, from the photo; or from a picture that came with a project."""

    def before(values: dict[Any, Any], request: gr.Request) -> Updates:
        return begin(page, named(page.inputs, values), request)

    def paint(values: dict[Any, Any], request: gr.Request) -> Iterator[Any]:
        yield from run.paint(request, Choices.of(named(page.inputs, values)))

    page.paint.click(None, js=SHOW_CANVAS, **AT_ONCE)
    start = page.paint.click(before, set(page.inputs.values()), begin_outputs(page), **RAW)
    turns.focus(start.then, "stop")
    return _run(page, start.then, paint, set(page.inputs.values()))


def _going_on(page: PageComponents) -> Dependency:
    """Paint on, from the picture on the wall and all that it was painted from, whatever stands in the boxes now."""

    def before(values: dict[Any, Any], request: gr.Request) -> Updates:
        return begin_to_go_on(page, values, request)

    def paint(values: dict[Any, Any], request: gr.Request) -> Iterator[Any]:
        choices = Choices.of(opened(page, values[page.chosen]))
        settings = replace(choices.settings, steps=continue_buttons.steps_to_go(choices.settings.steps))
        yield from run.paint(request, replace(choices, start=values[page.continue_from], settings=settings))

    def own_pictures(result: Result, request: gr.Request) -> Updates:
        return restore.brought_back(page, result.chosen, request)

    back = restore.brought_back_outputs(page)
    page.continue_buttons.undo(own_pictures, page.result, back, **QUIET)  # queued: only there a refusal can be shown
    changed = [*begin_outputs(page), page.continue_from]
    start = page.continue_buttons.select(before, {page.continue_buttons, page.result}, changed, **QUIET)
    start.success(None, js=SHOW_CANVAS, **AT_ONCE)
    turns.focus(start.success, "stop")
    return _run(page, start.success, paint, {page.continue_from, page.chosen})


def _run(
    page: PageComponents, after: Callable[..., Dependency], paint: Callable[..., Iterator[Any]], inputs: set[Any]
) -> Dependency:
    """The run itself. However it ends, `finish` follows once and keeps what is on the canvas."""

    def last(values: dict[Any, Any], request: gr.Request) -> Updates:
        return finish(page, values, request)

    event = after(
        paint,
        inputs,
        [page.canvas, page.status, page.run_state],
        **ONE_AT_A_TIME,
        **QUIET | {"show_progress": "minimal"},  # shows the place in the queue, then nothing
        show_progress_on=page.canvas,
    )
    needed = {page.run_state, page.result, page.chosen, page.results, *presets.inputs(page)}
    changed = [*turns.switched(page), page.canvas, page.status, page.download]
    changed += [page.result, page.results, page.code, page.presets, page.paint_variants, page.paint_lesson]
    for end in (event.success, event.failure):  # a stop counts as a failure
        done = end(last, needed, changed, **RAW)
        turns.focus(done.success, "paint")
        failed = done.failure(lambda: turns.idle(page), None, turns.switched(page), **AT_ONCE)  # never stuck
        turns.focus(failed.then, "paint")
    return event


def begin_outputs(page: PageComponents) -> list[Any]:
    """What `begin` changes."""
    return [*turns.switched(page), page.stage, page.download, page.status, page.run_state, page.chosen]


def begin(page: PageComponents, chosen: Mapping[str, Any], request: gr.Request) -> Updates:
    """The page as a run begins: nothing of the last one is chosen, looked at or adjusted any more."""
    return merged(
        turns.busy(page),
        viewer.reset(page),
        adjust.reset(page),
        history.reset(page, chosen),
        {
            page.finished_gallery: gr.update(value=None),
            page.download: gr.update(interactive=False),
            page.status: status_line.line(words(language_of(request))["starting"], busy=True),
            page.run_state: None,
        },
    )


def begin_to_go_on(page: PageComponents, values: Mapping[Any, Any], request: gr.Request) -> Updates:
    """The same for going on, with the picture to start from; no control moves.

    Raises:
        gr.Error: if there is nothing to go on from; then nothing changes.
    """
    result: Result | None = values[page.result]
    if result is None or not result.chosen:
        raise gr.Error(words(language_of(request))["onward_nothing"], print_exception=False)
    held = {name: opened_by(page.inputs[name], result.chosen[name]) for name in ("content", *continue_buttons.MOVES)}
    picture, moves = continue_buttons.go_on(
        request, continue_buttons.Start(values[page.continue_buttons], result, **held)
    )
    return {**begin(page, {**result.chosen, **moves}, request), page.continue_from: picture}


def opened(page: PageComponents, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen for a picture, as the components make it of what the browser sent."""
    return {name: opened_by(component, chosen[name]) for name, component in page.inputs.items()}


def finish(page: PageComponents, values: Mapping[Any, Any], request: gr.Request) -> Updates:
    """The page as a run is over: what was painted is kept, and what hangs there can be looked at and adjusted."""
    state, result = values[page.run_state], values[page.result]
    canvas, line, download, new = run.finish(request, state)
    if isinstance(new, Result):
        result = new = replace(new, chosen=values[page.chosen])
    elif state is not None and result is not None:
        canvas = result.path  # what hung there before, and can still be downloaded
    return merged(
        turns.idle(page),
        {page.canvas: canvas, page.status: line, page.download: download, page.result: new},
        {page.code: restore.code_of(request, result)},
        viewer.offered(page, result),
        adjust.ended(page, result),
        history.ended(page, result, values),
        presets.ended(page, request, {**values, page.result: result}),
    )


def stopping(page: PageComponents, runs: list[Dependency]) -> None:
    """Stop closes the run's generator; whatever was painted stays."""
    page.stop.click(lambda: gr.update(interactive=False), None, page.stop, cancels=list(runs), **AT_ONCE)
