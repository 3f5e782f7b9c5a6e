"""HEIF, the format of iPhones: what its boxes say of the picture, before a decoder sees it.

ISO 14496-12 (boxes, items) and 23008-12 (pictures).
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

BRANDS = re.compile(rb"hei[cxms]|hev[cxms]|mif1|msf1")
PICTURES = (b"hvc1", b"grid", b"iden", b"iovl")  # kinds of items that are pictures, or made of pictures
MAX_META = 2**20  # bytes of boxes about the picture; a telephone needs 5000
HIDDEN = b"\0\0\1"  # flags of an item that is no picture of its own


def is_heif(file: bytes) -> bool:
    """By its beginning. AVIF has the same boxes, but another decoder."""
    (length,) = struct.unpack(">L", file[:4].rjust(4, b"\0"))
    brands = file[8:length]
    return file[4:8] == b"ftyp" and b"avi" not in brands and BRANDS.match(brands) is not None


def essential(file: bytes) -> tuple[bytes, int, int]:
    """The file with its first picture alone, its pixels, and how many will be decoded for it.

    Metadata and further pictures are hidden where they stand, so that nothing moves. A grid may name the same
    large tile again and again, so all pixels are counted.

    Raises:
        ValueError, struct.error: for boxes that make no sense.
    """
    (start, end) = _by_kind(file, 0, len(file))[b"meta"][0]
    if end - start > MAX_META:
        raise ValueError("That is more than one needs to say about a picture.")
    boxes = _by_kind(file, start, end, skip=4)
    primary, areas = _primary(file, *boxes[b"pitm"][0]), _areas(file, *boxes[b"iprp"][0])
    needed: defaultdict[int, list[int]] = defaultdict(list)  # item -> others that are decoded for it
    for box in boxes.get(b"iref", []):
        for kind, one, others in _references(file, *box):
            if kind == b"dimg":
                needed[one] += others
            elif kind == b"auxl":  # alpha, depth: said by what lies beside the picture
                for other in others:
                    needed[other].append(one)

    @cache
    def work(item: int) -> int:
        if not areas.get(item):
            raise ValueError("A picture does not say how large it is.")
        return areas[item] + sum(map(work, needed[item]))

    hidden = bytearray(file)
    for place, item, kind in _items(file, *boxes[b"iinf"][0]):
        if kind not in PICTURES:
            hidden[place - 4 : place] = b"free"
        elif item != primary:
            hidden[place + 1 : place + 4] = HIDDEN
    return bytes(hidden), areas.get(primary, 0), work(primary)


def _boxes(file: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, and the places where its content starts and ends, of each box."""
    while start < end:
        length, kind = struct.unpack_from(">L4s", file, start)
        header = 8
        if length == 1:
            header, (length,) = 16, struct.unpack_from(">Q", file, start + 8)
        length = length or end - start
        if not header <= length <= end - start:
            raise ValueError("A box is longer than what it lies in.")
        yield kind, start + header, start + length
        start += length


def _by_kind(file: bytes, start: int, end: int, skip: int = 0) -> dict[bytes, list[tuple[int, int]]]:
    """Kind -> places of the boxes that follow after `skip` bytes.

    Raises:
        ValueError: where two readers might take different ones of two for the first.
    """
    places: dict[bytes, list[tuple[int, int]]] = {}
    for kind, *place in _boxes(file, start + skip, end):
        places.setdefault(kind, []).append((place[0], place[1]))
    if any(len(places.get(kind, [])) > 1 for kind in (b"meta", b"pitm", b"iinf", b"iref", b"iprp", b"ipco")):
        raise ValueError("A box is there twice.")
    return places


def _number(file: bytes, place: int, wide: int) -> int:
    """Of two bytes, or of four where the box is `wide`."""
    (number,) = struct.unpack_from(">L" if wide else ">H", file, place)
    return int(number)


def _primary(file: bytes, start: int, end: int) -> int:
    return _number(file, start + 4, file[start])


def _items(file: bytes, start: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Place, number and kind of each item."""
    for kind, place, _ in _boxes(file, start + (8 if file[start] else 6), end):
        if kind == b"infe":
            wide = file[place] >= 3
            at = place + (10 if wide else 8)
            yield place, _number(file, place + 4, wide), file[at : at + 4]


def _references(file: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    """Kind, whose, and to which items."""
    wide = file[start]
    size = 4 if wide else 2
    for kind, place, _ in _boxes(file, start + 4, end):
        (count,) = struct.unpack_from(">H", file, place + size)
        yield (
            kind,
            _number(file, place, wide),
            struct.unpack_from(f">{count}{'L' if wide else 'H'}", file, place + size + 2),
        )


def _areas(file: bytes, start: int, end: int) -> dict[int, int]:
    """Item -> its pixels, as its property "ispe" says."""
    boxes = _by_kind(file, start, end)
    areas = [0]  # properties are counted from 1
    for kind, at, _ in _boxes(file, *boxes[b"ipco"][0]):
        areas.append(_number(file, at + 4, True) * _number(file, at + 8, True) if kind == b"ispe" else 0)
    found: dict[int, int] = {}
    for place, _ in boxes[b"ipma"]:
        wide, long, at = file[place], file[place + 3] & 1, place + 8
        for _ in range(_number(file, place + 4, True)):
            item, at = _number(file, at, wide), at + (4 if wide else 2)
            indexes = struct.unpack_from(f">{file[at]}{'H' if long else 'B'}", file, at + 1)
            at += 1 + len(indexes) * (2 if long else 1)
            own = (areas[index & (0x7FFF if long else 0x7F)] for index in indexes)  # the highest bit: "essential"
            found[item] = max(found.get(item, 0), *own, 0)
    return found
