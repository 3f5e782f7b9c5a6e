"""A stranger's words on the page are text: never part of a template, and never markup."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import PngImagePlugin

from nst.record import KEYWORD
from tests.browser.driving import DESK_ONLY, expect, set_knobs
from tests.painting import noise


def dropped(page: object, box: str, path: Path) -> None:
    before = page.locator(f"#{box} img").get_attribute("src")
    page.locator(f"#{box} input[type=file]").set_input_files(path)
    expect(page.locator(f"#{box} img")).not_to_have_attribute("src", before)


@DESK_ONLY
def test_a_name_is_not_run(page: object, tmp_path: Path) -> None:
    name = "${(window.fell=1,7)}`${window.fell=2}{{{this.src}}}&lt;b&gt;"
    for box in ("photo", "painting"):
        noise(96, 72, 1 if box == "photo" else 2).save(tmp_path / f"{box} {name}.png")
        dropped(page, box, tmp_path / f"{box} {name}.png")
    set_knobs(page, size=64, steps=2)
    page.locator("#paint").click()
    expect(page.locator("#visit .tile")).to_have_count(1)
    assert "window.fell=1" in page.locator("#visit .title").inner_text()
    page.locator("#mix .add").click()
    expect(page.locator("#mix .row")).to_have_count(2)
    expect(page.locator("#mix .row .title").first).to_contain_text("painting")
    page.wait_for_timeout(300)
    assert page.evaluate("window.fell") is None


@DESK_ONLY
def test_a_stranger_s_record_is_no_markup(page: object, tmp_path: Path) -> None:
    record = {"settings": {"recipe": "<img id=fell src=http://127.0.0.1:1234/x.png onerror=window.fell=3>"}}
    text = PngImagePlugin.PngInfo()
    text.add_text(KEYWORD, json.dumps(record))
    noise(96, 72, 1).save(tmp_path / "ours.png", pnginfo=text)
    page.locator("#photo input[type=file]").set_input_files(tmp_path / "ours.png")
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_be_visible()
    assert page.locator("#fell").count() == 0
    assert page.evaluate("window.fell") is None
