"""Who is painted for, over real HTTP: with Gradio's client, and with nothing but requests."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import app
from studio import limits
from studio.i18n import words
from studio.limits import Limits
from studio.runs import album
from studio.server import queue
from studio.server.budgets import visitor

pytestmark = pytest.mark.usefixtures("small_network")

ENDLESS = {"size": 64, "steps": 10_000}
SHORT = {"size": 64, "steps": 2}


@pytest.fixture
def http(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server}gradio_api/", timeout=240) as http:
        yield http


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    client = Client(server, verbose=False, analytics_enabled=False, download_files=False)
    yield client
    client.close()


def allow(monkeypatch: pytest.MonkeyPatch, **said: float) -> None:
    monkeypatch.setattr(limits, "LIMITS", Limits(**said))


def pictures(photo: Path, painting: Path) -> dict[str, Any]:
    return {"content": handle_file(photo), "style": handle_file(painting)}


def sent(http: httpx.Client, photo: Path) -> dict[str, Any]:
    (path,) = http.post("upload", files={"files": (photo.name, photo.read_bytes())}).raise_for_status().json()
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def asked_by_hand(http: httpx.Client, photo: Path, painting: Path, **knobs: Any) -> str:
    body = {"content": sent(http, photo), "style": sent(http, painting), **knobs}
    return str(http.post("call/v2/stylize", json=body).raise_for_status().json()["event_id"])


def events(http: httpx.Client, event: str) -> Iterator[tuple[str, Any]]:
    with http.stream("GET", f"call/stylize/{event}") as stream:
        name = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def join(http: httpx.Client, client: Client, photo: Path, painting: Path, session: str) -> None:
    """Ask for an endless painting as a page does, and do not watch."""
    (index,) = [one["id"] for one in client.config["dependencies"] if one["api_name"] == "stylize"]
    about = client.view_api(return_format="dict", print_info=False)["named_endpoints"]["/stylize"]["parameters"]
    values = [ENDLESS.get(one["parameter_name"], one.get("parameter_default")) for one in about]
    body = {"data": [sent(http, photo), sent(http, painting), *values[2:]], "fn_index": index}
    http.post("queue/join", json=body | {"session_hash": session}).raise_for_status()


def told(http: httpx.Client, session: str) -> Iterator[dict[str, Any]]:
    """What a page hears."""
    with http.stream("GET", "queue/data", params={"session_hash": session}) as stream:
        yield from (json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line)


def end(job: Any) -> None:
    job.cancel()
    with suppress(BaseException):
        job.result(timeout=240)


class TestWatching:
    """Only one is painted at a time: the next one ends only if the one before gave way."""

    def test_who_looks_late_keeps_the_place_and_holds_up_nobody(
        self, http: httpx.Client, client: Client, photo: Path, painting: Path
    ) -> None:
        join(http, client, photo, painting, "late")
        running = client.submit(**pictures(photo, painting), **ENDLESS, api_name="/stylize")
        next(iter(running))
        last = client.submit(**pictures(photo, painting), **SHORT, api_name="/stylize")
        stream = told(http, "late")
        assert next(stream)["msg"] == "estimation"  # somebody looks at last
        end(running)
        assert next(one["success"] for one in stream if one["msg"] == "process_generating")
        assert not last.done()
        stream.close()
        assert last.result(timeout=240)

    def test_who_never_looks_leaves_the_place(
        self, monkeypatch: pytest.MonkeyPatch, http: httpx.Client, client: Client, photo: Path, painting: Path
    ) -> None:
        monkeypatch.setattr(queue, "PATIENCE", 0.1)
        by_hand = asked_by_hand(http, photo, painting, **ENDLESS)
        join(http, client, photo, painting, "ghost")
        while app.demo._queue.paintings():
            time.sleep(0.01)
        ((kind, said),) = events(http, by_hand)
        assert (kind, said["error"]) == ("error", words("en")["unwatched"])
        (end,) = (one["output"] for one in told(http, "ghost") if one["msg"] == "process_completed")
        assert end["error"] == words("en")["unwatched"]

    def test_who_closes_the_tab_gives_way(
        self, http: httpx.Client, client: Client, photo: Path, painting: Path
    ) -> None:
        stream = events(http, asked_by_hand(http, photo, painting, **ENDLESS))
        assert next(stream)[0] == "generating"
        stream.close()
        assert client.submit(**pictures(photo, painting), **SHORT, api_name="/stylize").result(timeout=240)

    def test_who_looks_is_painted_for_however_slowly(self, http: httpx.Client, photo: Path, painting: Path) -> None:
        *_, (kind, last) = events(http, asked_by_hand(http, photo, painting, **SHORT))
        assert kind == "complete"
        assert last[0]["path"].endswith(".png")


class TestQueue:
    def test_says_when_it_is_full(
        self, monkeypatch: pytest.MonkeyPatch, http: httpx.Client, client: Client, photo: Path, painting: Path
    ) -> None:
        allow(monkeypatch, waiting=1, each=99)
        first = client.submit(**pictures(photo, painting), **ENDLESS, api_name="/stylize")
        next(iter(first))
        second = asked_by_hand(http, photo, painting, **SHORT)
        full = words("en")["queue_full"].format(count=1)
        with pytest.raises(AppError) as refused:
            client.submit(**pictures(photo, painting), **SHORT, api_name="/stylize").result(timeout=240)
        assert refused.value.message == full
        ((kind, told),) = events(http, asked_by_hand(http, photo, painting, **SHORT))
        assert (kind, told["error"]) == ("error", full)
        end(first)
        *_, (kind, _) = events(http, second)
        assert kind == "complete"

    def test_nobody_takes_all_the_places(
        self, monkeypatch: pytest.MonkeyPatch, http: httpx.Client, client: Client, photo: Path, painting: Path
    ) -> None:
        allow(monkeypatch, each=1)
        running = client.submit(**pictures(photo, painting), **ENDLESS, api_name="/stylize")
        next(iter(running))
        monkeypatch.setenv("SPACE_ID", "someone/page")  # behind whose proxy an address is named
        http.headers["x-forwarded-for"] = "203.0.113.7, 10.0.0.1"
        mine = asked_by_hand(http, photo, painting, **SHORT)
        http.headers["accept-language"] = "de"
        ((kind, told),) = events(http, asked_by_hand(http, photo, painting, **SHORT))
        assert (kind, told["error"]) == ("error", words("de")["too_many"].format(count=1))
        end(running)
        *_, (kind, _) = events(http, mine)
        assert kind == "complete"

    def test_the_next_photo_of_an_album_joins_a_line_that_is_full(
        self, monkeypatch: pytest.MonkeyPatch, http: httpx.Client, client: Client, photo: Path, painting: Path
    ) -> None:
        allow(monkeypatch, waiting=1, each=99)
        monkeypatch.setattr(album, "_places", {"album": time.monotonic() + 60})
        running = client.submit(**pictures(photo, painting), **ENDLESS, api_name="/stylize")
        next(iter(running))
        waiting = asked_by_hand(http, photo, painting, **SHORT)
        for session, first in (("album", "estimation"), ("other", "process_completed")):
            join(http, client, photo, painting, session)
            assert next(told(http, session))["msg"] == first
        end(running)
        *_, (kind, _) = events(http, waiting)
        assert kind == "complete"

    def test_light_events_do_not_wait_behind_paintings(
        self, http: httpx.Client, client: Client, photo: Path, painting: Path
    ) -> None:
        painted = client.submit(**pictures(photo, painting), **ENDLESS, api_name="/stylize")
        next(iter(painted))
        config = client.config
        names = {one["id"]: one["props"].get("elem_id") for one in config["components"]}
        light = next(
            one for one in config["dependencies"]
            if one["queue"] and any(names[target] == "inbox" and event == "upload" for target, event in one["targets"])
        )  # fmt: skip
        said = {"box": "photo", "file": sent(http, photo)}
        data = [said if names.get(one) == "inbox" else None for one in light["inputs"]]
        body = {"data": data, "fn_index": light["id"], "session_hash": "light"}
        http.post("queue/join", json=body).raise_for_status()
        ends = [one["success"] for one in told(http, "light") if one["msg"] == "process_completed"]
        assert ends == [True]
        assert not painted.done()
        end(painted)


class TestPictures:
    def test_addresses_are_not_fetched(self, http: httpx.Client, client: Client, photo: Path) -> None:
        with pytest.raises(AppError) as refused:
            client.predict(
                content=handle_file(photo),
                style={"path": "http://example.org/a.png", "meta": {"_type": "gradio.FileData"}},
                **SHORT,
                api_name="/stylize",
            )
        assert refused.value.message == words("en")["not_here"]

    def test_our_own_address_is_the_file_itself(
        self, server: str, http: httpx.Client, photo: Path, painting: Path
    ) -> None:
        uploaded = sent(http, painting)
        own = {"path": f"{server}gradio_api/file={uploaded['path']}", "meta": uploaded["meta"]}
        body = {"content": sent(http, photo), "style": own, **SHORT}
        *_, (kind, _) = events(http, http.post("call/v2/stylize", json=body).json()["event_id"])
        assert kind == "complete"
        foreign = own | {"path": f"{server}gradio_api/file=/etc/passwd"}
        *_, (kind, told) = events(http, http.post("call/v2/stylize", json=body | {"style": foreign}).json()["event_id"])
        assert kind == "error"
        assert "passwd" not in json.dumps(told)


class TestDeadline:
    def test_ends_with_the_picture_so_far_and_a_sentence(
        self, monkeypatch: pytest.MonkeyPatch, client: Client, photo: Path, painting: Path
    ) -> None:
        allow(monkeypatch, seconds=0.5)
        picture, progress = client.submit(**pictures(photo, painting), **ENDLESS, api_name="/stylize").result(60)
        assert str(picture["path"]).endswith(".png")
        assert progress["step"] == progress["steps"] < 10_000
        assert progress["note"] == words("en")["deadline"]


def asked_from(address: str, **headers: str) -> httpx.Request:
    request = httpx.Request(
        "GET", "http://page", headers={name.replace("_", "-"): one for name, one in headers.items()}
    )
    request.client = type("Address", (), {"host": address})()  # type: ignore[attr-defined]
    return request


def test_a_visitor_is_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    request = asked_from("10.0.0.1", x_forwarded_for="198.51.100.1, 203.0.113.7")
    assert visitor(request) == "10.0.0.1"  # anybody can write that header
    allow(monkeypatch, proxies=1)
    assert visitor(request) == "203.0.113.7"  # what our proxy wrote; before it, what the visitor invented
    allow(monkeypatch, proxies=2)
    assert visitor(request) == "198.51.100.1"
    allow(monkeypatch, proxies=3)
    assert visitor(request) == "198.51.100.1"


def test_the_addresses_of_one_ipv6_customer_are_one_visitor() -> None:
    assert visitor(asked_from("2001:db8:1:2::1")) == visitor(asked_from("2001:db8:1:2:aaaa::9"))
    assert visitor(asked_from("2001:db8:1:2::1")) != visitor(asked_from("2001:db8:1:3::1"))
    assert visitor(asked_from("::ffff:192.0.2.1")) == visitor(asked_from("192.0.2.1"))
