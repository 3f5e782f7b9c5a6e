"""One step against its limit: the bare convolutions, same precision, same layout, same run.

    python -m tests.benchmarks.step [--sizes 256 512 ...] [--rounds 9]

The bare convolutions are the forward and the input-gradient pass of each convolution that the
default layers need, by torch's own operators, on ready maps. Steps and convolutions are timed in
turn; medians are told. In further steps a stopwatch stands beside every operator. (torch's profiler
is no help: it takes memory between the operators, whose own is new for each step then, and must be
zeroed by the kernel.) What no operator took of a step is Python's. With OMP_NUM_THREADS=1 processor time
is told, and a busy machine will do.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from nst import Settings, load_vgg
from nst.device import best_device
from nst.image import open_picture, to_pixels
from nst.solvers import make_solver
from nst.targets import objective_for
from nst.vgg import VGG
from nst.view import View
from tests.benchmarks.quality import EXAMPLES
from tests.benchmarks.report import Table

QUICK = ["--sizes", "64", "--rounds", "2"]
WARM_UP = 12  # the solver's memory is full, and the heap has grown to what it needs
SOLVER, CONVOLUTIONS, STATISTICS = "solver", "convolutions", "statistics"
ROOMS = {"lbfgs": SOLVER, "pyramid": SOLVER, "winograd": CONVOLUTIONS}  # modules whose operators belong together
PARTS = {  # words in an operator's name -> the part that it belongs to elsewhere; the first that fits counts
    "convolution": CONVOLUTIONS,
    "pool": "pool",
    "relu": "ReLU",
    "threshold": "ReLU",
    "clamp": SOLVER,
    "mm": STATISTICS,
    "copy": "conversion",
    "pad": "border",
    "": "losses and sums of gradients",
}


class Stopwatch(TorchDispatchMode):
    """Adds up the seconds of all operators, for each part of a step."""

    def __init__(self) -> None:
        super().__init__()
        self.spent: Counter[str] = Counter()

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        began = now()
        result = operator(*args, **(kwargs or {}))
        took = now() - began
        self.spent[part(str(operator), sys._getframe())] += took
        return result


def part(operator: str, frame: FrameType | None) -> str:
    """The part of a step that an operator belongs to, by who asked for it or else by its name."""
    while frame is not None:
        room, function = Path(frame.f_code.co_filename).stem, frame.f_code.co_name
        if room in ROOMS:
            return ROOMS[room]
        if room == "losses" and function in ("forward", "backward"):  # of sums; the latter is a convolution of 1 x 1
            return STATISTICS
        frame = frame.f_back
    return next(name for word, name in PARTS.items() if word in operator)


def shares(step: Callable[[], object], rounds: int, whole: float) -> dict[str, float]:
    """Part -> its share of a step, which takes `whole` seconds."""
    with Stopwatch() as stopwatch:
        for _ in range(rounds):  # the heap gets used to the company
            step()
        stopwatch.spent.clear()
        for _ in range(rounds):
            step()
    return {name: spent / rounds / whole for name, spent in stopwatch.spent.items()}


def seconds(work: Callable[[], object]) -> float:
    began = now()
    work()
    return now() - began


def now() -> float:
    """In seconds. One thread is timed by what it has had of a processor: other programs disturb that less."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def bare_convolutions(network: Any, height: int, width: int) -> Callable[[], None]:
    calls, block = [], "1"
    for name, (weight, bias) in network.convolutions.items():
        if name[4] != block:
            block, height, width = name[4], height // 2, width // 2
        maps = [
            torch.randn(1, channels, height, width).to(weight.device, weight.dtype, memory_format=torch.channels_last)
            for channels in (weight.shape[1], weight.shape[0])
        ]
        calls.append((maps[0].requires_grad_(), weight, bias, maps[1]))
        if name == "conv5_1":
            break

    def run() -> None:
        for into, weight, bias, gradient in calls:
            torch.autograd.grad(F.conv2d(into, weight, bias, padding=1), into, gradient)

    return run


class Step:
    """The default recipe's step, to be taken again and again.

    Args:
        tile: Side of its tiles in pixels, if the picture is larger.
        matches: Whether its spots are matched, as they are but for the recipes of others.
    """

    def __init__(self, network: VGG, size: tuple[int, int], tile: int = 8192, matches: bool = True) -> None:
        settings = Settings() if matches else Settings(match_weight=0.0)
        photo = to_pixels(open_picture(EXAMPLES / "content/brandenburg-gate.jpg"), size).to(network.mean.device)
        painting = open_picture(EXAMPLES / "style/van-gogh-starry-night.jpg")
        self.pixels, self.solver = photo, make_solver(settings.optimizer, settings.learning_rate)
        self.objective = objective_for(photo, [painting], None, View(network, settings, tile))
        self.search()

    def search(self) -> None:
        """For matches; it is done twice for each size."""
        self.objective = self.objective.matched(self.pixels)

    def __call__(self) -> None:
        gradient, _ = self.objective(self.pixels)
        self.pixels = self.solver.step(self.pixels, gradient).clamp(0, 1)


def measure(arguments: list[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 768, 1024])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    device = best_device()
    if device.place.type != "cpu":
        print(f"The step's parts are measured on a CPU only; this machine has {device.place}.")
        return
    network, rows, kinds = load_vgg().to(device.place, device.dtype), [], list(dict.fromkeys(PARTS.values()))
    for size in options.sizes:
        width, height = size, size * 2 // 3  # a photo's shape; its maps often have odd heights, as those of most photos
        step, plain = (Step(network, (width, height), matches=matches) for matches in (True, False))
        works = step, plain, bare_convolutions(network, height, width), step.search
        for _ in range(min(WARM_UP, options.rounds + 3)):
            step(), plain()
        rounds = [[seconds(work) for work in works] for _ in range(options.rounds)]
        steps, plains, bares, searches = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratios = [statistics.median(one[work] / one[2] for one in rounds) for work in (0, 1)]
        found = shares(step, max(2, options.rounds // 2), steps)
        percent = [f"{found.get(name, 0):.1%}" for name in kinds]
        percent.append(f"{max(0, 1 - sum(found.values())):.1%}")
        matching = [f"{1 - plains / steps:.1%}", searches / steps]
        rows.append([f"{width} x {height}", steps, bares, *(f"{ratio:.3f}" for ratio in ratios), *matching, *percent])
    against = ["ratio", "ratio without matches", "matches in it", "a search, in steps"]
    yield Table(
        "Step versus limit",
        ["pixels", "step, s", "bare convolutions, s", *against, *kinds, "Python and the rest"],
        rows,
        [
            f"Medians of {options.rounds} rounds in turn; a stopwatch for {max(2, options.rounds // 2)} further steps.",
            "What matches take of a step is told by steps without them; the parts after it are all of a step.",
        ],
    )


if __name__ == "__main__":
    from tests.benchmarks.report import publish

    publish(measure(sys.argv[1:]))
