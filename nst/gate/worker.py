"""A worker: `python -m nst.gate.worker MODULE` answers questions on its standard input with that module's DECODERS.

It reads no stranger's byte itself. For each question it forks, and the copy reads, decodes, answers and ends: what one
file has done to its process is gone before the next one comes. (Windows cannot fork; there one process goes on.)
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from nst.gate.limits import limit, lock_down
from nst.gate.wire import ANSWER, END, MOST_READ, OUT_OF_TIME, QUESTION, READ, REFUSED, TYPES, Block, Refused, Why

Decoder = Callable[..., Iterator[Block]]

AHEAD = 2**18  # bytes of a long file that are asked for at a time
DONE, NOBODY_ASKS, BROKEN = 0, 3, 4  # how a process ends
KINDS = {type: kind for kind, type in TYPES.items()}


def main(module: str) -> int:
    """Serve until nobody asks any more."""
    decoders: Mapping[str, Decoder] = importlib.import_module(module).DECODERS
    warnings.simplefilter("ignore")
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    taken = lock_down()
    gc.freeze()  # what is there already needs no looking after, which would only copy it
    while True:
        if sys.platform == "win32":
            outcome = serve(decoders, questions, answers, taken)
        else:
            outcome = _in_a_copy(lambda: serve(decoders, questions, answers, taken))
        if outcome != DONE:
            return outcome


def _in_a_copy(task: Callable[[], int]) -> int:
    """What the task returns in a process of its own that ends with it."""
    copy = os.fork()
    if copy == 0:
        outcome = BROKEN
        try:
            outcome = task()
        finally:
            os._exit(outcome)
    _, status = os.waitpid(copy, 0)
    if os.WIFSIGNALED(status):
        return OUT_OF_TIME if os.WTERMSIG(status) == signal.SIGXCPU else BROKEN
    return os.WEXITSTATUS(status)


def serve(decoders: Mapping[str, Decoder], questions: BinaryIO, answers: BinaryIO, taken: int) -> int:
    """Answer one question."""
    head = questions.read(QUESTION.size)
    if len(head) < QUESTION.size:
        return NOBODY_ASKS
    length, size = QUESTION.unpack(head)
    asked = json.loads(questions.read(length))
    limit(taken + asked["memory"], asked["seconds"])
    try:
        file = _there(questions, answers, size) if asked["stays"] else questions.read(size)
        for block in decoders[asked["decoder"]](file, **asked["numbers"]):
            answers.write(ANSWER.pack(KINDS[block.dtype], *block.shape))
            answers.write(np.ascontiguousarray(block).data)
            answers.flush()
        answers.write(ANSWER.pack(END, 0, 0, 0))
    except Refused as refused:
        answers.write(ANSWER.pack(REFUSED, refused.why, refused.most, 0))
    except MemoryError:
        answers.write(ANSWER.pack(REFUSED, Why.TOO_GREEDY, 0, 0))
    except Exception:  # nearly every one there is may be raised for a damaged file
        answers.write(ANSWER.pack(REFUSED, Why.DAMAGED, 0, 0))
    answers.flush()
    return DONE


def _there(questions: BinaryIO, answers: BinaryIO, size: int) -> BinaryIO:
    """A file that stays on the asker's side."""
    return io.BufferedReader(_Distant(questions, answers, size), AHEAD)


class _Distant(io.RawIOBase):
    """Whoever reads in it asks for those bytes."""

    def __init__(self, questions: BinaryIO, answers: BinaryIO, size: int) -> None:
        self.questions, self.answers = questions, answers
        self.size, self.place = size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.place = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.size}[whence])
        return self.place

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), MOST_READ, self.size - self.place)
        if length <= 0:
            return 0
        self.answers.write(ANSWER.pack(READ, self.place & 0xFFFFFFFF, self.place >> 32, length))
        self.answers.flush()
        part = self.questions.read(length)
        buffer[: len(part)] = part
        self.place += len(part)
        return len(part)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
