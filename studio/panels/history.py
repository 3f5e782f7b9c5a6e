"""The last pictures of this visit. They are kept for one visitor, and go when the visit is over."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from PIL import ImageOps

from studio.components import start_picture
from studio.components.painting_mix import rows
from studio.events import AT_ONCE, QUIET
from studio.i18n import LANGUAGES, language_of, words
from studio.panels.adjust import as_painted
from studio.panels.viewer import back, data_url
from studio.runs.result import Result
from studio.runs.timelapse import jpeg, opened
from studio.server.cleanup import LONGEST

if TYPE_CHECKING:
    from studio.page import Desk

HERE = Path(__file__).parent
MOST = 8  # pictures
ASIDE = 4  # place in Desk.choices
EMPTY = '${items.length ? "" : `<p class="hint"></p>`}'
THUMB_SIZE, THUMB_QUALITY = (240, 180), 80


def kept() -> gr.State:
    return gr.State([], time_to_live=LONGEST.total_seconds(), delete_callback=forget)


def strip() -> gr.HTML:
    """A wall like the others, of pictures that are not known beforehand; a sentence as long as there are none."""
    return gr.HTML(
        None,
        html_template=(HERE.parent / "components" / "gallery.html")
        .read_text(encoding="utf-8")
        .replace("</fieldset>", EMPTY + "</fieldset>"),
        css_template=(HERE.parent / "components" / "gallery.css").read_text(encoding="utf-8"),
        js_on_load=(HERE / "history.js").read_text(encoding="utf-8"),
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


def join(desk: Desk) -> None:
    brought = [desk.result, desk.canvas, desk.status, desk.download, desk.finished, desk.view, desk.stage]
    again = desk.visit.select(bring_back, [desk.visit, desk.kept], [*brought, *desk.adjusting], **QUIET)
    chosen = again.success(choices, [desk.visit, desk.kept], desk.choices, postprocess=False, **AT_ONCE)
    start_picture.tell(desk, chosen.then)
    again.success(mix_again, [desk.visit, desk.kept], desk.mix, **AT_ONCE)
    again.failure(lambda: None, None, desk.visit, **AT_ONCE)
    desk.finished.select(lambda: None, None, desk.visit, **AT_ONCE)


def begin(desk: Desk, begun: Any) -> None:
    """Write down what was asked for."""
    begun(lambda *held: held, [*desk.choices, desk.mix], desk.asked, preprocess=False, **AT_ONCE)
    begun(lambda: gr.update(value=None, disabled=True), None, desk.visit, **AT_ONCE)


def end(desk: Desk, after: Any) -> None:
    """A run is over, and its picture joins the others."""
    after(joined, [desk.result, desk.asked, desk.kept], [desk.kept, desk.visit], **AT_ONCE)


def joined(result: Result | None, asked: tuple[Any, ...], kept: Sequence[Result]) -> tuple[Any, Any]:
    """The pictures with a new one in front, and the strip that shows them."""
    if result and result.sitting and all(result.sitting != one.sitting for one in kept):
        forget(kept[MOST - 1 :])
        kept = [replace(result, asked=tuple(asked)), *kept[: MOST - 1]]
    chosen = result.sitting if result and result.sitting else None
    return list(kept), gr.update(items=[tile(one) for one in kept], value=chosen, disabled=False)


def tile(result: Result) -> dict[str, Any]:
    thumb = jpeg(ImageOps.fit(opened(result.after), THUMB_SIZE), max(THUMB_SIZE), THUMB_QUALITY)
    return {"key": result.sitting, "src": data_url(thumb), "title": result.title, "line": ""}


def bring_back(request: gr.Request, key: str, kept: Sequence[Result]) -> list[Any]:
    """What hangs on the wall again, as it was painted."""
    result = found(request, key, kept)
    shown = [result, result.path, result.line, gr.update(value=result.path, interactive=True), gr.update(value=None)]
    return [*shown, *back(), *as_painted()]


def choices(request: gr.Request, key: str, kept: Sequence[Result]) -> list[Any]:
    """Photo, painting and settings, as they were when the run began."""
    *held, _ = found(request, key, kept).asked
    return held


def mix_again(request: gr.Request, key: str, kept: Sequence[Result]) -> Any:
    """The rows of the paintings that were mixed."""
    *_, mix = asked = found(request, key, kept).asked
    return rows(asked[ASIDE], mix["weights"])


def found(request: gr.Request, key: str, kept: Sequence[Result]) -> Result:
    result = next((result for result in kept if result.sitting == key), None)
    if result is None or not Path(result.path).exists():
        raise gr.Error(words(language_of(request))["visit_gone"], print_exception=False)
    return result


def forget(results: Sequence[Result]) -> None:
    """Nothing stays behind: the picture's file goes, its folder with it, and what is in memory is let go."""
    for result in results:
        shutil.rmtree(Path(result.path).parent, ignore_errors=True)
