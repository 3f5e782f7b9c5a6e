"""One browser for all tests in this folder, and a fresh page for each."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytest

from studio.runs import estimate


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    from tests.browser.driving import (  # not above: where there is no playwright, tests are skipped
        CHROMIUM,
        QUIET,
        playwright,
    )

    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(blank: Any, server: str) -> Any:
    """The page as it opens."""
    from tests.browser.driving import expect

    blank.goto(server, wait_until="domcontentloaded")
    expect(blank.locator("#canvas img")).to_be_visible()
    expect(blank.locator("#paint")).to_be_enabled()
    return blank


@pytest.fixture(params=[(1280, 900), (390, 844)], ids=["desk", "phone"])
def blank(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    """An empty tab, with an empty cache. Afterwards: no error in the console, no request to anywhere else."""
    from tests.browser.driving import PATIENCE, Troubles, expect

    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US", accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    troubles = Troubles(page)
    yield page
    assert troubles.seen == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page can be pushed sideways"
    context.close()


@pytest.fixture
def known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast and always the same: no test waits for the probe, and every forecast is a single number."""
    monkeypatch.setattr(estimate, "_machine", estimate.Machine(0.0, 1e-6))
    monkeypatch.setattr(estimate, "_paces", OrderedDict(probe=estimate.Pace(1.0, math.inf)))
    monkeypatch.setattr(estimate, "learn", lambda *_: None)
