"""Decoders of films as a hostile file would have them: what the file says happens at once, or after the first frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from nst.gate import films
from nst.gate.wire import ANSWER, READ, Block
from tests import hostile

LONGEST = 40  # bytes of the name of a deed


def look(file: BinaryIO) -> Iterator[Block]:
    deed = _deed(file)
    yield from DEEDS[deed]() if deed in DEEDS else films.look(file)


def pictures(file: BinaryIO, begin: float, rate: float, count: int, width: int, height: int) -> Iterator[Block]:
    deed = _deed(file)
    if deed in DEEDS:
        yield np.zeros((height, width, 3), np.uint8)
        yield from DEEDS[deed]()
    else:
        yield from films.pictures(file, begin, rate, count, width, height)


def sound(file: BinaryIO, begin: float, end: float) -> Iterator[Block]:
    deed = _deed(file)
    if deed in DEEDS:
        yield np.full((1, 4, 2), 0.5, np.float32)
        yield from DEEDS[deed]()
    else:
        yield from films.sound(file, begin, end)


def _deed(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(LONGEST)


def claim_everything() -> Iterator[Block]:
    yield np.full((1, 1, 6), 2**31 - 1, np.int32)


def claim_nothing() -> Iterator[Block]:
    yield np.zeros((1, 1, 6), np.int32)


def send_huge() -> Iterator[Block]:
    yield np.zeros((3000, 3000, 3), np.uint8)


def send_other_numbers() -> Iterator[Block]:
    yield np.zeros((48, 64, 3), np.float32)


def ask_for_too_much() -> Iterator[Block]:
    """A part of the file that is larger than any honest worker would ask for, and far behind its end."""
    answers = hostile.os.fdopen(hostile.os.dup(1), "wb")
    answers.write(ANSWER.pack(READ, 2**32 - 1, 2**32 - 1, 2**32 - 1))
    answers.flush()
    yield from ()


DEEDS = {
    **hostile.DEEDS,
    **{
        deed.__name__.encode(): deed
        for deed in (claim_everything, claim_nothing, send_huge, send_other_numbers, ask_for_too_much)
    },
}
DECODERS = {"look": look, "pictures": pictures, "sound": sound}
