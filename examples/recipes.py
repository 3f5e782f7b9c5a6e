"""One photo and one painting under every recipe: docs/recipes.webp, and in recipes/ a small one for each, for the page.

    python -m examples.recipes [--size 192] [--steps tutorial=3000] [--only crowson2021]

A recipe takes the steps that it asks for, or as many as `--steps` says; under each picture stands how many.
What is painted stays in `--keep`, so the same command goes on where it was stopped.
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
PHOTO, PAINTING = HERE / "content/neuschwanstein-castle.jpg", HERE / "style/van-gogh-starry-night.jpg"
TILES = HERE / "recipes"
COLUMNS, GAP, CAPTION = 4, 8, 26  # pixels
QUALITY = 72  # of the small pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--steps", nargs="+", default=[], metavar="RECIPE=STEPS")
    parser.add_argument("--only", nargs="+", choices=tuple(RECIPES), default=tuple(RECIPES))
    parser.add_argument("--keep", type=Path, default=Path("out/recipes"))
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs/recipes.webp")
    options = parser.parse_args()
    for folder in (options.keep, TILES):
        folder.mkdir(parents=True, exist_ok=True)
    said = dict(word.split("=") for word in options.steps)
    pictures = {}
    for recipe in options.only:
        steps = int(said.get(recipe, Settings(recipe=recipe).steps))
        kept = options.keep / f"{recipe}-{options.size}-{steps}.png"
        if not kept.exists():
            painted(Settings(recipe=recipe, size=options.size, steps=steps)).save(kept)
        picture = pictures[f"{recipe}, {steps} steps"] = Image.open(kept)
        picture.save(TILES / f"{recipe}.webp", quality=QUALITY, method=6)
    sheet(pictures).save(options.out, quality=88)


def painted(settings: Settings) -> Image.Image:
    frames = stylize(open_picture(PHOTO), open_picture(PAINTING), settings, load_vgg())
    (last,) = deque(frames, maxlen=1)
    print(f"{settings.recipe}: {last.steps} steps, {last.seconds:.0f} s", flush=True)
    return last.image


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
