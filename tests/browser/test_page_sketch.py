"""The small picture beside the knobs, in a real browser."""

from __future__ import annotations

import re

import pytest

from studio.i18n import words
from tests.browser.driving import DESK_ONLY, Page, choose, expect, open_settings, playwright

pytestmark = pytest.mark.usefixtures("known_machine", "small_network")
PALE = re.compile("behind")


@DESK_ONLY
def test_a_picture_follows_the_knobs_and_nothing_moves(page: Page) -> None:
    open_settings(page)
    place, picture = page.locator("#sketch figure"), page.locator("#sketch img")
    expect(place).to_contain_text(words("en")["sketch_hint"])
    page.locator("#knob-content_weight").evaluate("knob => knob.scrollIntoView({ block: 'start' })")
    expect(picture).to_be_visible()  # as soon as its place is seen
    expect(place).not_to_have_class(PALE)
    where = "() => ['sketch', 'knob-motifs', 'knob-color'].map((id) => document.getElementById(id).offsetTop)"
    before = page.evaluate(where)
    content_weight, brush = (
        page.locator("#knob-content_weight input"),
        page.locator("#knob-style_scale input[type=range]"),
    )
    seen = [str(picture.get_attribute("src"))]
    for move in (lambda: content_weight.fill("0.01"), lambda: content_weight.fill("3"), lambda: brush.press("End")):
        move()
        expect(picture).not_to_have_attribute("src", seen[-1])
        expect(place).not_to_have_class(PALE)
        seen.append(str(picture.get_attribute("src")))
    assert len(set(seen)) == 4
    expect(picture).to_have_attribute("alt", words("en")["sketch_alt"])
    assert page.evaluate(where) == before


@DESK_ONLY
def test_whatever_else_is_chosen_brings_a_new_one_or_says_why_there_is_none(page: Page) -> None:
    place, picture = _in_view(page)
    for change in (lambda: choose(page, "photos", "barn"), lambda: _draw_an_arrow(page)):
        before = str(picture.get_attribute("src"))
        change()
        place.scroll_into_view_if_needed()
        expect(picture).not_to_have_attribute("src", before)
        expect(place).not_to_have_class(PALE)
    page.locator("#knob-recipe input[value=gatys2016]").check(force=True)
    place.scroll_into_view_if_needed()
    expect(place).to_have_text(re.compile(re.escape(words("en")["sketch_none"])))


@DESK_ONLY
def test_a_picture_of_older_choices_that_arrives_out_of_sight_does_not_count(page: Page) -> None:
    place, picture = _in_view(page)
    expect(place).not_to_have_class(PALE)
    before = str(picture.get_attribute("src"))
    page.evaluate(
        """async () => {
            window.scrollTo({ top: 0, behavior: "instant" });
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); // it is out of sight
            await new Promise((done) => setTimeout(done, 100));
            const knob = document.querySelector("#knob-content_weight input[type=number]");
            knob.value = 3; // asks for a picture by itself
            knob.dispatchEvent(new Event("input", { bubbles: true }));
            await new Promise((done) => setTimeout(done, 50)); // it is on its way
            document.querySelector("#knob-recipe input[value=gatys2016]").click();
        }"""
    )
    expect(picture).not_to_have_attribute("src", before)
    page.wait_for_timeout(1000)  # nobody asks for another one meanwhile
    expect(place).to_have_class(PALE)
    place.scroll_into_view_if_needed()
    expect(place).to_have_text(re.compile(re.escape(words("en")["sketch_none"])))


def _in_view(page: Page) -> tuple[playwright.Locator, playwright.Locator]:
    """The place and its first picture."""
    open_settings(page)
    place, picture = page.locator("#sketch figure"), page.locator("#sketch img")
    place.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    return place, picture


def _draw_an_arrow(page: Page) -> None:
    page.locator("#arrows > button").click()
    sheet = page.locator("#knob-strokes svg")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.5 * box["height"], steps=5)
    page.mouse.up()
