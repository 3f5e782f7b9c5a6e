"""Decoders as a hostile file would have them, for a worker of the gate: they crash, spin, eat, lie and look around."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from nst.gate import pictures
from nst.gate.wire import Block


def picture(file: bytes, most: int) -> Iterator[Block]:
    """As the file says; any other file is an honest one."""
    yield from DEEDS[file]() if file in DEEDS else pictures.picture(file, most)


def crash() -> Iterator[Block]:
    os.kill(os.getpid(), signal.SIGSEGV)
    yield from ()


def spin() -> Iterator[Block]:
    while True:
        pass
    yield


def sleep() -> Iterator[Block]:
    time.sleep(1000)
    yield from ()


def eat() -> Iterator[Block]:
    eaten = []
    while True:
        eaten.append(bytearray(2**24))
    yield


def claim_too_much() -> Iterator[Block]:
    yield np.array([[[60_000, 60_000, 3]]], np.int32)


def send_too_much() -> Iterator[Block]:
    yield np.array([[[1, 1, 3]]], np.int32)
    while True:
        yield np.zeros((1, 1, 3), np.uint8)


def send_too_little() -> Iterator[Block]:
    yield np.array([[[4, 4, 3]]], np.int32)
    yield np.zeros((1, 4, 3), np.uint8)


def send_another_shape() -> Iterator[Block]:
    yield np.array([[[4, 4, 3]]], np.int32)
    yield np.zeros((4, 4, 1), np.uint8)


def send_nothing() -> Iterator[Block]:
    yield from ()


def send_words() -> Iterator[Block]:
    os.write(3, b"\xff" * 10_000)  # past all protocol, to whatever is open
    os.write(4, b"\xff" * 10_000)
    yield from ()


DEEDS: dict[bytes, Callable[[], Iterator[Block]]] = {
    deed.__name__.encode(): deed
    for deed in (
        *(crash, spin, sleep, eat, claim_too_much),
        *(send_too_much, send_too_little, send_another_shape, send_nothing, send_words),
    )
}


def attempts(file: bytes) -> Iterator[Block]:
    """Which of these a worker manages to do: 1 for each that it does. `file` is the name of an innocent one."""
    victim = Path(os.fsdecode(file))
    yield np.array([[[_works(attempt, victim) for attempt in ATTEMPTS]]], np.int32)


def _works(attempt: Callable[[Path], object], victim: Path) -> int:
    try:
        attempt(victim)
    except OSError:
        return 0
    return 1


ATTEMPTS: tuple[Callable[[Path], object], ...] = (
    lambda victim: victim.read_bytes(),
    lambda victim: victim.write_bytes(b""),
    lambda _: socket.socket(),
    lambda _: os.listdir("/proc/self/fd"),
    lambda _: subprocess.run([sys.executable, "-c", ""], check=True),
    # from here on by Landlock alone
    lambda victim: victim.rename(victim.with_name("moved")),
    lambda victim: victim.unlink(),
    lambda _: os.kill(SERVER, 0),
)
BY_LANDLOCK = 3  # the last ones
SERVER = os.getppid()  # this is imported before there are copies


def environment(file: bytes) -> Iterator[Block]:
    """What a worker knows of our environment, and how much address space it may take."""
    words = "\0".join(os.environ).encode()
    yield np.frombuffer(words, np.uint8)[None, :, None]


def count(file: bytes, numbers: int) -> Iterator[Block]:
    """One block after the other."""
    for number in range(numbers):
        yield np.full((1, 1, 1), number, np.int32)


MEMORY: list[bytes] = []


def remember(file: bytes) -> Iterator[Block]:
    """How many files its process has seen."""
    MEMORY.append(file)
    yield np.full((1, 1, 1), len(MEMORY), np.int32)


DECODERS = {
    "picture": picture,
    "texts": pictures.texts,
    "attempts": attempts,
    "environment": environment,
    "count": count,
    "remember": remember,
}
