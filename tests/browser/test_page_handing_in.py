"""Pictures on their way onto the page. Nothing that goes wrong on the way costs the picture that was there."""

from __future__ import annotations

import re
from pathlib import Path

import gradio as gr
import pytest

from studio.components import inbox
from tests.browser.driving import Page, drop, expect
from tests.painting import noise


def shown(page: Page, box: str) -> str:
    return str(page.locator(f"#{box} img").get_attribute("src"))


FREE = """box => {
  const find = (part) => document.querySelector(`#${box} ${part}`);
  const [cross, asks] = [".icon-button-wrapper", "button.center"].map(find);
  const text = document.createRange();
  text.selectNodeContents(asks);
  const [{ bottom, top, left, right }, over] = [text.getBoundingClientRect(), cross?.getBoundingClientRect()];
  return !over || over.bottom <= top || over.top >= bottom || over.right <= left || over.left >= right;
}"""


def test_a_drop_anywhere_is_taken_and_the_old_picture_stays_until_there_is_a_new_one(
    page: Page, tmp_path: Path
) -> None:
    for name in ("one", "two", "three"):
        noise(90, 60, 1).save(tmp_path / f"{name}.png")
    (broken := tmp_path / "broken.png").write_bytes(b"not a picture")
    with (large := tmp_path / "large.png").open("wb") as file:
        file.truncate(51_000_001)
    photo, painting, said = page.locator("#photo img"), page.locator("#painting img"), page.get_by_test_id("toast-text")
    before = shown(page, "photo"), shown(page, "painting")
    for box, path, sentence in (
        ("photo", broken, r"^The photo .*\.$"),
        ("painting", broken, r"^The painting .*\.$"),
        ("photo", large, r"at most 50 megabytes\.$"),
    ):
        drop(page, f"#{box}", path)
        expect(said).to_have_text(re.compile(sentence))
        page.get_by_test_id("toast-close").click()
        expect(said).to_have_count(0)
    page.locator("#photo input[type=file]").set_input_files(broken)
    expect(said).to_have_text(re.compile(r"^The photo"))
    assert (shown(page, "photo"), shown(page, "painting")) == before
    expect(page.locator("#photos input:checked")).to_have_count(1)

    drop(page, "#photo", tmp_path / "one.png")
    drop(page, "#painting", tmp_path / "two.png")  # while the first is on its way
    expect(photo).to_have_attribute("src", re.compile(r"one\.jpg#90x60-"))
    expect(painting).to_have_attribute("src", re.compile(r"two\.jpg"))
    expect(page.locator("#photos input:checked")).to_have_count(0)
    drop(page, "#presets" if page.viewport_size["width"] > 900 else "#photos", tmp_path / "three.png")
    expect(photo).to_have_attribute("src", re.compile("three"))
    expect(painting).to_have_attribute("src", re.compile("two"))
    assert len(page.context.pages) == 1
    for box in ("photo", "painting"):
        page.locator(f"#{box} .icon-button-wrapper button").click()
        expect(page.locator(f"#{box} img")).to_have_count(0)
        assert page.evaluate(FREE, box), "something lies over what an empty box asks for"
        drop(page, f"#{box}", tmp_path / "one.png")
        expect(page.locator(f"#{box} img")).to_have_attribute("src", re.compile("one"))


def test_what_a_browser_says_about_an_upload_is_checked() -> None:
    file = {"path": "x"}
    assert inbox.arrived({"box": "photo", "file": file}, "en") == ("photo", file)
    for value, words in (({"problem": "too_large"}, "50 megabytes"), ({"problem": "title"}, "could not be sent")):
        with pytest.raises(gr.Error, match=words):
            inbox.arrived({"box": "photo"} | value, "en")
