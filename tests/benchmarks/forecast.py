"""Whether the time that a button says is the time that a painting takes, beside a second load that comes and goes.

    python -m tests.benchmarks.forecast [--size 256] [--share 0.1] [--paintings 10] [--recipes painting strotss2019 ...]

Before each painting the page's own forecast is asked for, as it is when a visitor comes back after a while; then the
picture is painted as the page paints it. A process that never rests is there during some paintings, and comes or goes
in the middle of others. Recipes take turns, each with a share of its own steps.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack

from nst import Commission, Settings, load_vgg
from nst.image import open_picture
from nst.recipes import RECIPES
from studio.runs import backend, estimate
from tests.benchmarks.company import busy
from tests.benchmarks.quality import EXAMPLES
from tests.benchmarks.report import Table, publish

QUICK = ["--size", "64", "--share", "0.01", "--paintings", "2"]
NEIGHBOURS = (
    (0, 0),
    (1, 1),
    (1, 1),
    (0, 0),
    (1, 0),
    (0, 0),
    (0, 1),
    (1, 1),
    (2, 2),
    (0, 0),
)  # in each half of a painting
LEAST_STEPS = 12


def measure(arguments: list[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--paintings", type=int, default=10)
    parser.add_argument("--recipes", nargs="+", choices=tuple(RECIPES), default=list(RECIPES))
    options = parser.parse_args(arguments)
    photo = open_picture(EXAMPLES / "content/brandenburg-gate.jpg")
    painting = open_picture(EXAMPLES / "style/van-gogh-starry-night.jpg")
    estimate.probe()
    estimate.FRESH = 0.0  # a while has passed whenever it is asked
    rows, errors = [], []
    turns = zip(range(options.paintings), itertools.cycle(options.recipes), itertools.cycle(NEIGHBOURS), strict=False)
    for number, recipe, (before, after) in turns:
        most = Settings(recipe=recipe).steps
        share = options.share if recipe != "painting" else 1.0
        settings = Settings(recipe=recipe, size=options.size, steps=min(most, max(LEAST_STEPS, round(share * most))))
        said, took = told_and_taken(Commission(photo, [painting], settings), str(number), before, after)
        errors.append(abs(said - took) / took)
        rows.append([recipe, settings.steps, f"{before}, then {after}", said, took, f"{said / took - 1:+.0%}"])
    yield Table(
        f"Forecasts under a changing load, {options.size} px",
        ["recipe", "steps", "busy neighbours", "said, s", "took, s", "off by"],
        rows,
        [f"The median error is {statistics.median(errors):.0%}, the largest {max(errors):.0%}."],
    )


def told_and_taken(commission: Commission, run: str, before: int, after: int) -> tuple[float, float]:
    """Seconds that were said before a painting, and that it took."""
    with ExitStack() as neighbours:
        for _ in range(before):
            neighbours.enter_context(busy())
        said = estimate.predicted(commission.settings, *commission.content.size)
        assert said is not None, "the machine was probed"
        for frame in backend.here(commission, load_vgg(commission.settings.backbone)):
            estimate.learn(commission, frame, run)
            if frame.step == frame.steps // 2 and after != before:
                neighbours.close()
                for _ in range(after):
                    neighbours.enter_context(busy())
    return said, frame.seconds


if __name__ == "__main__":
    publish(measure(sys.argv[1:]))
