"""Paintings on a Ray cluster: the engine runs there, and its frames come back as they are painted.

Every machine needs this folder at the same place, with its environment. The engine does not know.
"""

from __future__ import annotations

import functools
import io
import logging
import socket
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import nst.transfer as transfer
from nst.commission import Commission
from nst.device import Device
from nst.frame import Frame
from nst.image import fitted_size, open_picture, to_pixels
from nst.matching import Found
from nst.solvers.pyramid import resize
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
PATIENCE = 2.0  # seconds until it is asked whether the machine that is waited for is still there
AHEAD = 4  # objects, two a frame, that a worker may be ahead of whoever watches

Key = TypeVar("Key")


def connect(address: str) -> None:
    """Join a cluster that is running: "auto" for the one of this machine, or host:port.

    Raises:
        ValueError: if there is none.
    """
    try:
        if ":" in address:  # Ray would knock for many minutes
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=PATIENCE).close()
        ray.init(address, logging_level=logging.ERROR, log_to_driver=False, ignore_reinit_error=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"There is no Ray cluster at {address!r}; `ray start --head` begins one.") from error
    _sent.cache_clear()  # what an earlier cluster was sent is not here


def devices() -> int:
    """How many paintings the cluster can work on at once."""
    return _gpus() or max(1, sum(int(machine["Resources"].get("CPU", 0)) // CORES for machine in _machines()))


def _gpus() -> int:
    return sum(int(machine["Resources"].get("GPU", 0)) for machine in _machines())


def _machines() -> list[dict[str, Any]]:
    return [machine for machine in ray.nodes() if machine["Alive"]]  # type: ignore[no-untyped-call]


def paint(
    commission: Commission,
    network: VGG,
    device: Device | None = None,
    say: Callable[[str], object] = warnings.warn,
) -> Run:
    """As `nst.transfer.paint`, on a device of the cluster: same pictures, same errors, and to close it is to stop.

    Unlike there, not every step has a frame: some steps are quicker than pictures can be sent.

    Args:
        say: Called with one sentence when a worker was lost and the painting begins again on another.

    Raises:
        RuntimeError: from the frames, if worker after worker is lost.
    """
    transfer.check(commission, network)
    return Run((commission, [_sent(network)], device), say)


class Run(Generator[Frame, None, None]):
    """One painting on the cluster, as the generator that it is there. Like any, it begins when it is asked for more."""

    stream: Any = None
    _machine: str | None  # that it runs on, once that is known
    _note: Frame | None  # whose pixels have not come yet

    def __init__(self, order: tuple[Any, ...], say: Callable[[str], object]) -> None:
        self._order, self._say = order, say
        self._attempts, self._came_last, self.is_over = 0, False, False

    def send(self, _: None) -> Frame:
        while not self.is_over:
            if frame := self.poll(PATIENCE):
                return frame
        raise StopIteration

    def poll(self, patience: float = 0.0) -> Frame | None:
        """The next frame, if all of it is here; else wait that many seconds at most for what is missing."""
        try:
            return self._taken(patience)
        except StopIteration:
            if not self._came_last:  # so ends the stream of a machine that died between two frames
                self._begin_again()
                return None
            self.is_over = True
        except ray.exceptions.RayTaskError as error:  # the engine's own
            self.is_over = True
            raise error.cause from None
        except (ray.exceptions.RayError, _MachineLost):
            self._begin_again()
        return None

    def _taken(self, patience: float) -> Frame | None:
        """Of the three things that a worker sends, the next one; with the last of them a frame is complete."""
        if self.stream is None:
            self._begin()
        if not (self.stream.next_ready() or self.stream.is_finished()):
            ray.wait([self.stream], timeout=patience)
            if not self.stream.next_ready():
                self._check_machine()
                return None
        came = next(self.stream)
        if self._machine is None:
            self._machine = ray.get(came)
        elif self._note is None:
            self._note = ray.get(came)
        else:
            note, self._note = self._note, None
            self._came_last = note.step == note.steps
            return _complete(note, came)
        return None

    def _check_machine(self) -> None:
        """Ray waits for ever for what a lost machine had left to send."""
        if self._machine is not None and self._machine not in {machine["NodeID"] for machine in _machines()}:
            raise _MachineLost

    def throw(self, kind: Any, value: Any = None, trace: Any = None) -> Frame:
        """Stop, at once. Frames that have come keep their pictures."""
        if not self.is_over:
            self.is_over = True
            if self.stream is not None:
                ray.cancel(self.stream)
        raise kind if value is None else value

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be going down
            self.close()

    def _begin(self) -> None:
        self._attempts, self._machine, self._note = self._attempts + 1, None, None
        needed = {"num_cpus": 1, "num_gpus": 1} if _gpus() else {"num_cpus": CORES}
        self.stream = _painted.options(**needed).remote(*self._order)

    def _begin_again(self) -> None:
        if self._attempts == ATTEMPTS:
            self.close()
            raise RuntimeError(f"{ATTEMPTS} workers were lost over one picture, one after the other.")
        self._say("A worker was lost; the painting begins again on another one.")
        self._begin()


class _MachineLost(Exception):
    pass


def side_by_side(runs: Iterable[tuple[Key, Run]]) -> Iterator[tuple[Key, Frame]]:
    """Frames of several paintings as they come, as many paintings at once as there are devices.

    Args:
        runs: What each is to the caller, and the painting. The next one is asked for when a device is free.
    """
    waiting: Iterator[tuple[Key, Run]] = iter(runs)
    running: dict[Run, Key] = {}
    try:
        while True:
            while len(running) < devices() and (following := next(waiting, None)):
                key, run = following
                running[run] = key
                run.poll()
            if not running:
                return
            for run in _with_news(running):
                if frame := run.poll():
                    yield running[run], frame
            running = {run: key for run, key in running.items() if not run.is_over}
    finally:
        for run in running:
            run.close()


def _with_news(running: Iterable[Run]) -> list[Run]:
    """Those from which something has come; all, after a while, because a lost machine sends nothing."""
    streams = {run.stream: run for run in running}
    ready, waiting = ray.wait(list(streams), num_returns=1, timeout=PATIENCE, fetch_local=False)
    return [streams[stream] for stream in ready or waiting]


# What travels


def _note(frame: Frame) -> Frame:
    """The frame with a small picture; the pixels follow, and are fetched when they are asked for."""
    preview = io.BytesIO()
    frame.preview(PREVIEW_SIDE).save(preview, "JPEG", quality=90)
    render = functools.partial(_small, preview.getvalue(), frame.size)
    found = [Found(one.places.cpu(), one.paintings.cpu(), one.mask.cpu()) for one in frame.found]
    return replace(frame, render=render, deferred_losses=frame.losses, found=found, snapshot=None)


def _small(preview: bytes, size: tuple[int, int], long_side: int) -> Tensor:
    return to_pixels(open_picture(io.BytesIO(preview), "preview"), fitted_size(*size, long_side))


def _complete(note: Frame, pixels: Any) -> Frame:
    def picture(long_side: int) -> Tensor:
        if long_side <= PREVIEW_SIDE < max(note.size):
            return note.render(long_side)
        whole = torch.from_numpy(np.array(ray.get(pixels))).permute(2, 0, 1)[None]
        width, height = fitted_size(*note.size, long_side)
        return resize(whole, height, width)

    return replace(note, render=picture)


@ray.remote(  # type: ignore[call-overload, untyped-decorator]
    num_returns="streaming", max_retries=0, _generator_backpressure_num_objects=AHEAD
)
def _painted(
    commission: Commission, network: list[Any], device: Device | None
) -> Iterator[str | Frame | NDArray[np.float32]]:
    """On the worker: where it is; then a note and the pixels of every frame that is worth sending, and of the last."""
    yield ray.get_runtime_context().get_node_id()
    sent, interval = -float("inf"), QUICKEST
    for frame in transfer.paint(commission, _received(*network), device):
        if frame.step < frame.steps and time.monotonic() - sent < interval:
            continue
        sent = time.monotonic()
        note, pixels = _note(frame), frame.pixels
        interval = max(QUICKEST, (time.monotonic() - sent) / SHARE)
        yield note
        yield pixels


@functools.lru_cache(maxsize=2)
def _sent(network: VGG) -> Any:
    """Its weights, put into the cluster once: a file from this machine will do there."""
    return ray.put(network)


@functools.lru_cache(maxsize=2)
def _received(reference: Any) -> VGG:
    """The same network for every painting of a worker."""
    network: VGG = ray.get(reference)
    return network
