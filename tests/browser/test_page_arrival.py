"""The page as it arrives, in a real browser: what is asked for, and in which order."""

from __future__ import annotations

import io
import re
from collections import Counter

from PIL import Image

from studio.catalogue import ICON
from studio.i18n import words
from studio.server.front_page import PREVIEW_SIZE
from tests.browser.driving import PATIENCE, Browser, expect

ASSET = re.compile(r"assets/[\w.-]+|fonts/[\w.-]+")  # of Gradio, and ours


def test_what_gradio_needs_is_asked_for_at_once_and_small_pictures_last(browser: Browser, server: str) -> None:
    """An update of Gradio whose files are not found any longer, or which needs others, fails here."""
    asked: list[str] = []
    page = browser.new_page(locale="en-US")  # with an empty cache
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(server, wait_until="domcontentloaded")
    expect(page.locator("#finished img").first).to_be_visible(timeout=PATIENCE)
    links = re.findall(r'<link rel="(?:module)?preload"[^>]* href="([^"]*)"', page.request.get(server).text())
    named = {ASSET.search(link)[0] for link in links}
    came = Counter(found[0] for address in asked if (found := ASSET.search(address)))
    assert named == set(came)
    assert len(came) > 50 and set(came.values()) == {1}
    page.wait_for_function("[...document.querySelectorAll('#photos img')].every((one) => one.complete)")
    large = next(number for number, address in enumerate(asked) if "/1024/" in address)
    small = next(number for number, address in enumerate(asked) if re.search("/(content|style|results)-", address))
    assert large < small

    def content(name: str) -> str:
        return str(page.locator(f"meta[property='og:{name}']").get_attribute("content"))

    text = words("en")
    assert (page.title(), content("title"), content("description")) == (text["title"], text["title"], text["tagline"])
    with Image.open(io.BytesIO(page.request.get(content("image")).body())) as preview:
        assert preview.size == PREVIEW_SIZE
    assert page.request.get(f"{server}favicon.ico").body() == ICON.read_bytes()
    page.close()
