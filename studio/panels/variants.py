"""Nine small variants on one sheet: more of the photo downwards, a broader brush to the right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.events import Dependency

from nst import Settings
from nst.settings import KNOBS
from studio.components import gallery
from studio.components.controls import moved
from studio.components.images import inline
from studio.components.page_components import PageComponents, named
from studio.components.widget_files import widget_files
from studio.errors import without_a_trace
from studio.events import AT_ONCE, LATEST
from studio.i18n import for_browser, label, language_of, words
from studio.panels.turns import small_run
from studio.runs.choices import Choices
from studio.runs.run import frames_of
from studio.runs.throttle import paced
from studio.runs.timelapse import jpeg

SET = {"content_weight": (0.4, 1.0, 2.5), "style_scale": (0.5, 1.0, 2.0)}  # factors: of the rows, of the columns
QUICK: dict[str, Any] = {"size": 176, "steps": 26, "start_size": 64}
QUALITY = 88
WORDS = ("hint", "set", "go")
IS_SET = "() => { window.variantIsSet?.(); }"


def panel() -> dict[str, Any]:
    """Lies over the canvas while it is the chosen view. The sheet looks like a gallery, and a little more."""
    files = widget_files(__file__)
    files["css_template"] = widget_files(gallery.__file__)["css_template"] + files["css_template"]
    texts = for_browser(WORDS, "variants_")
    with gr.Column(elem_id="variants"):
        sheet = gr.HTML(
            None,
            **files,
            cells=[],
            done=0,
            count=0,
            ratio=1.5,
            words={one: {"heading": words(one)["variants"], **text} for one, text in texts.items()},
            elem_id="sheet",
            elem_classes=["bare"],
        )
        button = gr.Button(label("variants_paint"), size="md", elem_id="paint-sheet")
    return {"variants": sheet, "paint_variants": button}


def join(page: PageComponents) -> Dependency:
    """Returns the run, for Stop."""

    def run(values: dict[Any, Any], request: gr.Request) -> Iterator[Any]:
        yield from paint(request, Choices.of(named(inputs, values) | {"start": b""}))

    inputs = {name: component for name, component in page.inputs.items() if name != "start"}
    choice = page.variants.select(chosen, page.variants, [page.knobs[name] for name in SET], **LATEST, **AT_ONCE)
    choice.then(None, js=IS_SET, **AT_ONCE)
    return small_run(page, page.paint_variants, run, set(inputs.values()), page.variants)


def paint(request: gr.Request, choices: Choices) -> Iterator[Any]:
    """The sheet, cell by cell."""
    language, commission = language_of(request), choices.commission
    sheet = variants(commission.settings)
    runs = [frames_of(replace(commission, settings=replace(one, **QUICK))) for one in sheet]
    cells = [cell(one, language) for one in sheet]
    ratio = commission.content.width / commission.content.height
    yield gr.update(cells=list(cells), ratio=ratio, value=None, done=0, count=len(runs))
    with without_a_trace(language):
        for place, run in enumerate(runs):
            with closing(paced(run)) as frames:
                for frame in frames:
                    cells[place] = cells[place] | {"src": inline(jpeg(frame.image, QUICK["size"], QUALITY))}
                    yield gr.update(cells=list(cells), done=place + (frame.step == frame.steps))


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
    return [moved(name, float(value)) for name, value in zip(SET, key.split(), strict=True)]
