"""The film of a run: its previews, few enough and small enough to be kept in memory."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from nst.image import fitted_size

LONGEST = 60  # shots
SHOT_SIDE = 512  # pixels
SHOT_QUALITY = 88


@dataclass(frozen=True)
class Shot:
    """The picture after one step, as a JPEG."""

    step: int
    jpeg: bytes

    @property
    def picture(self) -> Image.Image:
        return opened(self.jpeg)


class Film:
    """Takes as many pictures as come, and keeps every one, every second, every fourth, ... of them."""

    def __init__(self) -> None:
        self._shots: list[Shot] = []
        self._seen, self._stride = 0, 1

    @property
    def shots(self) -> tuple[Shot, ...]:
        return tuple(self._shots)

    def add(self, step: int, picture: Image.Image) -> None:
        if self._seen % self._stride == 0:
            self._shots.append(Shot(step, jpeg(picture, SHOT_SIDE, SHOT_QUALITY)))
        self._seen += 1
        if len(self._shots) > LONGEST:
            del self._shots[1::2]
            self._stride *= 2


def jpeg(picture: Image.Image, long_side: int, quality: int) -> bytes:
    """The picture as a JPEG of at most that long side."""
    size = fitted_size(*picture.size, min(long_side, max(picture.size)))
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    stream = io.BytesIO()
    picture.convert("RGB").save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def opened(file: bytes) -> Image.Image:
    """One of our own JPEGs, decoded."""
    picture = Image.open(io.BytesIO(file), formats=("JPEG",))
    picture.load()
    return picture
