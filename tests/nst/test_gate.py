"""The gate itself: whatever a decoder does in a worker, one file pays for it, and the next one is opened."""

from __future__ import annotations

import io
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PIL import Image

from nst.gate import pool
from nst.gate.pool import Pool
from nst.gate.wire import Refused, Why
from nst.image import decode, open_picture
from tests import hostile
from tests.pictures import encoded, noise, quarters

HONEST = encoded(quarters(), "PNG")
MUCH = 10**6


@pytest.fixture(scope="module")
def workers() -> Iterator[Pool]:
    """Of hostile decoders."""
    pool = Pool("tests.hostile", workers=2)
    yield pool
    pool.close()


@pytest.fixture
def gate(workers: Pool, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """Pictures are opened by hostile decoders."""
    monkeypatch.setattr(decode, "GATE", workers)
    return workers


def opened(file: bytes) -> NDArray[np.uint8]:
    return np.asarray(open_picture(io.BytesIO(file), "photo"))


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize(
    ("deed", "sentence"),
    [
        ("crash", "is damaged or incomplete"),
        ("spin", "takes too long to open"),
        ("sleep", "takes too long to open"),
        ("eat", "needs too much memory to open"),
        ("claim_too_much", "is damaged"),
        ("send_too_much", "is damaged"),
        ("send_too_little", "is damaged"),
        ("send_another_shape", "is damaged"),
        ("send_nothing", "is damaged"),
        ("send_words", "is damaged"),
    ],
)
@pytest.mark.slow
def test_one_file_pays_and_the_next_is_opened(deed: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patience:
        patience.setattr(pool, "SECONDS", 1 if deed == "spin" else pool.SECONDS)
        patience.setattr(pool, "PATIENCE", 2.0 if deed == "sleep" else pool.PATIENCE)
        with pytest.raises(ValueError, match=f"^The photo {sentence}.*; please .*[.]$"):
            opened(deed.encode())
    assert np.array_equal(opened(HONEST), quarters())


@pytest.mark.usefixtures("gate")
@pytest.mark.slow
def test_others_are_served_while_one_spins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "SECONDS", 2)
    failed = []

    def hostile_visit() -> None:
        try:
            opened(b"spin")
        except ValueError as error:
            failed.append(error)

    visitor = threading.Thread(target=hostile_visit)
    visitor.start()
    assert np.array_equal(opened(HONEST), quarters())
    assert visitor.is_alive(), "it still spins"
    visitor.join()
    assert len(failed) == 1


def test_no_more_than_so_many_at_once(workers: Pool) -> None:
    for _ in range(3):
        several = [workers.ask("count", b"", MUCH, numbers=2) for _ in range(2)]
        for one in several:
            next(one)
        assert not workers._turns.acquire(blocking=False)
        for one in several:
            assert [int(block.item()) for block in one] == [1]
    assert len(workers._idle) <= 2


def test_every_file_meets_a_process_that_has_seen_none(workers: Pool) -> None:
    for _ in range(3):
        assert [int(block.item()) for block in workers.ask("remember", b"x", MUCH)] == [1]
    assert len({worker.process.pid for worker in workers._idle}) == len(workers._idle), "from workers that stay"


def test_an_asker_may_stop_in_the_middle(workers: Pool) -> None:
    blocks = workers.ask("count", b"", MUCH, numbers=10**9)
    assert [int(next(blocks).item()) for _ in range(3)] == [0, 1, 2]
    blocks.close()
    assert [int(block.item()) for block in workers.ask("count", b"", MUCH, numbers=2)] == [0, 1]


def test_a_block_is_never_larger_than_the_asker_expects(workers: Pool) -> None:
    with pytest.raises(Refused) as caught:
        list(workers.ask("environment", b"", most_bytes=1))
    assert caught.value.why == Why.DAMAGED


def test_a_worker_that_died_meanwhile_is_not_hired(workers: Pool) -> None:
    workers.warm_up()
    for worker in workers._idle:
        psutil.Process(worker.process.pid).kill()
        worker.process.wait()
    assert [int(block.item()) for block in workers.ask("count", b"", MUCH, numbers=1)] == [0]


def test_a_worker_opens_nothing_sends_nothing_and_runs_nothing(workers: Pool, tmp_path: Path) -> None:
    (victim := tmp_path / "victim").write_bytes(b"precious")
    ((managed,),) = next(iter(workers.ask("attempts", os.fsencode(victim), MUCH)))
    if not has_landlock():
        managed, victim = managed[: -hostile.BY_LANDLOCK], None
    assert not managed.any(), managed
    assert victim is None or victim.read_bytes() == b"precious"


def has_landlock() -> bool:
    kernel = Path("/sys/kernel/security/lsm")
    return kernel.exists() and "landlock" in kernel.read_text()


def test_a_worker_is_told_no_secrets(workers: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fresh = Pool("tests.hostile", workers=1)
    (words,) = fresh.ask("environment", b"", MUCH)
    names = set(words.tobytes().decode().split("\0"))
    fresh.close()
    assert "HF_TOKEN" not in names and "PYTHONPATH" in names


def test_memory_is_watched_where_the_system_sets_no_limit(workers: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS and Windows: our side looks, and ends it. Here the system is told of a far higher limit."""
    monkeypatch.setattr(pool, "LIMITS_MEMORY", False)
    monkeypatch.setattr(pool, "OWN_MEGABYTES", 30)
    send = pool._Worker.send
    monkeypatch.setattr(pool._Worker, "send", lambda worker, asked, file: send(worker, asked | {"memory": 2**34}, file))
    with pytest.raises(Refused) as caught:
        next(workers.ask("picture", b"eat", MUCH, megabytes=500, most=10))
    assert caught.value.why == Why.TOO_GREEDY


def test_in_a_forked_process_the_workers_are_our_own() -> None:
    """As on ZeroGPU: a fork opens pictures, too, while we do, and ends without ending our workers."""
    assert np.array_equal(opened(HONEST), quarters())
    ours = {worker.process.pid for worker in decode.GATE._idle}
    context = multiprocessing.get_context("fork")
    said, to_say = context.Pipe()
    fork = context.Process(target=_opens_a_picture, args=(to_say,))
    fork.start()
    photo = Image.fromarray(noise(300, 200))
    for _ in range(5):
        assert np.array_equal(opened(encoded(photo, "PNG")), photo)
    is_right, theirs = said.recv()
    fork.join()
    assert is_right and not theirs & ours
    assert {worker.process.pid for worker in decode.GATE._idle} == ours
    assert all(psutil.pid_exists(pid) for pid in ours)


def _opens_a_picture(to_say) -> None:
    is_right = all(np.array_equal(opened(HONEST), quarters()) for _ in range(3))
    to_say.send((is_right, {worker.process.pid for worker in decode.GATE._idle}))
    decode.GATE.close()


def test_a_worker_that_waits_is_small() -> None:
    decode.GATE.warm_up()
    for worker in decode.GATE._idle:
        assert worker.memory() < pool.OWN_MEGABYTES * 2**20


def test_a_worker_needs_no_torch() -> None:
    asked = "import sys, nst.gate.pictures, nst.gate.worker; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], cwd=Path(__file__).parents[2]).returncode == 0
