"""Nine small variants on one sheet: more of the photo downwards, a broader brush to the right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import Dependency
from PIL import Image

from nst import Settings
from nst.settings import KNOBS
from studio.components.controls import moved
from studio.components.mask_brush import masks
from studio.components.painting_mix import Aside, mixed
from studio.errors import without_a_trace
from studio.events import AT_ONCE
from studio.i18n import LANGUAGES, label, language_of, words
from studio.panels.turns import small_run
from studio.panels.viewer import data_url
from studio.runs.run import begin, settings_of
from studio.runs.throttle import paced
from studio.runs.timelapse import jpeg

if TYPE_CHECKING:
    from studio.page import Desk

HERE = Path(__file__).parent
SET = {"content_weight": (0.4, 1.0, 2.5), "style_scale": (0.5, 1.0, 2.0)}  # factors: of the rows, of the columns
QUICK = {"size": 176, "steps": 26, "start_size": 64}
QUALITY = 88


def panel() -> dict[str, Any]:
    with gr.Accordion(label("variants"), open=False, elem_id="variants"):
        sheet = gr.HTML(
            None,
            html_template=(HERE / "variants.html").read_text(encoding="utf-8"),
            css_template=(HERE.parent / "components" / "gallery.css").read_text(encoding="utf-8")
            + (HERE / "variants.css").read_text(encoding="utf-8"),
            js_on_load=(HERE / "variants.js").read_text(encoding="utf-8"),
            cells=[],
            ratio=1.5,
            said={
                language: {key: words(language)[key] for key in ("variants", "variants_hint")} for language in LANGUAGES
            },
            elem_id="sheet",
            elem_classes=["bare"],
        )
        button = gr.Button(label("variants_paint"), size="md", elem_id="paint-sheet")
    return {"sheet": sheet, "paint_sheet": button}


def join(desk: Desk) -> Dependency:
    inputs = [desk.photo, desk.painting, desk.aside, desk.mix, desk.brush, *desk.knobs]
    _, run = small_run(desk, desk.paint_sheet, paint, inputs, desk.sheet)
    knobs = dict(zip(KNOBS, desk.knobs, strict=True))
    desk.sheet.select(chosen, desk.sheet, [knobs[name] for name in SET], **AT_ONCE)
    return run


def paint(
    request: gr.Request,
    photo: Image.Image | None,
    painting: Image.Image | None,
    aside: Sequence[Aside],
    mix: Mapping[str, Any],
    brush: Mapping[str, Any] | None,
    *values: Any,
) -> Iterator[Any]:
    """The sheet, cell by cell."""
    language, (paintings, style_mix) = language_of(request), mixed(painting, aside, mix)
    settings = replace(settings_of(values), style_mix=style_mix)
    sheet = variants(settings)
    where = masks(brush, len(paintings))
    runs = [begin(photo, paintings, replace(one, **QUICK), masks=where) for one in sheet]
    cells = [cell(one, language) for one in sheet]
    yield gr.update(cells=list(cells), ratio=photo.width / photo.height, value=None)
    with without_a_trace(language):
        for place, run in enumerate(runs):
            with closing(paced(run)) as frames:
                for frame in frames:
                    cells[place] = cells[place] | {"src": data_url(jpeg(frame.image, QUICK["size"], QUALITY))}
                    yield gr.update(cells=list(cells))


def variants(settings: Settings) -> list[Settings]:
    """Row by row; the one in the middle is as the controls have it."""
    weights, scales = (
        [round(min(max(getattr(settings, name) * factor, KNOBS[name].low), KNOBS[name].high), 3) for factor in factors]
        for name, factors in SET.items()
    )
    return [replace(settings, content_weight=weight, style_scale=scale) for weight in weights for scale in scales]


def cell(settings: Settings, language: str) -> dict[str, str]:
    content, brush = (f"{getattr(settings, name):g}" for name in SET)
    title = words(language)["variants_cell"].format(content=content, brush=brush)
    return {"key": f"{content} {brush}", "title": title, "src": ""}


def chosen(key: str) -> list[Any]:
    """The controls as that cell has them."""
    return [moved(KNOBS[name], float(value)) for name, value in zip(SET, key.split(), strict=True)]
