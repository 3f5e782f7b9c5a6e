"""Pushing the app, to a server on this machine that speaks as much of the Hub's protocol as that needs."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from nst import deploy
from nst.deploy import LIMITS, main, pushed_files
from tests.serving import ROOT

pytestmark = pytest.mark.slow


class Hub(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, Any]]

    def answer(self, said: Any, status: int = 200) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.seen.append(("GET", self.path, None))
        if "/tree/" in self.path:
            self.answer([{"type": "file", "path": "old.py", "oid": "0" * 40, "size": 1}])
        else:
            files = [{"rfilename": "old.py"}, {"rfilename": "README.md"}]
            self.answer({"id": "someone/page", "sha": "0" * 40, "siblings": files})

    def do_POST(self) -> None:
        space = f"http://{self.headers['host']}/spaces/someone/page"
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        lines = [json.loads(line) for line in body.splitlines() if line] if b"\n{" in body else [json.loads(body)]
        self.seen.append(("POST", self.path, lines if len(lines) > 1 else lines[0]))
        if self.headers.get("authorization") != "Bearer hf_good":
            self.answer({"error": "Invalid credentials"}, 401)
        elif self.path.endswith("/preupload/main"):
            files = [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in lines[0]["files"]]
            self.answer({"files": files})
        elif self.path.split("?")[0].endswith("/commit/main"):
            self.answer({"commitUrl": f"{space}/commit/1", "commitOid": "1" * 40, "success": True})
        elif self.path.endswith("/repos/create"):
            self.answer(
                {"url": f"http://{self.headers['host']}/spaces/someone/page", "name": "someone/page", "id": "1"}
            )
        else:
            self.answer({"errors": [], "warnings": []})

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def hub() -> Iterator[tuple[str, list[tuple[str, str, Any]]]]:
    Hub.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Hub.seen
    server.shutdown()
    thread.join()
    server.server_close()


def run(address: str, token: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    said = {"HF_ENDPOINT": address, "HF_TOKEN": token, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-m", "nst.deploy", "someone/page", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | said, capture_output=True, text=True)


def test_pushes_the_app_and_nothing_else(hub: tuple[str, list[tuple[str, str, Any]]]) -> None:
    address, seen = hub
    done = run(address, "hf_good", "--replace")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == f"{address}/spaces/someone/page"
    posted = {path.split("?")[0].rsplit("/", 2)[-2]: body for verb, path, body in seen if verb == "POST"}
    created = posted["repos"]
    assert (created["type"], created["sdk"]) == ("space", "gradio")
    assert {one["key"]: one["value"] for one in created["variables"]} == LIMITS
    files = {one["value"]["path"]: one["value"] for one in posted["commit"] if one["key"] == "file"}
    assert sorted(files) == pushed_files()
    assert base64.b64decode(files["app.py"]["content"]) == (ROOT / "app.py").read_bytes()
    assert [one["value"]["path"] for one in posted["commit"] if one["key"] == "deletedFile"] == ["old.py"]


def test_a_space_that_holds_something_else_is_not_emptied_unless_told(
    hub: tuple[str, list[tuple[str, str, Any]]],
) -> None:
    refused = run(hub[0], "hf_good")
    assert refused.returncode == 2
    assert "old.py" in refused.stderr and "--replace" in refused.stderr
    assert not [path for verb, path, _ in hub[1] if verb == "POST"]


def test_what_git_does_not_know_is_not_pushed() -> None:
    key, private = ROOT / "studio" / ".env-of-a-test", ROOT / "examples" / "content" / "private-of-a-test.jpg"
    try:
        for path in (key, private):
            path.write_text("secret")
        assert not {key.relative_to(ROOT).as_posix(), private.relative_to(ROOT).as_posix()} & set(pushed_files())
    finally:
        key.unlink()
        private.unlink()


def test_outside_of_git_nothing_is_pushed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(deploy, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ValueError, match="no checkout of git"):
        pushed_files()


def test_a_refusal_is_one_line(hub: tuple[str, list[tuple[str, str, Any]]]) -> None:
    refused = run(hub[0], "hf_bad", "--replace")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert len(refused.stderr.strip().splitlines()) == 1
    assert refused.stderr.startswith("nst.deploy: ")


def test_a_dry_run_only_says_what_it_would_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["someone/page", "--dry-run"]) == 0
    *files, last = capsys.readouterr().out.splitlines()
    assert files == pushed_files()
    assert last.startswith(f"{len(files)} files, ")


def test_what_the_app_needs_is_pushed_and_what_is_private_is_not() -> None:
    files = pushed_files()
    for needed in (
        "app.py",
        "README.md",
        "requirements.txt",
        "nst/transfer.py",
        "studio/components/gallery.js",
        "examples/catalogue.json",
    ):
        assert needed in files
    assert not any(
        part in file for file in files for part in ("tests/", ".git/", ".venv", "__pycache__", ".env", ".ci")
    )
