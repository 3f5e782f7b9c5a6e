"""The page as it is started from a shell: a process of its own, with its own folder and environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
PATIENCE = 240  # seconds, for a busy machine; nothing waits that long


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def page(folder: Path, **environment: Any) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Address and process of `python app.py`, whose temporary files lie in `folder`."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"}
    said = {"GRADIO_SERVER_PORT": port, "GRADIO_SERVER_NAME": "127.0.0.1", "TMPDIR": folder, **environment}
    with (folder / "page.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=inherited | {name: str(value) for name, value in said.items()},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}/"
    try:
        _wait(address, process, folder / "page.log")
        yield address, process
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def folders(among: Path) -> list[Path]:
    """Of pages that are, or have been."""
    from studio.server import temp_dir  # not above: it makes a folder

    return sorted(among.glob(temp_dir.NAME + "*"))


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    with httpx.Client(timeout=10) as visitor:  # one for all tries: it costs more than they do
        while time.monotonic() < end:
            assert process.poll() is None, log.read_text()
            try:
                if visitor.get(f"{address}config").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
    raise AssertionError("The page did not start.")


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "It did not happen."
        time.sleep(0.01)
