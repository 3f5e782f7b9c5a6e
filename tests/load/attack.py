"""Attacks on a running page, with messages that no client of ours would send. Each says held, or what fell.

The attacker is on this machine, so only a server that runs here can be attacked. An honest visitor of another address
hands in a photo all the while, and tells how long that took.
"""

from __future__ import annotations

import io
import json
import os
import socket
import statistics
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from PIL import Image

META = {"meta": {"_type": "gradio.FileData"}}
LONGEST_WAIT = 2.0  # seconds that an honest visitor waits at most


def png(width: int, height: int) -> bytes:
    """White, of one bit: of any size in a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress((b"\0" + b"\xff" * -(-width // 8)) * height, 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def small_png() -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((64, 48)).save(stream, "PNG")
    return stream.getvalue()


class Someone:
    """Plain HTTP from an address of this machine."""

    def __init__(self, page: str, address: str = "127.0.0.1") -> None:
        self.page, self.address = page, address
        self.http = httpx.Client(
            base_url=page, timeout=30, transport=httpx.HTTPTransport(verify=False, local_address=address, retries=0)
        )
        self.session = uuid4().hex
        self._config: dict[str, Any] = {}

    @property
    def config(self) -> dict[str, Any]:
        self._config = self._config or self.http.get("config").json()
        return self._config

    def event(self, elem_id: str, name: str) -> dict[str, Any]:
        """An event of the page, as its configuration says it."""
        (component,) = (one["id"] for one in self.config["components"] if one["props"].get("elem_id") == elem_id)
        return next(one for one in self.config["dependencies"] if [component, name] in one["targets"])

    def values(self, event: dict[str, Any]) -> list[Any]:
        """What its controls hold when the page opens."""
        held = {one["id"]: one["props"].get("value") for one in self.config["components"]}
        return [held.get(one) for one in event["inputs"]]

    def handed_in(self, event: dict[str, Any], file: dict[str, Any]) -> list[Any]:
        """The values of an event by which a photo is handed in."""
        names = {one["id"]: one["props"].get("elem_id") for one in self.config["components"]}
        return [{"box": "photo", "file": file} if names.get(one) == "inbox" else None for one in event["inputs"]]

    def upload(self, content: bytes, name: str = "a.png") -> str:
        answer = self.http.post("gradio_api/upload", files={"files": (name, content)})
        answer.raise_for_status()
        return str(answer.json()[0])

    def join(self, event: dict[str, Any], data: list[Any], session: str | None = None) -> httpx.Response:
        body = {"fn_index": event["id"], "session_hash": session or self.session, "data": data}
        return self.http.post("gradio_api/queue/join", json=body)

    @contextmanager
    def watching(self, session: str | None = None) -> Iterator[Iterator[str]]:
        """What is said to a session, line by line."""
        with self.http.stream("GET", "gradio_api/queue/data", params={"session_hash": session or self.session}) as said:
            yield said.iter_lines()

    def listen(self, session: str | None = None) -> list[dict[str, Any]]:
        """What is said to a session until the stream closes."""
        with self.watching(session) as said:
            return [json.loads(line.removeprefix("data: ")) for line in said if line.startswith("data: ")]

    def outcome(self, event: dict[str, Any], data: list[Any], session: str | None = None) -> dict[str, Any]:
        """How an event of the queue ended."""
        joined = self.join(event, data, session)
        if joined.status_code != 200:
            return {"success": False, "output": {"error": joined.text}}
        return next(one for one in self.listen(session) if one["msg"] == "process_completed")

    def call(self, content: Any) -> str:
        """What `/stylize` of another's file answers: the last event, as text."""
        style = {"path": self.upload(small_png()), **META}
        asked = self.http.post(
            "gradio_api/call/v2/stylize", json={"content": content, "style": style, "size": 64, "steps": 1}
        )
        if asked.status_code != 200:
            return asked.text
        with self.http.stream("GET", f"gradio_api/call/stylize/{asked.json()['event_id']}") as said:
            return "\n".join(said.iter_lines()).rpartition("event: ")[2]


