"""What the server makes of Gradio's page before anybody sees it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from studio.catalogue import ICON, LINK_PREVIEW
from studio.i18n import language_of, words
from studio.server.front_page import PREVIEW_SIZE, FrontPage

GRADIO = """<!doctype html>
<html
\tlang="en"
><head><meta charset="utf-8" /><meta property="og:title" content="Gradio" />
<meta
  name="twitter:creator"
  content="@Gradio"
/></head><body></body></html>"""


@pytest.fixture
def page() -> TestClient:
    routes = [Route("/", lambda _: HTMLResponse(GRADIO)), Route("/config", lambda _: Response(b"{}" * 1000))]
    app = Starlette(routes=routes)
    app.add_middleware(FrontPage)
    return TestClient(app)


def test_a_link_shows_this_page_and_not_gradio(page: TestClient) -> None:
    headers = {"accept-language": "fr", "x-forwarded-proto": "https", "host": '"><b>.example'}
    html = page.get("/", headers=headers).text
    assert "@Gradio" not in html and 'content="Gradio"' not in html
    assert 'lang="fr"' in html
    assert f'<meta property="og:title" content="{words("fr")["title"]}">' in html
    assert html.count("og:title") == html.count("<title>") == 1
    assert "<b>" not in html
    assert re.search(r'og:image" content="https://.*link-preview.jpg"', html)
    with Image.open(LINK_PREVIEW) as picture, Image.open(ICON) as icon:
        assert picture.size == PREVIEW_SIZE
        assert icon.width == icon.height
    assert LINK_PREVIEW.stat().st_size < 300_000


@pytest.mark.parametrize(("coding", "opened"), [("gzip", gzip.decompress), ("br", brotli.decompress)])
def test_the_page_travels_compressed_and_nothing_else_is_touched(
    page: TestClient, coding: str, opened: Callable[[bytes], bytes]
) -> None:
    with page.stream("GET", "/", headers={"accept-encoding": f"deflate, {coding}"}) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == coding
    assert int(answer.headers["content-length"]) == len(body)
    assert b"<html" in opened(body)
    assert "accept-language" in answer.headers["vary"]
    plain = page.get("/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and "<html" in plain.text
    assert page.get("/config").content == b"{}" * 1000


def test_the_language_that_was_chosen_goes_first() -> None:
    asked = (("language=de", "fr", "de"), ("language=xx; a=b", "ar,zh-CN", "zh"), ("", "ar", "en"))
    for cookie, accepted, spoken in asked:
        headers = {"cookie": cookie, "accept-language": accepted}
        assert language_of(httpx.Request("GET", "http://here", headers=headers)) == spoken
