"""Pictures on their way into and out of the page."""

from __future__ import annotations

import base64
import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData
from PIL import Image
from pydantic import ConfigDict

from nst import Settings
from nst.image import MAX_MEGABYTES, fitted_size, open_picture, open_with_alpha, read_text, with_alpha
from nst.mistakes import Mistake
from studio.catalogue import EXAMPLES
from studio.components.thumbnails import small, url
from studio.errors import Refusal, in_the_users_words
from studio.files import NO_FILE, NOT_HERE, own_file
from studio.gradio_internals import opened_by, shown_as_its_parent, upload_folder

MOST_BYTES = MAX_MEGABYTES * 10**6  # of an upload: what the gate opens
SUBJECTS = ("photo", "painting", "mask", "start")  # what a box may hold
BOX_SIDE, BOX_QUALITY = 384, 80  # of the small picture that a box shows
OPENED = 32  # small pictures that are remembered, of 0.4 MB each
CANVAS_SIDE = 1024  # pixels, of a finished picture of the gallery
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
            raise Refusal(Mistake(NO_FILE))
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

    def postprocess(self, value: Any) -> Any:
        """A file of the gallery by its path, or what `boxed` says of another one."""
        return _of_gallery(Path(value)) if isinstance(value, str | Path) else value


def boxed(picture: Image.Image, request: gr.Request) -> dict[str, Any]:
    """What a box holds of a picture that was handed in: its own file, and a small one that every browser shows."""
    file, alpha = str(picture.info["file"]), picture.info.get("alpha")
    folder = _box_folder(file, str(request.session_hash))
    path = folder / f"{Path(file).stem}.{'png' if alpha else 'jpg'}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        size = fitted_size(*picture.size, min(BOX_SIDE, max(picture.size)))
        with_alpha(picture, alpha).resize(size, reducing_gap=2.0).save(path, quality=BOX_QUALITY, compress_level=1)
    return _box_value(file, name_of(picture), path, picture.size)


def small_copy(file: Any, session: str) -> Any:
    """The small picture that a box of this visit shows of a file; the file itself if there is none."""
    return next((str(copy) for copy in _box_folder(str(file), session).glob("*")), file)


def small_picture(file: Any, session: str) -> Image.Image:
    """That small picture, opened; the last ones are remembered, for as long as their files are there.

    Raises:
        gr.Error: if this visitor has no such file.
    """
    with in_the_users_words():
        if (path := own_file(file)) is None:
            raise Mistake(NOT_HERE)
        copy = small(path, BOX_SIDE) if path.is_relative_to(EXAMPLES) else Path(small_copy(file, session))
        return opened_copy(copy, copy.stat().st_mtime_ns)


@lru_cache(maxsize=OPENED)
def opened_copy(copy: Path, changed: int) -> Image.Image:
    picture = open_picture(copy)
    picture.thumbnail((BOX_SIDE, BOX_SIDE))
    return picture


def _box_folder(file: str, session: str) -> Path:
    return folder_of(session) / f"box-{sha256(file.encode()).hexdigest()[:32]}"


def boxed_again(box: gr.Image, raw: Mapping[str, Any] | None, request: gr.Request) -> dict[str, Any] | None:
    """The same from what a browser sent back: the file alone.

    Raises:
        gr.Error: if the file has gone meanwhile.
    """
    if not raw:
        return None
    path = Path(str(raw["path"]))
    return _of_gallery(path) if path.is_relative_to(EXAMPLES) else boxed(opened_by(box, dict(raw)), request)


def box_key(path: str) -> str:
    """Tells the browser whether two boxes hold the same file."""
    return sha256(path.encode()).hexdigest()[:12]


@cache
def _of_gallery(path: Path) -> dict[str, Any]:
    with Image.open(path) as picture:
        size = picture.size
    return _box_value(str(path), path.name, small(path, BOX_SIDE), size)


def _box_value(path: str, name: str, shown: Path, size: tuple[int, int]) -> dict[str, Any]:
    """As the browser holds it. Behind the # are the size of the picture itself, for the forecast, and its key.

    Without the mark that Gradio puts on its own files: it would have the browser load the whole picture.
    """
    width, height = size
    return {"path": path, "orig_name": name, "url": f"{url(shown)}#{width}x{height}-{box_key(path)}"}


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
        raise Mistake(NOT_HERE)
    head, _, body = (payload.url or "").partition(";base64,")
    if not head.startswith("data:"):
        raise Mistake(NOT_HERE)
    try:
        return io.BytesIO(base64.b64decode(body, validate=True))
    except ValueError:
        raise Mistake("This file could not be read as a picture.") from None


@shown_as_its_parent
class Canvas(gr.Image):
    """Shows the painting while it comes to be.

    A PIL picture is a preview and travels inside the event stream: one whole picture with each
    event, and no second request that the next picture could cut short. A path is a file; one of the gallery is shown
    by a copy that travels faster.
    """

    def postprocess(self, value: Any) -> Any:
        if isinstance(value, Image.Image):
            return ImageData(url=data_url(value), orig_name="painting.jpeg")
        if isinstance(value, str) and Path(value).is_relative_to(EXAMPLES):
            return {"path": value, "orig_name": Path(value).name, "url": url(small(Path(value), CANVAS_SIDE))}
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


def same_file(old: Path, new: Path) -> Path:
    """A file of a session that goes has a place in another one as well."""
    try:
        os.link(old, new)
    except OSError:  # a disk without links
        shutil.copyfile(old, new)
    return new


def only_folder(folder: Path, prefix: str) -> Path:
    """A fresh folder in there, of which there is one: those whose names begin likewise go."""
    for old in folder.glob(f"{prefix}*"):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=folder, prefix=prefix))


def folder_of(session: str) -> Path:
    """Of one visit. The name of a session comes from the browser, so it is no part of a path."""
    return Path(upload_folder()) / f"visit-{sha256(session.encode()).hexdigest()[:32]}"
