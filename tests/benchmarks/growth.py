"""How time and memory grow with the pixels.

    python -m tests.benchmarks.growth [--sizes 128 181 ... 2048] [--steps 14]

Each size has a process of its own, so that its peak is its own. All steps are taken at the one
size; the solver's memory fills in the first eleven, the median of the rest is told.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence

from tests.benchmarks.report import Table

SIZES = [128, 256, 512, 1024, 2048]
QUICK = ["--sizes", "64", "96", "128", "--steps", "3"]

ALONE = """
import statistics, sys
from nst import Settings, load_vgg, stylize
from nst.image import open_picture
size, steps = int(sys.argv[1]), int(sys.argv[2])
from tests.benchmarks.report import peak_memory
libraries = peak_memory()
photo = open_picture("examples/content/suspension-bridge.jpg").resize((size, size * 3 // 4))
painting = open_picture("examples/style/van-gogh-starry-night.jpg").resize((size, size * 3 // 4))
frames = stylize(photo, painting, Settings(size=size, steps=steps), load_vgg(), start=photo)
moments = [frame.seconds for frame in frames]
times = [after - before for before, after in zip(moments, moments[1:])]
print(statistics.median(times[11:] or times), peak_memory() - libraries)
"""


def exponent(amounts: Sequence[float], costs: Sequence[float]) -> float:
    """p of the best cost = c * amount^p: least squares in the logarithms."""
    x, y = [math.log(amount) for amount in amounts], [math.log(cost) for cost in costs]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    both = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return both / sum((a - mean_x) ** 2 for a in x)


def alone(size: int, steps: int) -> tuple[float, float]:
    """(seconds a step, GiB above the imported libraries)."""
    command = [sys.executable, "-c", ALONE, str(size), str(steps)]
    words = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(words[0]), float(words[1])


def measure(arguments: list[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--steps", type=int, default=18)
    options = parser.parse_args(arguments)
    pixels = [size * (size * 3 // 4) for size in options.sizes]
    seconds, memory = zip(*(alone(size, options.steps) for size in options.sizes), strict=True)
    rows = [
        [f"{size} x {size * 3 // 4}", time, 1e6 * time / count, peak, 2**20 * peak / count]
        for size, count, time, peak in zip(options.sizes, pixels, seconds, memory, strict=True)
    ]
    yield Table(
        "Growth",
        ["pixels", "seconds a step", "microseconds a pixel", "peak memory, GiB", "KiB a pixel"],
        rows,
        [
            f"Exponent of time {exponent(pixels, seconds):.3f}, of memory {exponent(pixels, memory):.3f}, "
            "over all these sizes; memory is counted above the imported libraries and includes the weights."
        ],
    )


if __name__ == "__main__":
    from tests.benchmarks.report import publish

    publish(measure(sys.argv[1:]))
