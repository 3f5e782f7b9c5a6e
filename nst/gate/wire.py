"""What our process and a worker say to each other.

We ask in JSON and raw bytes; of a long file only those parts follow that the worker asks for. The answer may come from
a process that a hostile file has taken over, so it is only blocks of raw numbers, each behind a header of fixed length,
and nothing in it is ever evaluated.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.uint8] | NDArray[np.int32] | NDArray[np.float32]  # three-dimensional

QUESTION = struct.Struct("<LQ")  # bytes of JSON, bytes of the file
ANSWER = struct.Struct("<BLLL")  # kind, and three numbers: the shape; why, and how much is allowed; or what to send:
# where it begins, its lower 32 bits and the others, and how many bytes

TYPES: dict[int, np.dtype[Any]] = {  # kinds of blocks
    1: np.dtype(np.uint8),
    2: np.dtype(np.int32),
    3: np.dtype(np.float32),
}
READ, END, REFUSED = 7, 8, 9
MOST_READ = 2**20  # bytes of a file that are asked for at once

OUT_OF_TIME = 5  # how a worker ends that took too long


class Why(IntEnum):
    """What is wrong with a file."""

    NOT_A_PICTURE = 1
    DAMAGED = 2
    TOO_SLOW = 3
    TOO_LARGE = 4  # more than so many million pixels
    TOO_GREEDY = 5  # for memory
    ONLY_SOUND = 6
    NO_FRAME = 7  # that can be decoded
    SINGLE_FRAME = 8


class Refused(Exception):
    """A file that is not opened.

    Attributes:
        why: What is wrong.
        most: How much is allowed, where that is a number.
    """

    def __init__(self, why: Why, most: int = 0) -> None:
        super().__init__(why, most)
        self.why, self.most = why, most