@dataclass
class Honest:
    """Hands in a photo again and again; `waits` are seconds."""

    page: str
    waits: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @contextmanager
    def at_work(self) -> Iterator[Honest]:
        done = threading.Event()
        thread = threading.Thread(target=self._hand_in, args=(done,))
        thread.start()
        try:
            yield self
        finally:
            done.set()
            thread.join()

    def _hand_in(self, done: threading.Event) -> None:
        someone, photo = Someone(self.page, "127.0.0.2"), small_png()
        event = someone.event("inbox", "upload")
        while not done.is_set():
            begun = time.monotonic()
            try:
                file = {"path": someone.upload(photo, "honest.png"), "orig_name": "honest.png", **META}
                ended = someone.outcome(event, someone.handed_in(event, file), uuid4().hex)
                if not ended["success"]:
                    self.failures.append(str(ended["output"])[:200])
            except (httpx.HTTPError, StopIteration) as error:
                self.failures.append(repr(error))
            self.waits.append(time.monotonic() - begun)
            done.wait(0.3)


Attack = Callable[[Someone], str]  # "" held, else what fell


def somebody_elses_file(someone: Someone) -> str:
    """Row 1: the server's own files, folders, pipes and open handles, in every shape of a message."""
    with tempfile.TemporaryDirectory() as folder:
        secret, pipe = Path(folder) / "secret.png", Path(folder) / "pipe"
        Image.new("RGB", (64, 64), (250, 3, 77)).save(secret)
        if hasattr(os, "mkfifo"):
            os.mkfifo(pipe)
        named = [secret, pipe, folder, f"{folder}/missing.png", "/etc/passwd", "/dev/zero"]
        named += [f"/proc/self/fd/{number}" for number in range(12)]
        shapes: list[Callable[[str], Any]] = [
            lambda path: {"path": path},
            lambda path: {"path": path, **META},
            lambda path: {"path": path, "url": f"file://{path}"},
            lambda path: {"url": f"file://{path}"},
            lambda path: {"path": None, "url": path, **META},
            lambda path: {"path": f"{someone.page}gradio_api/file={path}", **META},
            lambda path: {"path": f"/gradio_api/file={path}"},
        ]
        answers = {someone.call(shape(str(secret))) for shape in shapes}
        answers |= {someone.call({"path": str(path)}) for path in named[1:]}
        if any("complete" in answer or "generating" in answer for answer in answers):
            return "a file of the server's was painted"
        if len(answers) > 1:
            return f"the answers tell what there is: {sorted(answers)}"
        event = someone.event("inbox", "upload")
        body = {"data": someone.handed_in(event, {"path": str(secret)}), "fn_index": event["id"]}
        direct = someone.http.post("gradio_api/run/predict", json={**body, "session_hash": someone.session})
        return "" if direct.status_code in (404, 422) else f"run/predict answered {direct.status_code}"


def fetching(someone: Someone) -> str:
    """Row 3: the server as a proxy."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(1)
        address = f"http://localhost:{listener.getsockname()[1]}/x.png"
        for path in (f"gradio_api/file={address}", f"gradio_api/file/{address}", f"file={address}", f"file/{address}"):
            if (status := someone.http.get(path).status_code) != 404:
                return f"{path} answered {status}"
        if "complete" in someone.call({"path": address, **META}):
            return "an address was painted"
        with suppress(TimeoutError):
            listener.accept()
            return "the address was asked"
    return ""


def large_json(someone: Someone) -> str:
    """Row 4: much text for a field that nobody checks, and as the name of a session."""
    event = someone.event("brush", "change")
    text = someone.join(event, ["x" * 20_000_000])
    name = someone.join(event, someone.values(event), session="s" * 20_000_000)
    short = someone.join(event, someone.values(event), session="s" * 1000)
    statuses = text.status_code, name.status_code, short.status_code
    return "" if all(400 <= status < 500 for status in statuses) else f"answered {statuses}"


def many_states(someone: Someone) -> str:
    """Row 4: a page's values, again and again, each of nearly the most that a message may have."""
    event, sizes = someone.event("brush", "change"), 0
    for _ in range(40):
        body = {
            "fn_index": event["id"],
            "session_hash": uuid4().hex,
            "data": [{"mask": None, "where": "x" * 3_900_000}],
        }
        if someone.http.post("gradio_api/run/predict", json=body).status_code == 429:
            return ""
        sizes += 3_900_000
    return f"{sizes / 1e6:.0f} MB were kept"


