"""Strangers' films: `look` says what a film is, `frames` opens it. What comes out is upright RGB in sRGB.

As with pictures, no file is trusted: few containers are opened, none may lead to other files, and sizes are bounded.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from nst.image import encoded, fitted_size

CONTAINERS = "mov,matroska,avi,gif,mpegts,mpeg,ogg,asf,flv"  # as FFmpeg names them; a playlist is none of them
ENDINGS = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".webp", ".ts", ".mpg", ".mpeg", ".ogv", ".wmv", ".flv"}
)
MOVING_PICTURES = frozenset({".gif", ".webp"})  # of those, the endings that a still picture may have as well
MAX_MEGAPIXELS = 36  # of one frame: 8K
RATE, HIGHEST_RATE = 12.0, 60.0  # frames a second, if not said and at most
LEAST_FRAMES = 2
INSTANT = 1e-3  # seconds by which a frame may be late
HIGH_DEFINITION = 720  # rows from which on a film that does not say so is in the colours of BT.709


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
        return max(1, math.ceil((self.end - self.begin) * self.rate - INSTANT))


def look(path: str | os.PathLike[str]) -> Film:
    """What a file says of itself; nothing is decoded but the first frame.

    Raises:
        ValueError: one sentence that says why it is no film that can be painted.
    """
    path = Path(path)
    with _told():
        if path.suffix.lower() == ".webp":
            return _look_at_webp(path)
        with _opened(path) as container:
            if not container.streams.video:
                raise _Refused("has no picture in it, only sound; please choose a film.")
            stream = container.streams.video[0]
            _check_size(stream.width, stream.height)
            frame = next(container.decode(stream), None)
            if frame is None:
                raise _Refused("has no frame that can be decoded; please export it again as an MP4.")
            size = _upright_size(frame, stream)
            has_sound = bool(container.streams.audio)
        count, seconds = _length(path)
        if count < LEAST_FRAMES:
            raise _Refused("has a single frame; please paint it as a photo.")
        return Film(path, size, seconds, count / seconds, has_sound)


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
        raise ValueError(f"fps must be above 0 and at most {HIGHEST_RATE:g} frames a second, not {rate:g}.")
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
        raise ValueError(f"from must be within the film's {film.seconds:.1f} seconds, not {begin:g}.")
    if end is not None and not end > begin:
        raise ValueError(f"to must be later than from, {begin:g} seconds, not {end:g}.")
    size = fitted_size(*film.size, min(long_side, max(film.size)))
    part = Part(begin, min(film.seconds, end or math.inf), rate, size)
    if len(part) < LEAST_FRAMES:
        raise ValueError(
            "This part of the film is a single frame; please choose a longer one, or more frames a second."
        )
    return part


def frames(film: Film, part: Part) -> Iterator[Image.Image]:
    """The pictures that are seen at evenly spaced moments: of a variable rate, each is shown for as long as it was.

    A picture that is shown twice is the very same object. A film that breaks off ends there.

    Raises:
        ValueError: one sentence, if nothing can be decoded.
    """
    shown, count, latest = 0, len(part), None
    with _told():
        source = _webp_frames if film.path.suffix.lower() == ".webp" else _decoded
        for moment, picture in source(film.path, part):
            while latest is not None and shown < count and part.begin + shown / part.rate < moment - INSTANT:
                yield (latest := _kept(latest))()
                shown += 1
            if shown == count:
                return
            latest = picture
        if latest is None:
            raise _Refused("has no frame that can be decoded; please export it again as an MP4.")
        while shown < count and part.begin + shown / part.rate < film.seconds - INSTANT:
            yield (latest := _kept(latest))()
            shown += 1


Picture = Callable[[], Image.Image]


def _kept(picture: Picture) -> Picture:
    """Made once: most frames of a film are never shown, and some more than once."""
    made = picture()
    return lambda: made


class _Refused(Exception):
    """What is wrong with a film: the predicate of a sentence."""


@contextmanager
def _told() -> Iterator[None]:
    """Any error becomes one sentence."""
    try:
        yield
    except _Refused as refused:
        raise ValueError(f"The film {refused}") from None
    except FileNotFoundError:
        raise ValueError("The film was not found; please check the name of its file.") from None
    except IsADirectoryError:
        raise ValueError("The film is a folder; please choose a file in it.") from None
    except (av.error.FFmpegError, OSError, EOFError, SyntaxError) as error:
        raise ValueError("The film cannot be read; please export it again as an MP4.") from error


@contextmanager
def _opened(path: Path) -> Iterator[av.container.InputContainer]:
    with open(path, "rb") as file:
        if not file.read(1):
            raise _Refused("is an empty file; please choose another one.")
    options = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
    with av.open(os.fspath(path), options=options, metadata_errors="ignore") as container:
        yield container


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_MEGAPIXELS * 10**6:
        raise _Refused(f"has more than {MAX_MEGAPIXELS} million pixels in a frame; please use a smaller version.")


def _length(path: Path) -> tuple[int, float]:
    """Frames and seconds, from the packets: headers may say nothing, or anything."""
    count, first, last, longest = 0, math.inf, -math.inf, 0.0
    with _opened(path) as container:
        stream = container.streams.video[0]
        try:
            for packet in container.demux(stream):
                if packet.pts is None or not packet.size or packet.is_discard:
                    continue
                moment = float(packet.pts * packet.time_base)
                count, first, last = count + 1, min(first, moment), max(last, moment)
                longest = max(longest, float((packet.duration or 0) * packet.time_base))
        except av.error.FFmpegError:
            pass  # it breaks off here
        rate = float(stream.average_rate or stream.guessed_rate or RATE)
    return count, max(last - first, 0.0) + (longest or 1 / rate) if count else 0.0


def _decoded(path: Path, part: Part) -> Iterator[tuple[float, Picture]]:
    """Each frame with the second at which it appears, from the last one before the part on."""
    with _opened(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        start = float((stream.start_time or 0) * (stream.time_base or 1))
        if part.begin > 1:
            container.seek(int((start + part.begin - 1) / float(stream.time_base or 1)), stream=stream)
        try:
            for frame in container.decode(stream):
                if frame.time is not None:
                    _check_size(frame.width, frame.height)
                    yield frame.time - start, lambda frame=frame: _upright(frame, part.size)  # type: ignore[misc]
        except av.error.FFmpegError:
            return  # it breaks off here


def _upright_size(frame: av.VideoFrame, stream: av.VideoStream) -> tuple[int, int]:
    aspect = float(stream.sample_aspect_ratio or 1)
    width = max(1, round(frame.width * aspect)) if 0.1 < aspect < 10 else frame.width
    return (frame.height, width) if frame.rotation % 180 else (width, frame.height)


def _upright(frame: av.VideoFrame, size: tuple[int, int]) -> Image.Image:
    """A frame as the camera was held, in sRGB."""
    turn = TURNS.get(frame.rotation % 360)
    width, height = size[::-1] if frame.rotation % 180 else size
    high_range = LIGHTS.get(int(frame.color_trc))
    shrunk = frame.reformat(
        width=width,
        height=height,
        format="rgb48le" if high_range else "rgb24",
        src_colorspace=_matrix(frame),
        interpolation=Interpolation.AREA if frame.width > width else Interpolation.BICUBIC,
    )
    levels: NDArray[Any] = shrunk.to_ndarray()
    picture = Image.fromarray(_in_srgb(levels, high_range) if high_range else levels)
    return picture if turn is None else picture.transpose(turn)


TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
BT709, UNSAID, BT601, BT2020 = 1, 2, 5, 9  # of FFmpeg's colour spaces


def _matrix(frame: av.VideoFrame) -> int:
    said = int(frame.colorspace)
    if said in (BT709, BT601, 6, 7, BT2020):
        return said
    return BT709 if frame.height >= HIGH_DEFINITION else BT601


# High dynamic range: ITU-R BT.2100, tables 4 and 5

WHITE, BRIGHTEST = 203.0, 1000.0  # candela per square metre: white paper (ITU-R BT.2408), and where highlights end
KNEE = 0.6  # of white paper's light, below which nothing is changed
TO_BT709 = np.array(  # from the primaries of BT.2020: ITU-R BT.2087
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
Array = NDArray[np.float32]


def _perceptual(signal: Array) -> Array:
    """PQ -> light in candela per square metre."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = signal ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1), np.float32)


