"""How well do strokes follow arrows, and what does it cost?

    python -m tests.benchmarks.strokes [--size 384] [--save FOLDER]

The angle between the arrows' field and the strokes of the finished picture, by its structure tensor, is a mean over the
places where arrows lead, each weighed by how much they do and how clear its direction is; by chance it would be 45
degrees. The Gram error is that of `quality`, against the painting as it hangs.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image

from nst import Settings, load_vgg, stylize
from nst.arrows import arrows_from
from nst.image import luma, to_pixels
from nst.strokes import directions, field_of
from tests.benchmarks.quality import errors, opened
from tests.benchmarks.report import Table

BRIDGE, CASTLE = "suspension-bridge", "neuschwanstein-castle"
NIGHT, VILLAGE, GARDEN = "van-gogh-starry-night", "van-gogh-village-street-auvers", "morisot-garden-at-bougival"
WAVE = "0.02,0.3 0.12,0.18 0.25,0.1 0.36,0.16; 0.45,0.05 0.6,0.12 0.75,0.22 0.97,0.3; 0.55,0.25 0.63,0.3"
RAIN = "0.1,0.15 0.04,0.5; 0.35,0.32 0.28,0.58; 0.55,0.02 0.5,0.22; 0.93,0.05 0.84,0.4"
UP = "0.05,0.38 0.1,0.05; 0.22,0.3 0.22,0.04; 0.55,0.28 0.5,0.03; 0.8,0.3 0.84,0.04; 0.95,0.3 0.97,0.05"
WHIRL = " ".join(
    f"{0.3 + 0.1 * math.cos(turn / 6):.3f},{0.36 + 0.15 * math.sin(turn / 6):.3f}" for turn in range(36)
)  # nearly a circle
CASES = [
    (CASTLE, NIGHT, WAVE),
    (BRIDGE, NIGHT, WHIRL),
    (CASTLE, NIGHT, UP),
    (BRIDGE, VILLAGE, RAIN),
    (BRIDGE, GARDEN, RAIN),
]
NAMES = {WAVE: "a wave", WHIRL: "a circle", UP: "upwards", RAIN: "slanting down"}
QUICK = ["--size", "64", "--steps", "3", "--cases", "1"]


def angle(picture: Image.Image, arrows: str) -> float:
    """Degrees between the strokes of a picture and the field of some arrows, 0 to 90."""
    width, height = picture.size
    found = directions(luma(to_pixels(picture, picture.size)))
    field = F.interpolate(field_of(arrows_from(arrows), height, width), (height, width), mode="bilinear")
    between = torch.rad2deg(F.cosine_similarity(found, field).clamp(-1, 1).acos()) / 2
    weights = found.norm(dim=1) * field.norm(dim=1)
    return ((between * weights).sum() / weights.sum()).item()


def measure(arguments: Sequence[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--cases", type=int, default=len(CASES))
    parser.add_argument("--save", type=Path)
    options = parser.parse_args(list(arguments))
    network, rows = load_vgg(), []
    for number, (photo_name, painting_name, arrows) in enumerate(CASES[: options.cases]):
        photo, painting = opened((photo_name, painting_name))
        row: list[list[float]] = []
        for strokes in ("", arrows):
            began = time.process_time()
            *_, last = stylize(
                photo, painting, Settings(size=options.size, steps=options.steps, strokes=strokes), network
            )
            seconds = time.process_time() - began
            row.append([angle(last.image, arrows), *errors(last.image, photo, painting, network), seconds])
            if options.save:
                last.image.save(options.save / f"{number}-{'with' if strokes else 'without'}.png")
        cells = [value for pair in zip(*row, strict=True) for value in pair]
        rows.append([f"{photo_name}, {painting_name}, {NAMES[arrows]}", *cells])
    columns = [
        f"{what}, {how}"
        for what in ("degrees", "Gram error", "content error", "seconds")
        for how in ("without", "with")
    ]
    yield Table(f"Strokes that follow, {options.size} px", ["picture", *columns], rows)


if __name__ == "__main__":
    from tests.benchmarks.report import publish

    publish(measure(sys.argv[1:]))
