import subprocess
import sys

import pytest
import torch

from nst import probe
from nst.probe import Fastest


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    probe.fastest.cache_clear()
    yield
    probe.fastest.cache_clear()


def timed(monkeypatch, **costs: float) -> list[str]:
    """Stands in for the clock: how long each convolution takes, by its kind. Returns which were asked for."""
    for name, small in (("CHANNELS", 16), ("HEIGHT", 8), ("WIDTH", 8)):  # all are computed, and none is really timed
        monkeypatch.setattr(probe, name, small)
    asked = []

    def seconds(work) -> float:
        made_by, dtype = work.__qualname__.split(".")[2], work().dtype
        asked.append(f"{made_by}_{str(dtype).removeprefix('torch.')}")
        return costs[asked[-1]]

    monkeypatch.setattr(probe, "_seconds", seconds)
    return asked


@pytest.mark.parametrize(
    ("seconds", "expected"),  # in float32 and in bfloat16, by oneDNN and by Winograd's rule
    [
        ((2.0, 1.9, 1.0, 0.5), Fastest(bfloat16=True, winograd=True)),
        ((2.0, 1.9, 1.0, 0.95), Fastest(bfloat16=True, winograd=False)),
        ((2.0, 1.9, 1.0, 3.0), Fastest(bfloat16=True, winograd=False)),
        ((2.0, 1.9, 1.95, 0.5), Fastest(bfloat16=False, winograd=False)),
        ((2.0, 1.9, 4.0, 0.5), Fastest(bfloat16=False, winograd=False)),
        ((2.0, 0.9, 4.0, 2.0), Fastest(bfloat16=False, winograd=True)),
        ((2.0, 0.9, 1.0, 0.8), Fastest(bfloat16=True, winograd=True)),
        ((2.0, 0.9, 0.8, 0.75), Fastest(bfloat16=True, winograd=False)),
        ((2.0, 0.9, 1.0, 0.95), Fastest(bfloat16=False, winograd=True)),
    ],
)
def test_what_is_clearly_faster_is_taken(monkeypatch, seconds, expected):
    names = "plain_float32", "by_winograd_float32", "plain_bfloat16", "by_winograd_bfloat16"
    timed(monkeypatch, **dict(zip(names, seconds, strict=True)))
    assert probe.fastest() == expected


def test_what_is_hopeless_is_not_measured_again(monkeypatch):
    asked = timed(monkeypatch, plain_float32=1.0, by_winograd_float32=1.0, plain_bfloat16=50.0)
    assert not probe.fastest().bfloat16
    assert asked.count("plain_bfloat16") == 1


def test_both_ways_compute_the_same_convolution():
    """What is compared must be worth comparing."""
    found = []

    def seconds(work) -> float:
        found.append(work().float())
        return 1.0 if found[-1] is found[0] else 0.5  # so that Winograd's is asked for, too

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probe, "_seconds", seconds)
        probe.fastest()
    assert found[0].abs().mean() > 0.1
    for other in found[1:]:
        assert (other.relu() - found[0].relu()).norm() / found[0].relu().norm() < 0.02


def test_it_is_measured_once_for_each_processor(monkeypatch):
    monkeypatch.setattr(probe, "_measured", lambda: Fastest(bfloat16=True, winograd=True))
    first = probe.fastest()
    probe.fastest.cache_clear()  # as in another process
    monkeypatch.setattr(probe, "_measured", lambda: Fastest(bfloat16=False, winograd=False))
    assert probe.fastest() == first
    probe.fastest.cache_clear()
    monkeypatch.setattr(probe, "_processor", lambda: "another one")
    assert probe.fastest() == Fastest(bfloat16=False, winograd=False)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"bfloat16": true}', '{"bfloat16": true, "of": "another"}'])
def test_a_broken_file_is_measured_anew_and_mended(monkeypatch, content):
    path = probe._kept_at()
    path.parent.mkdir()
    path.write_text(content)
    expected = Fastest(bfloat16=True, winograd=False)
    monkeypatch.setattr(probe, "_measured", lambda: expected)
    assert probe.fastest() == expected
    assert probe._read(path) == expected


def test_where_nothing_can_be_kept_it_is_measured_all_the_same(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    expected = Fastest(bfloat16=False, winograd=False)
    monkeypatch.setattr(probe, "_measured", lambda: expected)
    assert probe.fastest() == expected


@pytest.mark.slow
def test_all_processes_take_what_the_first_has_found(tmp_path):
    program = "from nst.probe import fastest; print(fastest())"
    first = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (kept,) = (tmp_path / "neural-style-transfer").iterdir()
    written = kept.stat().st_mtime_ns
    assert str(probe._read(kept)) == str(probe.fastest()) == first.stdout.strip()  # this process is the second
    assert kept.stat().st_mtime_ns == written


def test_a_processor_without_bfloat16_is_not_asked_to_lay_weights_out_in_it(monkeypatch):
    """torch refuses to, there."""
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    timed(monkeypatch, plain_float32=1.0, by_winograd_float32=1.0, plain_bfloat16=9.0)
    assert not probe.fastest().bfloat16
