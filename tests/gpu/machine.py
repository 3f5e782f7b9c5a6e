"""What the checks ask of a GPU, and a stand-in on the CPU that proves that they run."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from unittest.mock import patch

import torch

from nst.device import PLAIN_CPU, Device, best_device
from nst.plan import final_size
from nst.transfer import Engine, paint
from tests.benchmarks.report import peak_memory

GB = 10**9


class Machine(Protocol):
    """A device, and what may be done to it."""

    device: Device

    def wait(self) -> None:
        """Until it has done all that it was given."""

    def peak(self, work: Callable[[], object]) -> float:
        """GB that were held at most meanwhile."""

    def waits(self, work: Callable[[], object]) -> list[str]:
        """Where the host waited for the device meanwhile."""

    def leaving(self, free: int) -> Any:
        """A context in which so many bytes are free."""

    def refusing(self, limit: int) -> Any:
        """A context with an engine that gets no more than so many bytes, though more seem to be free."""

    def captured(self, work: Callable[[], object]) -> Callable[[], object]:
        """The same as one CUDA graph."""


class CUDA:
    def __init__(self) -> None:
        self.device = best_device()
        if self.device.place.type != "cuda":
            raise SystemExit(f"There is no CUDA device here, only {self.device.place}: see --stand-in.")

    def wait(self) -> None:
        torch.cuda.synchronize()

    def peak(self, work: Callable[[], object]) -> float:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        work()
        return torch.cuda.max_memory_reserved() / GB

    def waits(self, work: Callable[[], object]) -> list[str]:
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                work()
        finally:
            torch.cuda.set_sync_debug_mode("default")
        return [f"{one.filename}:{one.lineno}" for one in caught if "synchroniz" in str(one.message)]

    @contextmanager
    def leaving(self, free: int) -> Iterator[None]:
        torch.cuda.empty_cache()
        taken = torch.empty(max(0, torch.cuda.mem_get_info()[0] - free), dtype=torch.uint8, device="cuda")
        try:
            yield
        finally:
            del taken
            torch.cuda.empty_cache()

    @contextmanager
    def refusing(self, limit: int) -> Iterator[Engine]:
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(min(1.0, limit / torch.cuda.mem_get_info()[1]))
        try:
            yield paint
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)

    def captured(self, work: Callable[[], object]) -> Callable[[], object]:
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # what is allocated once is allocated before the capture
            for _ in range(3):
                work()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()
        return graph.replay


class StandIn:
    """The CPU in float32: it never waits, and its memory runs out when it is told to."""

    def __init__(self) -> None:
        self.device = PLAIN_CPU

    def wait(self) -> None:
        pass

    def peak(self, work: Callable[[], object]) -> float:
        work()
        return peak_memory()

    def waits(self, work: Callable[[], object]) -> list[str]:
        work()
        return []

    @contextmanager
    def leaving(self, free: int) -> Iterator[None]:
        with patch("nst.plan.free_memory", lambda _: free):
            yield

    @contextmanager
    def refusing(self, limit: int) -> Iterator[Engine]:
        asked: list[int] = []

        def engine(commission: Any, network: Any, device: Device | None = None) -> Any:
            asked.append(max(final_size(*commission.content.size, commission.settings)))
            for frame in paint(commission, network, device):
                if frame.step == 2 and asked[-1] == asked[0]:
                    raise torch.OutOfMemoryError("CUDA out of memory.")
                yield frame

        yield engine

    def captured(self, work: Callable[[], object]) -> Callable[[], object]:
        return work


def seconds(machine: Machine, work: Callable[[], object]) -> float:
    """Of some work, to its very end."""
    machine.wait()
    began = time.perf_counter()
    work()
    machine.wait()
    return time.perf_counter() - began
