"""What the server says no to before Gradio hears of it, and what it tells every browser.

One place decides: which rooms there are, who may post, how much one visitor may send, and which files a message may
name. What it lets through to a queue but refuses is marked, so that the queue says no in the way of all answers.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.components.images import MOST_BYTES
from studio.gradio_internals import upload_folder
from studio.i18n import language_of, words
from studio.server.budgets import Budgets, visitor
from studio.server.messages import MOST_JSON, SESSION, Refusal, check_parts, read

log = logging.getLogger(__name__)

API = "/gradio_api/"
ROOMS = re.compile(  # that our page, gradio_client and agents use; there are no others
    r"/|/(config|theme\.css|robots\.txt|favicon\.ico|manifest\.json|pwa_icon(/\d+)?|login_check|gradio_api)/?"
    r"|/(assets|static|svelte)/.*"
    r"|/gradio_api/(info|config|app_id|token|user|login_check|theme\.css|startup-events|upload|upload_progress|cancel"
    r"|reset|queue/(join|data|status)|heartbeat/[^/]+|(run|api)/[^/]+|call/(v2/)?[^/]+(/[^/]+)?)/?"
    r"|/(gradio_api/)?file=/.*"
    r"|/gradio_api/mcp(/.*)?"
)
DIRECT = (f"{API}run/", f"{API}api/")  # where Gradio runs an event without its queue
MOST_AGENT = 80 * 10**6  # bytes of an agent's message: a picture of 50 megabytes, as text, and some room
MOST_UPLOAD = MOST_BYTES + 10**6  # and what stands around it
MOST_FILES_AT_ONCE = 8
SILENCE = 30.0  # seconds between two parts of a request
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    # Gradio's own scripts and templates are inline and evaluated, so scripts cannot be told apart; but nothing is
    # loaded from, or sent to, anywhere else.
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; frame-src 'none'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self' https://huggingface.co https://*.hf.space",
}
PRIVATE = "private, max-age=3600"  # a visitor's picture may stay in the visitor's own browser only
REFUSED = "studio.refused"  # in the scope of a request: the sentence that the queue answers with


class Guard:
    """ASGI middleware. `hear` is told of every event that does not wait: whose it is, and what it says."""

    def __init__(self, app: ASGIApp, hear: Callable[[Any, Any], None], budgets: Budgets) -> None:
        self.app, self.hear, self.budgets = app, hear, budgets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":  # nothing of ours speaks WebSocket
            return await send({"type": "websocket.close", "code": 1008})
        answer = Answer(scope, send)
        try:
            await self._let_in(scope, receive, answer)
        except Refusal as refusal:
            await answer.refuse(refusal.status, refusal.key)
        except Exception as error:  # a message that no client of ours would send, a full disk, or a mistake of ours
            log.warning("%s %.200r: %s: %.200r", scope["method"], scope["path"], type(error).__name__, str(error))
            log.debug("", exc_info=True)
            await answer.refuse(*_blame(error, scope["method"]))

    async def _let_in(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        path = scope["path"]
        if not ROOMS.fullmatch(path) or scope["method"] not in ("GET", "HEAD", "POST", "DELETE"):
            raise Refusal(404, "nothing_here")
        _check_sessions(scope)
        if path.rstrip("/") == f"{API}info":
            scope["query_string"] = b"page=&" + scope["query_string"]  # other answers are kept, with the asker's Host
        if scope["method"] != "POST":
            return await self.app(scope, receive, answer)
        _check_origin(scope)
        async with self.budgets.turn(visitor(Request(scope))):
            if path.startswith(f"{API}upload"):
                return await self._upload(scope, receive, answer)
            receive = await self._read(scope, receive)
            return await self.app(scope, receive, answer)

    async def _read(self, scope: Scope, receive: Receive) -> Receive:
        """The request's message as Gradio may have it."""
        is_agent = scope["path"].startswith(f"{API}mcp")
        body = await _body(receive, MOST_AGENT if is_agent else MOST_JSON)
        if is_agent:
            check_parts(body)
            return _again(body, receive)
        message = read(body)
        session, who = message.values.get("session_hash"), visitor(Request(scope))
        if session:
            self.budgets.keep(who, session, message.values.get("fn_index"), len(body))
        if message.refused and not scope["path"].startswith((f"{API}queue/", f"{API}call/")):
            raise Refusal(422, "not_here")
        if message.refused:
            scope[REFUSED] = "not_here"
        if scope["path"].startswith(DIRECT):
            self.hear(session, message.values.get("data"))
        body = message.body
        headers = MutableHeaders(scope=scope)
        headers["content-length"] = str(len(body))
        return _again(body, receive)

    async def _upload(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Counted before it is stored; and whose files they are is written down."""
        who, size = visitor(Request(scope)), Headers(scope=scope).get("content-length", "")
        if not size.isdigit():
            raise Refusal(411, "too_large")
        if int(size) > MOST_UPLOAD:
            raise Refusal(413, "too_large")
        parts = Parts(scope, receive)
        with self.budgets.upload(who, int(size), Path(upload_folder())):
            async with answer.read() as said:
                try:
                    await self.app(scope, parts.receive, answer)
                except Exception:
                    if parts.refused:  # Gradio was told that the visitor had gone
                        raise Refusal(413, "too_many_files") from None
                    raise
            self.budgets.uploaded(who, paths_of_upload(b"".join(said)))


class Answer:
    """`send`, with our headers on whatever is answered."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self.send = scope, send
        self.started = False
        self._copy: list[bytes] | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            if "/file=" in self.scope["path"]:
                headers["cache-control"] = PRIVATE
        elif self._copy is not None:
            self._copy.append(message.get("body", b""))
        await self.send(message)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[list[bytes]]:
        """What is answered meanwhile."""
        self._copy = []
        try:
            yield self._copy
        finally:
            self._copy = None

    async def refuse(self, status: int, key: str) -> None:
        """One sentence in the visitor's language; `error` is where the page looks for it, `detail` the programs."""
        if self.started:
            return
        sentence = words(language_of(Request(self.scope)))[key]
        response = JSONResponse({"error": sentence, "detail": sentence}, status)
        await response(self.scope, _nothing, self)


class Parts:
    """An upload as it arrives: not too many files at once, and not too slowly."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        kind = Headers(scope=scope).get("content-type", "")
        found = re.search(r'boundary="?([^";,]+)', kind)
        self._boundary = b"--" + (found[1].encode("latin-1") if found else b"")
        self._receive, self._tail, self._count, self._done = receive, b"", 0, False
        self.refused = False

    async def receive(self) -> Message:
        if self.refused:
            return {"type": "http.disconnect"}
        message = await (self._receive() if self._done else _soon(self._receive))
        body = self._tail + message.get("body", b"")
        self._count += body.count(self._boundary)
        self._tail = body[max(0, len(body) - len(self._boundary) + 1) :]
        self._done = not message.get("more_body")
        if self._count > MOST_FILES_AT_ONCE + 1:  # one more stands at the end
            self.refused = True
            return {"type": "http.disconnect"}
        return message


def _blame(error: Exception, method: str) -> tuple[int, str]:
    """Status and sentence for what went wrong within Gradio."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return 507, "disk_full"
    if isinstance(error, KeyError | TypeError | ValueError) and method == "POST":
        return 400, "not_understood"
    return 500, "broken"


def paths_of_upload(answer: bytes) -> list[str]:
    """What Gradio answers to an upload: a list of paths, or a sentence."""
    try:
        said = json.loads(answer)
    except ValueError:
        return []
    return [path for path in said if isinstance(path, str)] if isinstance(said, list) else []


def _check_sessions(scope: Scope) -> None:
    """A session's name is kept as long as its visit, so it is short."""
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    named = asked.get("session_hash", [])
    if scope["path"].startswith(f"{API}heartbeat/"):
        named = [*named, scope["path"].removeprefix(f"{API}heartbeat/").rstrip("/")]
    if not all(SESSION.fullmatch(name) for name in named):
        raise Refusal(400, "not_understood")


def _check_origin(scope: Scope) -> None:
    """Another web page in the visitor's browser may not post here."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if headers.get("sec-fetch-site") == "cross-site":
        raise Refusal(403, "foreign_page")
    if origin is None or headers.get("sec-fetch-site") in ("same-origin", "none"):
        return
    if urlsplit(origin).netloc not in (headers.get("host"), headers.get("x-forwarded-host")):
        raise Refusal(403, "foreign_page")


async def _body(receive: Receive, most: int) -> bytes:
    """The whole body, if it is not larger and comes without long silences."""
    parts, size = [], 0
    while True:
        message = await _soon(receive)
        if message["type"] == "http.disconnect":
            raise Refusal(408, "too_slow")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise Refusal(413, "too_large")
        if not message.get("more_body"):
            return b"".join(parts)


async def _soon(receive: Receive) -> Message:
    try:
        return await asyncio.wait_for(receive(), SILENCE)
    except asyncio.TimeoutError:
        raise Refusal(408, "too_slow") from None


def _again(body: bytes, receive: Receive) -> Receive:
    """`receive` as if the body had not been read."""
    first = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
