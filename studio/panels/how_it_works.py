"""How it works: the idea, the formulas, and both shown with the visitor's own pictures."""

# ruff: noqa: RUF001  (formulas have their minus sign)

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from copy import deepcopy
from html import escape
from itertools import chain
from typing import Any

import gradio as gr
from gradio.events import Dependency
from PIL import Image

from nst import Settings, load_vgg
from nst.insight import CONTENT_LAYERS, STYLE_LAYERS, colored_likes, gram_picture, kept_by, known_up_to
from nst.resilient import RunFrame
from nst.settings import KNOBS
from studio.components.images import inline
from studio.components.page_components import PageComponents
from studio.components.widget_files import widget_files
from studio.errors import without_a_trace
from studio.events import AT_ONCE
from studio.i18n import label, language_of, words
from studio.panels.turns import small_run
from studio.runs.choices import commission
from studio.runs.result import Result
from studio.runs.run import frames_of
from studio.runs.throttle import paced
from studio.runs.timelapse import jpeg, opened
from studio.runs.zerogpu import borrowed

SIDE, STEPS, QUALITY = 128, 60, 88
GRAM_LAYER, GRAM_SIDE = "relu1_1", 256

Cell = dict[str, str]  # of a strip: its name, and the picture's address

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


def runs() -> tuple[list[Settings], list[Settings], Settings]:
    """What is painted for each strip that comes to be: layer by layer twice, and a picture with matches."""
    keeping = [kept_by(layer, SIDE, STEPS) for layer in CONTENT_LAYERS]
    knowing = [known_up_to(layer, SIDE, STEPS) for layer in STYLE_LAYERS]
    return keeping, knowing, Settings(size=SIDE, steps=STEPS)


def panel() -> dict[str, Any]:
    with gr.Accordion(label("lesson"), open=False, elem_id="lesson") as lesson:
        text = gr.HTML("", elem_id="lesson-text", elem_classes=["bare"])
        button = gr.Button(label("lesson_paint"), size="md", elem_id="paint-lesson")
        strips = gr.HTML(
            **widget_files(__file__), strips=[], done=0, count=0, elem_id="lesson-strips", elem_classes=["bare"]
        )
    return {"lesson": lesson, "lesson_text": text, "paint_lesson": button, "lesson_strips": strips}


def join(page: PageComponents) -> Dependency:
    """Returns the run, for Stop."""
    page.lesson.expand(text, None, page.lesson_text, **AT_ONCE)
    inputs = [page.content, page.style, page.result]
    return small_run(page, page.paint_lesson, paint, inputs, page.lesson_strips)


def text(request: gr.Request) -> str:
    """The text, in the visitor's language."""
    texts = words(language_of(request))
    parts = "".join(
        f"<section><h2>{escape(texts[f'lesson_{part}'])}</h2><p>{escape(texts[f'lesson_{part}_text'])}</p>"
        + "".join(f'<div class="formula"><math displaystyle="true">{formula}</math></div>' for formula in its_formulas)
        + "</section>"
        for part, its_formulas in formulas(texts["content_error"], texts["style_error"]).items()
    )
    idea, here = escape(texts["lesson_idea"]), escape(texts["lesson_here"])
    return f'<p class="idea">{idea}</p><div class="parts">{parts}</div><p class="here">{here}</p>'


def paint(
    request: gr.Request, content: Image.Image | None, style: Image.Image | None, result: Result | None
) -> Iterator[Any]:
    """Four strips, picture by picture, while each comes to be."""
    language = language_of(request)
    of_keeping, of_knowing, of_matching = runs()
    keeping, knowing, (matching,) = (
        [frames_of(commission(content, [style], settings)) for settings in each]
        for each in (of_keeping, of_knowing, [of_matching])
    )
    assert content is not None and style is not None  # or it would have been refused
    strips = _empty(language, content.width / content.height)
    of_content, of_style, of_grams, of_likes = (strip["cells"] for strip in strips)
    pictures = [content, style, *([opened(result.after)] if result else [])]
    changes = chain(
        _compared(of_grams, pictures),
        *map(_followed, of_content, keeping),
        *map(_followed, of_style, knowing),
        _located(of_likes, matching, style),
    )
    cells = [cell for strip in (of_content, of_style, of_likes[-1:]) for cell in strip]
    yield gr.update(strips=deepcopy(strips), done=0, count=len(cells))
    with without_a_trace(language):
        for _ in changes:
            yield gr.update(strips=deepcopy(strips), done=sum(bool(cell["src"]) for cell in cells))


def _compared(cells: Sequence[Cell], pictures: Sequence[Image.Image]) -> Iterator[None]:
    """Gram matrices, beside each other at once."""
    for cell, picture in zip(cells, pictures, strict=False):
        cell["src"] = _matrix(picture)
    yield


def _followed(cell: Cell, run: Generator[RunFrame, None, None]) -> Iterator[None]:
    """A picture while it comes to be."""
    for frame in _shown(run):
        cell["src"] = _inline(frame.image)
        yield


def _located(cells: Sequence[Cell], run: Generator[RunFrame, None, None], style: Image.Image) -> Iterator[None]:
    """A picture while it comes to be, and where in the painting its parts have their like."""
    of_painting, of_picture, painted = cells
    for frame in _shown(run):
        painted["src"] = _inline(frame.image)
        if frame.likes is not None:
            (colours,), found = colored_likes(frame.likes, [style], SIDE)
            of_painting["src"], of_picture["src"] = _inline(colours), _inline(found)
        yield


def _shown(run: Generator[RunFrame, None, None]) -> Iterator[RunFrame]:
    with closing(paced(run)) as frames:
        yield from frames


def _inline(picture: Image.Image) -> str:
    return inline(jpeg(picture, SIDE, QUALITY))


def _empty(language: str, ratio: float) -> list[dict[str, Any]]:
    """The strips in their full size, before their first picture."""
    texts = words(language)
    names = {
        "keeps": CONTENT_LAYERS,
        "knows": [STYLE_LAYERS[0], *(f"+ {layer}" for layer in STYLE_LAYERS[1:])],
        "gram": [texts["photo"], texts["painting"], texts["lesson_wall"]],
        "likes": [texts[f"lesson_likes_{one}"] for one in ("painting", "picture", "painted")],
    }
    return [
        {
            "title": texts[f"lesson_{name}"],
            "text": texts[f"lesson_{name}_text"],
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
    return inline(stream.getvalue(), "png")
