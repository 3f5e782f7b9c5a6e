"""Strangers' films behind the gate: whatever a decoder does, one film pays for it, and the next one is opened."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from nst.film import reading
from nst.film.reading import Film, frames, look, part_of, sound
from nst.gate import pool
from nst.gate.pool import Pool
from tests.films import moving, write_film

DEEDS_OF_ALL = [
    ("crash", "is damaged"),
    ("spin", "takes too long to open"),
    ("sleep", "takes too long to open"),
    ("eat", "needs too much memory to open"),
    ("send_words", "is damaged"),
    ("ask_for_too_much", "is damaged"),
]


@pytest.fixture(scope="module")
def workers() -> Iterator[Pool]:
    pool = Pool("tests.hostile_films", workers=2)
    yield pool
    pool.close()


@pytest.fixture
def gate(workers: Pool, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """Films are opened by hostile decoders."""
    monkeypatch.setattr(reading, "GATE", workers)
    monkeypatch.setattr(reading, "MEGABYTES", 400)
    return workers


@pytest.fixture
def honest(tmp_path: Path) -> Film:
    """It has six frames, half a second, and sound."""
    return look(write_film(tmp_path / "honest.mp4", moving(6), sound=1))


def hostile(film: Film, deed: str) -> Film:
    """A film that says the same of itself, and then does that."""
    path = film.path.with_name("hostile.mp4")
    path.write_bytes(deed.encode())
    return replace(film, path=path)


def hurry(deed: str, patience: pytest.MonkeyPatch) -> None:
    if deed == "spin":
        patience.setattr(pool, "SECONDS", 1)
        patience.setattr(reading, "LOOKING", 0)
        patience.setattr(reading, "A_FRAME", 0.01)
    if deed == "sleep":
        patience.setattr(pool, "PATIENCE", 2.0)


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize(("deed", "sentence"), [*DEEDS_OF_ALL, ("claim_everything", "dam"), ("claim_nothing", "dam")])
@pytest.mark.slow
def test_a_film_that_misbehaves_when_it_is_looked_at(
    deed: str, sentence: str, honest: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patience, pytest.raises(ValueError, match=f"^The film .*{sentence}.*; please .*[.]$"):
        hurry(deed, patience)
        look(hostile(honest, deed).path)
    assert look(honest.path) == honest


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize(("deed", "sentence"), [*DEEDS_OF_ALL, ("send_huge", "dam"), ("send_other_numbers", "dam")])
@pytest.mark.slow
def test_a_film_that_misbehaves_in_its_midst(
    deed: str, sentence: str, honest: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before is there."""
    seen = []
    with monkeypatch.context() as patience, pytest.raises(ValueError, match=f"^The film .*{sentence}.*; please .*[.]$"):
        hurry(deed, patience)
        for picture in frames(hostile(honest, deed), part_of(honest, 64)):
            seen.append(picture)
    assert [one.size for one in seen] == [(64, 48)]
    assert len(list(frames(honest, part_of(honest, 64)))) == 6


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("deed", ["crash", "send_huge", "send_other_numbers"])
def test_a_film_keeps_its_pictures_when_its_sound_misbehaves(deed: str, honest: Film) -> None:
    heard = list(sound(hostile(honest, deed), part_of(honest, 64)))
    assert len(heard) == 1 and np.all(heard[0] == 0.5)


def test_frames_are_sent_when_they_are_wanted(tmp_path: Path, workers: Pool, gate: Pool) -> None:
    """A film is read no further than it is painted, and whoever stops ends its worker."""
    film = look(write_film(tmp_path / "long.mp4", moving(60, (640, 480)), rate=12))
    shown = frames(film, part_of(film, 640))
    first = next(shown)
    (worker,) = (one for one in workers._all if not one.is_free)
    assert first.size == (640, 480)
    assert worker.memory() < (pool.OWN_MEGABYTES + reading.MEGABYTES) * 2**20
    shown.close()
    assert not psutil.pid_exists(worker.process.pid)


def test_only_those_parts_of_a_file_are_sent_that_the_decoder_reads(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "a.mp4", moving(6)).read_bytes()
    asked: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(self.tell())
            return super().read(size)

    longer = Watched(whole + bytes(64 * 2**20))  # what follows the last box of an MP4 is nobody's
    said = list(reading.GATE.ask("look", longer, 1000))
    assert said[0].ravel().tolist()[:3] == [64, 48, 6]
    assert max(asked) < 8 * 2**20


def test_a_worker_of_films_is_small_and_needs_no_torch() -> None:
    reading.GATE.warm_up()
    for worker in reading.GATE._idle:
        assert worker.memory() < pool.OWN_MEGABYTES * 2**20