def unread_answers(someone: Someone) -> str:
    """Rows 4 and 6: light events that nobody listens to. The last of them is listened to: it has to be a refusal."""
    event, file = someone.event("inbox", "upload"), {"path": someone.upload(small_png()), **META}
    last, *sessions = (uuid4().hex for _ in range(60))
    with ThreadPoolExecutor(16) as at_once:  # an answer is waited for only so long, and this machine may be slow
        list(at_once.map(lambda session: someone.join(event, someone.handed_in(event, file), session), sessions))
    someone.join(event, someone.handed_in(event, file), last)
    (ended,) = [one for one in someone.listen(last) if one["msg"] == "process_completed"]
    return "all sixty wait" if ended["success"] else ""


def a_reader_who_stops(someone: Someone) -> str:
    """An endless painting for somebody who opens the stream and reads no further."""
    assert someone.join(*endless(someone)).status_code == 200
    parts = urlsplit(someone.page)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect((parts.hostname, parts.port))
        question = f"GET /gradio_api/queue/data?session_hash={someone.session} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
        line.sendall(question.encode())
        line.recv(100)
        other, begun = Someone(someone.page, "127.0.0.3"), time.monotonic()
        answer = other.call({"path": other.upload(small_png()), **META})
        waited = time.monotonic() - begun
    return "" if "complete" in answer and waited < 75 else f"the next waited {waited:.0f} s: {answer[:100]}"


def brackets(someone: Someone) -> str:
    """Row 5: millions of tiny values."""
    body = b'{"data": [' + b"[]," * 4_000_000 + b"[]]}"
    for path in ("queue/join", "run/predict", "call/stylize"):
        begun = time.monotonic()
        answer = someone.http.post(f"gradio_api/{path}", content=body, headers={"content-type": "application/json"})
        if answer.status_code != 413:
            return f"{path} answered {answer.status_code} after {time.monotonic() - begun:.1f} s"
    return ""


def unheard_bombs(someone: Someone) -> str:
    """Row 6: twenty large pictures, each in a session that nobody listens to."""
    event, file = someone.event("inbox", "upload"), {"path": someone.upload(png(7200, 7200)), **META}
    for _ in range(20):
        someone.join(event, someone.handed_in(event, file), uuid4().hex)
    time.sleep(3)
    return ""  # the honest visitor is the judge


