"""The decoder of strangers' films: what a film is, its pictures at evenly spaced moments, its sound.

FFmpeg reads all of them but animated WebP, which Pillow does. Few containers are opened, and none may lead to others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import av
import av.audio.resampler
import av.audio.stream
import av.sidedata.encparams
import av.sidedata.motionvectors
import av.sidedata.sidedata
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from nst.gate.light import LIGHTS, in_srgb
from nst.gate.wire import Block, Refused, Why

CONTAINERS = "mov,matroska,avi,gif,mpegts,mpeg,ogg,asf,flv"  # as FFmpeg names them; a playlist is none of them
OPTIONS = {"protocol_whitelist": "none", "format_whitelist": CONTAINERS}
MAX_MEGAPIXELS = 36  # of one frame: 8K
THREADS = 2  # that decode; each takes its share of the address space
LEAST_FRAMES = 2
INSTANT = 1e-3  # seconds by which a frame may be late
USUAL_RATE = 12.0  # frames a second, where a file does not say
HIGH_DEFINITION = 720  # rows from which on a film that does not say so is in the colours of BT.709
SOUND_RATE = 48_000  # samples a second, of two channels
GAP = 0.1  # seconds without sound that are filled with silence; less is inaccuracy
AGAIN = np.empty((0, 0, 0), np.uint8)  # the picture before is shown once more

# All of `av` that it would import when it needs it is imported above, and Pillow's readers now: nothing can be later.
Image.preinit()
Image.init()


def look(file: BinaryIO) -> Iterator[Block]:
    """What a film is. Nothing is decoded but the first frame.

    Yields:
        [[[width, height, frames, seconds, microseconds beyond them, whether there is sound]]], upright and in square
        pixels.
    """
    size, has_sound = _size_of_webp(file) if _is_webp(file) else _first_look(file)
    count, seconds = _length_of_webp(file) if _is_webp(file) else _length(file)
    if count < LEAST_FRAMES:
        raise Refused(Why.SINGLE_FRAME)
    whole, rest = divmod(round(seconds * 10**6), 10**6)
    yield np.array([[[*size, count, whole, rest, has_sound]]], np.int32)


def pictures(file: BinaryIO, begin: float, rate: float, count: int, width: int, height: int) -> Iterator[Block]:
    """What is seen at evenly spaced moments: of a variable rate, each picture is shown for as long as it was.

    Args:
        begin: In seconds.
        rate, count: Pictures a second, and how many.

    Yields:
        (height, width, 3), or AGAIN.
    """
    shown, latest, is_sent = 0, None, False
    source = _webp_pictures if _is_webp(file) else _pictures
    for moment, picture in source(file, begin, (width, height)):
        while latest is not None and shown < count and begin + shown / rate < moment - INSTANT:
            yield AGAIN if is_sent else latest()
            shown, is_sent = shown + 1, True
        if shown == count:
            return
        latest, is_sent = picture, False
    if latest is None:
        raise Refused(Why.NO_FRAME)
    while shown < count:
        yield AGAIN if is_sent else latest()
        shown, is_sent = shown + 1, True


def sound(file: BinaryIO, begin: float, end: float) -> Iterator[Block]:
    """The first sound track of a part, from its beginning on, whatever was coded how.

    Yields:
        (1, samples, 2) float32 at SOUND_RATE. What is missing is silence.
    """
    with _opened(file) as container:
        if not container.streams.audio:
            return
        track, start = container.streams.audio[0], 0.0
        if container.streams.video:
            start = _start(container.streams.video[0])
        if begin > 1:
            container.seek(int((start + begin - 1) * av.time_base))
        resampler = av.audio.resampler.AudioResampler("flt", "stereo", SOUND_RATE)
        first, last, place = round(begin * SOUND_RATE), round(end * SOUND_RATE), round(begin * SOUND_RATE)
        for moment, samples in _sounds(container, track, resampler):
            at = round((moment - start) * SOUND_RATE)
            if at > place + GAP * SOUND_RATE:
                silence = min(at, last) - place
                yield from _in_pieces(np.zeros((silence, 2), np.float32))
                place += silence
            elif at < first:
                samples = samples[first - at :]
            samples = samples[: max(0, last - place)]
            yield from _in_pieces(samples)
            place += len(samples)
            if place >= last:
                return


DECODERS = {"look": look, "pictures": pictures, "sound": sound}
Picture = Callable[[], NDArray[np.uint8]]  # made when it is shown: most frames of a film never are


@contextmanager
def _opened(file: BinaryIO) -> Iterator[Any]:
    file.seek(0)
    try:
        container = av.open(file, options=OPTIONS, metadata_errors="ignore", buffer_size=2**18)
    except (av.error.FFmpegError, OSError, EOFError, ValueError):
        raise Refused(Why.NOT_A_PICTURE) from None
    with container:
        yield container


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_MEGAPIXELS * 10**6:
        raise Refused(Why.TOO_LARGE, MAX_MEGAPIXELS)


def _start(stream: Any) -> float:
    return float((stream.start_time or 0) * (stream.time_base or 1))


def _first_look(file: BinaryIO) -> tuple[tuple[int, int], bool]:
    with _opened(file) as container:
        if not container.streams.video:
            raise Refused(Why.ONLY_SOUND)
        stream = container.streams.video[0]
        _check_size(stream.width, stream.height)
        stream.codec_context.thread_count = 1
        try:
            frame = next(container.decode(stream), None)
        except av.error.FFmpegError:
            raise Refused(Why.NOT_A_PICTURE) from None
        if frame is None:
            raise Refused(Why.NO_FRAME)
        return _upright_size(frame, stream), bool(container.streams.audio)


def _length(file: BinaryIO) -> tuple[int, float]:
    """Frames and seconds, from the packets: headers may say nothing, or anything."""
    count, first, last, longest = 0, math.inf, -math.inf, 0.0
    with _opened(file) as container:
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
        rate = float(stream.average_rate or stream.guessed_rate or USUAL_RATE)
    return count, max(last - first, 0.0) + (longest or 1 / rate) if count else 0.0


def _pictures(file: BinaryIO, begin: float, size: tuple[int, int]) -> Iterator[tuple[float, Picture]]:
    """Each frame with the second at which it appears, from the last one before the part on."""
    with _opened(file) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", THREADS
        start = _start(stream)
        if begin > 1:
            container.seek(int((start + begin - 1) / float(stream.time_base or 1)), stream=stream)
        try:
            for frame in container.decode(stream):
                if frame.time is not None:
                    _check_size(frame.width, frame.height)
                    yield frame.time - start, lambda frame=frame: _upright(frame, size)  # type: ignore[misc]
        except av.error.FFmpegError:
            return  # it breaks off here


def _upright_size(frame: av.VideoFrame, stream: Any) -> tuple[int, int]:
    aspect = float(stream.sample_aspect_ratio or 1)
    width = max(1, round(frame.width * aspect)) if 0.1 < aspect < 10 else frame.width
    return (frame.height, width) if frame.rotation % 180 else (width, frame.height)


def _upright(frame: av.VideoFrame, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A frame as the camera was held, in sRGB."""
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
    picture = in_srgb(levels, high_range) if high_range else levels
    return np.rot90(picture, frame.rotation // 90 % 4)


BT709, BT601, BT2020 = 1, 5, 9  # of FFmpeg's colour spaces


def _matrix(frame: av.VideoFrame) -> int:
    said = int(frame.colorspace)
    if said in (BT709, BT601, 6, 7, BT2020):
        return said
    return BT709 if frame.height >= HIGH_DEFINITION else BT601


def _sounds(container: Any, track: Any, resampler: Any) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Seconds, and samples (samples, 2)."""
    try:
        for frame in container.decode(track):
            for part in resampler.resample(frame):
                if part.time is not None:
                    yield float(part.time), part.to_ndarray().reshape(-1, 2)
    except av.error.FFmpegError:
        return  # it breaks off here


def _in_pieces(samples: NDArray[np.float32]) -> Iterator[Block]:
    """Of a second at most."""
    for begin in range(0, len(samples), SOUND_RATE):
        yield np.ascontiguousarray(samples[None, begin : begin + SOUND_RATE])


# Animated WebP


def _is_webp(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(12)
    return head[:4] == b"RIFF" and head[8:] == b"WEBP"


@contextmanager
def _animation(file: BinaryIO) -> Iterator[Image.Image]:
    file.seek(0)
    try:
        image = Image.open(file, formats=("WEBP",))
    except (OSError, SyntaxError, ValueError):
        raise Refused(Why.NOT_A_PICTURE) from None
    with image:
        yield image


def _size_of_webp(file: BinaryIO) -> tuple[tuple[int, int], bool]:
    with _animation(file) as image:
        _check_size(*image.size)
        return image.size, False


def _length_of_webp(file: BinaryIO) -> tuple[int, float]:
    with _animation(file) as image:
        return getattr(image, "n_frames", 1), sum(_shown(frame) for frame in ImageSequence.Iterator(image))


def _webp_pictures(file: BinaryIO, begin: float, size: tuple[int, int]) -> Iterator[tuple[float, Picture]]:
    moment = 0.0
    with _animation(file) as image:
        for frame in ImageSequence.Iterator(image):
            white = Image.new("RGBA", frame.size, "white")
            picture = Image.alpha_composite(white, frame.convert("RGBA")).convert("RGB")
            yield moment, lambda picture=picture: np.asarray(picture.resize(size, Image.Resampling.LANCZOS))  # type: ignore[misc]
            moment += _shown(frame)


def _shown(frame: Image.Image) -> float:
    """Seconds that a frame of an animation is shown."""
    frame.load()
    return max(10, frame.info.get("duration") or 100) / 1000
