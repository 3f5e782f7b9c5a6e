"""Where painting begins: at the photo, or at a picture that came with a project."""

from __future__ import annotations

import io
from typing import Any

import gradio as gr
from PIL import Image, ImageOps

from nst.image import open_picture
from studio.components import painting_mix
from studio.components.images import data_url
from studio.components.thumbnails import HEADS
from studio.components.widget_files import widget_files
from studio.errors import in_the_users_words
from studio.i18n import for_browser

WORDS = ("start", "start_away")


def start_row() -> gr.HTML:
    """One row with the picture that is gone on from, and a way to be without it: the event `delete`. Else empty.

    It looks like a row of the mix.
    """
    return gr.HTML(
        **widget_files(painting_mix.__file__) | widget_files(__file__),
        src="",
        words=for_browser(WORDS),
        elem_id="begun",
        elem_classes=["bare"],
    )


def shown(start: bytes) -> Any:
    """The row for a picture, or for none."""
    picture = opened(start)
    return gr.update(src=data_url(ImageOps.fit(picture, painting_mix.THUMB, centering=HEADS)) if picture else "")


def opened(start: bytes) -> Image.Image | None:
    """The picture to go on from; it may have come in a stranger's file."""
    with in_the_users_words():
        return open_picture(io.BytesIO(start), "start") if start else None
