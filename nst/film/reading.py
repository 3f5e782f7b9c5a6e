"""Strangers' films: `look` says what a film is, `frames` opens it. What comes out is upright RGB in sRGB.

As with pictures, no file is trusted: each is read in a process of its own, behind `nst.gate`, which asks for the parts
of the file that it needs and sends a frame when one is wanted.
"""

from __future__ import annotations

import math
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst.gate.pool import Pool
from nst.gate.wire import Block, Refused, Why
from nst.image import fitted_size
from nst.mistakes import Mistake

ENDINGS = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".webp", ".ts", ".mpg", ".mpeg", ".ogv", ".wmv", ".flv"}
)
MOVING_PICTURES = frozenset({".gif", ".webp"})  # of those, the endings that a still picture may have as well
RATE, HIGHEST_RATE = 12.0, 60.0  # frames a second, if not said and at most
LEAST_FRAMES = 2
LONG = 3600  # frames that nobody paints by mistake: five minutes at 12 a second
INSTANT, ROUNDING = 1e-3, 1e-6  # seconds that are too short for a frame; share of a frame that is none
MOST_PIXELS = 36 * 10**6  # of a frame, whatever a worker says
SOUND_RATE = 48_000  # samples a second

GATE = Pool("nst.gate.films", workers=4)  # one that is painted keeps its worker until the end
MEGABYTES = 1536  # of memory: a frame of 8K, and those that it is predicted from
LOOKING = 50  # more seconds of processor time: films are long
A_FRAME = 0.3  # likewise, for each frame of the film

SENTENCES = {
    Why.NOT_A_PICTURE: "The film cannot be read; please export it again as an MP4.",
    Why.DAMAGED: "The film is damaged; please export it again as an MP4.",
    Why.TOO_SLOW: "The film takes too long to open; please export it again as an MP4, or use a smaller version.",
    Why.TOO_LARGE: "The film has more than {most} million pixels in a frame; please use a smaller version.",
    Why.TOO_GREEDY: "The film needs too much memory to open; please use a smaller version.",
    Why.ONLY_SOUND: "The film has no picture in it, only sound; please choose a film.",
    Why.NO_FRAME: "The film has no frame that can be decoded; please export it again as an MP4.",
    Why.SINGLE_FRAME: "The film has a single frame; please paint it as a photo.",
}


@dataclass(frozen=True)
class Film:
    """What there is to know about a film before it is painted.

    Attributes:
        size: (width, height) in square pixels, upright.
        seconds: How long it is.
        rate: Frames a second, on average.
    """

    path: Path
    size: tuple[int, int]
    seconds: float
    rate: float
    has_sound: bool


@dataclass(frozen=True)
class Part:
    """Which part of a film is shown, and how.

    Attributes:
        begin, end: In seconds from the film's beginning.
        rate: Frames a second, evenly spaced whatever the film's own are.
        size: (width, height) of a frame.
    """

    begin: float
    end: float
    rate: float
    size: tuple[int, int]

    def __len__(self) -> int:
        """Frames."""
        return max(1, math.ceil((self.end - self.begin - INSTANT) * self.rate - ROUNDING))


def look(path: str | os.PathLike[str]) -> Film:
    """What a file says of itself; nothing is decoded but the first frame.

    Raises:
        ValueError: one sentence that says why it is no film that can be painted.
    """
    path = Path(path)
    with _told(), _read(path) as file, closing(GATE.ask("look", file, 10**3, **_limits(LOOKING))) as blocks:
        said = [int(number) for block in blocks for number in block.ravel()]
        if len(said) != 6:
            raise Refused(Why.DAMAGED)
        width, height, count, whole, rest, has_sound = said
        seconds = whole + rest / 10**6
        if not (0 < width * height <= MOST_PIXELS and width > 0 and count >= LEAST_FRAMES and seconds > 0):
            raise Refused(Why.DAMAGED)
        return Film(path, (width, height), seconds, count / seconds, bool(has_sound))


def is_moving(path: Path) -> bool:
    """Whether a GIF or WebP is an animation."""
    try:
        look(path)
    except ValueError:
        return False
    return True


def checked_rate(rate: float) -> float:
    """Raises ValueError unless a film can have so many frames a second."""
    if not 0 < rate <= HIGHEST_RATE:
        raise Mistake(
            "fps must be above 0 and at most {most:g} frames a second, not {rate:g}.", most=HIGHEST_RATE, rate=rate
        )
    return rate


