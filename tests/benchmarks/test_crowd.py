"""The simulated queue against the theory of queues, and against the real one of the page."""

from __future__ import annotations

import random
import threading
import time
from math import factorial

import gradio as gr
import pytest
from gradio_client import Client

from tests.benchmarks.crowd import Crowd, devices_needed, poisson, queued

pytestmark = pytest.mark.slow

MANY = 200_000


def exponential(mean: float, visitors: int) -> list[float]:
    chance = random.Random(1)
    return [chance.expovariate(1 / mean) for _ in range(visitors)]


def erlang_b(load: float, devices: int) -> float:
    """Share that is turned away where nobody may wait (Erlang 1917)."""
    return (load**devices / factorial(devices)) / sum(load**k / factorial(k) for k in range(devices + 1))


def erlang_c(load: float, devices: int) -> float:
    """Share that has to wait where all may."""
    blocked = erlang_b(load, devices)
    return blocked / (1 - load / devices * (1 - blocked))


@pytest.mark.parametrize("devices", [1, 3])
def test_mean_wait_with_random_services_is_erlangs(devices):
    load = 0.7 * devices
    crowd = queued(poisson(load, MANY), exponential(1.0, MANY), devices)
    assert crowd.lost == 0
    assert crowd.mean_wait == pytest.approx(erlang_c(load, devices) / (devices - load), rel=0.06)


def test_mean_wait_with_equal_services_is_half_of_that():
    crowd = queued(poisson(0.7, MANY), [1.0] * MANY, 1)
    assert crowd.mean_wait == pytest.approx(0.7 / (2 * (1 - 0.7)), rel=0.06)  # Pollaczek 1930, Khinchin 1932


@pytest.mark.parametrize("services", [[1.0] * MANY, exponential(1.0, MANY)], ids=["equal", "random"])
def test_share_turned_away_without_a_waiting_room_is_erlangs(services):
    crowd = queued(poisson(2.0, MANY), services, 3, waiting_room=0)
    assert crowd.lost / MANY == pytest.approx(erlang_b(2.0, 3), rel=0.04)
    assert crowd.mean_wait == 0


def test_share_turned_away_with_a_waiting_room_is_that_of_a_chain_of_births_and_deaths():
    load, room = 0.9, 4  # M/M/1/5: the states 0..5 have probabilities in the ratio of the load
    crowd = queued(poisson(load, MANY), exponential(1.0, MANY), 1, room)
    states = [load**k for k in range(room + 2)]
    assert crowd.lost / MANY == pytest.approx(states[-1] / sum(states), rel=0.06)


def test_by_hand():
    assert queued([0, 0, 0, 1, 5], [2, 2, 2, 2, 2], devices=1, waiting_room=1) == Crowd([0, 2, 0.0], 2)
    assert queued([0, 0, 0], [3, 1, 1], devices=2) == Crowd([0, 0, 1], 0)


def test_devices_needed_are_enough_and_one_less_is_not():
    assert devices_needed(10, 1.0) == 1
    needed, copies = devices_needed(1000, 18.0), devices_needed(1000, 18.0, together=False)
    assert 5 <= needed <= 6, "1000 x 18 s are 5 hours of work in every hour"
    assert copies > needed, "nobody changes over to a shorter queue"


def test_the_real_queue_of_the_page_does_as_the_simulated_one():
    devices, room, service, begun, all_came = 2, 3, 0.6, [], threading.Event()

    def paint(number: float) -> float:
        begun.append(int(number))
        all_came.wait()
        time.sleep(service)
        return number

    with gr.Blocks() as page:
        gr.api(paint, api_name="paint", concurrency_limit=devices)
    page.queue(max_size=room)
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    try:
        client = Client(address, verbose=False)
        jobs, ended = [], {}

        def come(number: int) -> None:
            job = client.submit(number, api_name="/paint")
            job.add_done_callback(lambda _: ended.setdefault(number, time.monotonic()))
            jobs.append(job)

        for number in range(devices):
            come(number)
        _until(lambda: len(begun) == devices)
        for number in range(devices, 8):  # one after the other, all while the first two are painted
            come(number)
            _until(lambda number=number: len(page._queue) >= min(room, number - 1) or number in ended)
        first = time.monotonic()
        all_came.set()
        turned_away = [number for number, job in enumerate(jobs) if job.exception(timeout=240) is not None]
        simulated = queued([0.0] * devices + [0.01] * 6, [service] * 8, devices, room)
        assert len(turned_away) == simulated.lost == 3
        assert turned_away == [5, 6, 7]
        assert begun[:2] in ([0, 1], [1, 0]) and sorted(begun) == [0, 1, 2, 3, 4]
        waited = [ended[number] - first - service for number in (2, 3, 4)]
        expected = simulated.waits[2:]
        assert 0.5 < sum(waited) / sum(expected) < 3
        assert waited[2] > max(waited[:2]), "the third to wait begins after the first two"
    finally:
        page.close()


def _until(true, seconds: float = 240) -> None:
    end, pause = time.monotonic() + seconds, threading.Event()
    while not true():
        assert time.monotonic() < end
        pause.wait(0.01)
