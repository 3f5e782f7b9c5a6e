"""Where a run happens: with a stand-in for ZeroGPU that really forks and pickles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from nst import Commission, Settings
from studio import limits
from studio.runs import zerogpu
from tests.serving import PATIENCE, ROOT, folders, page, until

pytestmark = pytest.mark.slow

PHOTO = Image.linear_gradient("L").convert("RGB").resize((120, 80))

CHILD = """
import json, os, sys
from PIL import Image
from studio.runs import zerogpu
from studio.runs import run
from studio.runs.choices import commission
import spaces, torch
from nst import Commission, Settings, device
photo = Image.linear_gradient("L").convert("RGB").resize((120, 80))
asked = []
device.best_device, best = lambda: asked.append("here") or best(), device.best_device
import nst.transfer; nst.transfer.best_device = device.best_device
frames_of = run.frames_of
frames = list(frames_of(Commission(photo, [photo], Settings(size=96, steps=6, start_size=32))))
try:
    frames_of(commission(photo, [None], Settings()))
except Exception as error:
    refused = error.message
print(json.dumps({
    "kinds": sorted({type(frame).__name__ for frame in frames}), "last": [frames[-1].step, frames[-1].steps],
    "size": frames[-1].image.size, "preview": frames[-1].preview(48).size, "durations": spaces.DURATIONS,
    "asked": asked, "refused": refused, "losses": sorted(frames[-1].losses),
}))
"""


@pytest.fixture
def zero(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    return {"SPACES_ZERO_GPU": "true", "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'fakes'}"}


def test_without_zero_gpu_nothing_is_changed() -> None:
    def anything() -> None: ...

    assert zerogpu.borrowed(10)(anything) is anything
    assert "spaces" not in sys.modules


def test_runs_in_a_process_of_its_own(zero: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, env=os.environ | zero, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {
        "kinds": ["RunFrame"],
        "last": [6, 6],
        "size": [96, 64],
        "preview": [48, 32],
        "durations": [zerogpu.SHORTEST],
        "asked": [],
        "refused": "Please choose a painting.",
        "losses": told["losses"],
    }  # fmt: skip  (the parent has asked for no device)
    assert {"style", "content"} <= set(told["losses"])


def test_a_program_does_not_notice_and_a_page_that_is_killed_leaves_no_folder(
    zero: dict[str, str], tmp_path: Path, photo: Path, painting: Path
) -> None:
    with page(tmp_path, **zero) as (address, process):
        client = Client(address, verbose=False, analytics_enabled=False)
        pictures = {"content": handle_file(photo), "style": handle_file(painting)}
        outputs = list(job := client.submit(**pictures, size=64, steps=4, api_name="/stylize"))
        job.result()
        with Image.open(outputs[-1][0]) as picture:
            assert (picture.format, picture.size) == ("PNG", (64, 48))
        assert outputs[-1][1]["step"] == 4
        with pytest.raises(AppError, match="Please choose a painting"):
            client.predict(content=handle_file(photo), style=None, api_name="/stylize")
        endless = client.submit(**pictures, size=64, steps=10_000, api_name="/stylize")
        next(iter(endless))
        endless.cancel()
        assert client.predict(**pictures, size=64, steps=2, api_name="/stylize")  # the device is free again
        client.close()
        assert len(folders(tmp_path)) == 1
        process.kill()
        process.wait(timeout=PATIENCE)
        until(lambda: not folders(tmp_path))


@pytest.fixture
def uncapped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(limits, "LIMITS", limits.Limits())
    yield


@pytest.mark.usefixtures("uncapped")
def test_asks_for_what_the_settings_need() -> None:
    photo = Image.new("RGB", (2048, 1024))
    asked = [
        zerogpu.seconds_for(Commission(photo, [photo], Settings(size=size, steps=steps)))
        for size, steps in ((64, 10), (1024, 1500), (2048, 1500), (2048, 10_000))
    ]
    assert asked == sorted(asked)
    assert (asked[0], asked[-1]) == (zerogpu.SHORTEST, zerogpu.LONGEST)
    assert len(set(asked)) >= 3
