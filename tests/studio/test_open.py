"""The page as strangers find it: limits, closed rooms, headers, and nothing left behind."""

from __future__ import annotations

import errno
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from studio.i18n import words
from studio.limits import Limits, limits_of
from studio.server import middleware, temp_dir
from tests.serving import PATIENCE, ROOT, folders, free_port, page, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A page with caps, as on a public Space, behind a company's proxy, and where Gradio was told to keep files.

    In the end somebody in a hurry presses Ctrl-C twice: it ends at once, without a trace, and its folder goes too.
    """
    logs, among = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("public")
    (among / "somebody-elses").touch()
    caps = {"NST_MAX_SIZE": 96, "NST_MAX_STEPS": 5, "NST_DEADLINE": 60}
    nobody = f"http://127.0.0.1:{free_port()}"
    proxies = {name: nobody for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY")}
    with page(logs, GRADIO_TEMP_DIR=among, **caps, **proxies) as (address, process):
        yield address, among
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) in (0, 128 + signal.SIGINT, -signal.SIGINT)
    assert "Traceback" not in (logs / "page.log").read_text(encoding="utf-8")
    until(lambda: [path.name for path in among.iterdir()] == ["somebody-elses"])


class TestLimits:
    def test_nothing_said_is_the_default(self) -> None:
        assert limits_of({}) == limits_of({"NST_MAX_SIZE": ""}) == Limits()

    def test_are_read_from_the_environment(self) -> None:
        assert limits_of({"NST_MAX_SIZE": "768", "NST_QUEUE": "20"}) == Limits(size=768, waiting=20)

    @pytest.mark.parametrize("said", ["many", "0", "-1", "nan"])
    def test_a_bad_one_is_said_at_the_start(self, said: str) -> None:
        with pytest.raises(ValueError, match=r"^NST_MAX_STEPS must be a number from 1 up, not "):
            limits_of({"NST_MAX_STEPS": said})

    def test_program_and_page_are_told(self, public: tuple[str, Path], photo: Path, painting: Path) -> None:
        client = Client(public[0], verbose=False, analytics_enabled=False)
        told = client.view_api(return_format="dict", print_info=False)["named_endpoints"]["/stylize"]["parameters"]
        size, steps = (next(one for one in told if one["parameter_name"] == name) for name in ("size", "steps"))
        assert (size["type"]["maximum"], size["parameter_default"]) == (96, 96)
        assert (steps["type"]["maximum"], steps["parameter_default"]) == (5, 5)
        assert size["type"]["description"].endswith(" Here, up to 96.")
        sliders = {one["props"].get("elem_id"): one["props"] for one in client.config["components"]}
        assert (sliders["knob-size"]["maximum"], sliders["knob-size"]["value"]) == (96, 96)
        with pytest.raises(AppError, match=r"^size must be a whole number from 16 to 96, not 128\.$"):
            client.predict(handle_file(photo), handle_file(painting), size=128, api_name="/stylize")
        picture, progress = client.predict(handle_file(photo), handle_file(painting), api_name="/stylize")
        with Image.open(picture) as painted:
            assert painted.size == (96, 72)
        assert progress["steps"] == 5
        _, progress = client.predict(handle_file(photo), handle_file(painting), recipe="tutorial", api_name="/stylize")
        assert progress["steps"] == 5  # whatever a recipe says
        client.close()


class TestClosed:
    @pytest.mark.parametrize(
        "path",
        [
            "monitoring", "monitoring/summary", "gradio_api/profiling/traces", "gradio_api/profiling/summary",
            "gradio_api/runs", "gradio_api/run-history/records", "gradio_api/deep_link?session_hash=x",
            "gradio_api/proxy=http://example.org", "gradio_api/vibe-code", "gradio_api/dev/reload",
            "docs", "redoc", "openapi.json",
        ],
    )  # fmt: skip
    def test_rooms_that_are_nobodys_business(self, server: str, path: str) -> None:
        assert httpx.get(server + path).status_code == 404

    @pytest.mark.parametrize(
        "path",
        ["/etc/passwd", f"{ROOT}/app.py", f"{ROOT}/README.md", "app.py", "../../etc/passwd", "/proc/self/environ"],
    )
    def test_files_that_nobody_uploaded(self, server: str, path: str) -> None:
        said = httpx.get(f"{server}gradio_api/file={path}")
        assert said.status_code in (403, 404)
        assert "root:" not in said.text

    def test_a_painting_needs_the_queue(self, server: str) -> None:
        assert httpx.post(f"{server}gradio_api/run/stylize", json={"data": []}).status_code == 404

    def test_addresses_are_not_fetched_beside_the_queue_either(self, server: str) -> None:
        body = {"data": [{"path": "HTTP://example.org/a.png", "meta": {"_type": "gradio.FileData"}}], "fn_index": 0}
        assert httpx.post(f"{server}gradio_api/run/predict", json=body).status_code == 422

    def test_too_much_is_too_much(self, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(middleware, "MOST_JSON", 10_000)
        said = httpx.post(f"{server}gradio_api/queue/join", json={"data": ["x" * 20_000]})
        assert said.status_code == 413

    def test_whoever_sends_half_a_message_is_not_waited_for(self, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(middleware, "SILENCE", 0.2)
        to = urlsplit(server)
        with socket.create_connection((str(to.hostname), int(to.port or 0)), timeout=10) as line:
            head = "POST /gradio_api/queue/join HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            line.sendall(f'{head}Content-Length: 1000\r\n\r\n{{"data"'.encode())
            assert line.recv(20).startswith(b"HTTP/1.1 408")

    def test_what_the_disk_has_no_room_for_is_said_in_a_sentence(
        self, server: str, monkeypatch: pytest.MonkeyPatch, photo: Path
    ) -> None:
        def full(*_: Any, **__: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("gradio.route_utils.NamedTemporaryFile", full)
        said = httpx.post(f"{server}gradio_api/upload", files={"files": ("a.png", photo.read_bytes())})
        assert said.status_code == 507
        assert said.json()["detail"] == words("en")["disk_full"]

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data": 1}', b"\xff" * 100])
    def test_nonsense_is_refused_without_a_stack(self, server: str, body: bytes) -> None:
        said = httpx.post(f"{server}gradio_api/queue/join", content=body, headers={"content-type": "application/json"})
        assert 400 <= said.status_code < 500
        assert not any(word in said.text for word in ("Traceback", str(ROOT), "site-packages"))


class TestHeaders:
    @pytest.mark.parametrize("path", ["", "config", "gradio_api/info", "nothing-here"])
    def test_are_on_every_answer(self, server: str, path: str) -> None:
        said = httpx.get(server + path).headers
        assert {name: said[name] for name in middleware.HEADERS} == middleware.HEADERS

    def test_a_visitors_picture_is_nobody_elses_to_keep(self, server: str, photo: Path) -> None:
        upload = httpx.post(f"{server}gradio_api/upload", files={"files": ("a.png", photo.read_bytes())})
        picture = httpx.get(f"{server}gradio_api/file={upload.json()[0]}")
        assert picture.content == photo.read_bytes()
        assert picture.headers["cache-control"].startswith("private")


class TestFolder:
    """`test_attacks.py` ends a page in the middle of a painting, `test_gpu.py` kills one: it goes then, too."""

    def test_is_ours_alone_and_lies_where_gradio_was_told_to_keep_files(
        self, public: tuple[str, Path], photo: Path
    ) -> None:
        address, among = public
        (path,) = httpx.post(f"{address}gradio_api/upload", files={"files": ("a.png", photo.read_bytes())}).json()
        (folder,) = folders(among)
        assert Path(path).is_relative_to(folder)
        assert folder.stat().st_mode & 0o077 == 0

    def test_after_a_crash_it_goes_at_the_next_start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also where no shell stood by; numbers of processes say nothing, since each container counts from one."""
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.delenv("GRADIO_TEMP_DIR")
        crash = "from studio.server import temp_dir as t; t._REMOVER.kill(); import os; os.kill(os.getpid(), 9)"
        assert subprocess.run([sys.executable, "-c", crash], cwd=ROOT).returncode == -signal.SIGKILL
        (left,) = folders(tmp_path)
        wait = "import studio.server.temp_dir, sys; print(studio.server.temp_dir.FOLDER, flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", wait], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout and other.stdin
            alive = Path(other.stdout.readline().strip())
            temp_dir.sweep(tmp_path)
            assert folders(tmp_path) == [alive] and not left.exists()
            other.stdin.close()
        assert not folders(tmp_path)
