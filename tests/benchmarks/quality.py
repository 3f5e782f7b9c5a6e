"""How good is a default picture, and what does it cost?

    python -m tests.benchmarks.quality [--size 384] [--pairs gallery|more] [--save FOLDER]

Errors are measured on the finished 8-bit picture, in float32 at its own size: the relative Gram
error is the mean over relu1_1 .. relu5_1, the relative content error is that of relu4_2. Cost is
counted in full-size steps: all pixels that were worked on, over the pixels of one full-size step.
"""

from __future__ import annotations

import argparse
import math
import statistics
from pathlib import Path

from PIL import Image

from nst import Settings, load_vgg, stylize
from nst.image import fitted_size, open_picture, to_pixels
from nst.losses import gram, relative_error
from nst.transfer import scales
from nst.vgg import VGG

EXAMPLES = Path(__file__).parents[2] / "examples"
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
PAIRS = {
    "gallery": [
        ("suspension-bridge", "van-gogh-starry-night"),
        ("red-panda", "hokusai-great-wave"),
        ("portrait-woman", "van-gogh-night-cafe"),
        ("neuschwanstein-castle", "kandinsky-composition-viii"),
    ],
    "more": [
        ("kingfisher", "morisot-garden-at-bougival"),
        ("japanese-street", "gauguin-arearea"),
        ("barn", "verneuil-doves-and-lilies"),
        ("citrus-fruits", "wood-dr-nikola-ink-wash"),
        ("astronaut", "lady-and-the-unicorn"),
        ("brandenburg-gate", "goyo-ducks"),
    ],
}


def errors(result: Image.Image, photo: Image.Image, painting: Image.Image, network: VGG) -> tuple[float, float]:
    """(relative Gram error, relative content error) of a finished picture."""
    seen = network.features(to_pixels(result, result.size), [*LAYERS, "relu4_2"])
    wanted = network.features(to_pixels(painting, fitted_size(*painting.size, max(result.size))), LAYERS)
    content = network.features(to_pixels(photo, result.size), ["relu4_2"])["relu4_2"]

    def mean_gram(features: dict, layer: str):
        return gram(features[layer]) / features[layer][0, 0].numel()

    style = statistics.mean(relative_error(mean_gram(seen, n), mean_gram(wanted, n)).item() for n in LAYERS)
    return style, relative_error(seen["relu4_2"], content).item()


def full_size_steps(photo: Image.Image, settings: Settings) -> float:
    plan = scales(*photo.size, settings)
    return sum(scale.work for scale in plan) / math.prod(plan[-1].size)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--pairs", choices=PAIRS, default="gallery")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--knobs", default="", help='for example "steps=60,content_weight=0.2"')
    options = parser.parse_args()
    settings = Settings(size=options.size, **eval(f"dict({options.knobs})"))
    network, rows = load_vgg(settings.backbone), []
    print(f"{'photo':24} {'painting':28} {'gram':>7} {'content':>8} {'cost':>6} {'seconds':>8}")
    for names in PAIRS[options.pairs]:
        photo, painting = (
            open_picture(EXAMPLES / f"{k}/{n}.jpg") for k, n in zip(("content", "style"), names, strict=True)
        )
        *_, last = stylize(photo, painting, settings, network)
        style, content = errors(last.image, photo, painting, network)
        rows.append((style, content, full_size_steps(photo, settings), last.seconds))
        print(
            f"{names[0]:24} {names[1]:28} {style:7.4f} {content:8.3f} {rows[-1][2]:6.1f} {last.seconds:8.1f}",
            flush=True,
        )
        if options.save:
            options.save.mkdir(parents=True, exist_ok=True)
            last.image.save(options.save / f"{'--'.join(names)}.png")
    style, content, cost, seconds = zip(*rows, strict=True)
    print(
        f"{'geometric mean of Gram errors, other means':53} {statistics.geometric_mean(style):7.4f} "
        f"{statistics.mean(content):8.3f} {statistics.mean(cost):6.1f} {statistics.mean(seconds):8.1f}"
    )


if __name__ == "__main__":
    main()
