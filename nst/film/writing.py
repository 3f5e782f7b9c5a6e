"""A painted film on its way to the disk: in pieces of a second or so, so that neither Ctrl-C nor a power cut loses it.

Beside the film that is to be there lies a folder with the pieces and with the state after the last of them. In the end
they are put one after the other as they are, with the sound of the original, decoded behind the gate and coded anew.
"""

from __future__ import annotations

import heapq
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from nst.batch import check_place
from nst.files import replaced_at_once
from nst.film.paint import State
from nst.film.reading import SOUND_RATE, Film, Part, sound

ENDINGS = (".mp4", ".webp")
SOUND_QUALITY = 192_000  # bits a second
QUALITY = {".mp4": "18", ".webp": "6"}  # constant rate factor of the pieces; those of a WebP are coded once more
BT709 = 1


def check(target: Path) -> None:
    """Raises ValueError if a film cannot be written there."""
    if target.suffix.lower() not in ENDINGS:
        raise ValueError(f"A film must end in {' or '.join(ENDINGS)}, not {target.name!r}.")
    check_place(target)


class Pieces:
    """A folder of pieces of a film.

    Args:
        target: Where the film is to be.
        order: All that the film depends on, as JSON. Pieces of another order are thrown away.
    """

    def __init__(self, target: Path, order: Mapping[str, object]) -> None:
        self.target = target
        self.folder = target.with_name(f".{target.name}.parts")
        text = json.dumps(order, sort_keys=True)
        if not (self.folder / "order.json").exists() or (self.folder / "order.json").read_text("utf-8") != text:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            (self.folder / "order.json").write_text(text, "utf-8")

    @property
    def files(self) -> list[Path]:
        """Of the finished pieces, in order. The name of each says how many frames come before it."""
        return sorted(file for file in self.folder.glob("*.mp4") if not file.name.startswith("."))

    def state(self) -> tuple[int, State | None]:
        """How many frames there are, and what the next one asks of them."""
        saved = self.folder / "state.npz"
        if not saved.exists():
            self._drop_from(0)
            return 0, None
        with np.load(saved) as values:
            done = int(values["done"])
            photo, first = (Image.fromarray(values[name]) for name in ("photo", "first"))
            painted, age = (torch.from_numpy(values[name]) for name in ("painted", "age"))
        self._drop_from(done)
        return done, State(photo, painted, age, first)

    def _drop_from(self, done: int) -> None:
        """Pieces that the power cut off before their state was written."""
        for file in self.folder.glob("*.mp4"):
            if file.name.startswith(".") or int(file.stem) >= done:
                file.unlink()

    def add(self, pictures: Sequence[Image.Image], done: int, rate: float, state: State | None = None) -> None:
        """One more piece. `done` frames are there with it; without a state nobody can go on from it later."""
        name = f"{done - len(pictures):08}.mp4"
        partial = self.folder / f".{name}"
        _encode(pictures, partial, rate, QUALITY[self.target.suffix.lower()])
        partial.replace(self.folder / name)
        if state is None:
            return
        saved = self.folder / ".state.npz"
        np.savez(
            saved,
            done=np.asarray(done),
            photo=np.asarray(state.photo),
            first=np.asarray(state.first),
            painted=state.painted.numpy(),
            age=state.age.numpy(),
        )
        saved.replace(self.folder / "state.npz")

    def join(self, target: Path, rate: float, original: tuple[Film, Part] | None = None) -> None:
        """Make one film of all pieces, with the sound of the part of the original that they show."""
        with replaced_at_once(target) as partial:
            if target.suffix.lower() == ".webp":
                _animate(self.files, partial, rate)
            else:
                _concatenate(self.files, partial, rate, original)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _encode(pictures: Sequence[Image.Image], target: Path, rate: float, quality: str) -> None:
    """H.264, as every browser plays it. A row or a column is cut off where there is one too many."""
    width, height = (side - side % 2 for side in pictures[0].size)
    ticks = _ticks(rate)
    with av.open(os.fspath(target), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=ticks)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {
            "preset": "medium",
            "crf": quality,
            "bf": "0",
        }  # pieces whose frames are in order can be joined
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = 1  # not all of 0 to 255, as players expect it
        for number, picture in enumerate(pictures):
            levels = np.ascontiguousarray(np.asarray(picture)[:height, :width])
            frame = av.VideoFrame.from_ndarray(levels, format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=BT709, dst_color_range=1)
            frame.pts, frame.time_base = number, 1 / ticks
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _ticks(rate: float) -> Fraction:
    """Frames a second as containers keep them, such as 30000/1001."""
    return Fraction(rate).limit_denominator(1001)


def _concatenate(files: Sequence[Path], target: Path, rate: float, original: tuple[Film, Part] | None) -> None:
    with av.open(os.fspath(target), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        with av.open(os.fspath(files[0])) as first:
            stream = out.add_stream_from_template(first.streams.video[0])
        sources = [_of_pieces(files, rate, stream)]
        if original is not None and original[0].has_sound:
            track = out.add_stream("aac", rate=SOUND_RATE, layout="stereo", bit_rate=SOUND_QUALITY)
            sources.append(_of_sound(track, sound(*original)))
        for _, _, packet in heapq.merge(*sources, key=lambda one: one[:2]):  # by time: nothing has to wait
            out.mux(packet)


Timed = Iterator[tuple[float, int, Any]]


def _of_pieces(files: Iterable[Path], rate: float, stream: av.VideoStream) -> Timed:
    for file in files:
        begins = int(file.stem) / rate
        with av.open(os.fspath(file)) as piece:
            source = piece.streams.video[0]
            for packet in piece.demux(source):
                if packet.dts is None or packet.pts is None or packet.time_base is None:
                    continue
                shift = round(begins / float(packet.time_base))
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = stream
                yield float(packet.dts * packet.time_base), 0, packet


def _of_sound(track: av.AudioStream, pieces: Iterable[NDArray[np.float32]]) -> Timed:
    """The sound as packets of a new track."""
    place, encoder = 0, track.codec_context
    for samples in pieces:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout="stereo")
        frame.rate, frame.pts, frame.time_base = SOUND_RATE, place, Fraction(1, SOUND_RATE)
        place += len(samples)
        yield from _timed(encoder.encode(frame), track)
    yield from _timed(encoder.encode(None), track)


def _timed(packets: Iterable[Any], track: av.AudioStream) -> Timed:
    for packet in packets:
        packet.stream = track
        yield float(packet.dts * packet.time_base), 1, packet


def _animate(files: Sequence[Path], target: Path, rate: float) -> None:
    with av.open(os.fspath(target), "w", format="webp", options={"loop": "0"}) as out:
        stream, ticks = None, _ticks(rate)
        for number, frame in enumerate(_shown(files)):
            if stream is None:
                stream = out.add_stream("libwebp_anim", rate=ticks)
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
                stream.options = {"quality": "80", "compression_level": "4"}
            still = frame.reformat(format="yuv420p", dst_colorspace="itu601", dst_color_range=1)  # as WebP has it
            still.pts, still.time_base = number, 1 / ticks
            out.mux(stream.encode(still))
        if stream is not None:
            out.mux(stream.encode())


def _shown(files: Iterable[Path]) -> Iterator[av.VideoFrame]:
    for file in files:
        with av.open(os.fspath(file)) as piece:
            yield from piece.decode(piece.streams.video[0])
