"""Paintings on a real Ray cluster: a head that does not paint, and two workers, one of which is killed in the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"

import pytest
import ray
from PIL import Image
from ray.cluster_utils import Cluster

from nst import Commission, cluster, commission
from nst.__main__ import main
from nst.settings import Settings
from nst.transfer import paint, stylize
from studio.runs import backend, zerogpu
from studio.runs.run import frames_of
from tests.painting import half, noise
from tests.serving import ROOT, until
from tests.tiny import CPU, tiny_vgg

pytestmark = pytest.mark.slow

NETWORK = tiny_vgg()
PHOTO, PAINTING = noise(160, 120, 1), noise(140, 140, 2)
ENDLESS = Settings(size=160, steps=10**4)
HEAD = {
    "num_cpus": 0,
    "object_store_memory": 200 * 2**20,
    "include_dashboard": False,
    "_system_config": {  # a dead machine is noticed within two seconds, not thirty
        "health_check_initial_delay_ms": 500,
        "health_check_period_ms": 500,
        "health_check_timeout_ms": 1000,
        "health_check_failure_threshold": 2,
    },
}


@pytest.fixture(scope="module")
def machines():
    running = Cluster(initialize_head=True, head_node_args=HEAD)
    try:
        for _ in range(2):
            running.add_node(num_cpus=2, num_gpus=0, object_store_memory=100 * 2**20)
        cluster.connect(running.address)
        yield running
    finally:
        ray.shutdown()
        running.shutdown()


def on_the_cluster(settings, **more):
    return cluster.paint(Commission(PHOTO, [PAINTING], settings), NETWORK, CPU, **more)


def painted(settings, engine=cluster.paint, **more):
    *_, last = engine(Commission(PHOTO, [PAINTING], settings, **more), NETWORK, CPU)
    return last


def all_free() -> bool:
    return ray.available_resources().get("CPU") == 2 * cluster.devices()


def test_it_has_a_device_for_every_two_cores_of_its_workers(machines):
    assert cluster.devices() == 2


def test_the_page_paints_there_as_many_at_once_as_there_are_devices(machines, monkeypatch):
    monkeypatch.setattr(backend, "ADDRESS", machines.address)
    monkeypatch.setattr(zerogpu, "load_vgg", lambda name: NETWORK)
    backend.engine.cache_clear()
    try:
        assert backend.devices() == 2
        settings = Settings(size=96, steps=6)
        *_, there = frames_of(Commission(PHOTO, [PAINTING], settings))
    finally:
        backend.engine.cache_clear()
    *_, here = stylize(PHOTO, PAINTING, settings, NETWORK)
    assert there.image.tobytes() == here.image.tobytes()


def test_the_picture_is_the_one_that_is_painted_here(machines):
    settings, start, mask = Settings(size=96, steps=6), noise(96, 72, 3), Image.linear_gradient("L")
    for more in ({}, {"start": start, "masks": [mask]}):
        here, there = painted(settings, paint, **more), painted(settings, **more)
        assert (there.step, there.steps, there.progress, there.long_side) == (6, 6, 1.0, 96)
        assert there.losses == here.losses
        assert there.image.tobytes() == here.image.tobytes()
        assert there.pixels.tobytes() == here.pixels.tobytes()
        assert there.preview(48).size == (48, 36)


def test_who_leaves_a_cluster_and_joins_one_later_paints_there(machines):
    before = painted(Settings(size=64, steps=2)).image.tobytes()
    ray.shutdown()
    cluster.connect(machines.address)
    assert painted(Settings(size=64, steps=2)).image.tobytes() == before


@pytest.mark.parametrize(
    "knobs",
    [{"keep_faces": "yes"}, {"strokes": "0.1,0.5 0.9,0.5"}, {"keep_faces": "yes", "strokes": "0.5,0.1 0.5,0.9"}],
)
def test_faces_are_kept_and_strokes_followed_there_as_here_and_faces_looked_for_here(machines, monkeypatch, knobs):
    looked = []
    monkeypatch.setattr(commission, "mask_if_any", lambda photo: looked.append(photo) or half(255, 0, photo.size))
    settings = Settings(size=96, steps=6, **knobs)
    here, there, plain = (painted(settings, paint), painted(settings), painted(Settings(size=96, steps=6), paint))
    assert there.image.tobytes() == here.image.tobytes() != plain.image.tobytes()
    assert there.losses == here.losses
    assert len(looked) == (2 if "keep_faces" in knobs else 0)


def test_a_photo_without_faces_is_painted_there_as_any(machines, monkeypatch):
    monkeypatch.setattr(commission, "mask_if_any", lambda photo: half(0, 0, photo.size))
    here, there = painted(Settings(size=96, steps=4), paint), painted(Settings(size=96, steps=4, keep_faces="yes"))
    assert there.image.tobytes() == here.image.tobytes()


def test_a_mistake_is_said_before_anything_is_sent(machines):
    with pytest.raises(ValueError, match="Please choose a painting"):
        cluster.paint(Commission(PHOTO, [], ENDLESS), NETWORK)


def test_frames_come_while_it_is_painted_and_to_close_it_is_to_stop(machines):
    run = on_the_cluster(ENDLESS)
    first, second = next(run), next(run)
    assert 1 == first.step < second.step < 1000
    assert not all_free()
    run.close()
    until(all_free)
    assert next(run, None) is None
    assert second.image.size == (160, 120), "what was painted so far is kept"


def test_a_painting_that_nobody_watches_waits_and_can_still_be_stopped(machines):
    run = on_the_cluster(ENDLESS)
    next(run)
    time.sleep(2)
    assert next(run).step < 500, "a worker is at most two frames ahead"
    del run
    until(all_free)


def test_a_large_picture_travels_as_a_small_one_until_it_is_asked_for():
    photo = noise(1000, 800, 4)
    (frame,) = stylize(photo, PAINTING, Settings(size=1000, steps=1), NETWORK, CPU)
    note = cluster._note(frame)
    assert len(ray.cloudpickle.dumps(note)) < frame.pixels.nbytes / 50, "with its matches"

    assert cluster._complete(note, "no reference to any pixels").preview(500).size == (500, 400)


def arguments(machines, tmp_path, names, steps):
    """Of the shell, for a folder with photos of these names."""
    (tmp_path / "photos").mkdir(exist_ok=True)
    for name in names:
        PHOTO.save(tmp_path / "photos" / name)
    PAINTING.save(tmp_path / "style.png")
    more = ["--style", tmp_path / "style.png", "-o", tmp_path / "out", "--size", 32, "--steps", steps]
    return [*map(str, ["--ray", machines.address, tmp_path / "photos", *more])]


def listed(folder):
    return sorted(file.name for file in folder.iterdir())


def test_the_shell_paints_a_folder_there_and_goes_on_where_it_was(machines, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_text("finished yesterday")
    code, said = main(arguments(machines, tmp_path, ["a.png", "b.png", "c.png"], steps=2)), capsys.readouterr().err
    assert code == 0, said
    assert "1 of 3 pictures were there already" in said and "s left" in said
    assert listed(tmp_path / "out") == ["a.png", "b.png", "c.png"]
    assert (tmp_path / "out" / "a.png").read_text() == "finished yesterday"
    with Image.open(tmp_path / "out" / "b.png") as picture:
        assert picture.size == (32, 24)


def test_ctrl_c_keeps_every_picture_that_is_being_painted_and_stops_the_workers(machines, tmp_path):
    command = [sys.executable, "-m", "nst", *arguments(machines, tmp_path, ["a.png", "b.png"], steps=10_000)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as run:
        seen, end = "", time.monotonic() + 240
        while seen.count(" step ") < 8 and time.monotonic() < end:
            seen += run.stderr.read(1)
        run.send_signal(signal.SIGINT)
        said = run.stderr.read()
        assert run.wait(240) == 130, said
    assert "Traceback" not in said
    kept = listed(tmp_path / "out")
    assert kept and set(kept) <= {"a.unfinished.png", "b.unfinished.png"}
    until(all_free)


def test_without_a_cluster_one_sentence_says_so(photo, painting, tmp_path, capsys):
    code = main([str(photo), str(painting), "-o", str(tmp_path / "out.png"), "--ray", "127.0.0.1:1"])
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    (line,) = said.err.splitlines()
    assert line == "nst: There is no Ray cluster at '127.0.0.1:1'; `ray start --head` begins one."
    assert list(tmp_path.iterdir()) == []


def test_a_killed_machine_costs_one_sentence_and_no_picture(machines):
    settings, said, latest = Settings(size=160, steps=60), [], {}  # a worker waits two frames ahead: none ends before
    runs = {key: on_the_cluster(settings, say=said.append) for key in "abc"}
    victim = None
    for key, frame in cluster.side_by_side(runs.items()):
        latest[key] = frame
        if victim is None and frame.step < frame.steps and runs[key]._machine:
            (victim,) = (node for node in machines.worker_nodes if node.node_id == runs[key]._machine)
            machines.remove_node(victim, allow_graceful=False)
    assert said == ["A worker was lost; the painting begins again on another one."]
    here = painted(settings, paint).image.tobytes()
    assert {key: frame.image.tobytes() == here for key, frame in latest.items()} == dict.fromkeys("abc", True)
    until(lambda: cluster.devices() == 1)
