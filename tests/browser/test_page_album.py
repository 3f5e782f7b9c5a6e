"""What a visitor does with many photos, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from gradio_client import Client, handle_file
from PIL import Image

from nst.record import read_record
from studio.runs import estimate
from tests.browser.driving import DESK_ONLY, PATIENCE, drop, expect, set_knobs
from tests.painting import noise

pytestmark = pytest.mark.usefixtures("small_network")


def photos(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"day {number}.jpg" for number in range(1, count + 1)]
    for number, path in enumerate(paths):
        noise(96, 64, number).save(path)
    return paths


def line(page: Any) -> Any:
    return page.locator("#album-box .line")


def saved(page: Any) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Save all as ZIP").click()
    path = Path(waiting.value.path())
    return path.rename(path.with_name(waiting.value.suggested_filename))


@DESK_ONLY
def test_photos_that_are_dropped_at_once_become_one_zip(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "_machine", estimate.Machine(0.01, 1e-6))
    set_knobs(page, size=64, steps=3)
    before = page.locator("#photo img").get_attribute("src")
    (broken := tmp_path / "broken.jpg").write_bytes(b"not a picture")
    first, second, third = photos(tmp_path, 3)
    drop(page, "#photo", first, broken, second, third)
    cells = page.locator("#album-box .photos li")
    expect(cells).to_have_count(3)
    expect(page.locator("#album-box .troubles li")).to_have_text([re.compile(r"^broken\.jpg: The photo .*\.$")])
    expect(page.locator("#paint-album")).to_have_text(re.compile(r"^ ?Paint the photos, (about )?\d+ s( to \d+ s)?$"))
    assert page.locator("#photo img").get_attribute("src") == before
    page.locator("#paint-album").click()
    expect(page.locator("#stop")).to_be_visible()
    expect(line(page)).to_have_text(re.compile(r"^Finished · 3 of 3 photos in \d+ s$"), timeout=2 * PATIENCE)
    expect(page.locator("#paint")).to_be_visible()
    file = saved(page)
    assert file.name == "3-photos--van-gogh-starry-night.zip"
    with ZipFile(file) as pictures:
        assert pictures.namelist() == [f"day-{number}--van-gogh-starry-night.png" for number in (1, 2, 3)]
        for name, photo in zip(pictures.namelist(), (first, second, third), strict=True):
            with Image.open(pictures.open(name)) as picture:
                picture.load()
                assert picture.size == (64, 43) and read_record(picture.text).photo == photo.name
    page.get_by_role("button", name="Remove day 2.jpg").click()
    expect(cells).to_have_count(2)
    page.get_by_role("button", name="Remove all").click()
    expect(cells).to_have_count(0)


@DESK_ONLY
def test_others_have_their_turn_between_two_photos_and_stop_keeps_what_is_finished(
    page: Any, server: str, tmp_path: Path, photo: Path, painting: Path
) -> None:
    set_knobs(page, size=64, steps=150)
    page.get_by_role("button", name="Paint many photos").click()
    page.locator("#paint-album").click()
    expect(page.get_by_test_id("toast-text")).to_have_text("Please choose some photos first.")
    page.get_by_test_id("toast-close").click()
    page.locator("#album-box input[type=file]").set_input_files(photos(tmp_path, 12))
    expect(page.locator("#album-box .photos li")).to_have_count(10)
    expect(page.locator("#album-box .troubles li")).to_have_text([re.compile("^Up to 10 photos")])
    page.locator("#paint-album").click()
    expect(page.locator("#album-box .photos .painted")).not_to_have_count(0)
    drop(page, "#photo", *photos(tmp_path, 2))
    expect(page.get_by_test_id("toast-text")).to_have_text(re.compile("^These photos are being painted"))
    other = Client(server, verbose=False, analytics_enabled=False)
    pictures = {"content": handle_file(photo), "style": handle_file(painting)}
    assert other.submit(**pictures, size=48, steps=1, api_name="/stylize").result(timeout=60)
    other.close()
    page.locator("#stop").click()  # nearly all photos are still to come
    expect(line(page)).to_have_text(re.compile(r"^Stopped · \d of 10 photos are yours to keep$"))
    expect(page.locator("#paint-album")).to_be_enabled()
    told = int(line(page).inner_text().split()[2])
    with ZipFile(saved(page)) as pictures:
        assert len(pictures.namelist()) == told == page.locator("#album-box .photos .painted").count()


@DESK_ONLY
def test_a_reload_while_photos_are_painted_keeps_them_and_what_is_finished(page: Any, tmp_path: Path) -> None:
    set_knobs(page, size=64, steps=300)
    drop(page, "#photo", *photos(tmp_path, 6))
    cells, painted = page.locator("#album-box .photos li"), page.locator("#album-box .photos .painted")
    expect(cells).to_have_count(6)
    page.locator("#paint-album").click()
    expect(painted).not_to_have_count(0)
    page.reload()
    expect(cells).to_have_count(6)
    expect(line(page)).to_have_text(re.compile(r"^Stopped · \d of 6 photos are yours to keep$"))
    with ZipFile(saved(page)) as pictures:
        assert len(pictures.namelist()) == painted.count() > 0
    page.reload()
    expect(cells).to_have_count(6)
    page.get_by_role("button", name="Remove all").click()
    expect(cells).to_have_count(0)
