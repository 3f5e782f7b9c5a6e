"""The checks for a GPU run to their end on a CPU, and notice what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.gpu import __main__ as command
from tests.gpu.checks import AT_THE_END, CHECKS, Bench, Found, no_waiting
from tests.gpu.machine import StandIn
from tests.tiny import SMALL_VGG19

pytestmark = pytest.mark.slow


def test_all_of_it_runs_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "OUT", tmp_path)
    monkeypatch.setattr("tests.gpu.checks.load_vgg", lambda: SMALL_VGG19)  # what it sees is not the point here
    assert command.main(["--stand-in", "--sizes", "32"]) == 0
    told = capsys.readouterr().out
    assert all(f"| {check.__name__.replace('_', ' ')} | yes |" in told for check in (*CHECKS, *AT_THE_END))
    assert "## Pictures on a GPU" in told and (tmp_path / "gpu-stand-in/benchmarks.md").exists()


def test_what_waits_or_breaks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(bench: Bench) -> Found:
        raise RuntimeError("The device is gone.\nAnd more.")

    bench = Bench.of(StandIn(), 64, 96)
    told = {"breaks": Found(False, "RuntimeError: The device is gone.")}
    assert command.checked(bench, [breaks], ends=float("inf")) == told
    assert command.checked(bench, [breaks], ends=0.0) == {"breaks": Found(False, "no time was left")}
    monkeypatch.setattr(command, "_timed", lambda bench, size, most: breaks(bench))
    assert list(command.timed(bench, [64], float("inf"))) == [[64, "RuntimeError: The device is gone.", "", "", ""]]
    assert list(command.timed(bench, [64], 0.0)) == [[64, "no time was left", "", "", ""]]
    monkeypatch.setattr("tests.gpu.checks.RECIPES", ["painting"])
    monkeypatch.setattr(StandIn, "waits", lambda _, work: work() and ["solver.py:7"])
    assert no_waiting(bench) == Found(False, "the host waits in painting at solver.py:7")


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_without_a_gpu_it_says_so() -> None:
    with pytest.raises(SystemExit, match="There is no CUDA device here, only cpu"):
        command.main([])
