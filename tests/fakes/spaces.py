"""ZeroGPU in small: a generator runs to its end in a forked process, and what it yields is pickled."""

from __future__ import annotations

import functools
import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator
from typing import Any

DURATIONS: list[int] = []


def GPU(duration: int | Callable[..., int] = 60) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def borrow(*said: Any) -> Iterator[Any]:
            DURATIONS.append(duration(*said) if callable(duration) else duration)
            here, there = multiprocessing.get_context("fork").Pipe(duplex=False)
            child = multiprocessing.get_context("fork").Process(target=_run, args=(function, pickle.dumps(said), there))
            child.start()
            there.close()
            try:
                while (got := pickle.loads(here.recv_bytes())) is not None:
                    kind, value = got
                    if kind == "error":
                        raise value
                    yield value
            finally:
                child.kill()
                child.join()
                here.close()

        return borrow

    return decorate


def _run(function: Any, said: bytes, there: Any) -> None:
    os.environ["INSIDE_THE_GPU"] = "1"
    try:
        for one in function(*pickle.loads(said)):
            there.send_bytes(pickle.dumps(("frame", one)))
        there.send_bytes(pickle.dumps(None))
    except Exception as error:
        there.send_bytes(pickle.dumps(("error", error)))
    os._exit(0)
