"""Where painting begins: at the photo, or at a picture that came with a project."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from PIL import Image, ImageOps

from nst.image import open_picture
from studio.components import mask_brush
from studio.components.images import data_url
from studio.components.painting_mix import THUMB
from studio.errors import in_the_users_words
from studio.events import AT_ONCE
from studio.i18n import LANGUAGES, words

if TYPE_CHECKING:
    from studio.page import Desk

HERE = Path(__file__).parent
SPOKEN = ("start", "start_away")


def begun() -> gr.HTML:
    """One row with the picture that is gone on from, and a way to be without it: the event `delete`. Else empty."""
    return gr.HTML(
        html_template=(HERE / "start_picture.html").read_text(encoding="utf-8"),
        css_template=(HERE / "painting_mix.css").read_text(encoding="utf-8"),
        js_on_load=(HERE / "start_picture.js").read_text(encoding="utf-8"),
        src="",
        said={language: {key: words(language)[key] for key in SPOKEN} for language in LANGUAGES},
        elem_id="begun",
        elem_classes=["bare"],
    )


def shown(start: bytes) -> Any:
    """The row for a picture, or for none."""
    picture = opened(start)
    return gr.update(src=data_url(ImageOps.fit(picture, THUMB)) if picture else "")


def tell(desk: Desk, after: Any) -> None:
    """What a project, or the visit, brought back is said where it can be seen: marks too."""
    after(mask_brush.told, desk.brush, desk.where, **AT_ONCE)
    after(shown, desk.start, desk.begun, **AT_ONCE)


def opened(start: bytes) -> Image.Image | None:
    """The picture to go on from; it may have come in a stranger's file."""
    with in_the_users_words():
        return open_picture(io.BytesIO(start), "start") if start else None
