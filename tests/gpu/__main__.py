"""What never ran without a GPU, in one command of at most eight minutes.

    python -m tests.gpu [--minutes 8] [--sizes 512 1024 2048 4096]
    python -m tests.gpu --stand-in --sizes 64

The first needs CUDA. It says of each check whether all is as it should be, then what pictures of several sizes take, in
tables for the README. Exit code 1 if a check fails. The second proves on a CPU that the command runs to its end; its
figures say nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from nst.plan import final_size, room
from nst.resilient import resilient
from tests.benchmarks.report import OUT, Cell, Table, publish
from tests.benchmarks.step import Step, bare_convolutions
from tests.gpu.checks import AT_THE_END, CHECKS, Bench, Found
from tests.gpu.machine import CUDA, Machine, StandIn, seconds

ROUNDS = 5
SHARE_OF_PICTURES = 0.5  # of the time that is left, for the picture of each size


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024, 2048, 4096])
    parser.add_argument("--stand-in", action="store_true", help="on the CPU, to prove that it runs")
    options = parser.parse_args(arguments)
    ends = time.monotonic() + 60 * options.minutes
    machine: Machine = StandIn() if options.stand_in else CUDA()
    bench = Bench.of(machine, *((64, 192) if options.stand_in else (256, 1024)))
    found: dict[str, Found] = {}

    def tables() -> Iterator[Table]:
        found.update(checked(bench, CHECKS, ends))
        yield of_checks("What needs a GPU", found)
        yield Table(
            "Pictures on a GPU",
            ["long side, px", "default picture, s", "steps a second", "a step against bare convolutions", "peak, GB"],
            list(timed(bench, options.sizes, ends)),
            [f"Steps at the full size, medians of {ROUNDS}. A picture has 70 steps, most of them at smaller sizes."],
        )
        found.update(last := checked(bench, AT_THE_END, ends))
        yield of_checks("CUDA graphs", last)

    publish(tables(), OUT / ("gpu-stand-in" if options.stand_in else "gpu"))
    return 0 if all(one.good for one in found.values()) else 1


def of_checks(title: str, found: Mapping[str, Found]) -> Table:
    rows = [[name, "yes" if one.good else "NO", one.words] for name, one in found.items()]
    return Table(title, ["check", "as it should be", "found"], rows)


def checked(bench: Bench, checks: Sequence[Callable[[Bench], Found]], ends: float) -> dict[str, Found]:
    """By name; one that breaks does not keep the others from being made."""
    found = {}
    for check in checks:
        name = check.__name__.replace("_", " ")
        print(f"{name} ...", file=sys.stderr, flush=True)
        if time.monotonic() >= ends:
            found[name] = Found(False, "no time was left")
            continue
        try:
            found[name] = check(bench)
        except Exception as error:
            traceback.print_exc()
            found[name] = Found(False, f"{type(error).__name__}: {error}".splitlines()[0])
    return found


def timed(bench: Bench, sizes: Sequence[int], ends: float) -> Iterator[list[Cell]]:
    """Of each size: what a picture takes, and a step at its full size. One that breaks has a row that says so."""
    for size in sizes:
        print(f"{size} px ...", file=sys.stderr, flush=True)
        left = ends - time.monotonic()
        if left <= 0:
            yield [size, "no time was left", "", "", ""]
            continue
        try:
            yield _timed(bench, size, SHARE_OF_PICTURES * left)
        except Exception as error:
            traceback.print_exc()
            yield [size, f"{type(error).__name__}: {error}".splitlines()[0], "", "", ""]


def _timed(bench: Bench, size: int, most: float) -> list[Cell]:
    """`most`: seconds after which the picture ends early."""
    machine, commission = bench.machine, bench.commission(size=size)
    took: list[Cell] = []

    def picture() -> None:
        (last,) = deque(resilient(commission, bench.network, machine.device, most), maxlen=1)
        last.image.load()
        took.append(f"{last.step} of {commission.settings.steps} steps" if last.note else last.seconds)

    peak = machine.peak(picture)
    network = bench.network.to(machine.device.place, machine.device.dtype)
    width, height = final_size(*bench.photo.size, commission.settings)
    tile = room(width, height, commission.settings, network, machine.device).side
    step, bare = Step(network, (width, height), tile), bare_convolutions(network, height, width)
    step(), bare()
    pairs = [(seconds(machine, step), seconds(machine, bare)) for _ in range(ROUNDS)]
    each, ratio = statistics.median(a for a, _ in pairs), statistics.median(a / b for a, b in pairs)
    return [f"{size}, in tiles of {tile}" if tile < size else size, took[0], 1 / each, ratio, peak]


if __name__ == "__main__":
    sys.exit(main())
