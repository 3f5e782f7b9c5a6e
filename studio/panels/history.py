"""The last pictures of this visit. They are kept for one visitor, and go when the visit is over."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import ImageOps

from studio.components import gallery
from studio.components.images import inline
from studio.components.page_components import PageComponents
from studio.components.updates import Updates, merged
from studio.components.widget_files import widget_files
from studio.events import AT_ONCE, LATEST, QUIET
from studio.i18n import LANGUAGES, language_of, words
from studio.limits import LONGEST_VISIT
from studio.panels import adjust, prices, restore, viewer
from studio.runs.result import Result
from studio.runs.timelapse import jpeg, opened

MOST = 8  # pictures
EMPTY = '${items.length ? "" : `<p class="hint"></p>`}'
THUMB_SIZE, THUMB_QUALITY = (240, 180), 80


def results() -> gr.State:
    return gr.State([], time_to_live=LONGEST_VISIT.total_seconds(), delete_callback=forget)


def strip() -> gr.HTML:
    """A gallery like the others, of pictures that are not known beforehand; a sentence as long as there are none."""
    files = widget_files(gallery.__file__)
    files["html_template"] = files["html_template"].replace("</fieldset>", EMPTY + "</fieldset>")
    return gr.HTML(
        None,
        **files,
        items=[],
        name="visit",
        width=THUMB_SIZE[0],
        height=THUMB_SIZE[1],
        disabled=False,
        headings={language: words(language)["visit"] for language in LANGUAGES},
        hints={language: words(language)["visit_hint"] for language in LANGUAGES},
        elem_id="visit",
        elem_classes=["bare"],
    )


def join(page: PageComponents) -> None:
    def bring_back(key: str, results: Sequence[Result], request: gr.Request) -> Updates:
        result = found(request, key, results)
        return {**hung(page, result, language_of(request)), **restore.brought_back(page, result.chosen, request)}

    shown = [*hung_outputs(page), *restore.brought_back_outputs(page)]
    again = page.history.select(bring_back, [page.history, page.results], shown, **LATEST, **QUIET)
    again.failure(lambda: None, None, page.history, **AT_ONCE)


def reset(page: PageComponents, chosen: Mapping[str, Any]) -> Updates:
    """A run begins: write down what was chosen for it, as the browser sends it."""
    return {page.chosen: chosen, page.history: gr.update(value=None)}


def ended(page: PageComponents, result: Result | None, values: Mapping[Any, Any]) -> Updates:
    """A run is over, and its picture joins the others."""
    results, strip = joined(result, values[page.results])
    return {page.results: results, page.history: strip}


def joined(result: Result | None, results: Sequence[Result]) -> tuple[list[Result], dict[str, Any]]:
    """The pictures with a new one in front, and the update of the strip that shows them."""
    if result and result.run_id and all(result.run_id != one.run_id for one in results):
        forget(results[MOST - 1 :])
        results = [result, *results[: MOST - 1]]
    current = result.run_id if result and result.run_id else None
    return list(results), gr.update(items=[tile(one) for one in results], value=current, disabled=False)


def tile(result: Result) -> dict[str, Any]:
    thumb = jpeg(ImageOps.contain(opened(result.after), THUMB_SIZE), max(THUMB_SIZE), THUMB_QUALITY)
    return {"key": result.run_id, "src": inline(thumb), "title": result.title, "line": ""}


def hung_outputs(page: PageComponents) -> list[Any]:
    shown: list[Any] = [page.result, page.canvas, page.status, page.download, page.finished_gallery]
    return [*shown, page.continue_buttons, page.view, page.stage, *page.adjusting]


def hung(page: PageComponents, result: Result, language: str) -> Updates:
    """It hangs on the wall, as it was painted."""
    return merged(
        viewer.reset(page),
        viewer.offered(page, result),
        adjust.reset(page),
        {
            page.result: result,
            page.canvas: result.path,
            page.status: result.line,
            page.download: gr.update(value=result.path, interactive=True),
            page.finished_gallery: gr.update(value=None),
            **prices.on_the_wall(page, result, language),
        },
    )


def found(request: gr.Request, key: str, results: Sequence[Result]) -> Result:
    result = next((result for result in results if result.run_id == key), None)
    if result is None or not Path(result.path).exists():
        raise gr.Error(words(language_of(request))["visit_gone"], print_exception=False)
    return result


def forget(results: Sequence[Result]) -> None:
    """Nothing stays behind: the picture's file goes, its folder with it, and what is in memory is released."""
    for result in results:
        shutil.rmtree(Path(result.path).parent, ignore_errors=True)
