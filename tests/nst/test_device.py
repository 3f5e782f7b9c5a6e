import math
import subprocess
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from nst import device
from nst.device import DeferredScalar, best_device, on_painting_thread, processors_of_container
from nst.probe import Fastest


def without_accelerators(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_cuda_comes_first_then_mps_then_the_cpu(monkeypatch):
    without_accelerators(monkeypatch)
    assert best_device().place.type == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert best_device() == device.Device(torch.device("mps"), torch.float32)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert best_device() == device.Device(torch.device("cuda"), torch.bfloat16)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation)
    assert best_device().dtype is torch.float32, "emulated bfloat16 would be slower"


@pytest.mark.parametrize(("faster", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_processor_computes_in_what_it_is_faster_in(monkeypatch, faster, dtype):
    without_accelerators(monkeypatch)
    monkeypatch.setattr(device, "fastest", lambda: Fastest(bfloat16=faster, winograd=False))
    assert best_device().dtype is dtype


@pytest.mark.skipif(device._glibc() is None, reason="other allocators are left alone")
@pytest.mark.slow
def test_large_blocks_are_returned_in_tiles_and_kept_for_reuse_otherwise():
    """In a process of its own, as memory is everybody's."""
    program = """
import psutil, torch
from nst import device

def returned(megabytes):
    block = torch.ones(megabytes, 2**18)
    before = psutil.Process().memory_info().rss
    del block
    return round((before - psutil.Process().memory_info().rss) / 2**20)

device._keep_freed_memory()
device.release_memory()
in_tiles = returned(20), returned(8)
device._keep_freed_memory()
print(*in_tiles, returned(20), returned(200))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    in_tiles, small, kept, huge = map(int, run.stdout.split())
    assert 18 <= in_tiles <= 22 and huge >= 190
    assert max(small, kept) <= 2


class OnGPU:
    """Stands in for a number on a GPU, which reaches the host when its event does."""

    is_cuda, device = True, torch.device("cuda", 0)

    def __init__(self) -> None:
        self.host = torch.zeros(())

    def detach(self) -> "OnGPU":
        return self

    def to(self, place: str, non_blocking: bool) -> torch.Tensor:
        assert place == "cpu" and non_blocking
        return self.host

    def record_event(self) -> "OnGPU":
        return self

    def synchronize(self) -> None:
        self.host.fill_(3)


def test_a_number_from_the_gpu_is_waited_for_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    number = OnGPU()
    monkeypatch.setattr(torch.cuda, "current_stream", {number.device: number}.get)
    late = DeferredScalar(number)  # type: ignore[arg-type]
    assert number.host == 0 and float(late) == 3


def test_a_number_of_the_cpu_is_there_at_once() -> None:
    assert float(DeferredScalar(torch.tensor(0.25, requires_grad=True))) == 0.25


class TestOneThreadThatPaints:
    def test_takes_every_step_whoever_asks(self) -> None:
        steps = on_painting_thread(threading.get_ident() for _ in range(4))
        with ThreadPoolExecutor(1) as other:
            took = {next(steps), other.submit(next, steps).result(), next(steps), other.submit(next, steps).result()}
        assert len(took) == 1 and threading.get_ident() not in took
        assert list(steps) == []

    def test_passes_on_what_goes_wrong(self) -> None:
        def steps() -> Generator[int, None, None]:
            yield 1
            raise ValueError("No such painting.")

        painted = on_painting_thread(steps())
        assert next(painted) == 1
        with pytest.raises(ValueError, match="No such painting"):
            next(painted)

    def test_ends_a_run_that_nobody_wants_any_more(self) -> None:
        ended = []

        def steps() -> Generator[int, None, None]:
            try:
                yield from range(9)
            finally:
                ended.append(True)

        painted = on_painting_thread(steps())
        next(painted)
        painted.close()
        assert ended

    @pytest.mark.slow
    def test_has_the_cores_for_itself(self) -> None:
        """In a process of its own, as the number of threads is everybody's."""
        program = """
import math, threading, torch
from nst import device
from nst.device import reserve_cores_for_painting, on_painting_thread
device.processors_of_container = lambda: math.inf
torch.set_num_threads(3)
reserve_cores_for_painting()
found = [torch.get_num_threads(), next(on_painting_thread(torch.get_num_threads() for _ in range(1)))]
other = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
other.start(), other.join()
print(found)
"""
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert run.stdout.split("\n")[0] == "[1, 3, 1]"


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, math.inf),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, math.inf),
        ({}, math.inf),
    ],
)
def test_a_container_says_how_many_processors_it_has(tmp_path: Path, files: dict[str, str], processors: float) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert processors_of_container(tmp_path) == processors


@pytest.mark.parametrize(("processors", "threads"), [(1.5, [2]), (0.5, [1]), (64, []), (math.inf, [])])
def test_no_more_threads_than_processors(
    monkeypatch: pytest.MonkeyPatch, processors: float, threads: list[int]
) -> None:
    told: list[int] = []
    monkeypatch.setattr(device, "processors_of_container", lambda: processors)
    monkeypatch.setattr("torch.get_num_threads", lambda: 4)
    monkeypatch.setattr("torch.set_num_threads", told.append)
    device._keep_to_quota.__wrapped__()
    assert told == threads
