"""What a photo shows, for programs: `/subject` and `/faces` answer with a mask that `/stylize` takes."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr
from PIL import Image, ImageOps

from nst.commission import NO_PHOTO
from nst.faces import faces_mask
from nst.masks import feathered
from nst.mistakes import Mistake
from nst.subject import subject_mask
from studio.components.images import PictureBox
from studio.errors import in_the_users_words

SUBJECT = """Find what a photo is of.

Answers with a grey picture in the photo's shape, white where its subject is: the `mask` of `/stylize` that paints the
subject alone. With `invert`, white is all but the subject. `feather` makes the edges softer: the radius of a blur, in
percent of the long side, from 0 to 20."""
FACES = """Find the faces in a photo.

Answers with a grey picture in the photo's shape, white where they are: the `mask` of `/stylize` that paints them alone.
With `invert`, white is all but the faces, which then stay as the photo has them; to have them painted and yet kept,
give `/stylize` `keep_faces="yes"` instead. `feather` is that of `/subject`."""


def offer() -> None:
    """Adds the endpoints to the page that is being built. Nothing of them can be seen there."""
    for find, about in ((subject, SUBJECT), (faces, FACES)):
        name = find.__name__
        content = PictureBox(label="content", elem_id=f"{name}-photo", visible=False)
        mask = gr.Image(label="mask", format="png", visible=False)
        invert = gr.Checkbox(label="invert", visible=False)
        feather = gr.Number(0.0, label="feather", visible=False)
        gr.Button(visible=False).click(find, [content, invert, feather], mask, api_name=name, api_description=about)


def subject(content: Image.Image | None, invert: bool = False, feather: float = 0.0) -> Image.Image:
    return _mask(subject_mask, content, invert, feather)


def faces(content: Image.Image | None, invert: bool = False, feather: float = 0.0) -> Image.Image:
    return _mask(faces_mask, content, invert, feather)


def _mask(
    find: Callable[[Image.Image], Image.Image], content: Image.Image | None, invert: bool, feather: float
) -> Image.Image:
    with in_the_users_words():
        if content is None:
            raise Mistake(NO_PHOTO)
        mask = feathered(find(content), feather or 0.0)
        return ImageOps.invert(mask) if invert else mask
