"""The Hugging Face Hub in small: a server on this machine that has a few files and speaks as the Hub does."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _cache_assets

from nst import hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """What a test asks of it, and what it counts.

    Attributes:
        files: "owner/name/resolve/revision/file" -> its content.
        etag: What it says that a file's checksum is, where that is not the truth.
        cuts: How many bytes of its body each of the next answers gives before it hangs up.
        ranges: Whether it sends parts of files.
        silent: Whether it takes requests and then says nothing, until the test is over.
        sent: Bytes of files that went out.
        asked: The range of each request for a file itself.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = {f"/{path}": content for path, content in files.items()}
        self.etag, self.ranges = "", True
        self.cuts: list[int] = []
        self.silent, self.over = False, threading.Event()
        self.sent = 0
        self.asked: list[range] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_HEAD(self) -> None:
        self.redirect()

    def do_GET(self) -> None:
        if self.path.startswith("/storage"):
            self.file(self.server.files[self.path.removeprefix("/storage")])
        else:
            self.redirect()

    def redirect(self) -> None:
        """The Hub knows what a file is, and has it stored elsewhere."""
        content = self.server.files.get(self.path)
        if content is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
        else:
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/storage{self.path}")
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("X-Linked-Etag", f'"{self.server.etag or hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def file(self, content: bytes) -> None:
        if self.server.silent:
            self.server.over.wait()
            self.close_connection = True
            return
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        self.server.asked.append(range(first, last + 1))
        body = content[first : last + 1] if self.server.ranges else content
        self.send_response(206 if self.server.ranges else 200)
        if self.server.ranges:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(body)
        self.server.sent += len(body[:cut])
        try:
            self.wfile.write(body[:cut])
        except ConnectionError:  # the client had seen enough
            self.close_connection = True
        if cut < len(body):
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def reached(files: Mapping[str, bytes], cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub that is reached, with a cache of its own and no patience."""
    with Hub(files) as running:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", running.address)
        template = running.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(_cache_assets, "HF_ASSETS_CACHE", str(cache))
        monkeypatch.setattr(hub.time, "sleep", lambda seconds: None)
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield running
        finally:
            running.over.set()
            running.shutdown()
            thread.join()
