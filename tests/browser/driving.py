"""What a visitor does on the page, as functions that drive a real browser."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

playwright = pytest.importorskip("playwright.sync_api")
expect, Page, Browser = playwright.expect, playwright.Page, playwright.Browser

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a camera that shows green, and needs no permission
    "--use-fake-ui-for-media-stream",
]
PATIENCE = 30_000  # milliseconds, for a busy machine; nothing waits that long
DESK, PHONE = (1280, 900), (390, 844)  # as the fixture `page` has them
DESK_ONLY = pytest.mark.parametrize("page", [DESK], ids=["desk"], indirect=True)  # the same on a phone
CALL = re.compile(r"/gradio_api/(queue/join|run/\w+|cancel|reset)")  # of an event of the page
LOCAL = re.compile(r"(http://127\.0\.0\.1|data:|blob:)")


def choose(page: Page, wall: str, key: str) -> None:
    tile = page.locator(f"#{wall} input[value='{key}']")
    tile.evaluate("tile => tile.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' })")
    tile.check(force=True)  # the tile's picture lies above its radio button


def hand_in(page: Page, photo: Path, painting: Path) -> None:
    for box, path in (("photo", photo), ("painting", painting)):
        before = page.locator(f"#{box} img").get_attribute("src")
        page.locator(f"#{box} input[type=file]").set_input_files(path)
        expect(page.locator(f"#{box} img")).not_to_have_attribute("src", before)


def open_settings(page: Page) -> None:
    """A panel that opens for the first time fills its fields a moment after they appear."""
    page.get_by_role("button", name="Settings").click()
    expect(page.locator("#knob-seed input")).to_be_visible()
    page.evaluate("() => new Promise((done) => requestIdleCallback(() => setTimeout(() => requestIdleCallback(done))))")


def set_knobs(page: Page, **values: int) -> None:
    open_settings(page)
    for name, value in values.items():
        page.locator(f"#knob-{name} input[type=number]").fill(str(value))
        page.keyboard.press("Tab")
        expect(page.locator(f"#knob-{name} input[type=range]")).to_have_value(str(value))
    page.get_by_role("button", name="Settings").click()


def status(page: Page) -> playwright.Locator:
    return page.locator("#status p")


def canvas(page: Page) -> playwright.Locator:
    return page.locator("#canvas img")


def downloaded(page: Page) -> Image.Image:
    with page.expect_download() as waiting:
        page.locator("#download").click()
    return Image.open(waiting.value.path())
