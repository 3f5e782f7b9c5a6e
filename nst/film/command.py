"""A film from a shell.

python -m nst CLIP PAINTING [PAINTING ...] -o OUT.mp4
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from nst.commission import Commission
from nst.device import best_device
from nst.film.paint import FilmFrame, paint_film
from nst.film.reading import ENDINGS, MOVING_PICTURES, Film, Part, frames, is_moving, look, part_of
from nst.film.writing import Pieces, check
from nst.image import endings, open_picture
from nst.progress import Bar, say, time_left
from nst.record import record
from nst.settings import Settings
from nst.transfer import check as check_commission
from nst.transfer import room
from nst.vgg import VGG

PIECE = 12  # frames, after which what has been painted is safe
LONG = 3600  # frames that nobody paints by mistake: five minutes at 12 a second
DONE, STOPPED = 0, 130  # exit codes
OPTIONS: dict[str, dict[str, Any]] = {
    "fps": {"type": float, "metavar": "FRAMES", "help": "of a film: frames a second; 12, or its own if it has fewer"},
    "from": {"type": float, "metavar": "SECONDS", "default": 0.0, "dest": "begin", "help": "where it begins"},
    "to": {"type": float, "metavar": "SECONDS", "dest": "end", "help": "where it ends; at its end if not said"},
}
NOT_FOR_FILMS = ("mask", "start", "timelapse", "format", "depth", "ray")


def is_asked_for(pictures: Sequence[Path], out: Path) -> bool:
    """Whether what is to be painted is a film. An animation is one where the output can be one, too."""
    ending = pictures[0].suffix.lower()
    if ending in MOVING_PICTURES:
        return out.suffix.lower() == ".mp4" or (out.suffix.lower() == ".webp" and is_moving(pictures[0]))
    return ending in ENDINGS or (out.suffix.lower() == ".mp4" and ending not in endings())


@dataclass(frozen=True)
class Order:
    """A film, checked and read."""

    film: Film
    part: Part
    styles: Sequence[Path]
    commission: Commission
    network: VGG
    out: Path

    @property
    def unfinished(self) -> Path:
        return self.out.with_stem(f"{self.out.stem}.unfinished")

    @property
    def facts(self) -> Mapping[str, object]:
        """All that the painted frames depend on."""
        names = [style.name for style in self.styles]
        files = [(file.name, file.stat().st_size, file.stat().st_mtime) for file in (self.film.path, *self.styles)]
        part = [self.part.begin, self.part.end, self.part.rate, *self.part.size]
        return {
            "files": files,
            "part": part,
            **record(self.commission.settings, self.network, self.film.path.name, names),
        }


def order(options: argparse.Namespace, settings: Settings, size: int | None, load: Callable[[], VGG]) -> Order:
    """Read and check all that was asked for.

    Args:
        size: Of the frames; the film's own if None.

    Raises:
        ValueError: one sentence.
    """
    for name in NOT_FOR_FILMS:
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} is for photos, and {options.pictures[0].name!r} is a film.")
    first, *others = options.pictures
    if others and options.style:
        raise ValueError(f"One film at a time, please: {others[0].name!r} is a second one, or a painting too many.")
    styles = options.style or others
    if not styles:
        raise ValueError("the following arguments are required: PAINTING")
    check(options.out)
    if options.out.resolve() in {path.resolve() for path in (first, *styles)}:
        raise ValueError(f"{str(options.out)!r} is to be painted from; please write to another place.")
    film = look(first)
    part = part_of(film, size or max(film.size), options.fps, options.begin, options.end)
    if len(part) > LONG and options.end is None:
        raise ValueError(
            f"The film has {film.seconds / 60:.0f} minutes, which are {len(part)} frames to paint at a second or more "
            f"each. Please choose a part with --from and --to; --to {film.seconds:.0f} is all of it."
        )
    paintings = [open_picture(path, "painting") for path in styles]
    network, settings = load(), replace(settings, size=max(part.size))
    commission = Commission(Image.new("RGB", part.size), paintings, settings)
    check_commission(commission, network)
    room(*part.size, settings, network, best_device())  # or it is answered now
    return Order(film, part, styles, commission, network, options.out)


def run(order: Order) -> int:
    """Paint. Returns the exit code.

    Raises:
        ValueError: one sentence, if the film turns out to be damaged.
    """
    pieces = Pieces(order.out, order.facts)
    try:
        with Bar() as bar:
            stopped = _Painter(order, pieces, bar).paint()
        if not pieces.files:
            return STOPPED
        sound = order.film, order.part
        if stopped:
            pieces.join(order.unfinished, order.part.rate, sound)
            say(f"What there is of the film is in {str(order.unfinished)!r}; the same command goes on from there.")
            return STOPPED
        pieces.join(order.out, order.part.rate, sound)
        order.unfinished.unlink(missing_ok=True)
        pieces.remove()
        return DONE
    finally:
        if not pieces.files:
            pieces.remove()


class _Painter:
    """What has been painted, and what is not yet in a piece."""

    def __init__(self, order: Order, pieces: Pieces, bar: Bar) -> None:
        self.order, self.pieces, self.bar = order, pieces, bar
        self.done, self.state = pieces.state()
        self.pending: list[FilmFrame] = []

    def paint(self) -> bool:
        """Whether it was stopped by Ctrl-C."""
        order, count = self.order, len(self.order.part)
        if self.done:
            say(f"{self.done} of {count} frames were there already; the others follow.")
        try:
            if self.done < count:
                rest = replace(order.part, begin=order.part.begin + self.done / order.part.rate)
                photos, left = frames(order.film, rest), count - self.done
                with closing(paint_film(photos, left, order.commission, order.network, state=self.state)) as painting:
                    for frame in painting:
                        self._add(frame)
        except KeyboardInterrupt:
            return True
        finally:
            self._keep()
        return False

    def _add(self, frame: FilmFrame) -> None:
        self.pending.append(frame)
        there, count = self.done + len(self.pending), len(self.order.part)
        self.bar.show(there / count, f"frame {there}/{count}, {time_left(frame.seconds_left)}")
        if len(self.pending) == PIECE:
            self._keep()

    def _keep(self) -> None:
        if self.pending:
            self.done += len(self.pending)
            pictures, state = [frame.image for frame in self.pending], self.pending[-1].state
            self.pieces.add(pictures, self.done, self.order.part.rate, state)
            self.pending = []
