"""Files made from the frames of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction

import av
from PIL import Image

FRAMES_PER_SECOND = 12
HOLD = 1.5  # seconds that the last picture stays


def time_lapse(
    frames: Iterable[Image.Image],
    target: str | os.PathLike[str],
    frames_per_second: int = FRAMES_PER_SECOND,
    hold: float = HOLD,
) -> None:
    """Write a film that every browser and phone plays: H.264 in an MP4, its index in front.

    Args:
        frames: Pictures in the order they are shown. The first one's size is the film's, less a
            row or a column where it is odd: colours are kept for two pixels by two.
        target: Path of the file. (A stream will not do: the index is put in front by reading the file again.)
        hold: Seconds that the last picture is shown for.

    Raises:
        ValueError: if there are no frames.
    """
    with av.open(os.fspath(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = None
        picture = None
        for number, picture in enumerate(frames):
            if stream is None:
                stream = _stream(container, picture.size, frames_per_second)
            container.mux(stream.encode(_still(picture, stream, number)))
        if stream is None or picture is None:
            raise ValueError("A time-lapse needs at least one picture.")
        for extra in range(1, round(hold * frames_per_second) + 1):
            container.mux(stream.encode(_still(picture, stream, number + extra)))
        container.mux(stream.encode())


def _stream(container: av.container.OutputContainer, size: tuple[int, int], rate: int) -> av.VideoStream:
    stream = container.add_stream("libx264", rate=rate)
    stream.width, stream.height = (max(2, side - side % 2) for side in size)
    stream.pix_fmt = "yuv420p"
    stream.time_base = Fraction(1, rate)
    stream.gop_size = rate // 2  # a whole picture twice a second, so that it can be leafed through
    stream.options = {"preset": "veryfast", "crf": "20"}
    return stream


def _still(picture: Image.Image, stream: av.VideoStream, number: int) -> av.VideoFrame:
    size = (stream.width, stream.height)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    frame: av.VideoFrame = av.VideoFrame.from_image(picture.convert("RGB"))  # type: ignore[no-untyped-call]
    frame.pts = number
    return frame
