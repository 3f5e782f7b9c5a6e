"""Paintings on a Ray cluster: the engine runs there, and its frames come back as they are painted.

Every machine needs this folder at the same place, with its environment. The engine does not know.
"""

from __future__ import annotations

import functools
import io
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nst import transfer
from nst.device import Device
from nst.image import fitted_size, open_picture, to_pixels
from nst.settings import Settings
from nst.solver import resize
from nst.transfer import Frame
from nst.vgg import VGG

try:
    import ray
except ImportError as error:
    raise ValueError("Ray is not installed here: pip install -r requirements-cluster.txt") from error

CORES = 2  # of a machine without a GPU, for one painting
ATTEMPTS = 3  # of one painting, each on a worker that is still there
PREVIEW_SIDE = 768  # pixels; about 70 kB as a JPEG
QUICKEST = 0.25  # seconds between two frames
SHARE = 0.15  # of the time may go into sending rather than painting
AHEAD = 4  # objects, two a frame, that a worker may be ahead of whoever watches

Key = TypeVar("Key")


def connect(address: str) -> None:
    """Join a cluster that is running: "auto" for the one of this machine, or host:port.

    Raises:
        ValueError: if there is none.
    """
    try:
        ray.init(address, logging_level="ERROR", log_to_driver=False, ignore_reinit_error=True)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ValueError(f"There is no Ray cluster at {address!r}; `ray start --head` begins one.") from error


def devices() -> int:
    """How many paintings the cluster can work on at once."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = sum(int(machine.get("GPU", 0)) for machine in machines)
    return gpus or max(1, sum(int(machine.get("CPU", 0)) // CORES for machine in machines))


def stylize(
    content: Image.Image,
    styles: Image.Image | Sequence[Image.Image],
    settings: Settings,
    network: VGG,
    device: Device | None = None,
    start: Image.Image | None = None,
    masks: Sequence[Image.Image] | None = None,
    say: Callable[[str], object] = warnings.warn,
) -> Run:
    """As `nst.transfer.stylize`, on a device of the cluster: same pictures, same errors, and to close it is to stop.

    It departs in one thing: where steps are quicker than pictures can be sent, not every step has a frame.

    Args:
        say: Called with one sentence when a worker was lost and the painting begins again on another.

    Raises:
        RuntimeError: from the frames, if worker after worker is lost.
    """
    transfer.stylize(content, styles, settings, network, device, start, masks).close()  # checks them, and no more
    size = fitted_size(*content.size, min(settings.size, max(content.size)))
    return Run((content, styles, settings, [_sent(network)], device, start, masks), size, say)


class Run(Generator[Frame, None, None]):
    """One painting on the cluster, as the generator that it is there."""

    def __init__(self, order: tuple[Any, ...], size: tuple[int, int], say: Callable[[str], object]) -> None:
        self._order, self._size, self._say = order, size, say
        self._attempts, self._began, self._closed = 0, time.perf_counter(), False
        self.stream = self._begun()

    def send(self, _: None) -> Frame:
        while not self._closed:
            try:
                note = ray.get(next(self.stream))
                return note.frame(next(self.stream), self._size)
            except ray.exceptions.RayTaskError as error:  # the engine's own
                raise error.cause from None
            except ray.exceptions.RayError as error:
                if self._attempts == ATTEMPTS:
                    raise RuntimeError(f"{ATTEMPTS} workers were lost, one after the other, over one picture.") from error
                self._say("A worker was lost; the painting begins again on another one.")
                self.stream = self._begun()
        raise StopIteration

    def throw(self, kind: Any, value: Any = None, trace: Any = None) -> Frame:
        """Stop, at once. Frames that have come keep their pictures."""
        if not self._closed:
            self._closed = True
            ray.cancel(self.stream)
        raise kind if value is None else value

    def __del__(self) -> None:
        if ray.is_initialized():
            with suppress(Exception):  # the interpreter may be going down
                self.close()

    def _begun(self) -> Any:
        self._attempts += 1
        gpus = ray.cluster_resources().get("GPU", 0)
        needed = {"num_gpus": 1, "num_cpus": 1} if gpus else {"num_cpus": CORES}
        return _painted.options(**needed).remote(*self._order)


def side_by_side(runs: Iterable[tuple[Key, Run]]) -> Iterator[tuple[Key, Frame]]:
    """Frames of several paintings as they come, as many paintings at once as there are devices.

    Args:
        runs: What each is to the caller, and the painting. The next one is asked for when a device is free.
    """
    waiting, running = iter(runs), {}
    try:
        while True:
            while len(running) < devices() and (following := next(waiting, None)):
                running[following[1]] = following[0]
            if not running:
                return
            streams = {run.stream: run for run in running}
            (ready, *_), _ = ray.wait(list(streams), num_returns=1, fetch_local=False)
            run = streams[ready]
            frame = next(run, None)
            if frame is None:
                del running[run]
            else:
                yield running[run], frame
    finally:
        for run in running:
            run.close()


# What travels


@dataclass(frozen=True)
class Note:
    """A frame without its pixels, which follow and are fetched when they are asked for."""

    step: int
    steps: int
    seconds: float
    progress: float
    long_side: int
    losses: dict[str, float]
    preview: bytes

    def frame(self, pixels: Any, size: tuple[int, int]) -> Frame:
        def finish(_: Tensor, long_side: int) -> Tensor:
            if long_side <= PREVIEW_SIDE < max(size):
                picture = open_picture(io.BytesIO(self.preview), "preview")
                return to_pixels(picture, fitted_size(*size, long_side))
            whole = torch.from_numpy(np.array(ray.get(pixels))).permute(2, 0, 1)[None]
            width, height = fitted_size(*size, long_side)
            return whole if long_side == max(size) else resize(whole, height, width)

        losses = {name: torch.tensor(value, dtype=torch.float64) for name, value in self.losses.items()}
        return Frame(
            self.step,
            self.steps,
            self.seconds,
            self.progress,
            self.long_side,
            torch.empty(0),
            losses,
            finish,
            max(size),
        )


@ray.remote(num_returns="streaming", max_retries=0, _generator_backpressure_num_objects=AHEAD)
def _painted(
    content: Image.Image, styles: Any, settings: Settings, network: list[Any], *more: Any
) -> Iterator[Note | NDArray[np.float32]]:
    """On the worker: a note and the pixels of every frame that is worth sending, and of the last."""
    sent, interval = -float("inf"), QUICKEST
    for frame in transfer.stylize(content, styles, settings, _received(*network), *more):
        if frame.step < frame.steps and time.monotonic() - sent < interval:
            continue
        sent = time.monotonic()
        note, pixels = _note(frame), frame.pixels
        interval = max(QUICKEST, (time.monotonic() - sent) / SHARE)
        yield note
        yield pixels


def _note(frame: Frame) -> Note:
    preview = io.BytesIO()
    frame.preview(PREVIEW_SIDE).save(preview, "JPEG", quality=90)
    return Note(
        frame.step,
        frame.steps,
        frame.seconds,
        frame.progress,
        frame.long_side,
        frame.losses,
        preview.getvalue(),
    )


@functools.lru_cache(maxsize=2)
def _sent(network: VGG) -> Any:
    """Its weights, put into the cluster once: a file from this machine will do there."""
    return ray.put(network)


@functools.lru_cache(maxsize=2)
def _received(reference: Any) -> VGG:
    """The same network for every painting of a worker."""
    network: VGG = ray.get(reference)
    return network
