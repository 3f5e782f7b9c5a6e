"""A network in the shape of a face detector, which takes every white spot for a face; written down as ONNX.

At 640 pixels it answers for each cell of 32 x 32. A face is 128 x 160 pixels there, and upright.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable

from PIL import Image

STRIDES, SIDE, CELL = (8, 16, 32), 640, 32
BOX = (0.5, 0.5, math.log(128 / CELL), math.log(160 / CELL))  # middle, and logarithms of width and height, in cells
POINTS = (-0.2, 0, 1.2, 0, 0.5, 0.5, 0, 1.5, 1, 1.5)  # eyes, nose, corners of the mouth
FLOAT, LONG, INTS = 1, 7, 7


def detector() -> bytes:
    """The file."""
    nodes: list[bytes] = []
    weights: list[bytes] = []
    answers: list[bytes] = []
    for stride in STRIDES:
        pool = [_ints("kernel_shape", stride, stride), _ints("strides", stride, stride)]
        nodes.append(_node("AveragePool", ["input"], f"mean{stride}", pool))
        bright, none = 1.0 if stride == CELL else 0.0, 0.0
        for name, slope, biases in (
            ("cls", bright, (0,)),
            ("obj", bright, (0,)),
            ("bbox", none, BOX),
            ("kps", none, POINTS),
        ):
            answer, values = f"{name}_{stride}", len(biases)
            weights += [
                _tensor(f"w_{answer}", FLOAT, (values, 3, 1, 1), struct.pack("<3f", *[slope / 3 / 255] * 3) * values),
                _tensor(f"b_{answer}", FLOAT, (values,), struct.pack(f"<{values}f", *biases)),
                _tensor(f"s_{answer}", LONG, (3,), struct.pack("<3q", 1, -1, values)),
            ]
            nodes += [
                _node(
                    "Conv",
                    [f"mean{stride}", f"w_{answer}", f"b_{answer}"],
                    f"c_{answer}",
                    [_ints("kernel_shape", 1, 1)],
                ),
                _node("Transpose", [f"c_{answer}"], f"t_{answer}", [_ints("perm", 0, 2, 3, 1)]),
                _node("Reshape", [f"t_{answer}", f"s_{answer}"], answer, []),
            ]
            answers.append(_value(answer, (1, (SIDE // stride) ** 2, values)))
    graph = _repeated(1, nodes) + _text(2, "faces") + _repeated(5, weights)
    graph += _repeated(11, [_value("input", (1, 3, SIDE, SIDE))]) + _repeated(12, answers)
    return _number(1, 6) + _bytes(7, graph) + _bytes(8, _number(2, 11))


def photo_of(*cells: tuple[int, int], size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A dark photo with a white spot in each cell (column, row)."""
    photo = Image.new("RGB", size, (20, 30, 40))
    for column, row in cells:
        photo.paste("white", (column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL))
    return photo


# Protocol buffers: a field is its number and kind, and then a number, or how many bytes follow and these bytes


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    more, rest = value >> 7, value & 127
    return bytes([rest | 128]) + _varint(more) if more else bytes([rest])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _repeated(field: int, contents: Iterable[bytes]) -> bytes:
    return b"".join(_bytes(field, content) for content in contents)


def _ints(name: str, *values: int) -> bytes:
    """An attribute of a node."""
    return _text(1, name) + b"".join(_number(8, value) for value in values) + _number(20, INTS)


def _node(kind: str, inputs: Iterable[str], output: str, attributes: Iterable[bytes]) -> bytes:
    names = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(3, output)
    return names + _text(4, kind) + _repeated(5, attributes)


def _tensor(name: str, kind: int, shape: Iterable[int], raw: bytes) -> bytes:
    return b"".join(_number(1, side) for side in shape) + _number(2, kind) + _text(8, name) + _bytes(9, raw)


def _value(name: str, shape: Iterable[int]) -> bytes:
    sides = _repeated(1, [_number(1, side) for side in shape])
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, FLOAT) + _bytes(2, sides)))
