"""Go on from the picture on the wall: longer, larger, more like the painting, more like the photo."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose
from typing import Any

import gradio as gr
from PIL import Image

from nst.record import start_jpeg
from studio.components.controls import moved
from studio.components.widget_files import widget_files
from studio.i18n import for_browser, language_of, words
from studio.runs.result import Result

WAYS = ("continue", "sharper", "more_style", "more_photo")
SIZES = (256, 384, 512, 768, 1024, 1536, 2048)
MOVES = ("size", "content_weight")  # the knobs that a way may move
LEAST_STEPS, SHARE_OF_STEPS = 15, 0.15  # of what a whole painting takes
LEAST_WEIGHT = 0.01


@dataclass(frozen=True)
class Start:
    """The button that was pressed, and what the page holds then."""

    way: str
    result: Result | None
    content: Image.Image | None
    size: int
    content_weight: float


def continue_buttons() -> gr.HTML:
    """Four quiet buttons. The one that was pressed is the value of the event `select`."""
    return gr.HTML(
        None,
        **widget_files(__file__),
        items=list(WAYS),
        words=for_browser(("heading", *WAYS, *(f"{way}_help" for way in WAYS)), "onward_"),
        disabled=False,
        elem_id="onward",
        elem_classes=["bare"],
    )


def go_on(request: gr.Request, start: Start) -> tuple[bytes, dict[str, Any]]:
    """What to start from, as a JPEG, and the updates of the knobs in MOVES."""
    texts = words(language_of(request))
    if start.result is None or start.content is None:
        raise gr.Error(texts["onward_nothing"], print_exception=False)
    picture, content = start.result.picture, start.content
    if not isclose(picture.width / picture.height, content.width / content.height, rel_tol=0.03):
        raise gr.Error(texts["onward_shape"], print_exception=False)
    size, weight = start.size, start.content_weight
    if start.way == "sharper":
        size = next((larger for larger in SIZES if larger > max(picture.size)), SIZES[-1])
        if min(size, max(content.size)) <= max(picture.size):
            raise gr.Error(texts["onward_limit"], print_exception=False)
    weight = {"more_style": weight / 2, "more_photo": max(LEAST_WEIGHT, weight * 2)}.get(start.way, weight)
    knobs = {"size": size, "content_weight": float(f"{weight:.3g}")}
    return start_jpeg(picture), {name: moved(name, value) for name, value in knobs.items()}


def steps_to_go(steps: int) -> int:
    """A good picture is the start, so that a few steps do."""
    return max(LEAST_STEPS, round(steps * SHARE_OF_STEPS))
