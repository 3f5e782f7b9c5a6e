"""Go on from the picture on the wall: longer, larger, more like the painting, more like the photo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from PIL import Image

from nst import Settings
from nst.record import start_jpeg
from studio.components.images import box_key
from studio.components.widget_files import widget_files
from studio.i18n import for_browser, language_of, words
from studio.runs.result import Result

WAYS = ("continue", "sharper", "more_style", "more_photo")
SIZES = (256, 384, 512, 768, 1024, 1536, 2048)
MOVES = ("size", "content_weight")  # the knobs that a way may move
WORDS = ("heading", *WAYS, *(f"{way}_help" for way in WAYS), "other", "own")
LEAST_STEPS, SHARE_OF_STEPS = 15, 0.15  # of what a whole painting takes
LEAST_WEIGHT = 0.01


@dataclass(frozen=True)
class Start:
    """The button that was pressed, the picture on the wall, and what that was painted from."""

    way: str
    result: Result
    content: Image.Image | None
    size: int
    content_weight: float


def continue_buttons(result: Result | None) -> gr.HTML:
    """Four quiet buttons. The one that was pressed is the value of the event `select`.

    Where another photo or painting stands in the boxes than the picture was painted from, a line says so; the event
    `undo` asks for the picture's own.
    """
    return gr.HTML(
        None,
        **widget_files(__file__),
        items=list(WAYS),
        own=own(result),
        prices={},
        words=for_browser(WORDS, "onward_"),
        disabled=False,
        elem_id="onward",
        elem_classes=["bare"],
    )


def own(result: Result | None) -> dict[str, str | None] | None:
    """The keys of the two pictures that this one was painted from."""
    if result is None or not result.chosen:
        return None
    boxes = {"photo": result.chosen["content"], "painting": result.chosen["style"]}
    return {name: box_key(box["path"]) if box else None for name, box in boxes.items()}


def go_on(request: gr.Request, start: Start) -> tuple[bytes, dict[str, Any]]:
    """What to start from, as a JPEG, and the values of the knobs in MOVES."""
    texts = words(language_of(request))
    picture, content = start.result.picture, start.content
    size, weight = start.size, start.content_weight
    if start.way == "sharper":
        size = larger_than(max(picture.size))
        if (min(size, max(content.size)) if content else size) <= max(picture.size):
            raise gr.Error(texts["onward_limit"], print_exception=False)
    weight = {"more_style": weight / 2, "more_photo": max(LEAST_WEIGHT, weight * 2)}.get(start.way, weight)
    return start_jpeg(picture), {"size": size, "content_weight": float(f"{weight:.3g}")}


def larger_than(side: int) -> int:
    """The next size."""
    return next((larger for larger in SIZES if larger > side), SIZES[-1])


def planned(way: str, settings: Settings, size: tuple[int, int]) -> Settings:
    """What a way will take, from a picture of that size that was painted with those settings."""
    side = larger_than(max(size)) if way == "sharper" else settings.size
    return replace(settings, size=side, steps=steps_to_go(settings.steps))


def steps_to_go(steps: int) -> int:
    """A good picture is the start, so that a few steps do."""
    return max(LEAST_STEPS, round(steps * SHARE_OF_STEPS))
