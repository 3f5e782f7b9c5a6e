"""The small picture beside the knobs, in a real browser."""

from __future__ import annotations

import re

import pytest

from studio.i18n import words
from tests.browser.driving import DESK_ONLY, Page, choose, expect, open_settings

pytestmark = pytest.mark.usefixtures("known_machine")
PALE = re.compile("behind")


@DESK_ONLY
def test_a_picture_follows_the_knobs_and_nothing_moves(page: Page) -> None:
    open_settings(page)
    place, picture = page.locator("#sketch figure"), page.locator("#sketch img")
    expect(place).to_contain_text(words("en")["sketch_hint"])
    page.locator("#knob-content_weight").evaluate("knob => knob.scrollIntoView({ block: 'start' })")
    where = "() => ['sketch', 'knob-motifs', 'knob-color'].map((id) => document.getElementById(id).offsetTop)"
    before = page.evaluate(where)
    content_weight, brush = (
        page.locator("#knob-content_weight input"),
        page.locator("#knob-style_scale input[type=range]"),
    )
    seen: list[str] = []
    for move in (lambda: content_weight.fill("0.01"), lambda: content_weight.fill("3"), lambda: brush.press("End")):
        move()
        expect(picture).to_be_visible()
        if seen:
            expect(picture).not_to_have_attribute("src", seen[-1])
        expect(place).not_to_have_class(PALE)
        seen.append(str(picture.get_attribute("src")))
    assert len(set(seen)) == 3
    expect(picture).to_have_attribute("alt", words("en")["sketch_alt"])
    assert page.evaluate(where) == before
    choose(page, "photos", "barn")  # of which there is no sketch yet
    expect(place).to_have_class(PALE)
