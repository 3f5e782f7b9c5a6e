"""What a step of each recipe costs, against one of the default recipe at the same size, and what `nst.cost` says.

    python -m tests.benchmarks.costs [--sizes 128 288] [--recipes strotss2019 ...] [--steps 6]

Two sizes at least: from the default recipe's steps at the first and the last follows what a step and a pixel take,
as the page finds out when it starts. Processor time of one thread is told, so that other programs disturb little.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

import torch
from PIL import Image

from nst import Settings, load_vgg, stylize
from nst.cost import step_cost
from nst.image import open_picture
from nst.plan import final_size, scales
from nst.recipes import RECIPES
from tests.benchmarks.quality import EXAMPLES
from tests.benchmarks.report import Table, publish

QUICK = ["--sizes", "64", "96", "--steps", "3", "--recipes", "nnst2022"]
ONE_SCALE = 8192
WARM_UP = 2  # steps that are not counted


def measure(arguments: list[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 288])
    parser.add_argument("--recipes", nargs="+", choices=tuple(RECIPES), default=[*RECIPES][1:])
    parser.add_argument("--steps", type=int, default=6)
    options = parser.parse_args(arguments)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pixels = {size: math.prod(final_size(*photo().size, Settings(size=size))) for size in options.sizes}
    default = {size: step_seconds(Settings(size=size, start_size=ONE_SCALE), options.steps) for size in options.sizes}
    first, last = options.sizes[0], options.sizes[-1]
    per_pixel = (default[last] - default[first]) / (pixels[last] - pixels[first])
    each = default[first] - per_pixel * pixels[first]
    rows, errors = [], []
    for size in options.sizes:
        for recipe in options.recipes:
            settings = Settings(recipe=recipe, size=size, start_size=ONE_SCALE)
            times = step_seconds(settings, options.steps) / default[size]
            said = (each + per_pixel * step_cost(first_of(settings), pixels[size])) / default[size]
            errors.append(abs(said / times - 1))
            rows.append([recipe, pixels[size], times, said, f"{said / times - 1:+.0%}"])
    torch.set_num_threads(threads)
    yield Table(
        "A step of each recipe",
        ["recipe", "pixels", "times a default step", "said", "off by"],
        rows,
        [
            f"Processor time of one thread, medians of {options.steps} steps.",
            f"The median error is {statistics.median(errors):.0%}.",
        ],
    )


def photo() -> Image.Image:
    return open_picture(EXAMPLES / "content/brandenburg-gate.jpg")


def first_of(settings: Settings) -> Settings:
    """As they are for the first steps."""
    return scales(*photo().size, settings)[0].of(settings)


def step_seconds(settings: Settings, steps: int) -> float:
    """Of the processor, in the median."""
    painting = open_picture(EXAMPLES / "style/van-gogh-starry-night.jpg")
    moments = []
    for frame in stylize(photo(), painting, settings, load_vgg(settings.backbone)):
        moments.append(time.process_time())
        if frame.step == WARM_UP + steps:
            break
    return statistics.median(after - before for before, after in pairwise(moments[WARM_UP - 1 :]))


if __name__ == "__main__":
    publish(measure(sys.argv[1:]))
