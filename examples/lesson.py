"""The original lesson, beside the default picture, and the course of its loss: docs/lesson.webp and docs/lesson.svg.

    python -m examples.lesson [--size 160] [--steps 6000]

It begins from noise, as the lesson often does, and takes minutes at small sizes, hours at large ones.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from examples.recipes import sheet
from nst import Settings, load_vgg, stylize
from nst.image import open_picture
from nst.settings import KNOBS
from nst.targets import total_loss

HERE = Path(__file__).parent
PHOTO, PAINTING = HERE / "content/red-panda.jpg", HERE / "style/van-gogh-starry-night.jpg"
SHOWN = (1, 6), (1, 2), (1, 1)  # shares of the epochs after which the picture is shown
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 320, 56, 40  # pixels of the chart
POINTS = 300  # of its line at most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--steps", type=int, default=Settings(recipe="tutorial").steps)
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs")
    options = parser.parse_args()
    photo, painting, network = open_picture(PHOTO), open_picture(PAINTING), load_vgg()
    lesson = Settings(recipe="tutorial", init="noise", size=options.size, steps=options.steps)
    losses, pictures = [], {}
    for frame in stylize(photo, painting, lesson, network):
        losses.append(total_loss(frame.losses, lesson))
        if frame.step in {max(1, options.steps * part // whole) for part, whole in SHOWN}:
            pictures[f"{frame.step} epochs, {frame.seconds:.0f} s"] = frame.image
            print(f"{frame.step} epochs: {frame.seconds:.0f} s, total loss {losses[-1]:.4g}", flush=True)
    began = time.perf_counter()
    (last,) = deque(stylize(photo, painting, Settings(size=options.size), network), maxlen=1)
    seconds = time.perf_counter() - began
    pictures[f"default, {KNOBS['steps'].default} steps, {seconds:.1f} s"] = last.image
    print(f"default: {seconds:.1f} s", flush=True)
    sheet(pictures).save(options.out / "lesson.webp", quality=90)
    (options.out / "lesson.svg").write_text(chart(losses), encoding="utf-8")


def chart(losses: Sequence[float]) -> str:
    """The total loss on a logarithmic scale, as SVG."""
    low, high = math.floor(math.log10(min(losses))), math.ceil(math.log10(max(losses)))
    across, up = (WIDTH - LEFT - 10) / len(losses), (HEIGHT - BOTTOM - 10) / max(1, high - low)

    def place(step: float, power: float) -> str:
        return f"{LEFT + across * step:.1f},{HEIGHT - BOTTOM - up * (power - low):.1f}"

    every = max(1, len(losses) // POINTS)
    drawn = sorted({*range(min(POINTS, len(losses))), *range(0, len(losses), every), len(losses) - 1})
    line = " ".join(place(step + 1, math.log10(losses[step])) for step in drawn)
    marks = []
    for power in range(low, high + 1):
        marks.append(f'<path d="M{place(0, power)} L{place(len(losses), power)}" stroke="#ccc"/>')
        x, y = place(0, power).split(",")
        marks.append(f'<text x="{float(x) - 6}" y="{float(y) + 4}" text-anchor="end">1e{power}</text>')
    for part in range(0, 7):
        x, y = place(len(losses) * part / 6, low).split(",")
        marks.append(f'<text x="{x}" y="{float(y) + 18}" text-anchor="middle">{len(losses) * part // 6}</text>')
    label = f'<text x="{WIDTH / 2}" y="{HEIGHT - 4}" text-anchor="middle">epochs; total loss</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + LEFT // 3} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(marks)}{label}'
        f'<polyline points="{line}" fill="none" stroke="#27408b" stroke-width="2"/></svg>\n'
    )


if __name__ == "__main__":
    main()
