"""What a painting will take: on a simulated machine with a clock of its own, and once on this one."""

from __future__ import annotations

import math
import statistics
from collections import OrderedDict
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image

from nst import Commission, Frame, Settings
from nst.cost import step_cost
from nst.plan import scales
from nst.recipes import RECIPES
from studio.runs import estimate

QUIET = estimate.Machine(0.02, 4e-6)
SETTINGS = Settings(size=512, steps=100)
PHOTO = Image.new("RGB", (768, 512), "grey")
COMMISSION = Commission(PHOTO, [PHOTO], SETTINGS)


def quiet(settings: Settings = SETTINGS, steps: float = math.inf) -> float:
    """Seconds of a run, or of its first steps, where nothing else goes on."""
    return QUIET.seconds(scales(*PHOTO.size, settings), settings, 1, steps)


class Simulated:
    """A machine that was probed when it was quiet, and has `load` times as much to do now."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.load = 0.0, 1.0
        monkeypatch.setattr(estimate, "_machine", QUIET)
        monkeypatch.setattr(estimate, "_paces", OrderedDict())
        monkeypatch.setattr(estimate, "clock", lambda: self.now)
        monkeypatch.setattr(
            estimate, "_step_seconds", lambda side: self.load * (QUIET.each + QUIET.per_pixel * side**2)
        )

    def step(self, side: int) -> float:
        return self.load * (QUIET.each + QUIET.per_pixel * side**2)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def paint(self, commission: Commission, run: str, until: int | None = None) -> float:
        """Every step, or those until one, each as slow as the machine is; the seconds that passed."""
        seconds = 0.0
        for step in range(1, (until or commission.settings.steps) + 1):
            passed = self.load * (
                quiet(commission.settings, step) - (quiet(commission.settings, step - 1) if step > 1 else 0)
            )
            seconds, self.now = seconds + passed, self.now + passed
            estimate.learn(commission, frame(step, seconds, commission.settings), run)
        return seconds


def frame(step: int, seconds: float, settings: Settings = SETTINGS) -> Frame:
    nothing: Any = None
    return Frame(step, settings.steps, seconds, 0.5, 512, {}, nothing, (512, 341), ())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Simulated:
    return Simulated(monkeypatch)


def predicted(settings: Settings = SETTINGS) -> float:
    seconds = estimate.predicted(settings, *PHOTO.size)
    assert seconds is not None
    return seconds


def test_time_is_work(machine: Simulated) -> None:
    one_scale = replace(SETTINGS, start_size=512)
    fewer, more = (predicted(replace(one_scale, steps=steps)) for steps in (100, 200))
    assert more - fewer == pytest.approx(100 * (0.02 + 4e-6 * 512 * 341))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_step_of_each_recipe_takes_what_it_costs(machine: Simulated, recipe: str) -> None:
    settings = Settings(recipe=recipe, size=512, start_size=512)
    fewer, more = (predicted(replace(settings, steps=steps)) for steps in (100, 200))
    plan = scales(512, 341, replace(settings, steps=100))
    work = sum(scale.steps * step_cost(scale.of(settings), 512 * 341) for scale in plan)
    assert more - fewer == pytest.approx(100 * 0.02 + 4e-6 * work)


def test_a_heavy_painting_says_nothing_bad_about_the_machine(machine: Simulated) -> None:
    thought, heavy = predicted(), Settings(recipe="strotss2019", size=256, steps=60)
    machine.paint(replace(COMMISSION, settings=heavy), "run")
    assert predicted() == pytest.approx(thought) and estimate.spread() == pytest.approx((1, 1))


def test_a_larger_picture_takes_longer_whatever_the_load(machine: Simulated) -> None:
    for machine.load in (1, 5):
        times = [predicted(replace(SETTINGS, size=size)) for size in (64, 128, 256, 512, 768)]
        assert all(later > 1.2 * earlier for earlier, later in pairwise(times))
        machine.wait(estimate.FRESH + 1)


def test_finding_matches_takes_its_time(machine: Simulated) -> None:
    times = [predicted(replace(SETTINGS, match_rounds=rounds)) for rounds in (1, 2, 3)]
    assert times[2] - times[1] == pytest.approx(times[1] - times[0])
    assert times[1] > times[0] > predicted(replace(SETTINGS, match_weight=0))


@pytest.mark.parametrize("load", [0.5, 1.0, 3.0])
def test_holds_on_a_machine_that_has_more_to_do(machine: Simulated, load: float) -> None:
    machine.load = load
    machine.wait(estimate.FRESH + 1)  # nobody has painted for a while: it looks again
    assert predicted() == pytest.approx(machine.paint(COMMISSION, "first"))
    machine.load = 2 * load
    machine.paint(COMMISSION, "second", until=50)
    assert predicted() == pytest.approx(2 * load * quiet()), "before it ends"


def test_the_beginning_of_a_run_teaches_nothing(machine: Simulated) -> None:
    thought = predicted()
    estimate.learn(COMMISSION, frame(1, 1.9), "run")
    assert predicted() == thought


def test_ten_paintings_under_a_load_that_changes(machine: Simulated) -> None:
    """Every few paintings the machine gets more or less to do, in the middle of one."""
    errors = []
    loads = [1, 1, 4, 4, 2, 2, 2, 1, 3, 3]
    for number, (load, later) in enumerate(zip(loads, [*loads[1:], 3], strict=True)):
        machine.load = load
        said, run = predicted(), str(number)
        half = machine.paint(COMMISSION, run, until=50)
        machine.load = later
        seconds = half + later * (quiet() - half / load)
        machine.wait(seconds - half)
        estimate.learn(COMMISSION, frame(100, seconds), run)
        errors.append(abs(said - seconds) / seconds)
        machine.wait(estimate.FRESH + 1)
    assert statistics.median(errors) <= 0.25


def test_says_how_far_it_may_be_off_while_the_load_changes(machine: Simulated) -> None:
    predicted()
    assert estimate.spread() == pytest.approx((1, 1))
    machine.load = 3
    machine.paint(COMMISSION, "run")
    assert estimate.spread() == pytest.approx((1 / 3, 1))
    machine.wait(estimate.REMEMBERED + 1)
    predicted()
    assert estimate.spread() == pytest.approx((1, 1)), "what was long ago says nothing about now"


@pytest.mark.parametrize("load", [1, 5])
def test_a_run_corrects_itself_within_its_first_tenth(machine: Simulated, load: float) -> None:
    whole = load * quiet()
    assert estimate.left(COMMISSION, frame(estimate.FIRST_STEPS - 1, 9.0)) is None, "too few steps to say"
    seconds = load * quiet(SETTINGS, 10)
    assert estimate.left(COMMISSION, frame(10, seconds)) == pytest.approx(whole - seconds)
    assert estimate.left(COMMISSION, frame(100, whole)) == 0


def test_a_machine_that_was_never_measured_learns_from_its_first_run(
    machine: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "_machine", None)
    assert estimate.predicted(SETTINGS, *PHOTO.size) is None
    estimate.learn(COMMISSION, frame(100, 10.0), "run")
    assert predicted() == pytest.approx(10.0)


def test_a_film_takes_a_picture_and_little_for_each_other_frame(machine: Simulated) -> None:
    size, picture = (384, 216), estimate.predicted(SETTINGS, 384, 216)
    films = [estimate.predicted_film(SETTINGS, size, frames) for frames in (1, 2, 13, 24)]
    assert films[0] == pytest.approx(picture)
    each = films[1] - films[0]
    assert 3 * each < picture and films[2:] == pytest.approx([picture + 12 * each, picture + 23 * each])
    machine.load = 2.0
    machine.wait(estimate.FRESH + 1)
    assert estimate.predicted(SETTINGS, 384, 216) == pytest.approx(2 * picture)
    assert estimate.predicted_film(SETTINGS, size, 13) == pytest.approx(2 * films[2])
    assert estimate.predicted_morph(SETTINGS, 48) < estimate.predicted_film(SETTINGS, (512, 341), 48)


@pytest.mark.slow
def test_the_probe_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "_machine", None)
    monkeypatch.setattr(estimate, "_paces", OrderedDict())
    monkeypatch.setattr(estimate, "PROBES", (64, 96))
    estimate.probe()
    assert predicted(Settings()) > 0


def test_every_scale_is_counted() -> None:
    plan = scales(*PHOTO.size, SETTINGS)
    unit = estimate.Machine(1.0, 0.0)
    bare = replace(SETTINGS, match_weight=0)
    assert unit.seconds(plan, bare, 1) == pytest.approx(100 + len(plan) * 2 * estimate.LOOK)


def test_going_on_is_done_at_the_final_size(machine: Simulated) -> None:
    going_on = replace(COMMISSION, start=PHOTO)
    assert estimate.left(going_on, frame(50, 10.0)) == pytest.approx(10, rel=0.1)
    assert estimate.left(COMMISSION, frame(50, 10.0)) > 20, "half of the steps, and the dearer half is to come"
