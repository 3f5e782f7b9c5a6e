"""A film from a shell.

python -m nst CLIP PAINTING [PAINTING ...] -o OUT.mp4
python -m nst PHOTO PAINTING PAINTING [PAINTING ...] -o LOOP.mp4 --morph SECONDS
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from nst.commission import Commission
from nst.device import best_device
from nst.film.morph import morph
from nst.film.paint import FilmFrame, State, check_film, paint_film
from nst.film.reading import (
    ENDINGS,
    LONG,
    MOVING_PICTURES,
    RATE,
    Film,
    Part,
    checked_rate,
    frames,
    is_moving,
    look,
    part_of,
)
from nst.film.writing import Pieces, check
from nst.image import endings, open_picture
from nst.plan import final_size, room
from nst.progress import Bar, say, time_left
from nst.record import record
from nst.settings import Settings
from nst.transfer import check as check_commission
from nst.vgg import VGG

PIECE = 12  # frames, after which what has been painted is safe
DONE, STOPPED = 0, 130  # exit codes
OPTIONS: dict[str, dict[str, Any]] = {
    "fps": {"type": float, "metavar": "FRAMES", "help": "of a film: frames a second; 12, or its own if it has fewer"},
    "from": {"type": float, "metavar": "SECONDS", "default": 0.0, "dest": "begin", "help": "where it begins"},
    "to": {"type": float, "metavar": "SECONDS", "dest": "end", "help": "where it ends; at its end if not said"},
    "morph": {
        "type": float,
        "metavar": "SECONDS",
        "help": "film a photo that goes from painting to painting and back, in so many seconds from each to the next",
    },
}
NOT_FOR_FILMS = ("mask", "mask_feather", "start", "timelapse", "format", "depth", "ray", "resume", "until")


def is_asked_for(options: argparse.Namespace) -> bool:
    """Whether a film is to be made. An animation is painted as one where the output can be one, too."""
    if options.morph is not None:
        return True
    pictures: Sequence[Path] = options.pictures
    out: Path = options.out
    ending = pictures[0].suffix.lower()
    if ending in MOVING_PICTURES:
        return out.suffix.lower() == ".mp4" or (out.suffix.lower() == ".webp" and is_moving(pictures[0]))
    return ending in ENDINGS or (out.suffix.lower() == ".mp4" and ending not in endings())


@dataclass(frozen=True)
class Order:
    """A film to be made, checked and read.

    Attributes:
        count, rate: Frames, and how many a second.
        facts: All that the painted frames depend on.
        paint: How many frames there are already, and the state of the last one -> the others.
        sound: The film, and its part, whose sound is copied.
    """

    out: Path
    count: int
    rate: float
    facts: Mapping[str, object]
    paint: Callable[[int, State | None], Generator[FilmFrame, None, None]]
    sound: tuple[Film, Part] | None = None

    @property
    def unfinished(self) -> Path:
        return self.out.with_stem(f"{self.out.stem}.unfinished")


def _facts(commission: Commission, network: VGG, files: Sequence[Path], more: Sequence[object]) -> dict[str, object]:
    known = [(file.name, file.stat().st_size, file.stat().st_mtime) for file in files]
    names = [file.name for file in files]
    return {"files": known, "film": more, **record(commission.settings, network, names[0], names[1:])}


def order(options: argparse.Namespace, settings: Settings, size: int | None, load: Callable[[], VGG]) -> Order:
    """Read and check all that was asked for.

    Args:
        size: Of the frames; the film's own if None.

    Raises:
        ValueError: one sentence.
    """
    for name in NOT_FOR_FILMS:
        if getattr(options, name) is not None:
            raise ValueError(
                f"--{name.replace('_', '-')} is for photos that become pictures, and this is to be a film."
            )
    first, *others = options.pictures
    if others and options.style:
        raise ValueError(f"One film at a time, please: {others[0].name!r} is a second one, or a painting too many.")
    styles = options.style or others
    if not styles:
        raise ValueError("the following arguments are required: PAINTING")
    check(options.out)
    if options.out.resolve() in {path.resolve() for path in (first, *styles)}:
        raise ValueError(f"{str(options.out)!r} is to be painted from; please write to another place.")
    make = _film if options.morph is None else _morph
    return make(options, [first, *styles], settings, size, load)


def _film(
    options: argparse.Namespace, files: Sequence[Path], settings: Settings, size: int | None, load: Callable[[], VGG]
) -> Order:
    film = look(files[0])
    part = part_of(film, size or max(film.size), options.fps, options.begin, options.end)
    if len(part) > LONG and options.end is None:
        raise ValueError(
            f"The film has {film.seconds / 60:.0f} minutes, which are {len(part)} frames to paint at a second or more "
            f"each. Please choose a part with --from and --to; --to {film.seconds:.0f} is all of it."
        )
    settings = replace(settings, size=max(part.size))
    commission, network = _checked(Image.new("RGB", part.size), files[1:], settings, load)

    def painted(done: int, state: State | None) -> Generator[FilmFrame, None, None]:
        photos = frames(film, replace(part, begin=part.begin + done / part.rate))
        return paint_film(photos, len(part) - done, commission, network, state=state)

    facts = _facts(commission, network, files, [part.begin, part.end, part.rate, *part.size])
    return Order(options.out, len(part), part.rate, facts, painted, (film, part))


def _morph(
    options: argparse.Namespace, files: Sequence[Path], settings: Settings, size: int | None, load: Callable[[], VGG]
) -> Order:
    rate = checked_rate(RATE if options.fps is None else options.fps)
    frames = round(rate * options.morph) if 0 < options.morph < LONG else 0
    if not frames:
        raise ValueError(f"morph must be the seconds from each painting to the next, not {options.morph:g}.")
    photo = open_picture(files[0], "photo")
    settings = replace(settings, size=size or max(photo.size))
    commission, network = _checked(photo, files[1:], settings, load)
    morph(commission, frames, network)  # two paintings at least

    def painted(done: int, state: State | None) -> Generator[FilmFrame, None, None]:
        return morph(commission, frames, network, begun=None if state is None else (done, state))

    facts = _facts(commission, network, files, [frames, rate])
    return Order(options.out, frames * len(commission.styles), rate, facts, painted)


def _checked(
    content: Image.Image, styles: Sequence[Path], settings: Settings, load: Callable[[], VGG]
) -> tuple[Commission, VGG]:
    """What is answered now, and not after the first frames."""
    check_film(settings)
    commission, network = Commission(content, [open_picture(path, "painting") for path in styles], settings), load()
    check_commission(commission, network)
    room(*final_size(*content.size, settings), settings, network, best_device())
    return commission, network


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
        if stopped:
            pieces.join(order.unfinished, order.rate, order.sound)
            say(f"What there is of the film is in {str(order.unfinished)!r}; the same command goes on from there.")
            return STOPPED
        pieces.join(order.out, order.rate, order.sound)
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
        if self.done:
            say(f"{self.done} of {self.order.count} frames were there already; the others follow.")
        try:
            if self.done < self.order.count:
                with closing(self.order.paint(self.done, self.state)) as painting:
                    for frame in painting:
                        self._add(frame)
        except KeyboardInterrupt:
            return True
        finally:
            self._keep()
        return False

    def _add(self, frame: FilmFrame) -> None:
        self.pending.append(frame)
        there, count = self.done + len(self.pending), self.order.count
        self.bar.show(there / count, f"frame {there}/{count}, {time_left(frame.seconds_left)}")
        if len(self.pending) == PIECE:
            self._keep()

    def _keep(self) -> None:
        if self.pending:
            self.done += len(self.pending)
            pictures, state = [frame.image for frame in self.pending], self.pending[-1].state
            self.pieces.add(pictures, self.done, self.order.rate, state)
            self.pending = []
