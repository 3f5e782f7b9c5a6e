"""Pictures on their way into and out of the page."""

from __future__ import annotations

import base64
import io
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData
from PIL import Image
from pydantic import ConfigDict

from nst import Settings
from nst.image import MAX_MEGABYTES, fitted_size, open_with_alpha, read_text, with_alpha
from studio.errors import in_the_users_words
from studio.files import NO_FILE, NOT_HERE, own_file
from studio.gradio_internals import shown_as_its_parent, upload_folder

MOST_BYTES = MAX_MEGABYTES * 10**6  # of an upload: what the gate opens
SUBJECTS = ("photo", "painting", "mask", "start")  # what a box may hold
SHOWN = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".avif")  # by every browser
PREVIEW_SIDE = 768  # pixels; about 70 kB as a JPEG, four times a second at most
PREVIEW_QUALITY = 82


class PictureFile(ImageData):
    """What Gradio calls a file, and nothing else that a program might send in its place."""

    model_config = ConfigDict(title="ImageData")  # as programs know it

    @classmethod
    def model_validate(cls, obj: Any, **how: Any) -> PictureFile:
        """
        Raises:
            gr.Error: for whatever names no file. (pydantic would wrap it, were it raised by a validator.)
        """
        if not (isinstance(obj, dict) and (obj.get("path") or obj.get("url"))):
            raise gr.Error(NO_FILE, print_exception=False)
        return super().model_validate(obj, **how)


@shown_as_its_parent
class PictureBox(gr.Image):
    """A picture that a visitor or a program hands in, opened with care. Its value is PIL RGB or None.

    Its `elem_id` says what it is to the user: one of SUBJECTS.
    """

    data_model = PictureFile

    def preprocess(self, payload: ImageData | None) -> Image.Image | None:
        if payload is None:
            return None
        with in_the_users_words():
            source = _source(payload)
            picture, alpha = open_with_alpha(source, next(name for name in SUBJECTS if name in str(self.elem_id)))
        picture.info["text"] = read_text(source)
        picture.info["name"] = payload.orig_name or Path(payload.path or "picture").name
        picture.info["file"] = payload.path
        picture.info["alpha"] = alpha
        return picture


def for_browsers(request: gr.Request, picture: Image.Image) -> Any:
    """What its box shows: the file itself, or another one of the same picture where that is HEIC or TIFF."""
    name, alpha = Path(name_of(picture)), picture.info.get("alpha")
    if name.suffix.lower() in SHOWN:
        return gr.skip()
    path = fresh_file(f"{name.stem}.{'png' if alpha else 'jpg'}", request)
    with_alpha(picture, alpha).save(path, quality=95, compress_level=1)
    return str(path)


def alpha_for(photo: Image.Image, settings: Settings) -> Image.Image | None:
    """What the finished picture gets back of the photo's transparency, if there was any and it was asked for."""
    return photo.info.get("alpha") if settings.transparency == "kept" else None


def name_of(picture: Image.Image) -> str:
    """What its file is called."""
    return str(picture.info.get("name", "picture"))


def _source(payload: ImageData) -> Path | io.BytesIO:
    if payload.path:
        if file := own_file(payload.path):
            return file
        raise ValueError(NOT_HERE)
    head, _, body = (payload.url or "").partition(";base64,")
    if not head.startswith("data:"):
        raise ValueError(NOT_HERE)
    try:
        return io.BytesIO(base64.b64decode(body, validate=True))
    except ValueError:
        raise ValueError("This file could not be read as a picture.") from None


@shown_as_its_parent
class Canvas(gr.Image):
    """Shows the painting while it comes to be.

    A PIL picture is a preview and travels inside the event stream: one whole picture with each
    event, and no second request that the next picture could cut short. A path is a file.
    """

    def postprocess(self, value: Any) -> Any:
        if isinstance(value, Image.Image):
            return ImageData(url=data_url(value), orig_name="painting.jpeg")
        return super().postprocess(value)


def data_url(picture: Image.Image) -> str:
    """The picture itself as an address."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=PREVIEW_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def inline(file: bytes, kind: str = "jpeg") -> str:
    """A picture's file itself as an address."""
    return f"data:image/{kind};base64,{base64.b64encode(file).decode()}"


def preview(picture: Image.Image) -> Image.Image:
    """The same picture, small enough to be shown several times a second."""
    side = min(PREVIEW_SIDE, max(picture.size))
    size = fitted_size(*picture.size, side)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def fresh_file(name: str, request: gr.Request | None = None) -> Path:
    """A path for a new file in the folder that Gradio serves from and cleans up; in that of the visit, if it is one."""
    folder = folder_of(request.session_hash) if request and request.session_hash else Path(upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=folder)) / name


def folder_of(session: str) -> Path:
    """Of one visit. The name of a session comes from the browser, so it is no part of a path."""
    return Path(upload_folder()) / f"visit-{sha256(session.encode()).hexdigest()[:32]}"
