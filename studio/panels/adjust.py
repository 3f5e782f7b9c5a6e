"""Adjusting the finished picture: seen at once, and made in full size when it is downloaded."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import gradio as gr

from nst.adjust import COLORS, LEAST_CONTRAST, MOST_CONTRAST, UNCHANGED, Adjustment
from nst.image import save_png
from nst.record import KEYWORD
from studio.components.images import inline
from studio.components.page_components import PageComponents
from studio.components.updates import Updates
from studio.errors import without_a_trace
from studio.events import AT_ONCE, LATEST
from studio.i18n import choice_label, label, language_of
from studio.runs.result import Result
from studio.runs.timelapse import opened

DOWNLOAD = "() => { setTimeout(() => document.getElementById('taken')?.click(), 60) }"


def panel() -> dict[str, Any]:
    """Three controls in the order of Adjustment's fields, folded away, and the way back."""
    with gr.Accordion(label("adjust"), open=False, elem_id="adjust"):
        strength = _slider("strength", 0, 1)
        contrast = _slider("contrast", LEAST_CONTRAST, MOST_CONTRAST)
        colors = gr.Radio(
            [(choice_label("color", color), color) for color in COLORS],
            value=UNCHANGED.colors,
            label=label("adjust_colors"),
            interactive=True,
            elem_id="adjust-colors",
        )
        reset = gr.Button(label("adjust_reset"), size="sm", elem_id="adjust-reset")
    file = gr.DownloadButton("", visible="hidden", elem_id="taken")  # is clicked when its file is ready
    return {"adjusting": [strength, colors, contrast], "adjust_reset": reset, "adjusted_file": file}


def _slider(name: str, least: float, most: float) -> gr.Slider:
    start, text = getattr(UNCHANGED, name), label(f"adjust_{name}")
    return gr.Slider(least, most, start, step=0.01, label=text, buttons=[], elem_id=f"adjust-{name}")


def join(page: PageComponents) -> None:
    """The canvas, and the view that lies over it, follow the controls; the download becomes what is seen."""
    seen = [page.canvas, page.stage, page.download]
    inputs = [page.result, page.view, *page.adjusting]
    gr.on([one.input for one in page.adjusting], look, inputs, seen, **LATEST, **AT_ONCE)
    page.adjust_reset.click(as_painted, None, page.adjusting, **AT_ONCE).then(look, inputs, seen, **AT_ONCE)
    made = page.download.click(full_size, [page.result, *page.adjusting], page.adjusted_file, **AT_ONCE)
    made.success(None, js=DOWNLOAD, **AT_ONCE)


def reset(page: PageComponents) -> Updates:
    """Another picture comes, as it was painted."""
    values = zip(page.adjusting, as_painted(), strict=True)
    return {component: gr.update(value=value) for component, value in values}


def ended(page: PageComponents, result: Result | None) -> Updates:
    """What hangs there after a run, whether or not anything was painted, is the picture as it was painted."""
    return {page.canvas: result.path, page.download: gr.update(value=result.path)} if result else {}


def as_painted() -> list[Any]:
    return [UNCHANGED.strength, UNCHANGED.colors, UNCHANGED.contrast]


def look(request: gr.Request, result: Result | None, view: str, *adjusting: Any) -> tuple[Any, Any, Any]:
    """Canvas, stage and download. A changed picture has no file before it is asked for."""
    if result is None:
        return gr.skip(), gr.skip(), gr.skip()
    adjustment = Adjustment(*adjusting)
    with without_a_trace(language_of(request)):
        small = result.small(adjustment)
    stage = gr.update(after=inline(small)) if view in ("compare", "tiled") else gr.skip()
    if adjustment == UNCHANGED:
        return result.path, stage, gr.update(value=result.path)
    return opened(small), stage, gr.update(value=None)


def full_size(request: gr.Request, result: Result | None, *adjusting: Any) -> str | None:
    """The picture as it is seen, in full size; nothing where the download has it already."""
    adjustment = Adjustment(*adjusting)
    if result is None or adjustment == UNCHANGED:
        return None
    with without_a_trace(language_of(request)):
        path = result.beside(f"{result.file_name}.png", request)
        save_png(result.whole(adjustment), path, {**result.text, **described(adjustment)})
    return str(path)


def described(adjustment: Adjustment) -> dict[str, str]:
    """What was done to the picture after it was painted, as text for its file."""
    return {f"{KEYWORD}-adjusted": json.dumps(asdict(adjustment))}
