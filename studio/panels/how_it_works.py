"""How it works: the idea, the formulas, and both shown with the visitor's own pictures."""

# ruff: noqa: RUF001  (formulas have their minus sign)

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import Dependency
from PIL import Image

from nst import load_vgg
from nst.insight import CONTENT_LAYERS, STYLE_LAYERS, gram_picture, kept_by, known_up_to
from nst.settings import KNOBS
from studio.errors import without_a_trace
from studio.events import AT_ONCE
from studio.i18n import label, language_of, words
from studio.panels.turns import small_run
from studio.panels.viewer import data_url
from studio.runs.result import Result
from studio.runs.run import begin
from studio.runs.throttle import paced
from studio.runs.timelapse import jpeg, opened
from studio.runs.zerogpu import borrowed

if TYPE_CHECKING:
    from studio.page import Desk

HERE = Path(__file__).parent
SIDE, STEPS, QUALITY = 128, 60, 88
GRAM_LAYER, GRAM_SIDE = "relu1_1", 256

# What MathML needs to say (A - B)^2, and the like.
_SQUARE = "<mo stretchy='false'>(</mo>{}<mo>−</mo>{}<msup><mo stretchy='false'>)</mo><mn>2</mn></msup>"
_MEAN = "<mi>mean</mi><mspace width='.2em'/>"
_LOSS = "<msub><mi>L</mi><mtext>{}</mtext></msub>"
_OF = "<msub><mi>{}</mi><mi>{}</mi></msub>"
_SLOPE = "<mfrac><mrow><mo>∂</mo><mi>L</mi></mrow><mrow><mo>∂</mo><mi>x</mi></mrow></mfrac>"


def formulas(content: str, style: str) -> dict[str, list[str]]:
    """The words for content and style -> the formulas of each part, as MathML."""
    content, style = _LOSS.format(escape(content)), _LOSS.format(escape(style))
    return {
        "content": [f"{content}<mo>=</mo>{_MEAN}{_SQUARE.format(_OF.format('F', 'g'), _OF.format('F', 'c'))}"],
        "style": [
            "<mi>G</mi><mo>=</mo><mi>F</mi><msup><mi>F</mi><mi>T</mi></msup>",
            f"{style}<mo>=</mo>{_MEAN}{_SQUARE.format(_OF.format('G', 'g'), _OF.format('G', 's'))}",
        ],
        "descent": [
            f"<mi>L</mi><mo>=</mo><mi>α</mi>{content}<mo>+</mo><mi>β</mi>{style}",
            f"<mi>x</mi><mo>←</mo><mi>x</mi><mo>−</mo><mi>η</mi>{_SLOPE}",
        ],
    }


def panel() -> dict[str, Any]:
    with gr.Accordion(label("lesson"), open=False, elem_id="lesson") as lesson:
        text = gr.HTML("", elem_id="lesson-text", elem_classes=["bare"])
        button = gr.Button(label("lesson_paint"), size="md", elem_id="paint-lesson")
        strips = gr.HTML(
            html_template=(HERE / "how_it_works.html").read_text(encoding="utf-8"),
            strips=[],
            elem_id="lesson-strips",
            elem_classes=["bare"],
        )
    return {"lesson": lesson, "lesson_text": text, "paint_lesson": button, "lesson_strips": strips}


def join(desk: Desk) -> Dependency:
    desk.lesson.expand(tell, None, desk.lesson_text, **AT_ONCE)
    inputs = [desk.photo, desk.painting, desk.result]
    _, run = small_run(desk, desk.paint_lesson, paint, inputs, desk.lesson_strips)
    return run


def tell(request: gr.Request) -> str:
    """The text, in the visitor's language."""
    said = words(language_of(request))
    parts = "".join(
        f"<section><h3>{escape(said[f'lesson_{part}'])}</h3><p>{escape(said[f'lesson_{part}_text'])}</p>"
        + "".join(f'<div class="formula"><math displaystyle="true">{formula}</math></div>' for formula in its_formulas)
        + "</section>"
        for part, its_formulas in formulas(said["content_error"], said["style_error"]).items()
    )
    idea, here = escape(said["lesson_idea"]), escape(said["lesson_here"])
    return f'<p class="idea">{idea}</p><div class="parts">{parts}</div><p class="here">{here}</p>'


def paint(
    request: gr.Request, photo: Image.Image | None, painting: Image.Image | None, result: Result | None
) -> Iterator[Any]:
    """Three strips, picture by picture, while each comes to be."""
    language = language_of(request)
    keeping = [begin(photo, [painting], kept_by(layer, SIDE, STEPS)) for layer in CONTENT_LAYERS]
    knowing = [begin(photo, [painting], known_up_to(layer, SIDE, STEPS)) for layer in STYLE_LAYERS]
    strips = _empty(language, photo.width / photo.height)
    yield gr.update(strips=deepcopy(strips))
    with without_a_trace(language):
        matrices = [photo, painting, *([opened(result.after)] if result else [])]
        for place, picture in enumerate(matrices):
            strips[2]["cells"][place]["src"] = _matrix(picture)
        yield gr.update(strips=deepcopy(strips))
        for strip, runs in zip(strips, (keeping, knowing), strict=False):
            for cell, run in zip(strip["cells"], runs, strict=True):
                with closing(paced(run)) as frames:
                    for frame in frames:
                        cell["src"] = data_url(jpeg(frame.image, SIDE, QUALITY))
                        yield gr.update(strips=deepcopy(strips))


def _empty(language: str, ratio: float) -> list[dict[str, Any]]:
    """The strips in their full size, before their first picture."""
    said = words(language)
    names = {
        "keeps": CONTENT_LAYERS,
        "knows": [STYLE_LAYERS[0], *(f"+ {layer}" for layer in STYLE_LAYERS[1:])],
        "gram": [said["photo"], said["painting"], said["lesson_wall"]],
    }
    return [
        {
            "title": said[f"lesson_{name}"],
            "text": said[f"lesson_{name}_text"],
            "kind": "matrix" if name == "gram" else "",
            "ratio": 1 if name == "gram" else ratio,
            "cells": [{"name": one, "src": ""} for one in cells],
        }
        for name, cells in names.items()
    ]


def _matrix(picture: Image.Image) -> str:
    """As a PNG: a matrix has no smooth places."""
    network = load_vgg(str(KNOBS["backbone"].default))
    stream = io.BytesIO()
    borrowed(10)(gram_picture)(picture, network, GRAM_LAYER, GRAM_SIDE).save(stream, "PNG")
    return data_url(stream.getvalue(), "png")
