"""A time-lapse, decoded again."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from nst.export import FRAMES_PER_SECOND, HOLD, time_lapse

COLORS = ["teal", "gold", "maroon"]


def stills(*colors: str, size: tuple[int, int] = (96, 64)) -> list[Image.Image]:
    return [Image.new("RGB", size, color) for color in colors]


def decoded(path: Path) -> list[Image.Image]:
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def test_shows_every_picture_and_stays_on_the_last(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    time_lapse(stills(*COLORS), path)
    shown = decoded(path)
    assert len(shown) == 3 + HOLD * FRAMES_PER_SECOND
    expected = stills(*COLORS, *["maroon"] * (len(shown) - 3))
    for picture, original in zip(shown, expected, strict=True):
        assert np.abs(np.asarray(picture, int) - np.asarray(original, int)).max() < 12


def test_is_what_browsers_and_phones_play(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    time_lapse(stills(*COLORS), path)
    with av.open(str(path)) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == FRAMES_PER_SECOND
        assert float(stream.duration * stream.time_base) == pytest.approx(3 / FRAMES_PER_SECOND + HOLD)
    file = path.read_bytes()
    assert file.index(b"moov") < file.index(b"mdat")  # plays before all of it is there


@pytest.mark.parametrize(("size", "even"), [((97, 65), (96, 64)), ((2, 3), (2, 2)), ((96, 64), (96, 64))])
def test_sizes_are_even(tmp_path: Path, size: tuple[int, int], even: tuple[int, int]) -> None:
    path = tmp_path / "film.mp4"
    time_lapse(stills("teal", size=size), path)
    assert {picture.size for picture in decoded(path)} == {even}


def test_all_pictures_get_the_size_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    time_lapse([*stills("teal"), *stills("gold", size=(48, 32))], path, hold=0)
    assert [picture.size for picture in decoded(path)] == [(96, 64)] * 2


def test_frames_are_taken_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    time_lapse((picture for picture in stills(*COLORS)), path, frames_per_second=4, hold=0.5)
    assert len(decoded(path)) == 5


def test_nothing_is_no_film(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        time_lapse([], tmp_path / "film.mp4")
