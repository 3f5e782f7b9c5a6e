"""The page's HTML as it leaves the server: its own title and link preview in place of Gradio's, and compressed."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from functools import lru_cache, partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import brotli  # type: ignore[import-untyped]  # which Gradio brings
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.catalogue import LINK_PREVIEW, OPENING
from studio.i18n import LANGUAGES, language_of, words
from studio.look import FONTS, font_url
from studio.server.first_files import CONFIG, first_files

FOREIGN = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*')  # Gradio's, which names itself
HTML = re.compile(rb'<html\s+lang="en"')
SPEAKING, OPENS = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("speaking.js", "opening.js"))
PRELOADED = {
    ".js": '<link rel="modulepreload" crossorigin href="{}">',
    ".css": '<link rel="preload" as="style" crossorigin href="{}">',
    ".woff2": '<link rel="preload" as="font" type="font/woff2" crossorigin href="{}">',
}
CODINGS: dict[str, Callable[[bytes], bytes]] = {  # the best first
    "br": partial(brotli.compress, quality=9),
    "gzip": partial(gzip.compress, mtime=0),
}
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
        language = language_of(self.request)
        ours = head(self.request) + early(first_files(body))
        body = HTML.sub(f'<html lang="{language}"'.encode(), FOREIGN.sub(b"", body), count=1)
        body = spoken(body, language)
        body = body.replace(b"<head>", b"<head>" + ours.encode(), 1)
        headers = MutableHeaders(scope=self.start)
        headers.add_vary_header("accept-encoding, accept-language, cookie")
        accepted = self.request.headers.get("accept-encoding", "")
        if coding := next((one for one in CODINGS if one in accepted), None):
            headers["content-encoding"], body = coding, compressed(body, coding)
        headers["content-length"] = str(len(body))
        await self.send(self.start)
        await self.send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=8)
def spoken(body: bytes, language: str) -> bytes:
    """The page without the words of the other languages, which are a third of what it weighs."""

    def alone(found: re.Match[bytes]) -> bytes:
        config = json.dumps(_alone(json.loads(found[2]), language), ensure_ascii=False).replace("<", r"\u003c")
        return found[1] + config.encode() + found[3]

    return CONFIG.sub(alone, body, count=1)


def _alone(part: Any, language: str) -> Any:
    """What is said in every language, in one."""
    if isinstance(part, list):
        return [_alone(one, language) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {language} if set(part) == set(LANGUAGES) else part.keys()
    return {key: _alone(one, language) for key, one in part.items() if key in kept}


@lru_cache(maxsize=8)
def compressed(body: bytes, coding: str) -> bytes:
    """The page is the same for all who speak one language."""
    return CODINGS[coding](body)


def head(request: Request) -> str:
    """Title, description and picture, for the browser's tab and for whoever is sent a link."""
    language, address = language_of(request), _address(request)
    text = words(language)
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
    return "".join(tags) + _script(SPEAKING, language=language, title=text["title"])


def early(files: tuple[str, ...]) -> str:
    """Asks for what is needed anyhow before the page asks for it, in the order of `files`."""
    addresses = [*(f"assets/{name}" for name in files), *map(font_url, FONTS)]
    tags = [PRELOADED[Path(address).suffix].format(address) for address in addresses]
    return "".join(tags) + (_script(OPENS) if OPENING else "")


def _script(text: str, **constants: str) -> str:
    said = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in constants.items())
    return f"<script>(() => {{ {said}{text} }})();</script>"


def _address(request: Request) -> str:
    """Of this page, as the visitor's browser knows it."""
    headers = request.headers
    scheme = headers.get("x-forwarded-proto", request.url.scheme).partition(",")[0].strip()
    host = headers.get("x-forwarded-host", headers.get("host", "localhost")).partition(",")[0].strip()
    return f"{'https' if scheme == 'https' else 'http'}://{host}{request.scope.get('root_path', '').rstrip('/')}/"