def heard_bombs(someone: Someone) -> str:
    """The same by somebody who listens."""
    event, file = someone.event("inbox", "upload"), {"path": someone.upload(png(7200, 7200)), **META}
    sessions = [uuid4().hex for _ in range(8)]
    for session in sessions:
        someone.join(event, someone.handed_in(event, file), session)
    threads = [threading.Thread(target=Someone(someone.page).listen, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ""


def a_picture_nobody_waits_for(someone: Someone) -> str:
    """A large picture in many small tiles, whose asker hangs up at once: its first step would take minutes."""
    event, values = _painting(someone, size=4096, enlarge="yes", tile=64, start_size=4096, steps=1)
    assert someone.join(event, values).status_code == 200
    with someone.watching() as said:
        next(line for line in said if "process_starts" in line)
        time.sleep(2)
    other, begun = Someone(someone.page, "127.0.0.3"), time.monotonic()
    answer = other.call({"path": other.upload(small_png()), **META})
    waited = time.monotonic() - begun
    return "" if "complete" in answer and waited < 30 else f"the next waited {waited:.0f} s: {answer[:100]}"


def endless(someone: Someone) -> tuple[dict[str, Any], list[Any]]:
    """The event of a painting that would take hours, and its values."""
    return _painting(someone, size=64, steps=10_000)


def _painting(someone: Someone, **knobs: Any) -> tuple[dict[str, Any], list[Any]]:
    """The event of `/stylize`, and its values."""
    photo, painting = (someone.upload(small_png(), name) for name in ("content.png", "style.png"))
    event = next(one for one in someone.config["dependencies"] if one["api_name"] == "stylize")
    named = someone.http.get("gradio_api/info").json()["named_endpoints"]["/stylize"]["parameters"]
    said = {one["parameter_name"]: one["parameter_default"] for one in named if one["parameter_has_default"]}
    said |= {"content": {"path": photo, **META}, "style": {"path": painting, **META}, **knobs}
    return event, [said[one["parameter_name"]] for one in named]


def a_full_disk(someone: Someone) -> str:
    """Row 7: uploads that nobody uses."""
    many = someone.http.post("gradio_api/upload", files=[("files", (f"{i}.png", b"x")) for i in range(900)])
    if many.status_code != 413:
        return f"900 files at once: {many.status_code}"
    sent = 0
    for number in range(40):
        answer = someone.http.post("gradio_api/upload", files={"files": ("a.png", os.urandom(1000) * 40_000)})
        if answer.status_code == 429:
            return ""
        sent += 40 * (answer.status_code == 200)
        if number > 15:
            break
    return f"{sent} MB were kept"


def anybodys_page(someone: Someone) -> str:
    """An upload by another web page in the visitor's browser."""
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    statuses = [
        someone.http.post("gradio_api/upload", files={"files": ("a.png", small_png())}, headers=headers).status_code
        for headers in (foreign, {"origin": foreign["origin"]})
    ]
    return "" if statuses == [403, 403] else f"answered {statuses}"


def a_strangers_host(someone: Someone) -> str:
    """The Host of one request, shown to the next."""
    someone.http.get("gradio_api/info", headers={"host": "evil.example"})
    return "it is shown" if "evil.example" in Someone(someone.page).http.get("gradio_api/info").text else ""


def half_a_header(someone: Someone) -> str:
    """Connections that never finish their question."""
    parts = urlsplit(someone.page)
    lines = [socket.create_connection((parts.hostname, parts.port)) for _ in range(5)]
    for line in lines:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        line.settimeout(26)
    try:
        ended = [line.recv(1) == b"" for line in lines]
    except TimeoutError:
        return "still open after 26 s"
    except ConnectionError:
        ended = []
    finally:
        for line in lines:
            line.close()
    return "" if all(ended) else "they were answered"


def nonsense(someone: Someone) -> str:
    """Keys, names and rooms that do not exist."""
    asked = [
        someone.http.post("gradio_api/call/v2/stylize", json={"no such": 1}),
        someone.http.post("gradio_api/call/v2/nothing", json={}),
        someone.http.post("gradio_api/queue/join", json={"data": [], "fn_index": 10**6, "session_hash": "s"}),
        someone.http.post("gradio_api/component_server", json={}),
        someone.http.get("nothing-here"),
        someone.http.get("gradio_api/heartbeat/" + "x" * 5000),
    ]
    for answer in asked:
        if not 400 <= answer.status_code < 500:
            return f"{answer.request.url} answered {answer.status_code}"
        if "content-security-policy" not in answer.headers:
            return f"{answer.request.url} lacks the headers"
        if any(word in answer.text for word in ("Traceback", "site-packages")):
            return f"{answer.request.url} shows a trace"
    return ""


ATTACKS: tuple[Attack, ...] = (
    somebody_elses_file,
    fetching,
    large_json,
    many_states,
    unread_answers,
    brackets,
    unheard_bombs,
    heard_bombs,
    anybodys_page,
    a_strangers_host,
    nonsense,
    half_a_header,
    a_reader_who_stops,
    a_picture_nobody_waits_for,
    a_full_disk,
)


def attack(page: str, attacks: tuple[Attack, ...] = ATTACKS) -> bool:
    """All of them, one after another; whether all held."""
    held = True
    for one in attacks:
        with Honest(page).at_work() as honest:
            time.sleep(0.3)
            before = len(honest.waits)
            begun = time.monotonic()
            try:
                fell = one(Someone(page))
            except (httpx.HTTPError, OSError, ValueError, AssertionError) as error:
                fell = f"no answer: {error!r}"
            seconds = time.monotonic() - begun
            time.sleep(0.5)
        waits = honest.waits[before:] or [0.0]
        if not fell and honest.failures:
            fell = f"an honest visitor was refused: {honest.failures[0]}"
        if not fell and max(waits) > LONGEST_WAIT:
            fell = f"an honest visitor waited {max(waits):.1f} s"
        held = held and not fell
        print(
            f"{'fell' if fell else 'held'}  {one.__name__.replace('_', ' '):24} {seconds:5.1f} s; an honest visitor "
            f"waited {statistics.median(waits):.2f} s, at most {max(waits):.2f}{'; ' + fell if fell else ''}",
            flush=True,
        )
    return held
