"""Go on from the picture on the wall: longer, larger, more like the painting, more like the photo."""

from __future__ import annotations

from math import isclose
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from nst.record import start_jpeg
from nst.settings import KNOBS
from studio.components.controls import moved
from studio.i18n import LANGUAGES, language_of, words
from studio.runs.result import Result

HERE = Path(__file__).parent
WAYS = ("continue", "sharper", "more_style", "more_photo")
SIZES = (256, 384, 512, 768, 1024, 1536, 2048)
SET = ("size", "content_weight")  # the knobs that a way may move
LEAST_STEPS, SHARE_OF_STEPS = 15, 0.15  # of what a whole painting takes
LEAST_WEIGHT = 0.01


def onward() -> gr.HTML:
    """Four quiet buttons. The one that was pressed is the value of the event `select`."""
    keys = ("heading", *WAYS, *(f"{way}_help" for way in WAYS))
    return gr.HTML(
        None,
        html_template=(HERE / "continue_buttons.html").read_text(encoding="utf-8"),
        css_template=(HERE / "continue_buttons.css").read_text(encoding="utf-8"),
        js_on_load=(HERE / "continue_buttons.js").read_text(encoding="utf-8"),
        items=list(WAYS),
        words={language: {key: words(language)[f"onward_{key}"] for key in keys} for language in LANGUAGES},
        disabled=False,
        elem_id="onward",
        elem_classes=["bare"],
    )


def go_on(
    request: gr.Request, way: str, result: Result | None, photo: Image.Image | None, size: int, content_weight: float
) -> tuple[Any, ...]:
    """What to start from, as a JPEG, and the updates of the knobs in SET."""
    said = words(language_of(request))
    if result is None or photo is None:
        raise gr.Error(said["onward_nothing"], print_exception=False)
    picture = result.picture
    if not isclose(picture.width / picture.height, photo.width / photo.height, rel_tol=0.03):
        raise gr.Error(said["onward_shape"], print_exception=False)
    if way == "sharper":
        size = next((larger for larger in SIZES if larger > max(picture.size)), SIZES[-1])
        if min(size, max(photo.size)) <= max(picture.size):
            raise gr.Error(said["onward_limit"], print_exception=False)
    weight = {"more_style": content_weight / 2, "more_photo": max(LEAST_WEIGHT, content_weight * 2)}
    content_weight = float(f"{weight.get(way, content_weight):.3g}")
    return start_jpeg(picture), moved(KNOBS["size"], size), moved(KNOBS["content_weight"], content_weight)


def steps_onward(steps: int) -> int:
    """A good picture is the start, so that a few steps do."""
    return max(LEAST_STEPS, round(steps * SHARE_OF_STEPS))
