"""Where to paint: which device, in which precision."""

from __future__ import annotations

import ctypes
import functools
import math
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import torch
from torch import Tensor

from nst.probe import fastest


@dataclass(frozen=True)
class Device:
    """A torch device, and the type in which features are computed there."""

    place: torch.device
    dtype: torch.dtype


class DeferredScalar:
    """A number that the device may still be working at. Who reads it waits for it, and for nothing begun after it.

    float() of a number on the GPU itself would wait for all that it has been given to do.
    """

    def __init__(self, value: Tensor) -> None:
        self._value = value.detach().to("cpu", non_blocking=value.is_cuda)  # into pinned memory
        self._there = torch.cuda.current_stream(value.device).record_event() if value.is_cuda else None

    def __float__(self) -> float:
        if self._there is not None:
            self._there.synchronize()
        return float(self._value)


MMAP_THRESHOLD = -3  # of malloc.h
PLAIN_CPU = Device(torch.device("cpu"), torch.float32)
T = TypeVar("T")


def on_painting_thread(steps: Generator[T, None, None]) -> Generator[T, None, None]:
    """The same steps, each taken on the one thread of this process that paints; for servers, whose threads change.

    OpenMP keeps a team of helpers for every thread that ever asked for one. As soon as all of them together are more
    than the cores, they go to sleep between any two operations: a painting of 512 px took a third longer.
    """
    with closing(steps):
        while (step := _painting_thread().submit(next, steps, None).result()) is not None:
            yield step


def reserve_cores_for_painting() -> None:
    """All other threads ask for no helpers from now on."""
    _painting_thread()
    torch.set_num_threads(1)


@functools.cache
def _painting_thread() -> ThreadPoolExecutor:
    _keep_to_quota()
    painter = ThreadPoolExecutor(1, "painter", torch.set_num_threads, (torch.get_num_threads(),))
    painter.submit(torch.get_num_threads).result()  # it has its number, whatever others are told later
    return painter


def prepare_forked_process() -> None:
    """Threads do not survive a fork: whoever then asks OpenMP for its own would wait for ever."""
    torch.set_num_threads(1)


def best_device() -> Device:
    """CUDA before MPS before the CPU; bfloat16 wherever it is faster, and on CUDA wherever it is native."""
    if torch.cuda.is_available():
        dtype = torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
        return Device(torch.device("cuda"), dtype)
    if torch.backends.mps.is_available():
        return Device(torch.device("mps"), torch.float32)
    _keep_freed_memory()
    _keep_to_quota()
    return Device(torch.device("cpu"), torch.bfloat16 if fastest().bfloat16 else torch.float32)


def free_memory(device: Device) -> int:
    """Bytes that are free there, for this process."""
    if device.place.type == "cuda":
        return int(torch.cuda.mem_get_info(device.place)[0])
    free = [psutil.virtual_memory().available]
    with suppress(OSError, ValueError):  # a container may have less than its machine
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        free.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")) - used)
    return max(0, min(free))


@functools.cache
def _keep_to_quota() -> None:
    """No more threads than a container has processors: PyTorch counts those of the machine that it runs on.

    Eight threads that are given the time of two all wait for whichever of them the system has just stopped.
    """
    processors = processors_of_container()
    if processors < torch.get_num_threads():
        torch.set_num_threads(max(1, math.ceil(processors)))


def processors_of_container(groups: Path = Path("/sys/fs/cgroup")) -> float:
    """How many this process may use at a time, by its control group; infinity if nobody says."""
    with suppress(OSError, ValueError):
        quota, period = (groups / "cpu.max").read_text(encoding="ascii").split()
        return int(quota) / int(period)  # "max" is no number
    with suppress(OSError, ValueError):  # the first version of Linux's control groups
        quota, period = (
            (groups / "cpu" / f"cpu.cfs_{name}_us").read_text(encoding="ascii") for name in ("quota", "period")
        )
        return int(quota) / int(period) if int(quota) > 0 else math.inf
    return math.inf


def _keep_freed_memory() -> None:
    """Let glibc reuse the large blocks that every step frees, instead of returning them.

    Fresh pages must be zeroed by the kernel at first touch: an eighth of a step at 512 px. Blocks of 128 MB and
    more are returned all the same: glibc leaves holes where such a block was that no block of the same size fits
    into, and what L-BFGS remembers of a large picture took twice its size. (A step at 1024 x 768 asks for 100 MB.)
    """
    if (libc := _glibc()) is not None:
        trim_threshold, arena_max = -1, -8  # names and numbers of malloc.h
        libc.mallopt(arena_max, 1)
        libc.mallopt(MMAP_THRESHOLD, 2**27)
        libc.mallopt(trim_threshold, 2**31 - 1)


def release_memory() -> None:
    """What has been kept for reuse goes back to the system, for somebody who needs it otherwise.

    Blocks of 16 MB and more go back as soon as they are freed, until a device is asked for again. The holes between
    them took as much room as a tile does; to zero their pages anew takes 3 to 9 % of a step.
    """
    if (libc := _glibc()) is not None:
        libc.mallopt(MMAP_THRESHOLD, 2**24)
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "mallopt") else None  # musl has none
