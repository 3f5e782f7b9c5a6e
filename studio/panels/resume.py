"""The visit survives a reload, Back, or a connection that breaks: a new session takes up what the last one had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from studio.components import visit_memory
from studio.components.images import fresh_file, same_file
from studio.components.page_components import PageComponents
from studio.components.updates import Updates, merged
from studio.components.visit_memory import choices_in, previous_session
from studio.events import AT_ONCE, QUIET
from studio.gradio_internals import state_of
from studio.i18n import language_of
from studio.panels import album, history, restore
from studio.runs import run
from studio.runs.result import Result
from studio.runs.run import RunState


def join(page: PageComponents) -> None:
    def take_up(value: Any, request: gr.Request) -> Updates:
        return resumed(page, value, request)

    kept = {name: component for name, component in page.inputs.items() if not isinstance(component, gr.State)}
    mix = [page.mix.select, page.mix.delete, page.mix.release]
    changes = [page.content.change, page.style.change, page.mask_brush.change, *mix]
    changes += [knob.change for knob in page.knobs.values()]
    gr.on(changes, None, list(kept.values()), js=visit_memory.remember(kept), **AT_ONCE)

    back = page.memory.input(take_up, page.memory, outputs(page), **QUIET)
    back.success(None, js=visit_memory.RESUMED, **AT_ONCE)
    back.failure(None, js=visit_memory.FORGET, **AT_ONCE)


def outputs(page: PageComponents) -> list[Any]:
    pictures = [*history.hung_outputs(page), page.results, page.history]
    return [*pictures, *restore.brought_back_outputs(page), *album.resumed_outputs(page)]


def resumed(page: PageComponents, value: Any, request: gr.Request) -> Updates:
    """The page as it was: what was chosen, the pictures of the visit, and the one that was on the wall.

    Raises:
        gr.Error: if a file of the visitor's is no longer here.
    """
    session = previous_session(value)
    chosen = choices_in(value) | {
        "extra_styles": state_of(session, page.extra_styles) or (),
        "start": state_of(session, page.start) or b"",
    }
    results = [moved_here(one, request) for one in state_of(session, page.results) or ()]
    result = state_of(session, page.result)
    cut = cut_off(state_of(session, page.run_state), results)
    if cut:
        *_, new = run.finish(request, cut, broken_off=True)
        result = replace(new, chosen=state_of(session, page.chosen))
        results, _ = history.joined(result, results)
    elif result and result.run_id:
        result = next((one for one in results if one.run_id == result.run_id), None)
    _, strip = history.joined(result, results)
    return merged(
        history.hung(page, result, language_of(request)) if result else {},
        restore.brought_back(page, chosen, request),
        {page.results: results, page.history: strip},
        album.resumed(page, state_of(session, page.album_photos) or (), state_of(session, page.album_state), request),
    )


def moved_here(result: Result, request: gr.Request) -> Result:
    """The same picture, its file in the folder of the new session: the old one's goes with that."""
    old = Path(result.path)
    if not old.exists():
        return result
    return replace(result, path=str(same_file(old, fresh_file(old.name, request))))


def cut_off(state: RunState | None, results: Sequence[Result]) -> RunState | None:
    """A run that has a picture to show, and whose end nobody heard of."""
    ended = state is None or state.frame is None or any(one.run_id == state.run_id for one in results)
    return None if ended else state
