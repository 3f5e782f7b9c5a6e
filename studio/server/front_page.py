"""The page's HTML as it leaves the server: its own title and link preview in place of Gradio's, and compressed."""

from __future__ import annotations

import gzip
import json
import re
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.catalogue import LINK_PREVIEW
from studio.i18n import LANGUAGES, language_of, words

FOREIGN = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*')  # Gradio's, which names itself
OPENING = re.compile(rb'<html\s+lang="en"')
SPEAKING = Path(__file__).with_name("speaking.js").read_text(encoding="utf-8")
PREVIEW_SIZE = (1200, 630)  # pixels: what those who show a link expect


class FrontPage:
    """ASGI middleware. Changes the answer to `/` and nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            return await self.app(scope, receive, send)
        answer = _Answer(Request(scope), send)
        await self.app(scope, receive, answer)


class _Answer:
    """`send`, which keeps the HTML back until it is whole."""

    def __init__(self, request: Request, send: Send) -> None:
        self.request, self.send = request, send
        self.start: Message = {}
        self.parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        if "text/html" not in Headers(raw=self.start["headers"]).get("content-type", ""):
            if not self.parts:
                await self.send(self.start)
                self.parts.append(b"")
            return await self.send(message)
        self.parts.append(message.get("body", b""))
        if not message.get("more_body"):
            await self._whole(b"".join(self.parts))

    async def _whole(self, body: bytes) -> None:
        body = FOREIGN.sub(b"", body)
        body = OPENING.sub(f'<html lang="{language_of(self.request)}"'.encode(), body, count=1)
        body = body.replace(b"<head>", b"<head>" + head(self.request).encode(), 1)
        headers = MutableHeaders(scope=self.start)
        headers.add_vary_header("accept-encoding, accept-language, cookie")
        if "gzip" in self.request.headers.get("accept-encoding", ""):
            headers["content-encoding"], body = "gzip", compressed(body)
        headers["content-length"] = str(len(body))
        await self.send(self.start)
        await self.send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=8)
def compressed(body: bytes) -> bytes:
    """The page is the same for all who speak one language."""
    return gzip.compress(body, mtime=0)


def head(request: Request) -> str:
    """Title, description and picture, for the browser's tab and for whoever is sent a link."""
    text, address = words(language_of(request)), _address(request)
    about = {
        "og:type": "website",
        "og:url": address,
        "og:title": text["title"],
        "og:description": text["tagline"],
        "og:image": f"{address}gradio_api/file={quote(str(LINK_PREVIEW))}",
        "og:image:width": str(PREVIEW_SIZE[0]),
        "og:image:height": str(PREVIEW_SIZE[1]),
        "og:image:alt": text["tagline"],
    }
    tags = [f'<meta property="{name}" content="{escape(value)}">' for name, value in about.items()]
    tags.append('<meta name="twitter:card" content="summary_large_image">')
    tags.append(f'<meta name="description" content="{escape(text["tagline"])}">')
    tags.append(f"<title>{escape(text['title'])}</title>")
    titles = {language: words(language)["title"] for language in LANGUAGES}
    constants = f"const LANGUAGES = {json.dumps(LANGUAGES)}, TITLES = {json.dumps(titles)};"
    return "".join(tags) + f"<script>(() => {{ {constants}\n{SPEAKING} }})();</script>"


def _address(request: Request) -> str:
    """Of this page, as the visitor's browser knows it."""
    headers = request.headers
    scheme = headers.get("x-forwarded-proto", request.url.scheme).partition(",")[0].strip()
    host = headers.get("x-forwarded-host", headers.get("host", "localhost")).partition(",")[0].strip()
    return f"{'https' if scheme == 'https' else 'http'}://{host}{request.scope.get('root_path', '').rstrip('/')}/"
