"""A picture that hangs on the wall, with what it came from: to compare, replay, adjust, keep and find again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from nst import Settings
from nst.adjust import UNCHANGED, Adjustment, adjusted
from nst.colouring import joined
from nst.image import with_alpha
from nst.record import read_record
from studio.catalogue import FINISHED, Finished
from studio.components import status_line
from studio.components.images import folder_of, only_folder
from studio.components.mask_brush import unmarked
from studio.components.painting_mix import EVEN
from studio.limits import PAGE_KNOBS
from studio.runs.timelapse import Shot, jpeg, opened

LONGEST_PART = 40  # letters of a file's name
SMALL_SIDE, SMALL_QUALITY = 768, 92  # of the pictures that the page works with
CONTENT_QUALITY = 95


@dataclass(frozen=True)
class Result:
    """The picture itself is a file; the rest is small enough to be kept for a visit.

    Attributes:
        path: Of the picture, in full size.
        content: What was painted, as a JPEG in the size of the picture.
        before, after: Content and picture, small.
        line: What the status line says about it.
        text: For the file.
        run_id: Of the run it came from; none for a picture that was painted before.
        chosen: What the controls held when the run began, under the names of `PageComponents.inputs`, as the
            browser sends it: what the picture was painted from, whatever the controls hold now.
    """

    path: str
    content: bytes
    before: bytes
    after: bytes
    line: str
    text: Mapping[str, str] = field(default_factory=dict)
    film: tuple[Shot, ...] = ()
    run_id: str = ""
    chosen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def picture(self) -> Image.Image:
        with Image.open(self.path) as file:
            return file.convert("RGB")

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture, in pixels."""
        with Image.open(self.path) as file:
            return file.size

    @property
    def alpha(self) -> Image.Image | None:
        """Of the picture, where it was kept."""
        with Image.open(self.path) as file:
            return file.getchannel("A") if "A" in file.getbands() else None

    def small(self, adjustment: Adjustment) -> bytes:
        """The picture as adjusted, small."""
        if adjustment == UNCHANGED:
            return self.after
        return jpeg(adjusted(opened(self.after), opened(self.before), adjustment), SMALL_SIDE, SMALL_QUALITY)

    def whole(self, adjustment: Adjustment) -> Image.Image:
        """The picture as adjusted, in full size."""
        return with_alpha(adjusted(self.picture, opened(self.content), adjustment), self.alpha)

    def beside(self, name: str, request: gr.Request, kind: str = "") -> Path:
        """A path for another file made of this picture, which goes when the picture goes, the visitor, or the next.

        Each visit has one file of that kind: whoever moves a slider a hundred times does not fill the disk. Without
        a kind, it is one by its ending.
        """
        folder = Path(self.path).parent if self.run_id else folder_of(str(request.session_hash))
        return only_folder(folder, f"beside-{kind or Path(name).suffix[1:]}-") / name

    @property
    def title(self) -> str:
        """Which picture was painted, and after which."""
        return " · ".join(Path(name).stem.replace("-", " ") for name in _painted_from(self.text) if name)

    @property
    def file_name(self) -> str:
        """For downloads, without its ending."""
        return name_for(self.text) if read_record(self.text) else Path(self.path).stem

    @property
    def tileable(self) -> str:
        """Along which sides its ends meet, as the knob says it."""
        record = read_record(self.text)
        return record.settings.tileable if record else "no"

    @property
    def ratio(self) -> float:
        """Width to height."""
        width, height = opened(self.after).size
        return width / height


def name_for(text: Mapping[str, str]) -> str:
    """What a file of a picture is called, without its ending, such as `my-selfie--starry-night`."""
    return name_after(_painted_from(text))


def name_after(names: Iterable[str]) -> str:
    """What is made of files of these names is called, without its ending."""
    parts = (re.sub(r"\W+", "-", Path(name).stem).strip("-")[:LONGEST_PART] for name in names)
    return "--".join(filter(None, parts)) or "painting"


def _painted_from(text: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the photo and the paintings, if the file says them."""
    record = read_record(text)
    return (record.photo, *record.paintings) if record else ()


@dataclass(frozen=True)
class Origin:
    """How a picture came to be: what its file says about it, its film, and after which step of which run it is."""

    text: Mapping[str, str] = field(default_factory=dict)
    film: tuple[Shot, ...] = ()
    step: int = 0
    run_id: str = ""


PAINTED_BEFORE = Origin()


def result_of(
    picture: Image.Image, content: Image.Image, path: str, line: str, origin: Origin = PAINTED_BEFORE
) -> Result:
    """The film may lack the last picture; the result's has it."""
    after, film = jpeg(picture, SMALL_SIDE, SMALL_QUALITY), origin.film
    if film and film[-1].step != origin.step:
        film = (*film, Shot(origin.step, after))
    content = content.resize(picture.size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if record := read_record(origin.text):
        content = joined(content, picture.size, record.settings)
    return Result(
        path=path,
        content=jpeg(content, max(content.size), CONTENT_QUALITY),
        before=jpeg(content, SMALL_SIDE, SMALL_QUALITY),
        after=after,
        line=line,
        text=origin.text,
        film=film,
        run_id=origin.run_id,
    )


@cache
def result_of_finished(key: str) -> Result:
    """Of a picture that was painted before."""
    finished = FINISHED[key]
    with Image.open(finished.path) as picture, Image.open(finished.content.path) as content:
        line = status_line.line(finished.label)
        result = result_of(picture.convert("RGB"), content.convert("RGB"), str(finished.path), line)
        return replace(result, chosen=chosen_for(finished))


def chosen_for(finished: Finished) -> dict[str, Any]:
    """What the controls would have held."""
    content, style, settings = finished.content, finished.style, Settings(**finished.settings)
    return {
        "content": {"path": str(content.path), "orig_name": content.path.name},
        "content_gallery": content.key,
        "style": {"path": str(style.path), "orig_name": style.path.name},
        "style_gallery": style.key,
        "extra_styles": (),
        "mask_brush": unmarked(content.path.name),
        "start": b"",
        "mix": {"weights": [EVEN], "away": None},
        **{name: getattr(settings, name) for name in PAGE_KNOBS},
    }
