"""A painting that comes to an end, with an engine that fails at will."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image

from nst import Commission, Frame, Settings, resilient
from tests.painting import noise
from tests.tiny import CPU, tiny_vgg

PHOTO, PAINTING = Image.new("RGB", (200, 100), "teal"), Image.linear_gradient("L").convert("RGB")


class Engine:
    """Paints one grey level brighter at each step; before certain steps it fails."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = {int(step.removeprefix("at_")): error for step, error in failures.items()}
        self.begun: list[tuple[Settings, Image.Image | None]] = []
        self.taken = 0

    def __call__(self, commission: Commission, network: Any, device: Any) -> Generator[Frame, None, None]:
        self.begun.append((commission.settings, commission.start))
        return self.frames(commission.settings)

    def frames(self, settings: Settings) -> Generator[Frame, None, None]:
        for step in range(1, settings.steps + 1):
            self.taken += 1
            if error := self.failures.get(self.taken):
                raise error
            pixels = torch.full((1, 3, 2, 4), self.taken / 255)
            yield Frame(
                step, settings.steps, 0.5 * step, step / settings.steps, settings.size,
                {"style": torch.tensor(1.0)}, lambda _, pixels=pixels: pixels, (settings.size, settings.size // 2),
            )  # fmt: skip


@pytest.fixture
def paint(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def with_engine(engine: Engine, seconds: float = float("inf"), **said: Any) -> list[Any]:
        monkeypatch.setattr(resilient, "paint", engine)
        monkeypatch.setattr(resilient, "_release_memory", lambda: None)  # this engine holds none
        settings = Settings(**({"size": 100, "steps": 6} | said))
        return list(resilient.resilient(Commission(PHOTO, [PAINTING], settings), tiny_vgg(), seconds=seconds))

    return with_engine


def test_changes_nothing_where_nothing_happens(paint: Callable[..., Any]) -> None:
    frames = paint(engine := Engine())
    assert [(frame.step, frame.steps, frame.note) for frame in frames] == [(step, 6, "") for step in range(1, 7)]
    assert frames[-1].progress == 1
    assert len(engine.begun) == 1


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("not enough memory: you tried to allocate 10 bytes."),
    ],
)
def test_out_of_memory_it_goes_on_smaller_from_the_picture_so_far(paint: Callable[..., Any], error: Exception) -> None:
    frames = paint(engine := Engine(at_4=error))
    assert [frame.step for frame in frames] == [1, 2, 3, 4, 5, 6]
    assert {frame.steps for frame in frames} == {6}
    assert [frame.note for frame in frames] == [""] * 3 + ["smaller"] * 3
    (first, _), (second, start) = engine.begun
    assert (first.size, second.size, second.steps) == (100, 70, 3)
    assert start.tobytes() == frames[2].image.tobytes()
    assert [frame.seconds for frame in frames] == [0.5, 1, 1.5, 2, 2.5, 3]
    progress = [frame.progress for frame in frames]
    assert progress == sorted(progress) and progress[-1] == 1


def test_without_a_picture_it_begins_anew(paint: Callable[..., Any]) -> None:
    frames = paint(engine := Engine(at_1=MemoryError(), at_2=MemoryError()))
    assert [frame.step for frame in frames] == [1, 2, 3, 4, 5, 6]
    assert [(settings.size, start) for settings, start in engine.begun] == [(100, None), (70, None), (49, None)]


def test_a_photo_smaller_than_the_size_shrinks_from_its_own(paint: Callable[..., Any]) -> None:
    paint(engine := Engine(at_1=MemoryError()), size=2000)
    assert engine.begun[1][0].size == 140


def test_astray_it_goes_on_with_shorter_steps(paint: Callable[..., Any]) -> None:
    frames = paint(engine := Engine(at_3=FloatingPointError("no number")), learning_rate=1.0)
    assert [frame.note for frame in frames] == ["", "", "gentler", "gentler", "gentler", "gentler"]
    assert engine.begun[1][0].learning_rate == 0.25
    assert engine.begun[1][1].tobytes() == frames[1].image.tobytes()


def test_the_last_good_picture_is_kept_when_nothing_helps(paint: Callable[..., Any]) -> None:
    failures = {f"at_{step}": FloatingPointError() for step in range(3, 7)}
    frames = paint(Engine(**failures))
    assert [(frame.step, frame.steps, frame.note) for frame in frames] == [(1, 6, ""), (2, 6, ""), (2, 2, "given_up")]
    assert frames[-1].image.tobytes() == frames[1].image.tobytes()
    assert (frames[-1].progress, frames[-1].seconds_left) == (1, 0)


def test_what_cannot_be_helped_is_said(paint: Callable[..., Any]) -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        paint(Engine(at_2=RuntimeError("shapes do not match")))
    with pytest.raises(MemoryError):
        paint(Engine(**{f"at_{step}": MemoryError() for step in range(1, 9)}))


def test_time_is_up(paint: Callable[..., Any]) -> None:
    (only,) = paint(Engine(), seconds=0)
    assert (only.step, only.steps, only.progress, only.note) == (1, 1, 1, "deadline")
    assert paint(Engine(), seconds=0, steps=1)[0].note == ""  # it was done anyway


