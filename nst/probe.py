"""Which ways of computing are fastest on this processor: measured in milliseconds at the first start, and kept.

Names of instruction sets do not tell: what one processor is fast at, another of the same names emulates.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from nst import onednn, winograd

CHANNELS, HEIGHT, WIDTH = 256, 24, 32  # of the convolution that is measured: conv3_2 of a picture of 128 pixels
ROUNDS = 5  # in turn; the quickest of each counts, which other programs have disturbed least
CLEARLY = 1.15  # times as fast, or nothing is gained that would be worth other roundings
HOPELESS = 4.0  # times as slow, at once: further rounds would not be milliseconds


@dataclass(frozen=True)
class Fastest:
    """What is faster here than its alternative.

    Attributes:
        bfloat16: For maps and weights, than float32.
        winograd: For wide convolutions, in whichever of both types is taken, than oneDNN's own.
    """

    bfloat16: bool
    winograd: bool


@cache
def fastest() -> Fastest:
    """As it was measured when this processor was first asked, so that a picture is the same whenever it is painted.

    Where nothing can be kept, it is measured in each process.
    """
    kept = _kept_at()
    if (known := _read(kept)) is not None:
        return known
    found = _measured()
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("x", encoding="utf-8") as file:  # unless another process has been quicker
            json.dump(asdict(found), file)
    return _read(kept) or found


def _read(kept: Path) -> Fastest | None:
    try:
        return Fastest(**json.loads(kept.read_text(encoding="utf-8")))
    except OSError:
        return None
    except (ValueError, TypeError):
        with suppress(OSError):
            kept.unlink()  # a process was ended while it wrote
        return None


def _kept_at() -> Path:
    """One file for each processor, version of torch, limit that the environment sets to oneDNN, and way of ours."""
    ours = sorted((str(dtype), square) for dtype, square in winograd.SQUARES.items())
    said = _processor(), torch.__version__, os.environ.get("ONEDNN_MAX_CPU_ISA", ""), ours
    name = hashlib.sha256(repr(said).encode()).hexdigest()[:16]
    folder = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(folder).expanduser() / "neural-style-transfer" / f"processor-{name}.json"


def _processor() -> str:
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        told = {line.partition(":")[0].strip(): line for line in lines}
        return "".join(told.get(name, "") for name in ("vendor_id", "cpu family", "model", "model name", "flags"))
    return f"{platform.machine()} {platform.processor()}"


def _measured() -> Fastest:
    maps, weight, bias = _layer()

    def plain(dtype: torch.dtype) -> Callable[[], Tensor]:
        ours = maps.to(dtype), weight.to(dtype), bias.to(dtype)
        if not onednn.pays(maps.device, dtype, weight):
            return lambda: F.relu_(F.conv2d(*ours, padding=1))
        kernels = onednn.kernels(*ours[1:])
        return lambda: onednn.conv2d(ours[0], kernels, (1, 1), True)[0]

    def by_winograd(dtype: torch.dtype) -> Callable[[], Tensor]:
        ours, kernels = maps.to(dtype), winograd.Kernels(weight, bias.to(dtype), dtype)
        return lambda: winograd.conv2d(ours, kernels, True)[0]

    with torch.inference_mode():
        single, half = plain(torch.float32), plain(torch.bfloat16)
        bfloat16 = _is_faster(half, single)
        if in_single := _is_faster(rule := by_winograd(torch.float32), single):
            single = rule
        if not bfloat16:
            return Fastest(False, in_single)
        if in_half := _is_faster(rule := by_winograd(torch.bfloat16), half):
            half = rule
        # All that is no convolution gains by bfloat16 as well: here it need not be clear.
        bfloat16 = not in_single or _is_faster(half, single, 1.0)
        return Fastest(bfloat16, in_half if bfloat16 else in_single)


def _layer() -> tuple[Tensor, Tensor, Tensor]:
    """Maps, weights and bias of a convolution like those of the network."""
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(1, CHANNELS, HEIGHT, WIDTH, generator=generator).relu_()
    weight = torch.randn(CHANNELS, CHANNELS, 3, 3, generator=generator) / 48
    last = torch.channels_last
    return maps.contiguous(memory_format=last), weight.contiguous(memory_format=last), torch.zeros(CHANNELS)


def _is_faster(candidate: Callable[[], Tensor], usual: Callable[[], Tensor], by: float = CLEARLY) -> bool:
    """Each at its best."""
    for work in (usual, candidate):
        work()  # kernels are made at the first call
    if _seconds(candidate) > HOPELESS * _seconds(usual):
        return False
    rounds = [(_seconds(usual), _seconds(candidate)) for _ in range(ROUNDS)]
    best, best_of_candidate = (min(column) for column in zip(*rounds, strict=True))
    return bool(best > by * best_of_candidate)


def _seconds(work: Callable[[], Tensor]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
