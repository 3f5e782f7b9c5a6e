"""While the knobs of the settings move, a rough small picture beside them follows.

It gives way to everybody: while anything is painted or waits to be, there is none.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import gradio as gr
from PIL import Image

from studio.components.images import data_url, small_picture
from studio.components.page_components import PageComponents, named
from studio.components.painting_mix import ExtraStyle
from studio.components.updates import Updates
from studio.components.widget_files import widget_files
from studio.events import AT_ONCE, LATEST, QUIET
from studio.gradio_internals import how_many, is_wanted, opened_by
from studio.i18n import for_browser
from studio.runs.backend import ONE_AT_A_TIME
from studio.runs.choices import Choices
from studio.runs.sketch import is_possible, sketch, sketched

BESIDE = ("content_weight", "style_weight", "motifs", "tv_weight")  # the knobs that it stands beside
FOLLOWED = (*BESIDE, "style_scale", "color")
BOXES = ("content", "style")
ONE_BY_ONE: dict[str, Any] = {"concurrency_id": "sketch", "concurrency_limit": 1}  # for all visitors together
MOST = 8  # sketches under way and waiting; beyond, they are left out until the line is shorter


def panel() -> gr.HTML:
    """The place: a hint until there is a picture. It pales when choices change.

    `moment` tells two equal pictures apart; `possible` says whether there can be one. Where it is seen and the choices
    have changed, it asks for a new one: the event `select`. Knobs that it follows do so by themselves.
    """
    return gr.HTML(
        **widget_files(__file__),
        src="",
        moment=0.0,
        possible=True,
        followed=list(FOLLOWED),
        words=for_browser(("title", "hint", "alt", "none"), "sketch_"),
        visible=is_possible(),
        elem_id="sketch",
        elem_classes=["bare"],
    )


def join(page: PageComponents) -> None:
    """The newest values win: the browser sends no further ones before it has the last picture."""

    def follow(values: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        for update in followed(page, named(page.inputs, values), request):
            yield {page.sketch: update}

    if not is_possible():
        return
    changed = [page.knobs[name].change for name in FOLLOWED]  # by a choice of a picture, for one
    gr.on(changed, None, None, js="() => document.dispatchEvent(new Event('knobsmoved'))", **AT_ONCE)
    others = [page.mask_brush.change, page.knobs["strokes"].change, page.knobs["keep_faces"].change]
    gr.on(others, None, None, js="() => document.dispatchEvent(new Event('choicesmoved'))", **AT_ONCE)
    moved = [page.knobs[name].input for name in FOLLOWED] + [page.knobs["style_scale"].release]  # a reset is one
    moved.append(page.sketch.select)
    how: dict[str, Any] = {"preprocess": False, **LATEST, **QUIET, **ONE_BY_ONE}
    gr.on(moved, follow, set(page.inputs.values()), page.sketch, **how)


def followed(page: PageComponents, chosen: Mapping[str, Any], request: gr.Request) -> Iterator[Any]:
    """The updates of the place; none where something cannot be painted as it stands, which Paint will say."""
    paintings, sketches, asked = how_many(ONE_AT_A_TIME["concurrency_id"]), how_many("sketch"), is_wanted()
    with suppress(ValueError):
        if sketches() <= MOST and not paintings():
            choices = Choices.of(_opened(page, chosen, request))
            if sketched(choices.settings) is None:
                yield gr.update(src="", moment=time.monotonic(), possible=False)
                return
            pictures = sketch(choices, lambda: asked() and not paintings())
            for picture in pictures if sketches() == 1 else deque(pictures, 1):  # where others wait, the finished one
                yield gr.update(src=data_url(picture), moment=time.monotonic(), possible=True)


def _opened(page: PageComponents, chosen: Mapping[str, Any], request: gr.Request) -> dict[str, Any]:
    """The choices from what the browser sent, with small pictures for large ones."""
    session = str(request.session_hash)
    values = {name: opened_by(one, chosen[name]) for name, one in page.inputs.items() if name not in BOXES}
    small = {name: small_picture(chosen[name].get("path"), session) for name in BOXES if chosen[name]}
    extra_styles = [_Small(one.file, one.name, one.thumb, session) for one in chosen["extra_styles"]]
    return {**dict.fromkeys(BOXES), **values, **small, "extra_styles": extra_styles}


@dataclass(frozen=True)
class _Small(ExtraStyle):
    """A painting to be mixed in, of which a small picture will do."""

    session: str

    @property
    def picture(self) -> Image.Image:
        return small_picture(self.file, self.session)
