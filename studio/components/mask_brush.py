"""Paint only here: a brush over the photo marks where a painting applies, or where the photo stays."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr
from PIL import Image, ImageChops, ImageStat

from nst.image import open_picture
from nst.masks import feathered
from nst.record import mask_png
from studio.components.images import inline
from studio.components.widget_files import widget_files
from studio.errors import in_the_users_words
from studio.i18n import for_browser, label

HEAD = "data:image/png;base64,"
HALF = 127.5  # grey
FEATHER = 1.25  # percent of the long side: how softly a mark ends if nothing else is said
WORDS = (
    "where",
    "here",
    "keep",
    "second",
    "canvas",
    "photo",
    "size",
    "erase",
    "undo",
    "clear",
    "invert",
    "refine",
    "feather",
    "subject",
    "background",
)


def mask_brush(photo: str) -> gr.HTML:
    """Its value is as `unmarked` says; nothing is marked at first."""
    return gr.HTML(
        unmarked(photo),
        **widget_files(__file__),
        words=for_browser(WORDS, "brush_"),
        elem_id="brush",
        elem_classes=["bare"],
    )


def unmarked(photo: str) -> dict[str, Any]:
    """Marks on the photo of that name: none yet.

    `mask` is a PNG as an address, white on black; `soft` where its edges are so already. `feather`, if it is there,
    says how much softer they become, in percent of the long side.
    """
    return {"mask": None, "where": "here", "soft": False, "photo": photo}


def marks_from(masks: Sequence[bytes], photo: str) -> dict[str, Any]:
    """The marks that lead to these masks, as PNG, one for each painting."""
    if not masks:
        return unmarked(photo)
    mask = open_picture(io.BytesIO(masks[-1]), "mask").convert("L")
    where = "second" if len(set(masks)) > 1 else "here" if ImageStat.Stat(mask).mean[0] <= HALF else "keep"
    marks = ImageChops.invert(mask) if where == "keep" else mask
    return {"mask": inline(mask_png(marks), "png"), "where": where, "soft": True, "photo": photo}


def marks_for(photo: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Marks stay with their photo."""
    return dict(value) if value.get("photo") == photo else unmarked(photo)


def panel_label(value: Mapping[str, Any]) -> Any:
    """The panel's heading says whether marks are in force, also while it is folded."""
    return gr.update(label=label("brush_marked" if value.get("mask") else "brush"))


def masks(value: Mapping[str, Any] | None, paintings: int) -> list[Image.Image] | None:
    """One mask for each painting, white where it applies; None where all of the photo is painted.

    The mark is where the paintings apply ("here"), where none does ("keep"), or where the last one
    does and the others do not ("second").
    """
    if not value or not value.get("mask"):
        return None
    marked = _feathered(opened(value["mask"]), value)
    rest = ImageChops.invert(marked)
    if value.get("where") == "second" and paintings > 1:
        return [*[rest] * (paintings - 1), marked]
    return [rest if value.get("where") == "keep" else marked] * paintings


def _feathered(mask: Image.Image, value: Mapping[str, Any]) -> Image.Image:
    said = value.get("feather")
    usual = 0.0 if value.get("soft") else FEATHER
    with in_the_users_words():
        return feathered(mask, float(said) if isinstance(said, int | float) else usual)


def opened(url: Any) -> Image.Image:
    """A mask as the browser holds it, in grey.

    Raises:
        gr.Error: if it is none.
    """
    with in_the_users_words():
        try:
            file = base64.b64decode(str(url).removeprefix(HEAD), validate=True)
        except ValueError:
            raise ValueError("The marks on the photo could not be read; please clear them and mark again.") from None
        return open_picture(io.BytesIO(file), "mask").convert("L")
