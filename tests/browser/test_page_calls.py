"""How often the page calls the server for one click: once before a run, the run itself, and once after."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.driving import DESK_ONLY, expect, set_knobs, status

CALL = re.compile(r"/gradio_api/(queue/join|run/\w+|cancel|reset)")
RUN = ["run/predict", "queue/join", "run/predict"]
SETTLED = 1500  # milliseconds, after which no further call can belong to a click


@pytest.fixture
def calls(page: Any) -> list[str]:
    """What has been called since this list was cleared."""
    calls: list[str] = []

    def note(request: Any) -> None:
        found = CALL.search(request.url)
        if request.method == "POST" and found:
            calls.append(found[1])

    page.on("request", note)
    return calls


def counted(page: Any, calls: list[str]) -> list[str]:
    expect(page.locator("#paint")).to_be_visible()
    expect(page.locator("#onward fieldset")).to_be_enabled()
    page.wait_for_timeout(SETTLED)
    counted = list(calls)
    calls.clear()
    return counted


def begin_anew(page: Any, calls: list[str], **knobs: int) -> None:
    set_knobs(page, **knobs)
    page.wait_for_timeout(SETTLED)
    calls.clear()


@DESK_ONLY
def test_a_click_on_paint_is_three_calls(page: Any, calls: list[str]) -> None:
    begin_anew(page, calls, size=64, steps=3)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("^Finished"))
    assert counted(page, calls) == RUN


@DESK_ONLY
def test_stop_adds_its_own_calls_only(page: Any, calls: list[str]) -> None:
    begin_anew(page, calls, size=128, steps=400)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("^Step"))
    assert calls == RUN[:2]
    page.locator("#stop").click()
    expect(status(page)).to_have_text(re.compile("^Stopped"))
    assert sorted(counted(page, calls)) == sorted([*RUN, "run/predict", "cancel", "reset"])


@DESK_ONLY
def test_a_refused_run_is_three_calls_too(page: Any, calls: list[str]) -> None:
    page.locator("#photo .icon-button-wrapper button").click()
    begin_anew(page, calls)
    page.locator("#paint").click()
    expect(page.get_by_test_id("toast-text")).to_have_text("Please choose a photo.")
    assert counted(page, calls) == RUN


@DESK_ONLY
@pytest.mark.parametrize("way", ["Continue", "More style"])
def test_going_on_is_three_calls(page: Any, calls: list[str], way: str) -> None:
    begin_anew(page, calls, size=64, steps=3)
    page.get_by_role("button", name=way).click()
    expect(status(page)).to_have_text(re.compile("^Finished"))
    assert counted(page, calls) == ["queue/join", "queue/join", "run/predict"]


@DESK_ONLY
def test_a_refusal_to_go_on_is_one_call_and_changes_nothing(page: Any, calls: list[str]) -> None:
    page.locator("#photo .icon-button-wrapper button").click()
    begin_anew(page, calls)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_test_id("toast-text")).to_have_text("There is no picture to go on from yet.")
    assert counted(page, calls) == ["queue/join"]
