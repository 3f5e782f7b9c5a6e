"""Our side of the gate: workers that stand ready, and the eye that is kept on them."""

from __future__ import annotations

import atexit
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, BufferedWriter
from typing import Any, BinaryIO, cast

import numpy as np
import psutil

from nst.gate.wire import ANSWER, END, MOST_READ, OUT_OF_TIME, QUESTION, READ, REFUSED, TYPES, Block, Refused, Why

SECONDS = 10  # of processor time for one file
PATIENCE = 30.0  # seconds of waiting for one block: the processors may be busy painting
MEGABYTES = 1024  # of memory for one file, beyond what a worker has before it reads
OWN_MEGABYTES = 150  # which is less than this
LOOK = 0.05  # seconds between two looks at a worker
PIPE = 2**20  # bytes that wait in a pipe, where that can be chosen
LIMITS_MEMORY = sys.platform == "linux"  # whether the system does; elsewhere we look
INHERITED = ("PATH", "SYSTEMROOT", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # of our environment


class Pool:
    """Workers of one kind.

    Args:
        module: Where their DECODERS are.
        workers: How many files are decoded at once. Who asks for more than that waits.
    """

    def __init__(self, module: str, workers: int) -> None:
        self.module, self.workers = module, workers
        self._begin_anew()
        _POOLS.add(self)

    def _begin_anew(self) -> None:
        self._turns = threading.BoundedSemaphore(self.workers)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._all: weakref.WeakSet[_Worker] = weakref.WeakSet()

    def warm_up(self) -> None:
        """Have one worker ready, so that the first visitor does not wait for it."""
        worker = self._hired()
        self._released(worker)

    def ask(
        self,
        decoder: str,
        file: bytes | BinaryIO,
        most_bytes: int,
        *,
        megabytes: int = MEGABYTES,
        more_seconds: int = 0,
        **numbers: float,
    ) -> Generator[Block, None, None]:
        """What a decoder makes of a file, block by block. A generator that is closed early ends its worker.

        Args:
            decoder: A name in the module's DECODERS.
            file: Its bytes; or the open file, which the decoder then gets as one, and of which only those parts are
                sent that it reads.
            most_bytes: What one block may have at most. What else is in it is for the asker to check.
            megabytes: Of memory, beyond what a worker needs itself.
            more_seconds: Of processor time, beyond SECONDS.
            numbers: For the decoder.

        Yields:
            Arrays of three dimensions.

        Raises:
            Refused: what is wrong with the file, which may also be that its decoder crashed.
            OSError: if no worker can be started.
        """
        asked = {"decoder": decoder, "memory": megabytes * 2**20, "numbers": numbers}
        asked |= {"seconds": SECONDS + more_seconds, "stays": not isinstance(file, bytes)}
        with self._turns:
            worker = self._hired()
            try:
                with worker.watched(megabytes):
                    worker.send(asked, file)
                    while (block := worker.answer(most_bytes)) is not None:
                        yield block
            except _Ended:
                raise Refused(worker.cause()) from None
            finally:
                self._released(worker)

    def _hired(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.process.poll() is None:
                    return worker
                worker.end()
            return self._new()

    def _new(self) -> _Worker:
        worker = _Worker(self.module)
        self._all.add(worker)
        return worker

    def _released(self, worker: _Worker) -> None:
        worker.file = b""
        if not worker.is_free:
            worker.end()
        with self._lock, suppress(OSError):
            self._idle.append(worker if worker.is_free else self._new())  # gets ready while nobody waits for it

    def close(self) -> None:
        """End the workers that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def forget(self) -> None:
        """In a forked process: the workers are our parent's, and locks may be held by threads that are not here."""
        _NOT_OURS.extend(self._all)  # for good: what is done when they are collected is not ours to do
        for worker in list(self._all):
            worker.let_go()
        self._begin_anew()


_POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()
_NOT_OURS: list[_Worker] = []


@atexit.register
def _close_all() -> None:
    for pool in list(_POOLS):
        pool.close()


def _forget_all() -> None:
    for pool in list(_POOLS):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


class _Ended(Exception):
    """The worker has, or had to be."""


class _Worker:
    """A process that answers one question at a time."""

    def __init__(self, module: str) -> None:
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}  # it is told no secrets
        environment |= {"PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path)}
        environment |= {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}  # threads that nobody needs take up space
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nst.gate.worker", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            pipesize=PIPE if sys.platform == "linux" else -1,
            start_new_session=True,  # Ctrl-C is ours to hear
        )
        self.questions = cast(BufferedWriter, self.process.stdin)
        self.answers = cast(BufferedReader, self.process.stdout)
        self.is_free = True
        self.verdict: Why | None = None  # of whoever watched it
        self.deadline = math.inf
        self.file: bytes | BinaryIO = b""  # that it is asked about

    @contextmanager
    def watched(self, megabytes: int) -> Iterator[None]:
        """While it works, a thread sees to it that it comes to an end."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(LOOK):
                if time.monotonic() > self.deadline:
                    self.verdict = Why.TOO_SLOW
                elif not LIMITS_MEMORY and self.memory() > (megabytes + OWN_MEGABYTES) * 2**20:
                    self.verdict = Why.TOO_GREEDY
                else:
                    continue
                return self.kill()

        watcher = threading.Thread(target=watch, name="gate", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        self.deadline = time.monotonic() + PATIENCE
        try:
            yield
        except (OSError, ValueError) as error:  # broken pipes
            raise _Ended from error
        finally:
            self.deadline = math.inf

    def send(self, asked: dict[str, Any], file: bytes | BinaryIO) -> None:
        self.is_free, self.file = False, file
        with self._in_time():
            words = json.dumps(asked).encode()
            size = len(file) if isinstance(file, bytes) else file.seek(0, os.SEEK_END)
            self.questions.write(QUESTION.pack(len(words), size) + words)
            if isinstance(file, bytes):
                self.questions.write(file)
            self.questions.flush()

    def answer(self, most_bytes: int) -> Block | None:
        """The next block; None after the last one."""
        with self._in_time():
            kind, *numbers = self._heard()
            while kind == READ:
                self._send_part(numbers[0] + (numbers[1] << 32), numbers[2])
                kind, *numbers = self._heard()
            if kind in TYPES:
                return self._block(TYPES[kind], numbers, most_bytes)
        self.is_free = kind in (END, REFUSED)
        if kind == END:
            return None
        if kind == REFUSED:
            raise Refused(Why(numbers[0]) if numbers[0] in list(Why) else Why.DAMAGED, numbers[1])
        raise _Ended

    def _heard(self) -> tuple[int, ...]:
        return ANSWER.unpack(self.answers.read(ANSWER.size).ljust(ANSWER.size, b"\0"))

    def _send_part(self, place: int, length: int) -> None:
        """Of a file that stays here. To read is to be at work: its processor time will come to an end."""
        if isinstance(self.file, bytes) or length > MOST_READ or place >= 2**62:
            raise _Ended
        self.deadline = time.monotonic() + PATIENCE
        self.file.seek(place)
        self.questions.write(self.file.read(length).ljust(length, b"\0"))
        self.questions.flush()

    def _block(self, type: np.dtype[Any], shape: list[int], most_bytes: int) -> Block:
        if math.prod(shape) * type.itemsize > most_bytes:
            raise _Ended
        block: Block = np.empty(shape, type)
        if self.answers.readinto(block.reshape(-1).view(np.uint8).data) < block.nbytes:
            raise _Ended
        return block

    def memory(self) -> int:
        """Bytes that it and its copies have in memory."""
        with suppress(psutil.Error):
            own = psutil.Process(self.process.pid)
            return sum(one.memory_info().rss for one in (own, *own.children()))
        return 0

    def kill(self) -> None:
        """Also the copies that it has made of itself."""
        with suppress(OSError):
            if sys.platform == "win32":
                self.process.kill()
            elif self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> None:
        if not self.is_free:
            self.kill()
        for pipe in (self.questions, self.answers):
            with suppress(OSError):
                pipe.close()  # upon which it ends by itself, where it can
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()

    def cause(self) -> Why:
        """Why it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        return self.verdict or (Why.TOO_SLOW if self.process.poll() == OUT_OF_TIME else Why.DAMAGED)

    def let_go(self) -> None:
        """In a forked process: what it hears and says is no business of ours any more."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for pipe in (self.questions, self.answers):
            os.dup2(nothing, pipe.fileno(), inheritable=False)
        os.close(nothing)
        self.process.returncode = 0  # it is not ours to wait for
