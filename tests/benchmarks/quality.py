"""How good is a default picture, and what does it cost?

    python -m tests.benchmarks.quality [--sizes 384 512] [--pairs gallery|more|all] [--save FOLDER]

Errors are measured on the finished 8-bit picture, in float32 at its own size: the relative Gram
error is the mean over relu1_1 .. relu5_1, the relative content error is that of relu4_2. Cost is
counted in full-size steps: all pixels that were worked on, over the pixels of one full-size step.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from nst import Settings, load_vgg, stylize
from nst.image import fitted_size, open_picture, to_pixels
from nst.losses import gram, relative_error
from nst.transfer import scales
from nst.vgg import VGG
from tests.benchmarks.report import Table

EXAMPLES = Path(__file__).parents[2] / "examples"
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
Pair = tuple[str, str]  # photo, painting
GALLERY: list[Pair] = [
    ("suspension-bridge", "van-gogh-starry-night"),
    ("red-panda", "hokusai-great-wave"),
    ("portrait-woman", "van-gogh-night-cafe"),
    ("neuschwanstein-castle", "kandinsky-composition-viii"),
]
MORE: list[Pair] = [
    ("kingfisher", "morisot-garden-at-bougival"),
    ("japanese-street", "gauguin-arearea"),
    ("barn", "verneuil-doves-and-lilies"),
    ("citrus-fruits", "wood-dr-nikola-ink-wash"),
    ("astronaut", "lady-and-the-unicorn"),
    ("brandenburg-gate", "goyo-ducks"),
]
PAIRS = {"one": GALLERY[:1], "gallery": GALLERY, "more": MORE, "six": GALLERY + MORE[:2], "all": GALLERY + MORE}
QUICK = ["--sizes", "64", "--pairs", "one", "--knobs", "steps=3"]


class Errors(NamedTuple):
    """How far a picture is from what was asked for. Both are relative: 0 is there."""

    style: float
    content: float

    def beat(self, other: Errors) -> bool:
        """At least as good in both."""
        return self.style <= other.style and self.content <= other.content


@dataclass(frozen=True)
class Judge:
    """Knows one photo and one painting at one size, and measures pictures against them."""

    network: VGG
    wanted: Mapping[str, Tensor]  # layer -> the painting's mean Gram matrix
    content: Tensor  # the photo's relu4_2

    def __call__(self, picture: Image.Image) -> Errors:
        with torch.no_grad():
            seen = self.network.features(to_pixels(picture, picture.size), [*LAYERS, "relu4_2"])
            style = statistics.mean(relative_error(mean_gram(seen[n]), self.wanted[n]).item() for n in LAYERS)
            return Errors(style, relative_error(seen["relu4_2"], self.content).item())


def judge(photo: Image.Image, painting: Image.Image, size: tuple[int, int], network: VGG) -> Judge:
    """A judge for pictures of (width, height) = `size`. The network shall be in float32."""
    with torch.no_grad():
        wanted = network.features(to_pixels(painting, fitted_size(*painting.size, max(size))), LAYERS)
        content = network.features(to_pixels(photo, size), ["relu4_2"])["relu4_2"]
        return Judge(network, {layer: mean_gram(wanted[layer]) for layer in LAYERS}, content)


def errors(result: Image.Image, photo: Image.Image, painting: Image.Image, network: VGG) -> Errors:
    """(relative Gram error, relative content error) of a finished picture."""
    return judge(photo, painting, result.size, network)(result)


def mean_gram(features: Tensor) -> Tensor:
    return gram(features) / features[0, 0].numel()


def file_of(kind: str, name: str) -> Path:
    return EXAMPLES / kind / f"{name}.jpg"


def opened(pair: Pair) -> tuple[Image.Image, Image.Image]:
    """The pictures of a pair: photo and painting."""
    return open_picture(file_of("content", pair[0])), open_picture(file_of("style", pair[1]))


def full_size_steps(photo: Image.Image, settings: Settings) -> float:
    plan = scales(*photo.size, settings)
    return sum(scale.work for scale in plan) / math.prod(plan[-1].size)


def measure(arguments: list[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[384, 512])
    parser.add_argument("--pairs", choices=PAIRS, default="gallery")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--knobs", default="", help='for example "steps=60,content_weight=0.2"')
    options = parser.parse_args(arguments)
    for size in options.sizes:
        settings = Settings(size=size, **eval(f"dict({options.knobs})"))
        network = load_vgg(settings.backbone)
        rows: list[list[Any]] = []
        for pair in PAIRS[options.pairs]:
            photo, painting = opened(pair)
            *_, last = stylize(photo, painting, settings, network)
            found = errors(last.image, photo, painting, network)
            rows.append([*pair, *found, full_size_steps(photo, settings), last.seconds])
            if options.save:
                options.save.mkdir(parents=True, exist_ok=True)
                last.image.save(options.save / f"{'--'.join(pair)}.png")
        style, *others = list(zip(*rows, strict=True))[2:]
        means = [statistics.geometric_mean(style), *map(statistics.mean, others)]
        yield Table(
            f"Quality of a default picture, {size} px, pairs: {options.pairs} {options.knobs}".strip(),
            ["photo", "painting", "Gram error", "content error", "full-size steps", "seconds"],
            [*rows, ["all", "geometric mean of Gram errors, other means", *means]],
        )


if __name__ == "__main__":
    from tests.benchmarks.report import publish

    publish(measure(sys.argv[1:]))