def part_of(
    film: Film, long_side: int, rate: float | None = None, begin: float = 0.0, end: float | None = None
) -> Part:
    """The part that is asked for, checked.

    Args:
        long_side: Of a frame in pixels; a smaller film is not blown up.
        rate: Frames a second; 12 if not said, or the film's own where that is less.

    Raises:
        ValueError: naming what is beyond the film.
    """
    rate = checked_rate(min(RATE, film.rate) if rate is None else rate)
    if not 0 <= begin < film.seconds:
        raise Mistake(
            "from must be within the film's {seconds:.1f} seconds, not {begin:g}.", seconds=film.seconds, begin=begin
        )
    if end is not None and not end > begin:
        raise Mistake("to must be later than from, {begin:g} seconds, not {end:g}.", begin=begin, end=end)
    size = fitted_size(*film.size, min(long_side, max(film.size)))
    part = Part(begin, min(film.seconds, end or math.inf), rate, size)
    if len(part) < LEAST_FRAMES:
        raise Mistake("This part of the film is a single frame; please choose a longer one, or more frames a second.")
    return part


def frames(film: Film, part: Part) -> Generator[Image.Image, None, None]:
    """The pictures that are seen at evenly spaced moments: of a variable rate, each is shown for as long as it was.

    A picture that is shown twice is the very same object. A film that breaks off ends there.

    Raises:
        ValueError: one sentence, if nothing can be decoded, or its decoder breaks down on the way.
    """
    limits = _limits(math.ceil(A_FRAME * film.rate * (part.end - part.begin)))
    with _told(), _read(film.path) as file, closing(_asked(file, part, **limits)) as blocks:
        yield from _pictures(islice(blocks, len(part)), part.size)


def _asked(file: BinaryIO, part: Part, **limits: int) -> Generator[Block, None, None]:
    width, height = part.size
    numbers = {"begin": part.begin, "rate": part.rate, "count": len(part), "width": width, "height": height}
    return GATE.ask("pictures", file, 3 * width * height, **limits, **numbers)  # type: ignore[arg-type]


def _pictures(blocks: Iterable[Block], size: tuple[int, int]) -> Iterator[Image.Image]:
    """Whoever sends them is not believed anything."""
    picture = None
    for block in blocks:
        if block.dtype == np.uint8 and block.shape == (size[1], size[0], 3):
            picture = Image.fromarray(block)
        elif block.size or picture is None:
            raise Refused(Why.DAMAGED)
        yield picture
    if picture is None:
        raise Refused(Why.NO_FRAME)


def sound(film: Film, part: Part) -> Generator[NDArray[np.float32], None, None]:
    """What is heard meanwhile, piece by piece: (samples, 2) in [-1, 1], SOUND_RATE a second.

    Where it cannot be decoded (any more) it ends: a film without its sound is better than none.
    """
    left, limits = round((part.end - part.begin) * SOUND_RATE), _limits(math.ceil(part.end - part.begin))
    with _read(film.path) as file, suppress(Refused):
        asked = GATE.ask("sound", file, 8 * SOUND_RATE, **limits, begin=part.begin, end=part.end)
        with closing(asked) as blocks:
            for block in blocks:
                if block.dtype != np.float32 or block.shape[::2] != (1, 2) or block.shape[1] > left:
                    return
                left -= block.shape[1]
                yield np.nan_to_num(block[0].astype(np.float32)).clip(-1, 1)


def _limits(more_seconds: int) -> dict[str, int]:
    """Of a worker."""
    return {"megabytes": MEGABYTES, "more_seconds": more_seconds}


@contextmanager
def _told() -> Iterator[None]:
    """Any error becomes one sentence."""
    try:
        yield
    except Refused as refused:
        raise Mistake(SENTENCES[refused.why], most=refused.most) from None
    except FileNotFoundError:
        raise Mistake("The film was not found; please check the name of its file.") from None
    except IsADirectoryError:
        raise Mistake("The film is a folder; please choose a file in it.") from None
    except OSError as error:
        raise Mistake("The film cannot be read from where it is; please choose another file.") from error


@contextmanager
def _read(path: Path) -> Iterator[BinaryIO]:
    with open(path, "rb") as file:
        if not file.read(1):
            raise Mistake("The film is an empty file; please choose another one.")
        yield file
