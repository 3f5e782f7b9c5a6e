"""What a visitor does on the page, as functions that drive a real browser."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from typing import Any

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
PATIENCE = 60_000  # milliseconds, for a busy machine; nothing waits that long
DESK, PHONE = (1280, 900), (390, 844)  # as the fixture `blank` has them
DESK_ONLY = pytest.mark.parametrize("blank", [DESK], ids=["desk"], indirect=True)  # the same on a phone
PHONE_ONLY = pytest.mark.parametrize("blank", [PHONE], ids=["phone"], indirect=True)
CALL = re.compile(r"/gradio_api/(queue/join|run/\w+|cancel|reset)")  # of an event of the page
LOCAL = re.compile(r"(http://127\.0\.0\.1|data:|blob:)")
LEAVES = "this document is being left"
CALM = 1.5  # seconds without a call, after which no further one can belong to a click


def choose(page: Page, wall: str, key: str) -> None:
    tile = page.locator(f"#{wall} input[value='{key}']")
    tile.evaluate("tile => tile.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' })")
    tile.check(force=True)  # the tile's picture lies above its radio button


def hand_in(page: Page, photo: Path, painting: Path) -> None:
    for box, path in (("photo", photo), ("painting", painting)):
        before = page.locator(f"#{box} img").get_attribute("src")
        page.locator(f"#{box} input[type=file]").set_input_files(path)
        expect(page.locator(f"#{box} img")).not_to_have_attribute("src", before)


def open_panel(page: Page, name: str, field: str) -> None:
    """A panel that opens for the first time fills its fields a moment after they appear."""
    page.get_by_role("button", name=name).click()
    expect(page.locator(field)).to_be_visible()
    page.evaluate("() => new Promise((done) => requestIdleCallback(() => setTimeout(() => requestIdleCallback(done))))")


def open_settings(page: Page) -> None:
    open_panel(page, "Settings", "#knob-seed input")


def set_knobs(page: Page, **values: int) -> None:
    open_settings(page)
    for name, value in values.items():
        page.locator(f"#knob-{name} input[type=number]").fill(str(value))
        page.keyboard.press("Tab")
        expect(page.locator(f"#knob-{name} input[type=range]")).to_have_value(str(value))
    page.get_by_role("button", name="Settings").click()


def drop(page: Page, on: str, *files: Path) -> None:
    """Through the browser's own protocol: an event made by a script keeps its files, a real one forgets them."""
    browser = page.context.new_cdp_session(page)
    page.locator(on).evaluate("one => one.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = page.locator(on).bounding_box()
    event = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    event["data"] = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, **event})
    browser.detach()


def answers_come_late(page: Page) -> None:
    """A third of a second later than they would: what one does meanwhile comes before them."""
    page.evaluate(
        """() => {
            const send = window.fetch;
            const late = (address) => new Promise((done) => setTimeout(done, /run\\/predict/.test(address) ? 300 : 0));
            window.fetch = async (...what) => (await late(what[0].url ?? what[0]), send(...what));
        }"""
    )


def status(page: Page) -> playwright.Locator:
    return page.locator("#status p")


def canvas(page: Page) -> playwright.Locator:
    return page.locator("#canvas img")


def downloaded(page: Page) -> Image.Image:
    with page.expect_download() as waiting:
        page.locator("#download").click()
    return Image.open(waiting.value.path())


class Calls:
    """What the page has called since `settled` was last asked for it."""

    def __init__(self, page: Any) -> None:
        self.page, self.names, self.under_way, self.changed = page, [], set(), time.monotonic()
        page.on("request", self.began)
        page.on("requestfinished", self.ended)
        page.on("requestfailed", self.ended)

    def began(self, request: Any) -> None:
        found = CALL.search(request.url)
        if request.method == "POST" and found:
            self.names.append(found[1])
            self.under_way.add(request)
            self.changed = time.monotonic()

    def ended(self, request: Any) -> None:
        if request in self.under_way:
            self.under_way.remove(request)
            self.changed = time.monotonic()

    def settled(self) -> list[str]:
        """Waits until nothing more comes, also on a busy machine."""
        while self.under_way or time.monotonic() < self.changed + CALM:
            self.page.wait_for_timeout(100)
        names, self.names = self.names, []
        return names


class Troubles:
    """Errors in a page's console, and requests to anywhere else.

    What a document says while it is being left does not count: its streams are cut, and Gradio's client complains.
    """

    def __init__(self, page: Any) -> None:
        self.seen: list[str] = []
        self.leaving = False
        page.add_init_script(f"addEventListener('beforeunload', () => console.debug('{LEAVES}'))")
        page.on("framenavigated", lambda frame: self.stays() if frame == page.main_frame else None)
        page.on("download", lambda _: self.stays())  # a link to a file leaves nothing
        page.on("pageerror", lambda error: self.heard("error", str(error)))
        page.on("console", lambda message: self.heard(message.type, message.text))
        page.on("request", lambda sent: None if LOCAL.match(sent.url) else self.seen.append(sent.url))

    def heard(self, kind: str, text: str) -> None:
        if text == LEAVES:
            self.leaving = True
        elif kind == "error" and not self.leaving:
            self.seen.append(text)

    def stays(self) -> None:
        self.leaving = False
