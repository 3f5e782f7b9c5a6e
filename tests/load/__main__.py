"""Many visitors, against a page of its own: python -m tests.load crowd|leavers|marathon|restarts

Run by hand on a quiet machine. Each prints a table, and fails if a promise was broken.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import httpx
import psutil
from gradio_client import Client, handle_file
from PIL import Image

from nst.image import read_text
from nst.record import KEYWORD
from studio.disk import NAME
from tests.conftest import noise
from tests.serving import page

BUDGET = {"size": 64, "steps": 8}


@dataclass(frozen=True)
class Run:
    """One painting of one visitor; moments in seconds since the start."""

    visitor: int
    asked: float
    done: float
    painted: float  # seconds that painting itself took


def crowd(options: argparse.Namespace, folder: Path) -> None:
    """Visitors who all paint at once, again and again: none lost, none mixed up, each in turn."""
    many = options.clients
    with page(folder, NST_QUEUE=many, NST_QUEUE_EACH=many) as (address, _), ThreadPoolExecutor(many) as threads:
        visitors = [Visitor(address, number, folder) for number in range(many)]
        began = time.monotonic()
        stays = threads.map(lambda one: one.stay(began, options.seconds), visitors)
        runs = [run for stay in stays for run in stay]
    painted, waited = median(run.painted for run in runs), median(run.done - run.asked for run in runs)
    each = [sum(run.visitor == number for run in runs) for number in range(many)]
    runs.sort(key=lambda run: run.done)
    overtaken = sum(later.asked < earlier.asked for earlier, later in pairwise(runs))
    whole = max(run.done for run in runs) / len(runs)
    _table(
        ("clients", many), ("paintings, none lost, each its own", len(runs)), ("seconds a painting", f"{painted:.3f}"),
        ("seconds a turn, all told", f"{whole:.3f}"), ("median wait", f"{waited:.2f}"),
        ("ideal wait: clients x painting", f"{many * painted:.2f}"), ("neighbours out of order", overtaken),
        ("paintings of a client, least and most", f"{min(each)} {max(each)}"),
    )  # fmt: skip
    assert max(each) - min(each) <= 1, "some had more turns than others"


class Visitor:
    """Has a photo that nobody else has: its name, and its shape."""

    def __init__(self, address: str, number: int, folder: Path) -> None:
        self.number, self.size = number, (64, 32 + number % 32)
        self.photo, self.painting = folder / f"photo-{number}.png", folder / f"painting-{number}.png"
        noise(*self.size, seed=number).save(self.photo)
        noise(48, 48, seed=1000 + number).save(self.painting)
        self.client = Client(address, verbose=False, analytics_enabled=False, download_files=folder / str(number))

    def stay(self, began: float, seconds: float) -> list[Run]:
        runs = []
        while time.monotonic() - began < seconds:
            runs.append(self.paint(began))
        self.client.close()
        return runs

    def paint(self, began: float) -> Run:
        asked = time.monotonic() - began
        pictures = {"content": handle_file(self.photo), "style": handle_file(self.painting)}
        path, progress = self.client.predict(**pictures, **BUDGET, api_name="/stylize")
        with Image.open(path) as picture:
            assert picture.size == self.size, "somebody else's shape"
        said = read_text(path)[KEYWORD]
        assert f'"{self.photo.name}"' in said and f'"{self.painting.name}"' in said, "somebody else's picture"
        return Run(self.number, asked, time.monotonic() - began, progress["seconds"])


def leavers(options: argparse.Namespace, folder: Path) -> None:
    """Visitors who begin what would take hours, and leave: by closing, by cancelling, by never listening."""
    with page(folder, NST_QUEUE=99, NST_QUEUE_EACH=99) as (address, _):
        visitor, seconds = Visitor(address, 0, folder), []
        visitor.paint(time.monotonic())
        for number in range(options.clients):
            _leave(address, visitor, ("closes", "cancels", "never listens")[number % 3])
            began = time.monotonic()
            visitor.paint(began)
            seconds.append(time.monotonic() - began)
        visitor.client.close()
    _table(
        ("visitors who left", options.clients),
        ("seconds until the next had its picture, median", f"{median(seconds):.2f}"),
        ("longest", f"{max(seconds):.2f}"),
    )  # fmt: skip


def _leave(address: str, visitor: Visitor, how: str) -> None:
    endless = {"size": 64, "steps": 10_000}
    if how == "cancels":
        client = Client(address, verbose=False, analytics_enabled=False, download_files=False)
        pictures = {"content": handle_file(visitor.photo), "style": handle_file(visitor.painting)}
        next(iter(job := client.submit(**pictures, **endless, api_name="/stylize")))
        job.cancel()
        with suppress(BaseException):
            job.result(timeout=60)
        client.close()
        return
    with httpx.Client(base_url=f"{address}gradio_api/", timeout=60) as http:
        body: dict[str, object] = dict(endless)
        for name, path in (("content", visitor.photo), ("style", visitor.painting)):
            (sent,) = http.post("upload", files={"files": (path.name, path.read_bytes())}).json()
            body[name] = {"path": sent, "meta": {"_type": "gradio.FileData"}}
        event = http.post("call/v2/stylize", json=body).json()["event_id"]
        if how == "closes":
            with http.stream("GET", f"call/stylize/{event}") as stream:
                next(line for line in stream.iter_lines() if line == "event: generating")


def marathon(options: argparse.Namespace, folder: Path) -> None:
    """One painting after the other: memory, disk, threads and handles stay as they are."""
    rows = []
    with page(folder) as (address, process):
        visitor, server = Visitor(address, 0, folder), psutil.Process(process.pid)
        for number in range(1, options.runs + 1):
            visitor.paint(time.monotonic())
            if number in (1, options.runs) or number % max(1, options.runs // 10) == 0:
                disk = sum(path.stat().st_size for path in folder.glob(f"{NAME}*/**/*") if path.is_file())
                rows.append(
                    (number, server.memory_info().rss / 2**20, disk / 1e6, server.num_threads(), server.num_fds())
                )
        visitor.client.close()
    print("| run | memory, MiB | disk, MB | threads | handles |\n|---|---|---|---|---|")
    for number, memory, megabytes, threads, handles in rows:
        print(f"| {number} | {memory:.0f} | {megabytes:.2f} | {threads} | {handles} |")
    settled, (*_, last) = rows[len(rows) // 2], rows
    assert last[1] < settled[1] * 1.05 + 10, "memory grows"
    assert last[3] <= settled[3] + 2 and last[4] <= settled[4] + 8, "threads or handles grow"


def restarts(options: argparse.Namespace, folder: Path) -> None:
    """Started and stopped, every second time by force: each start finds nothing of the last one, and paints."""
    seconds = []
    for number in range(options.times):
        began = time.monotonic()
        with page(folder) as (address, process):
            seconds.append(time.monotonic() - began)
            visitor = Visitor(address, 0, folder)
            visitor.paint(began)
            visitor.client.close()
            assert len(list(folder.glob(f"{NAME}*"))) == 1, "something was left behind"
            if number % 2:
                process.kill()
                process.wait()
    _table(("starts", options.times), ("seconds to start, median", f"{median(seconds):.1f}"))


def _table(*rows: tuple[str, object]) -> None:
    print("| what | figure |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    loads = parser.add_subparsers(required=True)
    kinds: dict[Callable[[argparse.Namespace, Path], None], dict[str, int]] = {
        crowd: {"clients": 50, "seconds": 300},
        leavers: {"clients": 30},
        marathon: {"runs": 200},
        restarts: {"times": 20},
    }
    for load, numbers in kinds.items():
        one = loads.add_parser(load.__name__, help=load.__doc__)
        one.set_defaults(load=load)
        for name, usual in numbers.items():
            one.add_argument(f"--{name}", type=int, default=usual)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="load-"))
    try:
        options.load(options, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
