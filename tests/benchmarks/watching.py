"""What it costs to be watched: a run on the page, and one by a program, against the bare engine.

    python -m tests.benchmarks.watching [--size 384] [--steps 100] [--rounds 3] [--most 3]

All paint the same picture in turn, in an order that turns with each round, after one that nobody counts. The watched
ones make each picture that is shown, and encode it as it is sent, on the page with the status line and its curves; the
program's also saves the finished PNG. Sending and showing it is the work of others. The last line says whether the
page costs more of the loop than `--most` percent.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace

from nst import Commission, Settings, load_vgg
from nst.device import reserve_cores_for_painting
from nst.image import open_picture
from nst.settings import KNOBS
from studio.api import stylize
from studio.components.images import Canvas, data_url
from studio.runs.backend import here
from studio.runs.choices import Choices
from studio.runs.run import paint
from tests.benchmarks.quality import EXAMPLES


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--steps", type=int, default=KNOBS["steps"].default)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=float, default=3.0, help="percent of the loop that the page may cost")
    options = parser.parse_args()
    photo = open_picture(EXAMPLES / "content/suspension-bridge.jpg")
    painting = open_picture(EXAMPLES / "style/van-gogh-starry-night.jpg")
    settings = Settings(size=options.size, steps=options.steps)
    values = [getattr(settings, name) for name in KNOBS]
    visitor, canvas = SimpleNamespace(headers={}, session_hash=None), Canvas(render=False)

    def bare() -> int:
        (frame,) = deque(here(Commission(photo, [painting], settings), load_vgg()), maxlen=1)
        assert frame.image
        return 0

    def page() -> int:
        shown = paint(visitor, Choices(photo, painting, settings))
        return sum(bool(json.dumps([canvas.postprocess(picture).model_dump(), line])) for picture, line, _ in shown)

    def program() -> int:
        nothing = [None] * (len(stylize.EXTRA_STYLES) + len(stylize.MASKS) + 1)
        shown = stylize.stylize(photo, painting, *values, *nothing)
        return sum(isinstance(picture, str) or bool(data_url(picture)) for picture, _ in shown)

    runs = (bare, page, program)
    reserve_cores_for_painting()  # as the page's own start does
    page()  # caches, threads and clocks are warm
    seconds, pictures = measured(runs, options.rounds)
    costs = {}
    for run in runs[1:]:
        ratio = statistics.median(watched / alone for alone, watched in zip(seconds[bare], seconds[run], strict=True))
        costs[run] = 100 * (ratio - 1)
        print(
            f"{options.size} px, {options.steps} steps: bare {min(seconds[bare]):.2f} s, {run.__name__} "
            f"{min(seconds[run]):.2f} s with {pictures[run]} pictures, median ratio of {options.rounds}: {ratio:.3f}"
        )
    verdict = "within" if costs[page] <= options.most else "above"
    print(f"The page costs {costs[page]:.1f} % of the loop, {verdict} the {options.most:g} % that it may.")


def measured(
    runs: tuple[Callable[[], int], ...], rounds: int
) -> tuple[dict[Callable[[], int], list[float]], dict[Callable[[], int], int]]:
    """Seconds of each run in each round, and how many pictures it shows."""
    seconds: dict[Callable[[], int], list[float]] = {run: [] for run in runs}
    pictures = {}
    for number in range(rounds):
        turn = number % len(runs)
        for run in runs[turn:] + runs[:turn]:
            began = time.perf_counter()
            pictures[run] = run()
            seconds[run].append(time.perf_counter() - began)
    return seconds, pictures


if __name__ == "__main__":
    main()
