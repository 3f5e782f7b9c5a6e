import sys
from pathlib import Path

import pytest
import torch

from nst import device
from nst.device import best_device


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


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
def test_bfloat16_is_chosen_exactly_where_the_processor_has_it(monkeypatch):
    without_accelerators(monkeypatch)
    flags = set(Path("/proc/cpuinfo").read_text().split())
    native = bool(flags & {"avx512_bf16", "amx_bf16"})
    assert best_device().dtype is (torch.bfloat16 if native else torch.float32)


def test_a_torch_without_the_probes_computes_in_float32(monkeypatch):
    without_accelerators(monkeypatch)
    for probe in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, probe, raising=False)
    assert best_device().dtype is torch.float32
