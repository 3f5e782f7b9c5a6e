"""One photo and one painting under every recipe, in one picture: docs/recipes.webp.

    python -m examples.recipes [--size 256] [--most 400]

A recipe takes the steps that it asks for, but `--most` at the most; under each picture stands how many.
"""

from __future__ import annotations

import argparse
from collections import deque
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from nst import Settings, load_vgg, stylize
from nst.image import open_picture
from nst.recipes import RECIPES

HERE = Path(__file__).parent
PHOTO, PAINTING = HERE / "content/red-panda.jpg", HERE / "style/hokusai-great-wave.jpg"
COLUMNS, GAP, CAPTION = 4, 8, 26  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--most", type=int, default=400)
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs/recipes.webp")
    options = parser.parse_args()
    photo, painting, network = open_picture(PHOTO), open_picture(PAINTING), load_vgg()
    pictures = {}
    for recipe in RECIPES:
        settings = Settings(recipe=recipe, size=options.size, steps=min(options.most, Settings(recipe=recipe).steps))
        (frame,) = deque(stylize(photo, painting, settings, network), maxlen=1)
        print(f"{recipe}: {frame.steps} steps, {frame.seconds:.0f} s", flush=True)
        pictures[f"{recipe}, {frame.steps} steps"] = frame.image
    sheet(pictures).save(options.out, quality=88)


def sheet(pictures: dict[str, Image.Image]) -> Image.Image:
    """All pictures in rows, each with its caption."""
    width, height = next(iter(pictures.values())).size
    rows = -(-len(pictures) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * (width + GAP) - GAP, rows * (height + CAPTION)), "white")
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(13)
    for index, (caption, picture) in enumerate(pictures.items()):
        x, y = index % COLUMNS * (width + GAP), index // COLUMNS * (height + CAPTION)
        whole.paste(picture, (x, y))
        draw.text((x + 2, y + height + 4), caption, "black", font)
    return whole


if __name__ == "__main__":
    main()
