"""Faces that keep their features by one tick, in a real browser, with a Hub on this machine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from nst import faces
from nst.image import read_text
from nst.record import read_record
from tests.browser.driving import DESK_ONLY, Page, downloaded, expect, set_knobs, status
from tests.fakes.faces import detector, photo_of
from tests.fakes.hub import Hub, reached

pytestmark = pytest.mark.usefixtures("small_network")

FINISHED = re.compile(r"Finished · .*")
PATH = f"{faces.REPO}/resolve/{faces.REVISION}/{faces.FILE}"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """It has no file yet."""
    monkeypatch.setattr(faces, "SHA256", hashlib.sha256(detector()).hexdigest())
    faces._detector.cache_clear()
    with reached({}, tmp_path, monkeypatch) as running:
        yield running
    faces._detector.cache_clear()


def hand_in_photo(page: Page, photo: Image.Image, path: Path) -> None:
    photo.save(path)
    before = page.locator("#photo img").get_attribute("src")
    page.locator("#photo input[type=file]").set_input_files(path)
    expect(page.locator("#photo img")).not_to_have_attribute("src", before)


def said(page: Page, text: str) -> None:
    toast = page.get_by_test_id("toast-text")
    expect(toast).to_have_text(re.compile(text))
    page.get_by_test_id("toast-close").click()
    expect(toast).to_have_count(0)


@DESK_ONLY
def test_a_visitor_keeps_a_face_by_one_tick(page: Page, hub: Hub, tmp_path: Path) -> None:
    expect(page.get_by_label("Keep faces")).to_have_count(0)  # one fold away
    page.locator("#where > button").click()
    tick = page.get_by_label("Keep faces")
    expect(tick).not_to_be_checked()
    tick.click()
    said(page, r"finds faces, could not be fetched .*the brush or the mask of the subject does instead\.$")
    expect(tick).not_to_be_checked()
    hub.files[f"/{PATH}"] = detector()  # the Hub is there again
    hand_in_photo(page, photo_of(), tmp_path / "nobody.png")
    tick.click()
    said(page, "There is no face in this photo")
    expect(tick).not_to_be_checked()
    hand_in_photo(page, photo_of((9, 6)), tmp_path / "somebody.png")
    tick.click()
    said(page, r"^Faces found: 1\.$")
    expect(tick).to_be_checked()
    assert hub.sent == len(detector())
    set_knobs(page, size=96, steps=2)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(FINISHED)
    with downloaded(page) as picture:
        record = read_record(read_text(picture.filename))
    assert record is not None and record.settings.keep_faces == "yes" and record.masks == ()
    page.locator("#finished input").first.check(force=True)
    expect(tick).not_to_be_checked()  # that picture was painted without
    page.locator("#visit input").first.check(force=True)
    expect(tick).to_be_checked()
