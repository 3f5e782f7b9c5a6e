"""The line that other pictures stand in the boxes, in a real browser: it comes and goes, and nothing moves."""

from __future__ import annotations

import re
from typing import Any

import pytest

from studio.i18n import LANGUAGES, words
from studio.runs import estimate
from tests.browser.driving import DESK, PATIENCE, PHONE, Browser, Page, choose, expect, set_knobs, status

SHIFTS = """window.moved = 0; // by a click, too: somebody may be about to press something else
new PerformanceObserver((list) => list.getEntries().forEach((one) => (window.moved += one.value)))
    .observe({ type: "layout-shift", buffered: true });"""
BELOW = """() => ["onward", "adjust", "mix", "paintings", "finished", "visit", "lesson"].map((id) => {
    return [id, document.getElementById(id).getBoundingClientRect().top + scrollY];
})"""
BOXES = """() => {
    const box = (one) => {
        const { left, top, right, bottom } = one.getBoundingClientRect();
        return [left, top, right, bottom];
    };
    const find = (what) => [...document.querySelectorAll(`#onward ${what}`)].map(box);
    return { all: box(document.getElementById("onward")), ways: find(".way"), said: find(".other :is(span, .own)") };
}"""


pytestmark = pytest.mark.usefixtures("known_machine", "small_network")


@pytest.fixture(autouse=True)
def long_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """From and to, as on a machine that has much to do."""
    monkeypatch.setattr(estimate, "spread", lambda: (1.0, 30.0))


def moved(page: Page) -> float:
    page.wait_for_timeout(300)  # what moves is noticed a frame later
    return float(page.evaluate("window.moved"))


def test_the_line_about_other_pictures_moves_nothing(page: Page) -> None:
    set_knobs(page, size=64, steps=3)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("^Finished"))
    expect(page.locator("#visit input")).to_have_count(1)
    expect(page.locator("#onward .way small").first).not_to_be_empty()
    page.wait_for_timeout(1000)  # it may be scrolling to the canvas
    line, places = page.locator("#onward .other"), page.evaluate(BELOW)
    expect(line).to_be_hidden()
    page.evaluate(SHIFTS)
    before = moved(page)
    choose(page, "photos", "barn")
    expect(line).to_be_visible()
    assert page.evaluate(BELOW) == places
    assert moved(page) - before < 0.05
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("neuschwanstein"))
    expect(line).to_be_hidden()
    assert page.evaluate(BELOW) == places
    assert moved(page) - before < 0.05


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_readable_in_every_language(browser: Browser, server: str, language: str) -> None:
    context = browser.new_context(locale=language, reduced_motion="reduce")  # sizes are final at once
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(server, wait_until="domcontentloaded")
    expect(page.locator("#canvas img")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#onward .way small").first).not_to_be_empty(timeout=PATIENCE)
    sizes: tuple[tuple[int, int], ...] = (DESK, PHONE, (1024, 768), (320, 640))
    heights = [height(page, size) for size in sizes]
    choose(page, "photos", "barn")
    line = page.locator("#onward .other span")
    expect(line).to_have_text(words(language)["onward_other"], timeout=PATIENCE)
    expect(line).to_be_visible(timeout=PATIENCE)
    for direction in ("ltr", "rtl"):
        page.evaluate("(direction) => (document.documentElement.dir = direction)", direction)
        for size, empty in zip(sizes, heights, strict=True):
            assert height(page, size) == empty
            is_inside_and_covers_nothing(page.evaluate(BOXES))
    context.close()


def height(page: Page, size: tuple[int, int]) -> float:
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    return float(page.locator("#onward").evaluate("one => one.getBoundingClientRect().height"))


def is_inside_and_covers_nothing(boxes: dict[str, Any]) -> None:
    left, top, right, bottom = boxes["all"]
    assert len(boxes["ways"]) == 4 and len(boxes["said"]) == 2
    for said in boxes["said"]:
        assert said[0] >= left - 1 and said[1] >= top - 3 and said[2] <= right + 1 and said[3] <= bottom + 3
        for way in boxes["ways"]:
            assert said[2] <= way[0] or way[2] <= said[0] or said[3] <= way[1] + 3 or way[3] <= said[1] + 3
