"""Many visitors, against a page of its own: python -m tests.load crowd|leavers|marathon|restarts

Run by hand on a quiet machine. Each prints a table, fails if a promise was broken, and ends its page.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil

from studio.server.temp_dir import NAME
from tests.load import attack as attacks
from tests.load.chart import chart
from tests.load.visitors import WAYS, Run, Visitor, leave, passed_by
from tests.serving import ROOT, page

FREED = 1.5  # seconds after which a device is free of a visitor who left: the next picture tells, and it comes sooner
CHART = ROOT / "out" / "marathon.svg"


def crowd(options: argparse.Namespace, folder: Path) -> None:
    """Visitors who all paint at once, again and again: none lost, none mixed up, each in turn. About 7 minutes."""
    many = options.clients
    with served(folder, NST_QUEUE=many, NST_QUEUE_EACH=many) as (address, _), ThreadPoolExecutor(many) as threads:
        visitors = [Visitor(address, number, folder, many) for number in range(many)]
        began = time.monotonic()
        stays = list(threads.map(lambda one: one.stay(began, options.seconds), visitors))
    runs = [run for stay in stays for run in stay]
    lost = [said for one in visitors for said in one.lost]
    assert runs, lost
    _say_crowd(runs, lost, each=[len(stay) for stay in stays])
    assert not lost, "\n".join(lost)
    assert max(map(len, stays)) - min(map(len, stays)) <= 2, "some had more turns than others"
    assert max(passed_by(runs)) < 2 * many, "somebody was passed by everyone twice"


def _say_crowd(runs: list[Run], lost: list[str], each: list[int]) -> None:
    painted, waited = median(run.painted for run in runs), median(run.done - run.asked for run in runs)
    turn, passed, many = max(run.done for run in runs) / len(runs), passed_by(runs), len(each)
    _table(
        ("clients", many), ("paintings, each recognised as its visitor's own", len(runs)), ("lost", len(lost)),
        ("seconds a painting", f"{painted:.3f}"), ("seconds a turn, all told", f"{turn:.3f}"),
        ("median wait", f"{waited:.2f}"), ("ideal wait: clients x seconds a painting", f"{many * painted:.2f}"),
        ("longest wait", f"{max(run.done - run.asked for run in runs):.2f}"),
        ("pictures of others meanwhile, median and most", f"{median(passed):.0f} {max(passed)}"),
        ("paintings of a client, least and most", f"{min(each)} {max(each)}"),
    )  # fmt: skip


def leavers(options: argparse.Namespace, folder: Path) -> None:
    """Visitors who begin what would take hours, and leave: one by one, then all at once. About 3 minutes."""
    many = options.clients
    ways = [WAYS[number % len(WAYS)] for number in range(many)]
    with served(folder, NST_QUEUE=many + 1, NST_QUEUE_EACH=many + 2) as (address, _):
        visitor = Visitor(address, 0, folder)
        alone = median(_seconds(visitor) for _ in range(5))
        one_by_one = []
        for way in ways:
            leave(visitor, way)
            one_by_one.append(_seconds(visitor) - alone)
        with ThreadPoolExecutor(many) as threads:
            list(threads.map(lambda way: leave(visitor, way, begun=False), ways))
        after_all = _seconds(visitor) - alone
        visitor.client.close()
    _table(
        ("visitors who left one by one", many), ("seconds a painting takes alone", f"{alone:.2f}"),
        *((f"seconds more after one who {way}, longest", f"{max(one_by_one[place :: len(WAYS)]):.2f}")
          for place, way in enumerate(ways[: len(WAYS)])),
        ("seconds more after as many at once", f"{after_all:.2f}"),
    )  # fmt: skip
    assert max(one_by_one) < FREED, "a device was held for somebody who had left"
    assert after_all < FREED, "devices were held for those who had left"


def _seconds(visitor: Visitor) -> float:
    """That a painting takes from question to picture."""
    run = visitor.paint(time.monotonic())
    return run.done - run.asked


def marathon(options: argparse.Namespace, folder: Path) -> None:
    """One painting after the other: memory, threads and handles stay as they are. About 4 minutes."""
    figures: dict[str, list[float]] = {name: [] for name in ("memory, MiB", "disk, MB", "files", "threads", "handles")}
    with served(folder) as (address, process):
        visitor, server = Visitor(address, 0, folder), psutil.Process(process)
        for _ in range(options.runs):
            visitor.paint(time.monotonic())
            files = [path.stat().st_size for path in folder.glob(f"{NAME}*/**/*") if path.is_file()]
            now = (server.memory_info().rss / 2**20, sum(files) / 1e6, len(files), server.num_threads())
            for line, figure in zip(figures.values(), (*now, server.num_fds()), strict=True):
                line.append(figure)
        visitor.client.close()
    _say_marathon(figures)
    quarter = max(1, options.runs // 4)
    growth = {name: median(line[-quarter:]) - median(line[-2 * quarter :][:quarter]) for name, line in figures.items()}
    assert growth["memory, MiB"] < 10 + figures["memory, MiB"][0] / 50, "memory grows"
    assert growth["threads"] <= 1 and growth["handles"] <= 4, "threads or handles grow"


def _say_marathon(figures: dict[str, list[float]]) -> None:
    runs = len(next(iter(figures.values())))
    print(f"| run | {' | '.join(figures)} |\n|---|{'---|' * len(figures)}")
    for number in sorted({1, *range(runs // 10, runs, max(1, runs // 10)), runs} - {0}):
        print(f"| {number} | {' | '.join(f'{line[number - 1]:.5g}' for line in figures.values())} |")
    CHART.parent.mkdir(exist_ok=True)
    CHART.write_text(chart(figures), encoding="utf-8")
    print(f"\nDrawn in {CHART}. The disk is tidied once an hour has passed.")


def restarts(options: argparse.Namespace, folder: Path) -> None:
    """Started and stopped while it paints, every second time by force. Each start finds nothing of the last
    one, and paints. About 5 minutes."""
    starts, stops = [], []
    for number in range(options.times):
        began = time.monotonic()
        with served(folder) as (address, process):
            starts.append(time.monotonic() - began)
            visitor = Visitor(address, 0, folder)
            visitor.paint(began)
            assert len(list(folder.glob(f"{NAME}*"))) == 1, "something was left behind"
            visitor.begin()
            stopped = time.monotonic()
            if by_force := number % 2:
                psutil.Process(process).kill()
        stops.append(time.monotonic() - stopped)
        visitor.client.close()
        assert by_force or not list(folder.glob(f"{NAME}*")), "pictures were left behind"
    _table(
        ("starts, each with a painting", options.times), ("seconds to start, median", f"{median(starts):.1f}"),
        ("seconds to stop in the middle of a run, longest", f"{max(stops[::2]):.1f}"),
    )  # fmt: skip


def attack(options: argparse.Namespace, folder: Path) -> None:
    """Messages that no client of ours would send, while an honest visitor hands in photos."""
    with served(folder) as (address, _):
        held = attacks.attack(address)
    if not held:
        raise SystemExit(1)


@contextmanager
def served(folder: Path, **environment: int) -> Iterator[tuple[str, int]]:
    """Address and number of a page's process. It has to end without having complained."""
    with page(folder, **environment) as (address, process):
        yield address, process.pid
    log = (folder / "page.log").read_text(encoding="utf-8")
    assert "Traceback" not in log, log[-4000:]


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
        attack: {},
    }
    for load, numbers in kinds.items():
        one = loads.add_parser(load.__name__, help=load.__doc__, description=load.__doc__)
        one.set_defaults(load=load)
        for name, usual in numbers.items():
            one.add_argument(f"--{name}", type=int, default=usual, help=f"{usual} if not said")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="load-"))
    try:
        options.load(options, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
