"""How good is a default picture, and what does it cost?

    python -m tests.benchmarks.quality [--sizes 384 512] [--pairs gallery|more|all] [--save FOLDER]
                                       [--curve] [--recipes]

Two judges that no optimiser sees speak too: CFSD for the photo, Magenta's style vector for the painting (see
judges.py). `--curve` paints with five content weights, and asks the judges about the photo itself and the painting
itself; `--recipes` paints with all recipes, in 200 steps at most. `--save` keeps the pictures, and all as one sheet.

Errors are measured on the finished 8-bit picture, in float32 at its own size: the relative Gram
error is the mean over relu1_1 .. relu5_1, the relative content error is that of relu4_2. Cost is
counted in full-size steps: all pixels that were worked on, over the pixels of one full-size step.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from nst import Frame, Settings, load_vgg, stylize
from nst.image import fitted_size, open_picture, to_pixels
from nst.losses import gram, relative_error
from nst.plan import scales
from nst.recipes import RECIPES
from nst.vgg import VGG
from tests.benchmarks.judges import HOW_TO_GET, StyleJudge, cfsd, rim, style_judge
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


CURVE = (0.25, 0.5, 1.0, 2.0, 4.0)  # times the content weight
MOST_STEPS = 200  # of a recipe that asks for thousands
COLUMNS = ["Gram error", "content error", "CFSD", "style vector", "rim"]


@dataclass(frozen=True)
class Panel:
    """All judges."""

    network: VGG
    style: StyleJudge | None

    def __call__(self, picture: Image.Image, photo: Image.Image, painting: Image.Image) -> list[float]:
        """As in COLUMNS; the style vector is NaN without its judge."""
        found = errors(picture, photo, painting, self.network)
        vector = self.style(picture, painting) if self.style else math.nan
        return [*found, cfsd(picture, photo, self.network), vector, rim(picture, photo)]


def means(rows: Sequence[Sequence[float]]) -> list[float]:
    """Of each column; the geometric one of the Gram errors."""
    style, *others = zip(*rows, strict=True)
    return [statistics.geometric_mean(style), *map(statistics.mean, others)]


def measure(arguments: list[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[384, 512])
    parser.add_argument("--pairs", choices=PAIRS, default="gallery")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--knobs", default="", help='for example "steps=60,content_weight=0.2"')
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--recipes", action="store_true")
    options = parser.parse_args(arguments)
    paintings = [open_picture(path) for path in sorted((EXAMPLES / "style").glob("*.jpg"))]
    style, pairs = style_judge(paintings), PAIRS[options.pairs]
    notes = [] if style else [HOW_TO_GET]
    for size in options.sizes:
        settings = Settings(size=size, **eval(f"dict({options.knobs})"))
        network = load_vgg(settings.backbone)
        panel, said = Panel(network, style), f"{size} px, pairs: {options.pairs} {options.knobs}".strip()
        rows: list[list[Any]] = []
        for pair in pairs:
            photo, last = _painted(pair, settings, network, options.save)
            judged = panel(last.image, photo, opened(pair)[1])
            rows.append([*pair, *judged, full_size_steps(photo, settings), last.seconds])
        yield Table(
            f"Quality of a default picture, {said}",
            ["photo", "painting", *COLUMNS, "full-size steps", "seconds"],
            [*rows, ["all", "geometric mean of Gram errors, other means", *means([row[2:] for row in rows])]],
            notes,
        )
        ways: dict[str, Settings] = {}
        if options.curve:
            weights = [factor * settings.content_weight for factor in CURVE]
            ways |= {f"content_weight {weight:.3g}": replace(settings, content_weight=weight) for weight in weights}
        if options.recipes:
            steps = {name: min(MOST_STEPS, Settings(recipe=name).steps) for name in RECIPES}
            ways |= {name: Settings(recipe=name, size=size, steps=steps[name]) for name in RECIPES}
        if ways:
            yield _compared(ways, pairs, panel, said, notes)
        if options.save:
            contact_sheet(options.save, pairs).save(options.save / "sheet.png")


def _painted(pair: Pair, settings: Settings, network: VGG, save: Path | None = None) -> tuple[Image.Image, Frame]:
    """The photo, and the last frame."""
    photo, painting = opened(pair)
    *_, last = stylize(photo, painting, settings, network)
    if save:
        save.mkdir(parents=True, exist_ok=True)
        last.image.save(save / f"{'--'.join(pair)}.png")
    return photo, last


def _compared(
    ways: Mapping[str, Settings], pairs: Sequence[Pair], panel: Panel, said: str, notes: Sequence[str]
) -> Table:
    """The means of all judges over all pairs, for each way to paint and for those who did not paint."""
    rows: list[list[Any]] = []
    for name, settings in ways.items():
        judged = []
        for pair in pairs:
            photo, last = _painted(pair, settings, panel.network)
            judged.append(panel(last.image, photo, opened(pair)[1]))
        rows.append([name, *means(judged)])
    for name, number in (("the photo itself", 0), ("the painting itself", 1)):
        judged = []
        for pair in pairs:
            photo, painting = opened(pair)
            size = fitted_size(*photo.size, next(iter(ways.values())).size)
            judged.append(panel(opened(pair)[number].resize(size, Image.Resampling.LANCZOS), photo, painting))
        # a photo has no content error, a painting hardly a Gram error: the geometric mean asks for more than zero
        rows.append([name, *means([[max(1e-9, style), *others] for style, *others in judged])])
    return Table(f"Curves and controls, {said}", ["way", *COLUMNS], rows, notes)


SHEET_SIDE, GAP = 320, 6  # of a picture on the sheet, and between two, in pixels


def contact_sheet(folder: Path, pairs: Sequence[Pair]) -> Image.Image:
    """All pairs as one picture: a row each, of photo, painting and the result that lies in the folder."""
    sheet = Image.new("RGB", (3 * (SHEET_SIDE + GAP), len(pairs) * (SHEET_SIDE + GAP)), "white")
    for row, pair in enumerate(pairs):
        with Image.open(folder / f"{'--'.join(pair)}.png") as result:
            for column, picture in enumerate((*opened(pair), result)):
                small = picture.resize(fitted_size(*picture.size, SHEET_SIDE), Image.Resampling.LANCZOS)
                sheet.paste(small, (column * (SHEET_SIDE + GAP), row * (SHEET_SIDE + GAP)))
    return sheet


if __name__ == "__main__":
    from tests.benchmarks.report import publish

    publish(measure(sys.argv[1:]))
