"""Many photos in the manner of one choice of paintings: each is a painting of its own, and all are one file."""

from __future__ import annotations

import io
import time
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import gradio as gr
from PIL import Image

from nst import Settings
from nst.image import save_png, with_alpha
from nst.resilient import RunFrame
from studio.components.images import alpha_for, folder_of, name_of, only_folder, same_file
from studio.runs import estimate
from studio.runs.choices import Choices
from studio.runs.result import name_after, name_for
from studio.runs.run import frames_of, record_of
from studio.runs.throttle import paced
from studio.runs.timelapse import jpeg

SMALL_SIDE, SMALL_QUALITY = 320, 82  # of a painting among the others
FOLDER = "album-"
PLACE_KEPT = 30.0  # seconds after a photo, within which the next one of its album may join even a full line
_places: dict[str, float] = {}  # session -> until when


def keeps_its_place(session: str) -> bool:
    """Whether the next photo of an album may join the line, however many wait: it never gave up its place."""
    return time.monotonic() < _places.get(session, 0.0)


def _keep_place(session: str) -> None:
    now = time.monotonic()
    for over in [one for one, until in _places.items() if until < now]:
        _places.pop(over, None)
    _places[session] = now + PLACE_KEPT


@dataclass(frozen=True)
class Photo:
    """A photo that is to be painted.

    Attributes:
        file: As Gradio names it.
        size: In pixels.
        thumb: A small picture of it, as an address.
    """

    file: Mapping[str, Any]
    name: str
    size: tuple[int, int]
    thumb: str


@dataclass(frozen=True)
class Album:
    """Photos that are being painted, and what there is of them.

    Attributes:
        choices: How, the same for all of them.
        target: The ZIP that the paintings go to.
        began: When, in seconds of the monotonic clock.
        turn: Which photo is painted now, or is the next.
        painted: Photos that are in the ZIP, by their places, each with a small picture as a JPEG.
        troubles: Photos that could not be painted, likewise, each with one sentence.
    """

    photos: tuple[Photo, ...]
    choices: Choices
    target: Path
    began: float = field(default_factory=time.monotonic)
    turn: int = 0
    painted: Mapping[int, bytes] = field(default_factory=dict)
    troubles: Mapping[int, str] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.turn == len(self.photos)

    def failed(self, sentence: str) -> Album:
        """The photo whose turn it is could not be painted."""
        return replace(self, turn=self.turn + 1, troubles={**self.troubles, self.turn: sentence})


def begun(photos: Sequence[Photo], choices: Choices, request: gr.Request) -> Album:
    """An album whose ZIP has its place. A visit has one: the one before goes.

    Raises:
        gr.Error: if a painting is missing, or something does not go together.
    """
    settings = replace(choices.settings, strokes="")  # they are drawn over one photo, as the marks are
    choices = replace(choices, content=None, settings=settings, marks=None, start=b"")
    styles = replace(choices, content=Image.new("RGB", photos[0].size)).commission.styles
    name = name_after([f"{len(photos)} photos", *map(name_of, styles)])
    return Album(tuple(photos), choices, only_folder(folder_of(str(request.session_hash)), FOLDER) / f"{name}.zip")


def taken_over(album: Album, request: gr.Request) -> Album:
    """The same, its ZIP with those of another session: that of its own goes."""
    if not album.target.exists():
        return album
    target = only_folder(folder_of(str(request.session_hash)), FOLDER) / album.target.name
    return replace(album, target=same_file(album.target, target))


def paint_next(
    album: Album, photo: Image.Image, session: str
) -> Generator[tuple[RunFrame, float | None, Album], None, None]:
    """Paint the photo whose turn it is.

    Yields:
        A frame to be shown, the seconds that all photos still take, if anybody can say, and the album: at last one
        with this painting in its ZIP.

    Raises:
        ValueError, gr.Error: if this photo cannot be painted.
    """
    commission, run_id = replace(album.choices, content=photo).commission, uuid4().hex
    rest = predicted(album.photos[album.turn + 1 :], commission.settings, len(commission.styles))
    _keep_place(session)
    try:
        with closing(paced(frames_of(commission))) as frames:
            for frame in frames:
                if not frame.note:
                    estimate.learn(commission, frame, run_id)
                left = estimate.left(commission, frame)
                yield frame, None if left is None or rest is None else left + rest, album
    finally:
        _keep_place(session)
    record = replace(record_of(commission), stopped=frame.step if frame.step < commission.settings.steps else 0)
    _add(album.target, with_alpha(frame.image, alpha_for(photo, commission.settings)), record.text)
    small = jpeg(frame.image, SMALL_SIDE, SMALL_QUALITY)
    yield frame, rest, replace(album, turn=album.turn + 1, painted={**album.painted, album.turn: small})


def predicted(photos: Sequence[Photo], settings: Settings, paintings: int = 1) -> float | None:
    """Seconds that these photos would take, one after the other; None where that is not known yet."""
    return estimate.together(estimate.predicted(settings, *photo.size, paintings, look_again=False) for photo in photos)


def _add(target: Path, picture: Image.Image, text: Mapping[str, str]) -> None:
    """One more picture, under a name that says of which photo it is."""
    stream = io.BytesIO()
    save_png(picture, stream, text)
    with ZipFile(target, "a") as file:  # stored as it is: a PNG grows no smaller
        file.writestr(free_name(name_for(text), file.namelist()), stream.getvalue())


def free_name(name: str, taken: Collection[str]) -> str:
    """Of a PNG. Two photos may have the same name."""
    names = (f"{name}.png", *(f"{name}-{number}.png" for number in range(2, len(taken) + 2)))
    return next(one for one in names if one not in taken)
