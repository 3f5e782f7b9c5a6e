"""Paint only here: a brush over the photo marks where a painting applies, or where the photo stays."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image, ImageChops, ImageFilter

from nst.image import open_picture
from studio.errors import in_the_users_words
from studio.words import LANGUAGES, words

HERE = Path(__file__).parent
HEAD = "data:image/png;base64,"
FEATHER = 1 / 80  # of the long side: how softly a mark ends
SPOKEN = ("where", "here", "keep", "second", "canvas", "photo", "size", "erase", "undo", "clear")


def brush() -> gr.HTML:
    """A value of {mask, where}; nothing is marked at first."""
    return gr.HTML(
        {"mask": None, "where": "here"},
        html_template=(HERE / "brush.html").read_text(encoding="utf-8"),
        css_template=(HERE / "brush.css").read_text(encoding="utf-8"),
        js_on_load=(HERE / "brush.js").read_text(encoding="utf-8"),
        words={language: {key: words(language)[f"brush_{key}"] for key in SPOKEN} for language in LANGUAGES},
        elem_id="brush",
        elem_classes=["bare"],
    )


def masks(value: Mapping[str, Any] | None, paintings: int) -> list[Image.Image] | None:
    """One mask for each painting, white where it applies; None where all of the photo is painted.

    The mark is where the paintings apply ("here"), where none does ("keep"), or where the last one
    does and the others do not ("second").
    """
    if not value or not value.get("mask"):
        return None
    marked = feathered(_opened(value["mask"]))
    rest = ImageChops.invert(marked)
    if value.get("where") == "second" and paintings > 1:
        return [*[rest] * (paintings - 1), marked]
    return [rest if value.get("where") == "keep" else marked] * paintings


def feathered(mask: Image.Image) -> Image.Image:
    return mask.convert("L").filter(ImageFilter.GaussianBlur(FEATHER * max(mask.size)))


def _opened(url: str) -> Image.Image:
    with in_the_users_words():
        try:
            file = base64.b64decode(str(url).removeprefix(HEAD), validate=True)
        except ValueError:
            raise ValueError("The marks on the photo could not be read; please clear them and mark again.") from None
        return open_picture(io.BytesIO(file), "mask")
