"""How often the page calls the server for one click: once before a run, the run itself, and once after."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from studio.panels import continue_buttons
from tests.browser.driving import DESK_ONLY, Calls, expect, set_knobs, status

pytestmark = pytest.mark.usefixtures("small_network")

RUN = ["run/predict", "queue/join", "run/predict"]


@pytest.fixture
def calls(blank: Any, server: str) -> Calls:
    """From the very first one of a page: its first forecast takes a while, and the next one waits for it."""
    calls = Calls(blank)
    blank.goto(server, wait_until="domcontentloaded")
    expect(blank.locator("#photo img")).to_be_visible()
    expect(blank.locator("#paint")).to_be_enabled()
    calls.settled()
    return calls


def counted(page: Any, calls: Calls) -> list[str]:
    expect(page.locator("#paint")).to_be_visible()
    expect(page.locator("#onward fieldset")).to_be_enabled()
    return calls.settled()


def begin_anew(page: Any, calls: Calls, **knobs: int) -> None:
    set_knobs(page, **knobs)
    calls.settled()


@pytest.mark.slow
@DESK_ONLY
def test_a_run_and_going_on_are_three_calls_and_a_refusal_to_go_on_is_one(
    blank: Any, calls: Calls, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = blank
    begin_anew(page, calls, size=64, steps=3)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("^Finished"))
    assert counted(page, calls) == RUN

    monkeypatch.setattr(continue_buttons, "LEAST_STEPS", 4)
    page.get_by_role("button", name="More style").click()
    expect(status(page)).to_have_text(re.compile("^Finished.*4 steps"))
    assert counted(page, calls) == ["queue/join", "queue/join", "run/predict"]

    page.locator("#photo input[type=file]").set_input_files(photo)
    begin_anew(page, calls, size=512, steps=1)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("^Finished.*1 steps"))
    counted(page, calls)
    page.get_by_role("button", name="Sharper").click()
    expect(page.get_by_test_id("toast-text")).to_have_text(re.compile("no more detail"))
    assert counted(page, calls) == ["queue/join"]


@DESK_ONLY
def test_stop_adds_its_own_calls_only_and_a_refused_run_is_three_calls_too(blank: Any, calls: Calls) -> None:
    page = blank
    begin_anew(page, calls, size=64, steps=9000)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("^Step"))
    assert calls.names == RUN[:2]
    page.locator("#stop").click()
    expect(status(page)).to_have_text(re.compile("^Stopped"))
    assert sorted(counted(page, calls)) == sorted([*RUN, "run/predict", "cancel", "reset"])

    page.locator("#photo .icon-button-wrapper button").click()
    begin_anew(page, calls)
    page.locator("#paint").click()
    expect(page.get_by_test_id("toast-text")).to_have_text("Please choose a photo.")
    assert counted(page, calls) == RUN
