"""The subject of a photo for programs: `/subject` answers with a mask that `/stylize` takes."""

from __future__ import annotations

import gradio as gr
from PIL import Image, ImageOps

from nst.commission import NO_PHOTO
from nst.masks import feathered
from nst.mistakes import Mistake
from nst.subject import subject_mask
from studio.components.images import PictureBox
from studio.errors import in_the_users_words

ABOUT = """Find what a photo is of.

Answers with a grey picture in the photo's shape, white where its subject is: the `mask` of `/stylize` that paints the
subject alone. With `invert`, white is all but the subject. `feather` makes the edges softer: the radius of a blur, in
percent of the long side, from 0 to 20."""


def offer() -> gr.events.Dependency:
    """Adds the endpoint to the page that is being built. Nothing of it can be seen there."""
    content = PictureBox(label="content", elem_id="subject-photo", visible=False)
    mask = gr.Image(label="mask", format="png", visible=False)
    invert = gr.Checkbox(label="invert", visible=False)
    feather = gr.Number(0.0, label="feather", visible=False)
    return gr.Button(visible=False).click(
        subject, [content, invert, feather], mask, api_name="subject", api_description=ABOUT
    )


def subject(content: Image.Image | None, invert: bool = False, feather: float = 0.0) -> Image.Image:
    with in_the_users_words():
        if content is None:
            raise Mistake(NO_PHOTO)
        mask = feathered(subject_mask(content), feather or 0.0)
        return ImageOps.invert(mask) if invert else mask
