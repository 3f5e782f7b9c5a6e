"""Makers of odd films: what strangers may send."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from tests.painting import noise


def moving(count: int = 6, size: tuple[int, int] = (64, 48), step: int = 2) -> list[Image.Image]:
    """A camera that moves to the right over a picture, `step` pixels a frame."""
    width, height = size
    wide = noise(width + step * count, height, 3)
    return [wide.crop((step * index, 0, step * index + width, height)) for index in range(count)]


def flat(colour: tuple[int, int, int], count: int = 3, size: tuple[int, int] = (64, 48)) -> list[Image.Image]:
    return [Image.new("RGB", size, colour) for _ in range(count)]


def write_film(
    path: Path,
    pictures: Sequence[Image.Image],
    rate: int = 12,
    times: Sequence[float] = (),
    rotation: int = 0,
    pix_fmt: str = "yuv420p",
    light: int = 0,
    codec: str = "libx264",
    sound: float = 0,
) -> Path:
    """A film file.

    Args:
        times: Milliseconds at which each picture appears; evenly if not said.
        rotation: Degrees, counter-clockwise, that a player is to turn it by.
        light: Transfer characteristics: 16 PQ, 18 HLG. Pixels are then those of that signal.
        sound: Seconds of it.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *pictures[0].size, pix_fmt
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if codec == "libx264":
            stream.options = {"crf": "4", "preset": "ultrafast"}
        if rotation:
            stream.set_display_rotation(rotation)
        if light:
            context = stream.codec_context
            context.color_trc, context.color_primaries, context.colorspace = light, 9, 9
        audio = container.add_stream("aac", rate=8000) if sound else None
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame = frame.reformat(format=pix_fmt, dst_colorspace=9 if light else None)
            frame.pts, frame.time_base = round(times[index] if times else 1000 * index / rate), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if audio is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, round(8000 * sound)), np.float32), "fltp", "mono")
            silence.rate, silence.pts, silence.time_base = 8000, 0, Fraction(1, 8000)
            container.mux(audio.encode(silence))
            container.mux(audio.encode())
    return path


def sound_alone(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        silence.rate = 8000
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    return path
