"""The engine from a shell: python -m nst PHOTO PAINTING [PAINTING ...] -o OUT"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from PIL import Image
from tqdm import tqdm

from nst.export import time_lapse
from nst.image import open_picture, save_png
from nst.record import record
from nst.settings import KNOBS, Settings
from nst.transfer import Frame, stylize
from nst.weights import load_vgg

FILM_SIDE, FILM_PICTURES = 768, 150  # pixels; at most, so that thousands of steps make no endless film
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Paint one picture. Returns the exit code: 0 done, 2 bad input, 130 stopped by Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        out = _writable(options.out, FORMATS)
        if options.timelapse is not None:
            _writable(options.timelapse, [".mp4"])
        settings = Settings(**{name: getattr(options, name) for name in KNOBS})
        photo = open_picture(options.content, "photo")
        paintings = [open_picture(style, "painting") for style in options.styles]
        network = load_vgg(settings.backbone)
        frames = stylize(photo, paintings, settings, network)
    except ValueError as error:
        print(f"nst: {error}", file=sys.stderr)
        return 2
    last, stopped, film = _watch(frames, settings.steps, filmed=options.timelapse is not None)
    if last is not None:
        text = record(settings, network, options.content.name, [style.name for style in options.styles])
        _save(last.image, out, text)
    if film:
        time_lapse(film, options.timelapse)
    return 130 if stopped else 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, as for every other bad input; argparse would print its usage first."""
        self.exit(2, f"nst: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m nst", description="Paint a photo in the manner of a painting.")
    parser.add_argument("content", type=Path, metavar="PHOTO")
    parser.add_argument("styles", type=Path, nargs="+", metavar="PAINTING")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="a .png, .jpg or .webp to write")
    parser.add_argument("--timelapse", type=Path, metavar="OUT.mp4", help="also film how it was painted")
    for knob in KNOBS.values():
        parser.add_argument(
            f"--{knob.name.replace('_', '-')}",
            type=type(knob.default),
            metavar="|".join(knob.choices) or type(knob.default).__name__.upper(),
            help=f"{knob.help} Default: {knob.default}.".replace("%", "%%"),
        )
    return parser


def _writable(out: Path, endings: Collection[str]) -> Path:
    if out.suffix.lower() not in endings:
        raise ValueError(f"The output must end in {' or '.join(endings)}, not {out.name!r}.")
    if not out.parent.is_dir():
        raise ValueError(f"There is no folder {str(out.parent)!r} to write to.")
    return out


def _watch(frames: Iterator[Frame], steps: int, filmed: bool) -> tuple[Frame | None, bool, list[Image.Image]]:
    """The last frame, whether Ctrl-C came before the end, and the pictures of a film if one is made."""
    frame: Frame | None = None
    film: list[Image.Image] = []
    every = -(-steps // FILM_PICTURES)
    with tqdm(total=100, bar_format="{desc} {bar} {elapsed}", file=sys.stderr) as bar:
        try:
            for frame in frames:
                bar.n = 100 * frame.progress
                left = f"{frame.seconds_left:.0f} s left"
                bar.set_description_str(f"step {frame.step}/{steps}, {frame.long_side} px, {left}")
                if filmed and (frame.step % every == 0 or frame.step == steps):
                    film.append(frame.preview(FILM_SIDE))
        except KeyboardInterrupt:
            return frame, True, film
    return frame, False, film


def _save(image: Image.Image, out: Path, text: dict[str, str]) -> None:
    """Write beside the goal, then rename: a picture is there whole or not at all."""
    handle, name = tempfile.mkstemp(dir=out.parent, suffix=out.suffix)
    os.close(handle)
    partial = Path(name)
    try:
        kind = FORMATS[out.suffix.lower()]
        if kind == "PNG":
            save_png(image, partial, text)
        else:
            image.save(partial, kind, quality=95)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
