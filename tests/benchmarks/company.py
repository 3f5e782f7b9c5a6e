"""What busy neighbours cost: the same painting alone, beside one process that never rests, and beside two.

    python -m tests.benchmarks.company [--size 256] [--neighbours 0 1 2] [--rounds 3] [--spins 1000 10000 300000]

Each painting has a process of its own, in which a first one that nobody counts warms it up. All of a round are painted
in turn, so that what changes on the machine meanwhile changes for all of them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from nst.openmp import SPINS
from nst.settings import KNOBS
from tests.benchmarks.report import Table, publish
from tests.serving import ROOT

QUICK = ["--size", "64", "--steps", "4", "--neighbours", "0", "1", "--rounds", "1"]
PAINT = """
import sys, time
from nst import Settings, load_vgg, stylize
from nst.image import open_picture

photo, painting = map(open_picture, sys.argv[1:3])
network = load_vgg()
for _ in range(2):
    began = time.perf_counter()
    *_, last = stylize(photo, painting, Settings(size=int(sys.argv[3]), steps=int(sys.argv[4])), network)
    assert last.image
print(time.perf_counter() - began)
"""


def measure(arguments: list[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=KNOBS["steps"].default)
    parser.add_argument("--neighbours", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--spins", type=int, nargs="+", default=[SPINS])
    options = parser.parse_args(arguments)
    cases = [(spins, neighbours) for spins in options.spins for neighbours in options.neighbours]
    seconds: dict[tuple[int, int], list[float]] = {case: [] for case in cases}
    for _ in range(options.rounds):
        for spins, neighbours in cases:
            seconds[spins, neighbours].append(painted(options.size, options.steps, spins, neighbours))
    medians = {case: statistics.median(times) for case, times in seconds.items()}
    yield Table(
        f"In company, {options.size} px",
        ["looks before a thread sleeps", "busy neighbours", "s", "times its time alone", "s from", "to"],
        [
            [spins, number, median, median / medians[spins, options.neighbours[0]], min(times), max(times)]
            for (spins, number), median, times in zip(cases, medians.values(), seconds.values(), strict=True)
        ],
        [f"Medians of {options.rounds}. The project's own number of looks is {SPINS}, that of GNU's OpenMP 300000."],
    )


def painted(size: int, steps: int, spins: int, neighbours: int) -> float:
    """Seconds that a default picture takes."""
    pictures = ["examples/content/suspension-bridge.jpg", "examples/style/van-gogh-starry-night.jpg"]
    environment = os.environ | {"GOMP_SPINCOUNT": str(spins)}
    with ExitStack() as company:
        for _ in range(neighbours):
            company.enter_context(busy())
        command = [sys.executable, "-c", PAINT, *pictures, str(size), str(steps)]
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return float(run.stdout)


@contextmanager
def busy() -> Iterator[None]:
    """A process that never rests."""
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        neighbour.kill()
        neighbour.wait()


if __name__ == "__main__":
    publish(measure(sys.argv[1:]))
