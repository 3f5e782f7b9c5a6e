"""A visit survives a reload, Back, and a connection that breaks while something is painted."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from studio.catalogue import FINISHED
from studio.panels import resume
from studio.runs.result import result_of
from tests.browser.driving import (
    DESK,
    PATIENCE,
    PHONE,
    Browser,
    Page,
    canvas,
    choose,
    expect,
    hand_in,
    set_knobs,
    status,
)
from tests.painting import noise

pytestmark = pytest.mark.usefixtures("small_network")

VISITOR: Any = SimpleNamespace(headers={}, session_hash="a-new-one")


class Line:
    """A connection to the server that can be cut and mended."""

    def __init__(self, server: str) -> None:
        self.target = (urlsplit(server).hostname, urlsplit(server).port)
        self.listener, self.ends, self.cut = socket.create_server(("127.0.0.1", 0)), [], False
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                if self.cut:
                    near.close()
                    continue
                far = socket.create_connection(self.target)
                self.ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(65536):
                other.sendall(piece)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def break_off(self) -> None:
        self.cut = True
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(server: str) -> Iterator[Line]:
    line = Line(server)
    with closing(line.listener):
        yield line


@pytest.fixture
def own_page(browser: Browser, line: Line) -> Iterator[Page]:
    context = browser.new_context(viewport=as_wide_as(DESK), locale="en-US")
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    page.goto(line.address, wait_until="domcontentloaded")
    expect(page.locator("#paint")).to_be_enabled()
    yield page
    context.close()


def as_wide_as(screen: tuple[int, int]) -> dict[str, int]:
    return dict(zip(("width", "height"), screen, strict=True))


@pytest.mark.slow
def test_nothing_is_lost(own_page: Page, line: Line, photo: Path, painting: Path) -> None:
    page = own_page
    hand_in(page, photo, painting)
    set_knobs(page, size=64, steps=2)
    page.locator("#paint").click()
    expect(page.locator("#visit .tile")).to_have_count(1)
    set_knobs(page, size=128, steps=9000)
    shown = [page.locator(f"#{box} img").get_attribute("src").rpartition("#")[2] for box in ("photo", "painting")]

    def is_back() -> None:
        for box, key in zip(("photo", "painting"), shown, strict=True):
            expect(page.locator(f"#{box} img")).to_have_attribute("src", re.compile(f"#{key}$"))
        page.get_by_role("button", name="Settings").click()
        expect(page.locator("#knob-steps input[type=number]")).to_have_value("9000")
        page.get_by_role("button", name="Settings").click()

    # Nobody reloads within the moment that it takes until a number just typed is written down.
    page.wait_for_function("JSON.parse(sessionStorage.getItem('visit')).choices.steps === 9000")
    page.reload(wait_until="domcontentloaded")
    is_back()
    expect(page.locator("#visit .tile")).to_have_count(1)
    expect(status(page)).to_have_text(re.compile("^Finished"))
    page.set_viewport_size(as_wide_as(PHONE))
    page.goto("about:blank")
    page.go_back(wait_until="domcontentloaded")
    is_back()

    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile(r"^Step \d+"))
    line.break_off()
    expect(page.get_by_test_id("toast-text")).to_have_text(re.compile("Connection to the server was lost"))
    line.cut = False
    expect(status(page)).to_have_text(re.compile(r"We lost the connection at step \d+ of 9000"))
    is_back()
    expect(page.locator("#visit .tile")).to_have_count(2)
    expect(canvas(page)).to_have_js_property("naturalWidth", 128)
    with page.expect_popup() as opened:
        page.evaluate("window.open(location.href)")
    second = opened.value
    expect(second.locator("#visit .tile")).to_have_count(2)  # it takes the visit along, and the first tab keeps it
    second.close()
    choose(page, "finished", next(iter(FINISHED)))
    choose(page, "visit", str(page.locator("#visit input").last.get_attribute("value")))
    expect(status(page)).to_have_text(re.compile("^Finished"))
    page.wait_for_function("document.querySelector('#canvas img').decode().then(() => true)")
    choose(page, "photos", "barn")
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("barn"))


def test_a_picture_s_file_outlives_the_session_that_made_it(tmp_path: Path) -> None:
    picture = noise(8, 6, 1)
    picture.save(tmp_path / "painting.png")
    result = result_of(picture, picture, str(tmp_path / "painting.png"), "line")
    here = resume.moved_here(result, VISITOR)
    (tmp_path / "painting.png").unlink()
    assert here.picture.tobytes() == picture.tobytes()
    assert resume.moved_here(result, VISITOR) is result  # whose file has gone


def test_only_a_run_whose_end_nobody_heard_of_was_cut_off() -> None:
    state: Any = SimpleNamespace(run_id="one", frame="a picture")
    assert resume.cut_off(state, [SimpleNamespace(run_id="two")]) is state
    begun = SimpleNamespace(run_id="one", frame=None)
    for nothing, results in ((None, []), (begun, []), (state, [state])):
        assert resume.cut_off(nothing, results) is None