def test_the_real_engine_at_the_end_of_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from nst import transfer

    real = transfer.objective_for

    def greedy(photo: torch.Tensor, *more: Any) -> Any:
        if max(photo.shape[-2:]) > 100:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(photo, *more)

    monkeypatch.setattr(transfer, "objective_for", greedy)
    settings = Settings(size=128, steps=6, start_size=64)
    *_, last = resilient.resilient(Commission(PHOTO, [PAINTING], settings), tiny_vgg(), CPU)
    assert (last.step, last.steps, last.note, last.image.size) == (6, 6, "smaller", (90, 45))


def test_refuses_before_the_first_step() -> None:
    with pytest.raises(ValueError, match="short side"):
        resilient.resilient(Commission(PHOTO, [Image.new("RGB", (7, 7))], Settings()), tiny_vgg(), CPU)


class Wanderer(Engine):
    """Has the losses that it is told, one after the other, and then the last ones for ever."""

    def __init__(self, *losses: tuple[float, float]) -> None:
        super().__init__()
        self.losses = losses

    def frames(self, settings: Settings) -> Generator[Frame, None, None]:
        for frame in super().frames(settings):
            style, content = self.losses[min(self.taken, len(self.losses)) - 1]
            yield replace(frame, deferred_losses={"style": torch.tensor(style), "content": torch.tensor(content)})


GOOD, BETTER, LOST = (1.0, 0.0), (0.5, 0.4), (1.2, 2.0)


def test_lost_for_too_long_it_goes_back_to_the_last_good_picture(paint: Callable[..., Any]) -> None:
    lost = [LOST] * resilient.PATIENCE
    frames = paint(engine := Wanderer(GOOD, BETTER, *lost, (0.9, 0.1)), steps=20, learning_rate=100.0)
    assert [settings.learning_rate for settings, _ in engine.begun] == [100, 1]
    assert engine.begun[1][1].tobytes() == frames[0].image.tobytes(), "whose losses the second frame has"
    assert [frame.step for frame in frames] == [*range(1, 9), *range(10, 21)], (
        "the one on which it was seen is not shown"
    )
    assert {frame.note for frame in frames[8:]} == {"gentler"}


@pytest.mark.parametrize(
    "losses",
    [
        [GOOD, *[LOST] * (resilient.PATIENCE - 1), BETTER, LOST],  # it finds back by itself
        [GOOD, (1.2, 0.0)],  # one of the losses is as low as ever
        [GOOD, (0.9, 2.0), (0.7, 0.9), (0.71, 0.95)],  # it hovers about its goal
        [(1.0, 1.0)],  # it has arrived
    ],
)
def test_is_left_alone_where_it_may_still_arrive(paint: Callable[..., Any], losses: list[tuple[float, float]]) -> None:
    frames = paint(engine := Wanderer(*losses), steps=8)
    assert len(engine.begun) == 1 and {frame.note for frame in frames} == {""}


def test_far_above_its_lowest_it_is_lost_though_below_its_beginning(paint: Callable[..., Any]) -> None:
    paint(engine := Wanderer((9.0, 9.0), (0.2, 0.2), (0.6, 0.9)), steps=12)
    assert len(engine.begun) == 2


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_lost(paint: Callable[..., Any], number: float) -> None:
    *_, last = paint(Wanderer(GOOD, BETTER, (number, 0.0)), steps=40)
    assert (last.note, last.progress) == ("given_up", 1)
    assert last.image.getpixel((0, 0)) == (1, 1, 1), "the first step's, which is the last good one"


@pytest.mark.parametrize(
    ("optimizer", "rate", "gentler"),
    [("lbfgs", 1e4, 1), ("lbfgs", 1.0, 0.25), ("adam", 5.0, 0.02), ("rmsprop", 0.02, 0.005), ("sgd", 1e4, 100)],
)
def test_a_learning_rate_becomes_suitable(
    paint: Callable[..., Any], optimizer: str, rate: float, gentler: float
) -> None:
    paint(engine := Engine(at_2=FloatingPointError()), optimizer=optimizer, learning_rate=rate)
    assert engine.begun[1][0].learning_rate == gentler


@pytest.mark.slow
@pytest.mark.parametrize(
    "knobs",
    [
        {"learning_rate": 1e3},
        {"optimizer": "adam", "learning_rate": 1.0, "bounds": "free"},
        {"optimizer": "sgd", "learning_rate": 1e4, "bounds": "free"},
    ],
)
def test_the_real_engine_with_absurd_steps_ends_below_where_it_began(knobs: dict[str, Any]) -> None:
    photo, painting = noise(96, 72, 1), noise(96, 96, 2)
    commission = Commission(photo, [painting], Settings(size=48, steps=40, **knobs))
    frames = list(resilient.resilient(commission, tiny_vgg(width=16), CPU))
    assert frames[-1].note == "gentler" and frames[-1].step == frames[-1].steps
    assert frames[-1].losses["style"] < frames[0].losses["style"]
