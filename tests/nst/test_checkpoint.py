"""A run that was cut off anywhere goes on as if it had not been."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from nst import Settings, load_vgg, stylize
from nst.__main__ import main
from nst.checkpoint import beside, read, write
from nst.device import best_device
from nst.image import read_text
from nst.record import read_record
from nst.snapshot import Snapshot
from nst.targets import total_loss
from tests.painting import PAINTING, PHOTO, QUICK, half, interrupt, noise
from tests.tiny import CPU, tiny_vgg

SCALES = {"size": 64, "start_size": 32, "steps": 9}
ONE_SCALE = SCALES | {"start_size": 8192}
FIRST_ORDER = {"learning_rate": 0.02}
CASES = {
    "lbfgs": SCALES,
    "lbfgs in one scale": ONE_SCALE | {"steps": 16},
    "lbfgs from noise": ONE_SCALE | {"init": "noise", "bounds": "free"},
    "adam": SCALES | FIRST_ORDER | {"optimizer": "adam"},
    "adam in one scale": ONE_SCALE | FIRST_ORDER | {"optimizer": "adam"},
    "rmsprop in bands": SCALES | FIRST_ORDER | {"optimizer": "rmsprop", "pyramid": 3, "bounds": "free"},
    "rmsprop in bands, clamped": SCALES | FIRST_ORDER | {"optimizer": "rmsprop", "pyramid": 3},
    "gradient descent": SCALES | {"optimizer": "sgd", "learning_rate": 30.0},
    "gradient descent in one scale": ONE_SCALE | {"optimizer": "sgd", "learning_rate": 30.0},
    "averaged": SCALES | FIRST_ORDER | {"optimizer": "adam_short", "averaging": 0.9},
    "points": SCALES | {"style_loss": "sliced nearest", "palette_weight": 0.5, "samples": 64},
    "in tiles": SCALES | {"tile": 64, "size": 96},
    "without matches": SCALES | {"match_weight": 0},
    "seamless": SCALES | {"tileable": "both"},
    "far too long steps": ONE_SCALE | {"optimizer": "sgd", "learning_rate": 1e4, "bounds": "free", "style_weight": 1e6},
    "tutorial": {"recipe": "tutorial", "size": 64, "steps": 7},
}


def pixels(frames) -> list[np.ndarray]:
    return [frame.pixels for frame in frames]


def cut(steps: Iterable[int], settings: Settings, folder: Path, **more) -> list[Snapshot]:
    """Paint, and keep a checkpoint after each of these steps; what comes after it changes nothing in the file."""
    for frame in stylize(PHOTO, PAINTING, settings, tiny_vgg(), CPU, **more):
        if frame.step in steps:
            write(frame.snapshot(), folder / f"checkpoint-{frame.step}")
        if frame.step > max(steps):
            break
    return [read(folder / f"checkpoint-{step}") for step in steps]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_goes_on_bit_for_bit_wherever_it_was_cut(case: str, tmp_path: Path) -> None:
    settings = Settings(**CASES[case])
    whole = list(stylize(PHOTO, PAINTING, settings, tiny_vgg(), CPU))
    steps = range(1, settings.steps, 2)
    for step, snapshot in zip(steps, cut(steps, settings, tmp_path), strict=True):
        rest = list(stylize(PHOTO, PAINTING, settings, tiny_vgg(), CPU, snapshot))
        assert [frame.step for frame in rest] == list(range(step + 1, settings.steps + 1))
        for went_on, frame in zip(rest, whole[step:], strict=True):
            assert np.array_equal(went_on.pixels, frame.pixels), f"cut after {step}, at {frame.step}"
            assert went_on.losses == frame.losses and went_on.progress == frame.progress
        assert rest[0].seconds > snapshot.seconds


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["painting", "tutorial", "strotss2019"])
def test_goes_on_likewise_with_the_real_network(recipe: str, tmp_path: Path) -> None:
    settings, path = Settings(recipe=recipe, size=64, steps=14, samples=128), tmp_path / "checkpoint"
    photo, painting, network, device = noise(160, 120, 1), noise(140, 140, 2), load_vgg(), best_device()
    for frame in stylize(photo, painting, settings, network, device):
        if frame.step == 11:
            write(frame.snapshot(), path)
    *_, last = stylize(photo, painting, settings, network, device, read(path))
    assert np.array_equal(last.pixels, frame.pixels)


def test_masks_and_a_start_go_on_as_well(tmp_path: Path) -> None:
    more = {"masks": [half(255, 60)], "start": noise(64, 48, 7)}
    settings = Settings(**QUICK)
    *_, last = stylize(PHOTO, PAINTING, settings, tiny_vgg(), CPU, **more)
    (snapshot,) = cut([4], settings, tmp_path, **more)
    *_, went_on = stylize(PHOTO, PAINTING, settings, tiny_vgg(), CPU, snapshot, **more)
    assert np.array_equal(went_on.pixels, last.pixels)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"settings": Settings(**QUICK, learning_rate=0.5)}, "other settings: learning_rate is 1.0 there, not 0.5"),
        ({"content": noise(96, 72, 3)}, "its photo is not the same"),
        ({"styles": [PAINTING, PAINTING]}, "its painting is not the same"),
        ({"masks": [half(255, 0)]}, "its mask is not the same"),
        ({"start": PHOTO}, "its picture to start from is not the same"),
        ({"network": replace(tiny_vgg(1), checksum="other")}, "another network"),
    ],
)
def test_belongs_to_one_run_alone(change: dict, sentence: str, tmp_path: Path) -> None:
    (snapshot,) = cut([2], Settings(**QUICK), tmp_path)
    run = {"content": PHOTO, "styles": PAINTING, "settings": Settings(**QUICK), "network": tiny_vgg(), "device": CPU}
    with pytest.raises(ValueError, match=sentence):
        stylize(**run | change, snapshot=snapshot)


def test_can_be_had_until_the_next_step_and_not_later() -> None:
    frames = stylize(PHOTO, PAINTING, Settings(**QUICK), tiny_vgg(), CPU)
    first, second = next(frames), next(frames)
    with pytest.raises(RuntimeError, match="before the next step"):
        first.snapshot()
    assert second.snapshot().step == 2
    frames.close()
    with pytest.raises(RuntimeError, match="before the next step"):
        second.snapshot()


@pytest.mark.parametrize("kind", ["missing", "empty", "picture", "other safetensors"])
def test_what_is_no_checkpoint_is_one_sentence(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "out.png.checkpoint"
    if kind == "empty":
        path.touch()
    elif kind == "picture":
        Image.new("RGB", (8, 8)).save(path, "PNG")
    elif kind == "other safetensors":
        save_file({}, path)
    with pytest.raises(ValueError, match="not a checkpoint that can be read"):
        read(path)


# In the shell


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every step."""
    monkeypatch.setattr("nst.checkpoint.EVERY", 0.0)


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = capsys.readouterr().err.replace("\r", "\n").splitlines()
    return [line.removeprefix("nst: ") for line in lines if line.startswith("nst: ")]


