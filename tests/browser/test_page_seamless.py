"""One click instead of a brush, and a seamless picture among its like, in a real browser."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst.image import read_text
from nst.record import read_record
from nst.wrap import GRID
from studio.i18n import words
from tests.browser.driving import DESK_ONLY, Page, choose, downloaded, expect, open_settings, set_knobs, status

pytestmark = pytest.mark.usefixtures("small_network")

FINISHED = re.compile(r"Finished · .*")
SHARE = """canvas => {
  const ink = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let i = 3; i < ink.length; i += 4) sum += ink[i];
  return sum / 255 / (ink.length / 4);
}"""


@DESK_ONLY
def test_the_subject_is_kept_by_one_click_and_corrected_by_hand(page: Page) -> None:
    choose(page, "photos", "kingfisher")
    page.locator("#where > button").click()
    page.get_by_role("button", name="Keep the subject").click()
    expect(page.locator("#brush .marked")).to_be_visible()
    expect(page.locator("#brush input[value=keep]")).to_be_checked()
    expect(page.locator("#where > button")).to_have_text(re.compile("marks in force"))
    page.get_by_role("button", name="Keep the background").click()
    expect(page.locator("#brush input[value=here]")).to_be_checked()
    assert 0.04 < marked(page) < 0.2  # a bird on a twig
    page.locator("#brush canvas").click(position={"x": 8, "y": 8})  # a dot more, by hand
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#brush .marked")).to_be_visible()  # those of the click before
    choose(page, "photos", "japanese-street")
    expect(page.locator("#brush .marked")).to_have_count(0)
    page.get_by_role("button", name="Keep the subject").click()
    expect(page.get_by_test_id("toast-text")).to_have_text(re.compile("Nothing stands out"))
    expect(page.get_by_role("button", name="Keep the subject")).to_be_enabled()


@DESK_ONLY
def test_a_click_that_comes_before_the_photo_or_without_one_is_answered(page: Page) -> None:
    held: list[Any] = []
    page.route(re.compile("kingfisher"), lambda route: held.append(route))
    choose(page, "photos", "kingfisher")
    page.wait_for_function("document.querySelector('#photo img')?.src.includes('kingfisher')")
    page.locator("#where > button").click()
    page.get_by_role("button", name="Keep the subject").click()
    for one in held:
        one.continue_()
    expect(page.locator("#brush .marked")).to_be_visible()
    page.get_by_role("button", name="Take the photo away").click()
    expect(page.locator("#photo img")).to_have_count(0)
    page.get_by_role("button", name="Keep the subject").click()
    expect(page.get_by_test_id("toast-text")).to_have_text(words("en")["brush_photo"])


@DESK_ONLY
def test_strokes_and_a_click_move_the_edges_to_those_of_the_photo(page: Page) -> None:
    page.locator("#where > button").click()
    page.get_by_role("button", name="Refine edges").click()
    expect(page.get_by_test_id("toast-text")).to_have_text(re.compile("^Mark a part of the photo first"))
    page.get_by_role("button", name="Keep the background").click()
    expect(page.locator("#brush .marked")).to_be_visible()
    before = marked(page)
    for points in (((0.26, 0.66), (0.48, 0.6), (0.6, 0.76)), ((0.24, 0.6), (0.4, 0.64))):  # the castle's foundations
        stroke(page, points)
    by_hand = marked(page)
    assert before + 0.005 < by_hand < before + 0.06
    page.get_by_role("button", name="Refine edges").click()
    page.wait_for_function(f"({SHARE})(document.querySelector('#brush canvas')) > {by_hand} + 0.001")
    expect(page.get_by_role("button", name="Refine edges")).to_be_enabled()
    expect(page.locator("#brush input[value=here]")).to_be_checked()
    refined = marked(page)
    page.get_by_role("button", name="Invert").click()
    assert abs(marked(page) - (1 - refined)) < 0.01
    page.get_by_role("button", name="Undo").click()
    assert abs(marked(page) - refined) < 0.01
    page.get_by_role("slider", name="Softness").fill("4")
    assert "blur(" in page.locator("#brush canvas").evaluate("canvas => canvas.style.filter")
    set_knobs(page, size=96, steps=2)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(FINISHED)
    with downloaded(page) as picture:
        (mask, *_) = read_record(read_text(picture.filename)).masks
    with Image.open(io.BytesIO(mask)) as soft:
        assert np.abs(np.diff(np.asarray(soft, float))).max() < 30  # of 255, from pixel to pixel


def stroke(page: Page, points: Any) -> None:
    page.locator("#brush canvas").evaluate("one => one.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = page.locator("#brush canvas").bounding_box()
    for number, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        if not number:
            page.mouse.down()
    page.mouse.up()


def marked(page: Page) -> float:
    """The share of the photo that is marked."""
    return float(page.locator("#brush canvas").evaluate(SHARE))


def choose_tiles(page: Page) -> None:
    open_settings(page)
    page.get_by_role("button", name="For experts").click()
    field = page.locator("#knob-tileable input")
    field.click()
    page.get_by_role("option", name="Across and down, a tile").click()
    page.get_by_role("button", name="Settings").click()


@DESK_ONLY
def test_a_seamless_picture_is_seen_among_its_like(page: Page) -> None:
    expect(page.locator("#view label")).to_have_count(4)
    set_knobs(page, size=96, steps=6)
    choose_tiles(page)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(FINISHED)
    page.locator("#view").get_by_role("radio", name="Tiled", exact=True).check(force=True)
    tiles = page.locator("#stage .frame.tiled")
    expect(tiles).to_be_visible()
    expect(tiles).to_have_attribute("aria-label", "The picture, laid side by side")
    style: Any = tiles.evaluate("one => getComputedStyle(one).backgroundSize")
    assert [round(float(part.rstrip("%"))) for part in style.split()] == [33, 33]
    with downloaded(page) as picture:
        record = read_record(read_text(picture.filename))
        assert record is not None and record.settings.tileable == "both"
        assert {side % GRID for side in picture.size} == {0}
        levels = np.asarray(picture.convert("RGB"), float)
    for axis in (0, 1):
        inside = np.abs(np.diff(levels, axis=axis)).mean((1 - axis, 2))
        across = np.abs(levels.take(0, axis) - levels.take(-1, axis)).mean()
        assert across <= np.quantile(inside, 0.99) * 1.05
    page.get_by_role("button", name="Take the photo away").click()
    open_settings(page)
    page.locator("#knob-content_weight input").fill("0")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Settings").click()
    page.locator("#paint").click()
    expect(page.locator("#visit label")).to_have_count(2)  # of the painting alone
    with downloaded(page) as picture:
        assert picture.size == (96, 96)
    choose(page, "finished", page.locator("#finished input").first.get_attribute("value"))
    expect(page.locator("#view label")).to_have_count(4)  # no tile
