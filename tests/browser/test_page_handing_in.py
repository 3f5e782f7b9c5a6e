"""Pictures on their way onto the page. Nothing that goes wrong on the way costs the picture that was there."""

from __future__ import annotations

import re
from pathlib import Path

import gradio as gr
import pytest

from studio.components import inbox
from tests.browser.driving import DESK_ONLY, Page, expect
from tests.painting import noise


def drop(page: Page, on: str, path: Path) -> None:
    """Through the browser's own protocol: an event made by a script keeps its files, a real one forgets them."""
    browser = page.context.new_cdp_session(page)
    box = page.locator(on).bounding_box()
    event = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    event["data"] = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, **event})
    browser.detach()


def shown(page: Page, box: str) -> str:
    return str(page.locator(f"#{box} img").get_attribute("src"))


def test_a_drop_anywhere_is_taken(page: Page, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        noise(90, 60, 1).save(tmp_path / f"{name}.png")
    page.evaluate("scrollTo(0, document.getElementById('photo').getBoundingClientRect().top + scrollY - 100)")
    painting = shown(page, "painting")
    drop(page, "#photo", tmp_path / "one.png")
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile(r"one\.jpg#90x60-"))
    expect(page.locator("#photos input:checked")).to_have_count(0)
    assert shown(page, "painting") == painting
    drop(page, "#painting", tmp_path / "two.png")
    expect(page.locator("#painting img")).to_have_attribute("src", re.compile(r"two\.jpg"))
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("one"))
    drop(page, "#presets" if page.viewport_size["width"] > 900 else "#photos", tmp_path / "three.png")
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("three"))
    assert len(page.context.pages) == 1
    for box in ("photo", "painting"):
        page.locator(f"#{box} .icon-button-wrapper button").click()
        drop(page, f"#{box}", tmp_path / "one.png")
        expect(page.locator(f"#{box} img")).to_have_attribute("src", re.compile("one"))


@DESK_ONLY
def test_the_old_picture_stays_until_there_is_a_new_one(page: Page, tmp_path: Path) -> None:
    (broken := tmp_path / "broken.png").write_bytes(b"not a picture")
    with (large := tmp_path / "large.png").open("wb") as file:
        file.truncate(51_000_001)
    before = shown(page, "photo")
    said = page.get_by_test_id("toast-text")
    for path, sentence in ((broken, r"^The photo .*\.$"), (large, r"at most 50 megabytes\.$")):
        drop(page, "#photo", path)
        expect(said).to_have_text(re.compile(sentence))
        page.get_by_test_id("toast-close").click()
        expect(said).to_have_count(0)
    page.locator("#photo input[type=file]").set_input_files(broken)
    expect(said).to_have_text(re.compile(r"^The photo"))
    assert shown(page, "photo") == before
    expect(page.locator("#photos input:checked")).to_have_count(1)


def test_what_a_browser_says_about_an_upload_is_checked() -> None:
    file = {"path": "x"}
    assert inbox.arrived({"box": "photo", "file": file}, "en") == ("photo", file)
    for value, words in (({"problem": "too_large"}, "50 megabytes"), ({"problem": "title"}, "could not be sent")):
        with pytest.raises(gr.Error, match=words):
            inbox.arrived({"box": "photo"} | value, "en")