def levels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


KILLED = """
import sys
from nst import __main__, checkpoint
*run, whole, out = sys.argv[1:]
__main__.main([*run, "-o", whole])
checkpoint.EVERY = 0.0
print("the whole one is there", file=sys.stderr, flush=True)
__main__.main([*run, "-o", out])
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_very_same_picture(photo: Path, painting: Path, tmp_path: Path) -> None:
    """All of it in processes of their own, as other tests may have left this one with fewer threads."""
    out, whole = tmp_path / "out.png", tmp_path / "whole.png"
    run = [str(photo), str(painting), "--steps=30", "--size=48", "--start-size=32"]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *run, whole, out], stderr=subprocess.PIPE, text=True
    ) as killed:
        seen = ""
        while "step 10/" not in seen.partition("the whole one is there")[2]:
            more = killed.stderr.read(1)
            assert more, seen
            seen += more
        killed.kill()
    assert killed.returncode == -signal.SIGKILL and not out.exists()

    resumed = [sys.executable, "-m", "nst", *run, "-o", out, "--resume"]
    told = subprocess.run(resumed, capture_output=True, text=True, check=True).stderr
    assert 0 < int(re.search(r"goes on from step (\d+)", told)[1]) < 30
    assert np.array_equal(levels(out), levels(whole))
    assert sorted(file.name for file in tmp_path.iterdir() if "partial" not in file.name) == ["out.png", "whole.png"]


@pytest.mark.usefixtures("always", "small_network")
def test_a_checkpoint_lies_beside_the_picture_until_this_is_complete(
    photo: Path, painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.png"
    run = [str(photo), str(painting), "-o", str(out), "--size=48", "--steps=5"]
    with monkeypatch.context() as patch:
        interrupt(3, patch)
        assert main(run) == 130
    assert read(beside(out)).step == 3 and read_record(read_text(out)).stopped == 3
    assert "--resume goes on from there" in said(capsys)[-1]
    assert main([*run, "--resume", "--seed=7"]) == 2
    assert said(capsys) == ["The checkpoint belongs to other settings: seed is 0 there, not 7."]
    assert main([*run, "--resume"]) == 0
    assert not beside(out).exists() and read_record(read_text(out)).stopped == 0
    assert main([*run, "--resume"]) == 0
    assert any("There is no checkpoint" in line for line in said(capsys))


@pytest.mark.usefixtures("always", "small_network")
def test_a_checkpoint_that_cannot_be_written_costs_a_line_and_no_picture(
    photo: Path, painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.png"
    beside(out).mkdir()
    assert main([str(photo), str(painting), "-o", str(out), "--size=48", "--steps=2"]) == 0
    assert "could not be written" in said(capsys)[-1] and out.exists()


@pytest.mark.slow
def test_ends_early_where_the_loss_is_low_enough(
    photo: Path, painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures, knobs = (Image.open(photo), Image.open(painting)), {"size": 48, "start_size": 48, "steps": 8}
    settings = Settings(**knobs)
    losses = [total_loss(frame.losses, settings) for frame in stylize(*pictures, settings, load_vgg())]
    assert losses[4] < min(losses[:4])
    out = tmp_path / "out.png"
    run = [str(photo), str(painting), "-o", str(out), *(f"--{name.replace('_', '-')}={knobs[name]}" for name in knobs)]
    assert main([*run, f"--until={1.0001 * losses[4]}"]) == 0
    assert read_record(read_text(out)).stopped == 5
    assert "step 5/5" in capsys.readouterr().err
    for until in ("0", "-1", "nan", "inf"):
        assert main([*run, f"--until={until}"]) == 2
        assert said(capsys) == [f"until must be a number above 0, the total loss to stop at, not {until}."]
    assert main([*run, "--until=1", "--ray=auto"]) == 2
    assert said(capsys) == ["--until is for painting on this machine, and not with --ray."]


@pytest.mark.usefixtures("small_network")
def test_a_long_run_says_so_at_its_beginning(
    photo: Path, painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nst.__main__.LONG", 0.0)
    out = tmp_path / "out.png"
    assert main([str(photo), str(painting), "-o", str(out), "--size=48", "--steps=8"]) == 0
    (line,) = said(capsys)
    assert re.fullmatch(rf"About \d+ s left\. Every 3 min a checkpoint is kept in '{beside(out)}'; .*", line)