def _hybrid(signal: Array) -> Array:
    """HLG -> the same, on a display of 1000."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    return np.asarray(BRIGHTEST * luminance[..., None] ** 0.2 * scene, np.float32)


LIGHTS: dict[int, Callable[[Array], Array]] = {16: _perceptual, 18: _hybrid}  # by FFmpeg's transfer characteristics


def _in_srgb(levels: NDArray[np.uint16], light: Callable[[Array], Array]) -> NDArray[np.uint8]:
    """What is nearly as bright as paper, or brighter, is squeezed (as in Reinhard et al. 2002, eq. 4)."""
    linear = np.maximum(light((levels / 65535).astype(np.float32)) @ TO_BT709.T / WHITE, 0)
    peak = np.maximum(linear.max(2, keepdims=True), 1e-6)
    above, most = (np.maximum(value - KNEE, 0) / (1 - KNEE) for value in (peak, BRIGHTEST / WHITE))
    squeezed = np.minimum(peak, KNEE) + (1 - KNEE) * above * (1 + above / most**2) / (1 + above)
    linear = linear * squeezed / peak
    return np.asarray(np.rint(255 * encoded(linear).clip(0, 1)), np.uint8)


# Animated WebP, which FFmpeg does not decode


def _look_at_webp(path: Path) -> Film:
    with Image.open(path, formats=("WEBP",)) as image:
        _check_size(*image.size)
        count = getattr(image, "n_frames", 1)
        if count < LEAST_FRAMES:
            raise _Refused("has a single frame; please paint it as a photo.")
        seconds = sum(_shown(frame) for frame in ImageSequence.Iterator(image))
        return Film(path, image.size, seconds, count / seconds, False)


def _webp_frames(path: Path, part: Part) -> Iterator[tuple[float, Picture]]:
    moment = 0.0
    with Image.open(path, formats=("WEBP",)) as image:
        for frame in ImageSequence.Iterator(image):
            white = Image.new("RGBA", frame.size, "white")
            picture = Image.alpha_composite(white, frame.convert("RGBA")).convert("RGB")
            yield moment, lambda picture=picture: picture.resize(part.size, Image.Resampling.LANCZOS)  # type: ignore[misc]
            moment += _shown(frame)


def _shown(frame: Image.Image) -> float:
    """Seconds that a frame of an animation is shown."""
    frame.load()
    return max(10, frame.info.get("duration") or 100) / 1000
