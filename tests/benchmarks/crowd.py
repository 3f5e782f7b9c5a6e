"""What a crowd costs: visitors queue for a few devices; how long they wait, how many give up, what it comes to.

python -m tests.benchmarks.crowd --visitors 1000 --gpu-seconds 2
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

HOUR = 3600.0
MANY = 20_000  # visitors, so that chance plays no part
WAITING_ROOM = 8  # visitors: `max_size` of the page's queue
PATIENT = 60.0  # seconds of waiting that nine of ten visitors shall not exceed
CPU_SECONDS = 9.0  # measured: a 3:2 picture at the default 512 px, two cores with AVX-512 BF16
ASSUMED_GPU_SECONDS = 2.0  # not measured: say your own with --gpu-seconds
ASSUMED_START_SECONDS = 1.0  # of ZeroGPU, to lend a GPU to one call: not measured


@dataclass(frozen=True)
class Crowd:
    """What became of an hour's visitors.

    Attributes:
        waits: Seconds from the click to the first step, of those who were let in.
        lost: Visitors who found the waiting room full.
    """

    waits: list[float]
    lost: int

    @property
    def mean_wait(self) -> float:
        return sum(self.waits) / len(self.waits) if self.waits else 0.0

    def waited_by(self, share: float) -> float:
        """The wait that this share of them did not exceed."""
        return sorted(self.waits)[int(share * (len(self.waits) - 1))] if self.waits else 0.0


def queued(
    arrivals: Sequence[float], services: Sequence[float], devices: int, waiting_room: float = float("inf")
) -> Crowd:
    """First come, first served.

    Args:
        arrivals: When each visitor clicks, in seconds, ascending.
        services: How long each one's painting takes.
        waiting_room: How many may wait; who comes after them is turned away.
    """
    free = [0.0] * devices  # when each device will be
    heapq.heapify(free)
    starts: deque[float] = deque()  # of those who still wait
    waits = []
    for arrival, service in zip(arrivals, services, strict=True):
        while starts and starts[0] <= arrival:
            starts.popleft()
        start = max(arrival, free[0])
        if start > arrival and len(starts) >= waiting_room:
            continue
        heapq.heapreplace(free, start + service)
        if start > arrival:
            starts.append(start)
        waits.append(start - arrival)
    return Crowd(waits, len(arrivals) - len(waits))


def poisson(per_second: float, visitors: int, seed: int = 0) -> list[float]:
    """Arrivals of people who do not know of each other."""
    chance, moments, now = random.Random(seed), [], 0.0
    for _ in range(visitors):
        now += chance.expovariate(per_second)
        moments.append(now)
    return moments


def devices_needed(visitors: float, seconds: float, together: bool = True) -> int:
    """The fewest with which one in a hundred is turned away at most, and nine of ten wait no longer than `PATIENT`.

    Args:
        visitors: In an hour.
        seconds: One painting takes.
        together: Whether there is one queue for all devices; else each visitor stands at one of them, by chance.
    """
    for devices in count(max(1, int(visitors * seconds / HOUR))):
        queue_devices, queue_visitors = (devices, visitors) if together else (1, visitors / devices)
        arrivals = poisson(queue_visitors / HOUR, MANY)
        crowd = queued(arrivals, [seconds] * MANY, queue_devices, WAITING_ROOM)
        if crowd.lost <= MANY / 100 and crowd.waited_by(0.9) <= PATIENT:
            return devices
    raise AssertionError("enough devices are always enough")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=float, default=1000, help="in an hour")
    parser.add_argument("--cpu-seconds", type=float, default=CPU_SECONDS, help="of one painting on two cores")
    parser.add_argument("--gpu-seconds", type=float, default=ASSUMED_GPU_SECONDS, help="of one painting on a GPU")
    parser.add_argument("--gpu-price", type=float, default=0.4, help="of one GPU for an hour, as a T4 at Hugging Face")
    parser.add_argument("--cpu-price", type=float, default=0.1, help="of two cores for an hour, about what clouds ask")
    said = parser.parse_args()
    lent = said.gpu_seconds + ASSUMED_START_SECONDS
    ways = [
        ("GPUs, one queue", said.gpu_seconds, said.gpu_price, True),
        ("pairs of cores of a Ray cluster, one queue", said.cpu_seconds, said.cpu_price, True),
        ("copies of a free CPU Space, a queue each", said.cpu_seconds, 0.0, False),
    ]
    print(f"{said.visitors:g} visitors an hour")
    for name, seconds, price, together in ways:
        devices = devices_needed(said.visitors, seconds, together)
        print(f"{devices:4} {name}, busy {said.visitors * seconds / HOUR / devices:.0%}, {devices * price:.2f} an hour")
    alone = queued(poisson(said.visitors / HOUR, MANY), [said.gpu_seconds] * MANY, 1, WAITING_ROOM)
    print(f"   1 GPU: {alone.lost / MANY:.1%} turned away, nine of ten wait {alone.waited_by(0.9):.1f} s at most")
    print(f"     ZeroGPU: {said.visitors * lent:.0f} GPU seconds of the visitors' own quotas, {lent:g} each")


if __name__ == "__main__":
    main()
