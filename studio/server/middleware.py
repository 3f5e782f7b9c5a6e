"""What the server says no to before Gradio hears of it, and what it tells every browser."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import MutableHeaders

MOST_MEGABYTES = 80  # of a request that is no upload: a picture of 50, as text, and some room
DIRECT = ("/gradio_api/run/", "/gradio_api/api/")  # where Gradio runs an event without its queue
ROOMS = ("deep_link", "dev/", "profiling", "process_recording", "proxy=", "run-history", "runs", "vibe-")
CLOSED = ("/monitoring", *(f"/gradio_api/{room}" for room in ROOMS))
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "content-security-policy": "object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self' https://huggingface.co https://*.hf.space",
}
PRIVATE = "private, max-age=3600"  # a visitor's picture may stay in the visitor's own browser only

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Guard:
    """ASGI middleware. `hear` is told of every event that does not wait: whose it is, and what it says."""

    def __init__(
        self, app: Callable[[Message, Receive, Send], Awaitable[None]], hear: Callable[[Any, Any], None]
    ) -> None:
        self.app, self.hear = app, hear

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = scope["path"]
        if path.startswith(CLOSED):
            return await _answer(send, 404, "There is nothing here.")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if path.startswith("/gradio_api/file="):
                    headers["cache-control"] = PRIVATE
            await send(message)

        if scope["method"] == "POST" and not path.startswith("/gradio_api/upload"):
            body = await _body(receive)
            if body is None:
                return await _answer(send_with_headers, 413, f"Please send at most {MOST_MEGABYTES} megabytes.")
            if path.startswith(DIRECT):
                said = _read(body)
                if has_address(said):
                    return await _answer(send_with_headers, 422, "Please send the picture as a file.")
                self.hear(said.get("session_hash"), said.get("data"))
            receive = _again(body, receive)
        await self.app(scope, receive, send_with_headers)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if it is larger than any that we ask for."""
    parts, size = [], 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_MEGABYTES * 10**6:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """`receive` as if the body had not been read."""
    first = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"detail": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}  # Gradio refuses it in its own words
    return said if isinstance(said, dict) else {}


def with_own_files(value: Any) -> Any:
    """The same with addresses of our own files as their paths. Gradio checks whether they were uploaded."""
    if isinstance(value, dict):
        path = value.get("path")
        own = unquote(path.partition("/gradio_api/file=")[2]) if isinstance(path, str) and is_address(path) else ""
        if own:
            return {"meta": value.get("meta"), "path": own}
        return {key: with_own_files(one) for key, one in value.items()}
    return [with_own_files(one) for one in value] if isinstance(value, list) else value


def is_address(path: str) -> bool:
    return path.lower().startswith(("http:", "https:"))


def has_address(value: Any) -> bool:
    """Whether a file in it is one that the server would have to fetch from the internet.

    Gradio would, of any size and into memory, before anybody looks at what it is.
    """
    return any(is_address(path) for path in paths_in(value))


def paths_in(value: Any) -> Iterator[str]:
    """The files that an event names."""
    if isinstance(value, dict):
        if isinstance(path := value.get("path"), str):
            yield path
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from paths_in(one)
