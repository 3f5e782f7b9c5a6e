"""Visitors who can tell whether the picture that they get is their own, and ways to leave."""

from __future__ import annotations

import time
from bisect import bisect
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from gradio_client import Client, handle_file
from PIL import Image

from nst.image import read_text
from nst.record import KEYWORD
from tests.painting import noise
from tests.serving import until

BUDGET = {"size": 64, "steps": 8}
ENDLESS = {"size": 64, "steps": 10_000}
PATIENCE = 180  # seconds for one picture; who waits longer has lost it
WAYS = ("closes", "cancels", "never listens")


@dataclass(frozen=True)
class Run:
    """One painting of one visitor; moments in seconds since the start."""

    visitor: int
    asked: float
    done: float
    painted: float  # seconds that painting itself took


def passed_by(runs: Sequence[Run]) -> list[int]:
    """For each run: how many pictures others got between its question and its picture."""
    ends = sorted(run.done for run in runs)
    inside = [bisect(ends, run.done) - bisect(ends, run.asked) for run in runs]  # its own picture is one of them
    return [count - 1 for count in inside]


def colours(count: int) -> np.ndarray:
    """As many colours, as different as they can be: (count, 3), 0 to 255."""
    side = ceil(count ** (1 / 3))
    return np.array(list(product(np.linspace(45, 210, max(2, side)), repeat=3)))[:count]


def coloured(width: int, height: int, seed: int, colour: np.ndarray) -> Image.Image:
    """Noise around a colour."""
    pixels = np.asarray(noise(width, height, seed), dtype=float)
    return Image.fromarray((colour + (pixels - pixels.mean((0, 1))) * 0.25).clip(0, 255).astype(np.uint8))


@dataclass
class Visitor:
    """One of so many, with a photo and a painting that nobody else has: in name, colour and shape."""

    address: str
    number: int
    folder: Path
    of: int = 1
    lost: list[str] = field(default_factory=list)
    first: bytes = b""

    def __post_init__(self) -> None:
        self.size = (64, 32 + self.number % 32)
        self.photo = self.folder / f"photo-{self.number}.png"
        self.painting = self.folder / f"painting-{self.number}.png"
        colour = colours(self.of)[self.number]
        coloured(*self.size, self.number, colour).save(self.photo)
        coloured(48, 48, 1000 + self.number, colour).save(self.painting)
        files = self.folder / str(self.number)
        self.client = Client(self.address, verbose=False, analytics_enabled=False, download_files=files)

    def stay(self, began: float, seconds: float) -> list[Run]:
        """Paint again and again. What goes wrong is written down in `lost`."""
        runs = []
        while time.monotonic() - began < seconds:
            try:
                runs.append(self.paint(began))
            except Exception as failure:
                self.lost.append(f"visitor {self.number}: {failure!r}")
                break
        self.client.close()
        return runs

    def paint(self, began: float) -> Run:
        asked = time.monotonic() - began
        path, progress = self.client.submit(**self.pictures(), **BUDGET, api_name="/stylize").result(PATIENCE)
        done = time.monotonic() - began
        self.recognise(Path(path))
        return Run(self.number, asked, done, progress["seconds"])

    def begin(self) -> None:
        """Have something painted that would take hours, and watch it begin."""
        job = self.client.submit(**self.pictures(), **ENDLESS, api_name="/stylize")
        until(lambda: bool(job.outputs()))

    def pictures(self) -> dict[str, Any]:
        return {"content": handle_file(self.photo), "style": handle_file(self.painting)}

    def recognise(self, path: Path) -> None:
        """Raises AssertionError if it is somebody else's picture."""
        said = read_text(str(path))[KEYWORD]
        assert f'"{self.photo.name}"' in said and f'"{self.painting.name}"' in said, "somebody else's name"
        with Image.open(path) as picture:
            assert picture.size == self.size, "somebody else's shape"
            pixels = np.asarray(picture.convert("RGB"))
        distances = np.linalg.norm(colours(self.of) - pixels.mean((0, 1)), axis=1)
        assert distances.argmin() == self.number, "somebody else's colour"
        self.first = self.first or pixels.tobytes()
        assert pixels.tobytes() == self.first, "the same question, another picture"


def leave(visitor: Visitor, way: str, begun: bool = True) -> None:
    """Ask for what would take hours, and leave: once it is being painted, or at once."""
    if way == "cancels":
        return _cancel(visitor, begun)
    with httpx.Client(base_url=f"{visitor.address}gradio_api/", timeout=PATIENCE) as http:
        body: dict[str, object] = dict(ENDLESS)
        for name, path in (("content", visitor.photo), ("style", visitor.painting)):
            (sent,) = http.post("upload", files={"files": (path.name, path.read_bytes())}).json()
            body[name] = {"path": sent, "meta": {"_type": "gradio.FileData"}}
        event = http.post("call/v2/stylize", json=body).json()["event_id"]
        if way == "closes":
            with http.stream("GET", f"call/stylize/{event}") as stream:
                if begun:
                    next(line for line in stream.iter_lines() if line == "event: generating")


def _cancel(visitor: Visitor, begun: bool) -> None:
    client = Client(visitor.address, verbose=False, analytics_enabled=False, download_files=False)
    job = client.submit(**visitor.pictures(), **ENDLESS, api_name="/stylize")
    until(lambda: bool(job.outputs() if begun else job.communicator.event_id))  # before, there is nothing to cancel
    job.cancel()
    with suppress(BaseException):  # the client has several ways to say so
        job.result(PATIENCE)
    client.close()
