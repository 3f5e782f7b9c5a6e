"""How steady is a film, how good are its frames, and what does it cost?

    python -m tests.benchmarks.film [--size 384] [--frames 13] [--clips pan zoom turn ...] [--save FOLDER]

The clips are made from gallery photos by a camera, so that it is known exactly where each pixel has gone; in the last
two, which shake and rustle as real ones do, optical flow finds it. Steadiness is the root mean square of what differs
between a frame and an earlier one that is moved along, where the same thing is seen in both: neighbours, and frames ten
apart. A frozen or a blurred film would be steady: the Gram and the content error of quality.py and the sharpness, the
variance of the Laplacian, say whether the frames are as good as pictures.

Controls: the frames painted one by one, as pictures; and the first one, only ever warped by the flow that we find.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from nst import Settings, load_vgg, stylize
from nst.commission import Commission
from nst.film.flow import motion
from nst.film.paint import paint_film
from nst.image import open_picture, to_image, to_pixels
from nst.vgg import VGG
from tests.benchmarks.clips import CLIPS, Clip, FilmedClip
from tests.benchmarks.quality import errors, file_of
from tests.benchmarks.report import Table

PAINTINGS = {
    "pan": "gauguin-arearea",
    "zoom": "van-gogh-starry-night",
    "turn": "kandinsky-composition-viii",
    "figure": "hokusai-great-wave",
    "flight": "van-gogh-starry-night",
    "hand": "gauguin-arearea",
}
APART = 10
COLUMNS = ["neighbours", "ten apart", "Gram error", "content error", "sharpness", "CPU seconds a frame"]
QUICK = ["--size", "64", "--frames", "12", "--clips", "pan", "--steps", "3"]
Pictures = dict[int, Image.Image]  # by the number of the frame


def measure(arguments: list[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--frames", type=int, default=APART + 3)
    parser.add_argument("--clips", choices=CLIPS, nargs="+", default=list(CLIPS))
    parser.add_argument("--steps", type=int, default=Settings().steps)
    parser.add_argument("--save", type=Path)
    options = parser.parse_args(arguments)
    settings, network = Settings(size=options.size, steps=options.steps), load_vgg()
    rows: list[list[object]] = []
    ratios: list[list[float]] = []
    seconds: list[tuple[float, float]] = []
    for name in options.clips:
        clip, painting = CLIPS[name](options.size, options.frames), open_picture(file_of("style", PAINTINGS[name]))
        found = {}
        for way, paint in WAYS.items():
            began = time.process_time()
            pictures, walls = paint(clip, painting, settings, network)
            cost = (time.process_time() - began) / len(pictures)
            found[way] = [*_judged(clip, pictures, painting, network), cost]
            rows.append([name, way, *found[way]])
            if way == "film":
                seconds.append((walls[0], statistics.mean(walls[1:])))
            if options.save:
                _save(options.save / name / way, pictures)
        ratios.append([ours / theirs for ours, theirs in zip(found["film"], found["one by one"], strict=True)])
    means = [statistics.mean(column) for column in zip(*ratios, strict=True)]
    said = f"{options.size} px, {options.frames} frames"
    yield Table(f"Films, {said}", ["clip", "way", *COLUMNS], [*rows, ["all", "film : one by one", *means]], [])
    first, other = (statistics.mean(column) for column in zip(*seconds, strict=True))
    yield Table(
        f"A second of film, 12 frames, {options.size} px",
        ["first frame, s", "each other frame, s", "first second, s", "each other second, s"],
        [[first, other, first + 11 * other, 12 * other]],
        [],
    )


def _one_by_one(
    clip: Clip | FilmedClip, painting: Image.Image, settings: Settings, network: VGG
) -> tuple[Pictures, list[float]]:
    """As many frames as the judges need: the first and the last pairs of neighbours."""
    pictures: Pictures = {}
    for number in (0, 1, len(clip) - 2, len(clip) - 1):
        *_, last = stylize(clip.frame(number), painting, settings, network)
        pictures[number] = last.image
    return pictures, []


def _warped(
    clip: Clip | FilmedClip, painting: Image.Image, settings: Settings, network: VGG
) -> tuple[Pictures, list[float]]:
    *_, last = stylize(clip.frame(0), painting, settings, network)
    pixels, pictures = to_pixels(last.image, last.image.size), {0: last.image}
    for number in range(1, len(clip)):
        pixels = motion(clip.frame(number - 1), clip.frame(number)).carried(pixels).clamp(0, 1)
        pictures[number] = to_image(pixels)
    return pictures, []


def _film(
    clip: Clip | FilmedClip, painting: Image.Image, settings: Settings, network: VGG
) -> tuple[Pictures, list[float]]:
    photos = clip.frames
    frames = paint_film(photos, len(photos), Commission(photos[0], [painting], settings), network)
    pictures, moments = {}, [0.0]
    for number, frame in enumerate(frames):
        pictures[number] = frame.image
        moments.append(frame.seconds)
    return pictures, list(np.diff(moments))


WAYS: dict[str, Callable[[Clip | FilmedClip, Image.Image, Settings, VGG], tuple[Pictures, list[float]]]] = {
    "one by one": _one_by_one,
    "warped only": _warped,
    "film": _film,
}


def _judged(clip: Clip | FilmedClip, pictures: Pictures, painting: Image.Image, network: VGG) -> list[float]:
    """As in COLUMNS, without the cost. The quality is that of the last two frames."""
    neighbours = [(number, number + 1) for number in pictures if number + 1 in pictures]
    apart = [(number, other) for number in pictures for other in pictures if other - number in (APART, APART + 1)]
    last = [number for pair in neighbours[-1:] for number in pair]
    found = [errors(pictures[number], clip.frame(number), painting, network) for number in last]
    return [
        *(statistics.mean(_change(clip, pictures, *pair) for pair in pairs) for pairs in (neighbours, apart)),
        statistics.mean(one.style for one in found),
        statistics.mean(one.content for one in found),
        statistics.mean(_sharpness(pictures[number]) for number in last),
    ]


def _change(clip: Clip | FilmedClip, pictures: Pictures, number: int, later: int) -> float:
    """Root mean square of what differs in a later frame, where the same is seen."""
    ways, seen = clip.flow(later, number)
    height, width = ways.shape[:2]
    places = (np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=2) + ways).astype(np.float32)
    earlier, now = (np.asarray(pictures[index], np.float32) / 255 for index in (number, later))
    moved = cv2.remap(earlier, places[..., 0], places[..., 1], cv2.INTER_CUBIC)
    return float(np.sqrt(np.square(moved - now)[seen].mean()))


def _sharpness(picture: Image.Image) -> float:
    light = np.asarray(picture.convert("L"), np.float32) / 255
    return float(cv2.Laplacian(light, cv2.CV_32F)[1:-1, 1:-1].var())


def _save(folder: Path, pictures: Pictures) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in pictures.items():
        picture.save(folder / f"{number:03}.png")


def strip(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures of one size, side by side."""
    width, height = pictures[0].size
    sheet = Image.new("RGB", (width * len(pictures), height))
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (width * index, 0))
    return sheet


if __name__ == "__main__":
    from tests.benchmarks.report import publish

    publish(measure(sys.argv[1:]))
