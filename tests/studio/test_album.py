"""Many photos as one album: what is kept of them, what is told, and what it costs others."""

from __future__ import annotations

from types import SimpleNamespace
from zipfile import ZipFile

import gradio as gr
import pytest
from PIL import Image

from nst import Settings
from nst.record import read_record
from studio import limits
from studio.components import inbox
from studio.i18n import words
from studio.page import furnish
from studio.panels import album as panel
from studio.runs import album, estimate
from studio.runs.album import Album, Photo, begun, free_name, paint_next, predicted
from studio.runs.choices import Choices
from tests.painting import noise

SMALL = Settings(size=48, steps=2, start_size=32)


VISITOR = SimpleNamespace(session_hash="album-visitor", headers={"accept-language": "de"})


def named(picture: Image.Image, name: str) -> Image.Image:
    picture.info["name"] = name
    return picture


def photo(name: str, width: int = 60, height: int = 40) -> Photo:
    return Photo({"path": name}, name, (width, height), "")


@pytest.fixture
def album_of_three() -> Album:
    choices = Choices(None, named(noise(50, 50, 2), "wave.jpg"), SMALL)
    return begun([photo("a.jpg"), photo("b.jpg"), photo("a.jpg")], choices, VISITOR)


def painted(album: Album, name: str, seed: int = 1) -> Album:
    *_, (_, _, album) = paint_next(album, named(noise(60, 40, seed), name), "s")
    return album


def test_every_painting_is_in_one_zip_under_a_name_that_one_finds_again(album_of_three: Album) -> None:
    album = album_of_three
    assert album.target.name == "3-photos--wave.zip"
    album = painted(album, "a.jpg")
    album = album.failed("It is broken.")
    assert not album.is_over
    album = painted(album, "a.jpg", 3)
    assert album.is_over and set(album.painted) == {0, 2} and album.troubles == {1: "It is broken."}
    with ZipFile(album.target) as file:
        assert file.namelist() == ["a--wave.png", "a--wave-2.png"] and file.testzip() is None
        with Image.open(file.open("a--wave.png")) as picture:
            picture.load()
            assert picture.size == (48, 32) and read_record(picture.text).paintings == ("wave.jpg",)


def test_a_photo_that_has_gone_costs_one_line(album_of_three: Album) -> None:
    with gr.Blocks():
        page = furnish()
    *_, (_, album) = panel.painted(page, album_of_three, VISITOR)
    assert (album.turn, album.painted, album.troubles) == (1, {}, {0: words("de")["not_here"]})


def test_a_visit_has_one_album(album_of_three: Album) -> None:
    painted(album_of_three, "a.jpg")
    again = begun(album_of_three.photos, album_of_three.choices, VISITOR)
    assert not album_of_three.target.exists() and again.target.parent.exists()


def test_what_is_missing_is_said_before_the_first_photo() -> None:
    with pytest.raises(gr.Error, match="choose a painting"):
        begun([photo("a.jpg")], Choices(None, None, SMALL), VISITOR)


def test_names_that_are_taken_get_a_number() -> None:
    taken: list[str] = []
    for _ in range(4):
        taken.append(free_name("a", taken))
    assert taken == ["a.png", "a-2.png", "a-3.png", "a-4.png"]


def test_the_price_is_that_of_every_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "_machine", None)
    assert predicted([photo("a.jpg")], SMALL) is None
    monkeypatch.setattr(estimate, "_machine", estimate.Machine(0.01, 1e-6))
    one, other = predicted([photo("a.jpg")], SMALL), predicted([photo("b.jpg", 40, 60)], SMALL)
    assert predicted([photo("a.jpg"), photo("b.jpg", 40, 60)], SMALL) == pytest.approx(one + other)


def test_the_time_left_is_that_of_all_photos(album_of_three: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "_machine", estimate.Machine(100.0, 0.0))
    monkeypatch.setattr(estimate, "left", lambda commission, frame: 1.0)
    _, left, _ = next(paint_next(album_of_three, noise(60, 40, 1), "s"))
    assert left == pytest.approx(1 + predicted(album_of_three.photos[1:], SMALL))


def test_a_place_in_the_line_is_kept_for_a_moment(album_of_three: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(album, "_places", {})
    assert not album.keeps_its_place("s")
    painted(album_of_three, "a.jpg")
    assert album.keeps_its_place("s") and not album.keeps_its_place("other")
    monkeypatch.setattr(album, "_places", {"s": 0.0})
    assert not album.keeps_its_place("s")


def test_how_many_photos_make_an_album_is_a_limit() -> None:
    assert limits.limits_of({}).photos == 10
    assert limits.limits_of({"NST_MAX_PHOTOS": "3"}).photos == 3
    with pytest.raises(ValueError, match="NST_MAX_PHOTOS must be a number from 1 up, not '0'"):
        limits.limits_of({"NST_MAX_PHOTOS": "0"})


def test_what_a_browser_says_about_several_photos_is_checked() -> None:
    file = {"path": "x"}
    said = {"files": [{"name": "a", "file": file}, {"name": "b", "problem": "too_large"}, {"name": "c", "file": None}]}
    texts = words("en")
    assert list(inbox.several(said, "en")) == [("a", file), ("b", texts["too_large"]), ("c", texts["not_sent"])]
    assert list(inbox.several({}, "en")) == []
