"""Paint only here: a brush over the photo marks where a painting applies, or where the photo stays."""

from __future__ import annotations

import base64
import functools
import io
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr
from PIL import Image, ImageChops, ImageStat

from nst.image import open_picture
from nst.masks import feathered
from nst.mistakes import Mistake
from nst.record import mask_png
from studio.components.images import inline
from studio.components.photo_sheet import sheet_files
from studio.errors import in_the_users_words
from studio.i18n import for_browser, label

HEAD = "data:image/png;base64,"
HALF = 127.5  # grey
FEATHER = 1.25  # percent of the long side: how softly a mark ends if nothing else is said
WORDS = (
    "where",
    "here",
    "keep",
    "own",
    "which",
    "rest",
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
        **sheet_files(__file__),
        words=for_browser(WORDS, "brush_"),
        elem_id="brush",
        elem_classes=["bare"],
    )


def unmarked(photo: str) -> dict[str, Any]:
    """Marks on the photo of that name: none yet.

    `mask` is a PNG as an address, white on black; `soft` where its edges are so already. `regions` are the same for
    each painting, or None, which count where every painting has its "own". `feather`, if it is there, says how much
    softer they all become, in percent of the long side.
    """
    return {"mask": None, "regions": [], "where": "here", "soft": False, "photo": photo}


def marks_from(masks: Sequence[bytes], photo: str) -> dict[str, Any]:
    """The marks that lead to these masks, as PNG, one for each painting."""
    if not masks:
        return unmarked(photo)
    opened = [open_picture(io.BytesIO(mask), "mask").convert("L") for mask in masks]
    marks = unmarked(photo) | {"soft": True}
    if len(set(masks)) > 1:
        return marks | {"where": "own", "regions": [_address(mask) for mask in opened]}
    if ImageStat.Stat(opened[0]).mean[0] <= HALF:
        return marks | {"where": "here", "mask": _address(opened[0])}
    return marks | {"where": "keep", "mask": _address(ImageChops.invert(opened[0]))}


def _address(mask: Image.Image) -> str:
    return inline(mask_png(mask), "png")


def marks_for(photo: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Marks stay with their photo."""
    return dict(value) if value.get("photo") == photo else unmarked(photo)


def panel_label(value: Mapping[str, Any]) -> Any:
    """The panel's heading says whether marks are in force, also while it is folded."""
    marked = any(value.get("regions") or ()) if value.get("where") == "own" else value.get("mask")
    return gr.update(label=label("brush_marked" if marked else "brush"))


def without(value: Mapping[str, Any], painting: int) -> dict[str, Any]:
    """The marks, as that painting is taken away."""
    regions = [region for number, region in enumerate(value.get("regions") or ()) if number != painting]
    return dict(value) | {"regions": regions}


def masks(value: Mapping[str, Any] | None, paintings: int) -> list[Image.Image] | None:
    """One mask for each painting, white where it applies; None where all of the photo is painted.

    The mark is where the paintings apply ("here") or where none does ("keep"). Or every painting has its "own" region;
    those that have none share what no region covers.
    """
    if not value:
        return None
    if value.get("where") == "own":
        return _regions(value, paintings)
    if not value.get("mask"):
        return None
    marked = _marked(value["mask"], value)
    return [ImageChops.invert(marked) if value.get("where") == "keep" else marked] * paintings


def _regions(value: Mapping[str, Any], paintings: int) -> list[Image.Image] | None:
    said = [*(value.get("regions") or ()), *[None] * paintings][:paintings]
    regions = [_marked(region, value) if region else None for region in said]
    marked = [region for region in regions if region]
    if not marked:
        return None
    covered = functools.reduce(ImageChops.add, marked)  # where edges are soft, they add up
    return [region or ImageChops.invert(covered) for region in regions]


def _marked(url: str, value: Mapping[str, Any]) -> Image.Image:
    said = value.get("feather")
    usual = 0.0 if value.get("soft") else FEATHER
    with in_the_users_words():
        return feathered(opened(url), float(said) if isinstance(said, int | float) else usual)


def opened(url: Any) -> Image.Image:
    """A mask as the browser holds it, in grey.

    Raises:
        gr.Error: if it is none.
    """
    return opened_mask(str(url))


@functools.lru_cache(maxsize=8)  # of the mask of a sketch, which follows another; nobody writes to it
def opened_mask(url: str) -> Image.Image:
    with in_the_users_words():
        try:
            file = base64.b64decode(url.removeprefix(HEAD), validate=True)
        except ValueError:
            raise Mistake("The marks on the photo could not be read; please clear them and mark again.") from None
        return open_picture(io.BytesIO(file), "mask").convert("L")
