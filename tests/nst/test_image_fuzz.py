"""The gate against pictures that nobody thought of: whatever comes, a clean picture or one sentence.

Most are read in this process, as a worker would read them, because that is quicker; a few go through a worker.
"""

from __future__ import annotations

import io
import re
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from nst.gate import pictures as reader
from nst.image import FORMATS, WORKING_SIDE, decode, open_picture, read_text
from tests import pictures
from tests.pictures import encoded, quarters

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

WHOLE = [encoded(quarters(), format) for format in FORMATS]
HEIC = encoded(quarters(), "HEIF")
SENTENCE = re.compile(r"The photo [^./\\\n<>\[\]_]+; please [^./\\\n<>\[\]_]+\.")


def few(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def is_read(file: bytes) -> None:
    try:
        list(reader.texts(file))
        blocks = list(reader.picture(file, WORKING_SIDE))
    except Exception:  # of which a worker says that the file is damaged
        return
    is_clean(decode._assembled(iter(blocks), WORKING_SIDE)[0])


def is_clean(picture: Image.Image) -> None:
    assert type(picture) is Image.Image
    assert (picture.mode, picture.info) == ("RGB", {})
    assert min(picture.size) >= 1 and max(picture.size) <= WORKING_SIDE


def comes_to_a_good_end(file: bytes) -> None:
    read_text(io.BytesIO(file))
    try:
        picture = open_picture(io.BytesIO(file), "photo")
    except ValueError as error:
        assert SENTENCE.fullmatch(str(error)), str(error)
    else:
        is_clean(picture)


BEGINNINGS = st.sampled_from([b"", *(file[:16] for file in WHOLE)])
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12)


def changed(file: bytes, changes: list[tuple[float, int]]) -> bytes:
    other = bytearray(file)
    for share, byte in changes:
        other[int(share * (len(file) - 1))] = byte
    return bytes(other)


@few(150)
@given(BEGINNINGS, st.binary(max_size=400))
def test_anything_behind_a_believable_beginning(head: bytes, rest: bytes) -> None:
    is_read(head + rest)


@few(150)
@given(st.sampled_from(WHOLE), CHANGES)
def test_bytes_changed_anywhere(file: bytes, changes: list[tuple[float, int]]) -> None:
    is_read(changed(file, changes))


@few(150)
@given(st.sampled_from(WHOLE), st.sampled_from(WHOLE), st.floats(0, 1), st.floats(0, 1))
def test_the_beginning_of_one_and_the_end_of_another(one: bytes, other: bytes, share: float, rest: float) -> None:
    is_read(one[: int(share * len(one))] + other[int(rest * len(other)) :])


@few(60)
@given(st.sampled_from(WHOLE), CHANGES)
def test_some_of_them_through_a_worker(file: bytes, changes: list[tuple[float, int]]) -> None:
    comes_to_a_good_end(changed(file, changes))


# Headers, field by field

SIDES = st.one_of(st.integers(0, 64), st.integers(0, 2**32 - 1))
SHORT_SIDES = st.one_of(st.integers(0, 64), st.integers(0, 2**16 - 1))
TAGS = st.sampled_from([256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338,
                        339, 347, 530, 34675, 33550, 40000])  # fmt: skip
CODINGS = st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 32773, 34892, 34925, 50000, 50001, 9])
ENTRIES = st.tuples(TAGS, st.integers(0, 18), st.one_of(st.just(1), st.integers(0, 9), SIDES), SIDES)


@few(200)
@given(
    st.tuples(st.integers(1, 64), st.integers(1, 64), st.sampled_from([1, 2, 4, 8, 12, 16, 32, 64]), CODINGS),
    st.integers(0, 10),
    st.lists(ENTRIES, max_size=12),
    st.sampled_from("<>"),
    st.binary(max_size=600),
)
def test_tiff_headers(
    usual: tuple[int, ...], photometric: int, more: list[tuple[int, int, int, int]], order: str, content: bytes
) -> None:
    width, height, bits, coding = usual
    entries = {
        256: (3, 1, width),
        257: (3, 1, height),
        258: (3, 1, bits),
        259: (3, 1, coding),
        262: (3, 1, photometric),
    }
    entries |= {273: (4, 1, 200), 279: (4, 1, 400)} | {tag: tuple(rest) for tag, *rest in more}
    fitting = [
        (tag, kind, count, value % 2**16 if kind == 3 and count == 1 else value)
        for tag, (kind, count, value) in sorted(entries.items())
    ]
    is_read(pictures.tiff(*fitting, order=order, content=content))


CHUNKS = st.tuples(
    st.sampled_from([b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"acTL",
                     b"fcTL", b"fdAT", b"pHYs", b"IDAT", b"IEND", b"CgBI"]),
    st.binary(max_size=80),
)  # fmt: skip


@few(200)
@given(
    st.tuples(SIDES, SIDES),
    st.tuples(*[st.one_of(st.sampled_from([0, 1, 2, 3, 4, 6, 8, 16]), st.integers(0, 255))] * 5),
    st.lists(CHUNKS, max_size=6),
    st.binary(max_size=300),
)
def test_png_headers(
    size: tuple[int, int], rest: tuple[int, ...], chunks: list[tuple[bytes, bytes]], end: bytes
) -> None:
    header = pictures.chunk(b"IHDR", struct.pack(">LLBBBBB", *size, *rest))
    pixels = encoded(quarters(), "PNG")[33:]
    is_read(b"\x89PNG\r\n\x1a\n" + header + b"".join(pictures.chunk(*one) for one in chunks) + pixels + end)


SEGMENTS = st.tuples(st.integers(0xC0, 0xFE), st.binary(max_size=120))


@few(200)
@given(
    st.tuples(SHORT_SIDES, SHORT_SIDES, st.integers(0, 5)),
    st.sampled_from([0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC9]),
    st.lists(SEGMENTS, max_size=5),
)
def test_jpeg_headers(size: tuple[int, int, int], frame: int, segments: list[tuple[int, bytes]]) -> None:
    height, width, components = size
    photo = encoded(quarters(), "JPEG")
    at = photo.index(b"\xff\xc0")
    head = photo[at + 4 : at + 5] + struct.pack(">HHB", height, width, components) + photo[at + 10 : at + 19]
    more = b"".join(pictures.segment(*one) for one in segments)
    is_read(photo[:2] + more + photo[2:at] + pictures.segment(frame, head) + photo[at + 19 :])


PARTS = st.tuples(
    st.sampled_from([b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP "]), st.binary(max_size=90)
)


@few(200)
@given(
    st.integers(0, 255),
    st.tuples(*[st.one_of(st.integers(0, 63), st.integers(0, 2**24 - 1))] * 2),
    st.lists(PARTS, max_size=4),
    st.sampled_from(["lossy", "lossless", "none"]),
)
def test_webp_headers(flags: int, size: tuple[int, int], parts: list[tuple[bytes, bytes]], pixels: str) -> None:
    head = struct.pack("<L", flags) + b"".join(struct.pack("<L", side)[:3] for side in size)
    body = b"VP8X" + struct.pack("<L", len(head)) + head
    for kind, content in parts:
        body += kind + struct.pack("<L", len(content)) + content + bytes(len(content) % 2)
    if pixels != "none":
        body += encoded(quarters(), "WEBP", lossless=pixels == "lossless")[12:]
    is_read(b"RIFF" + struct.pack("<L", len(body) + 4) + b"WEBP" + body)


@few(200)
@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.one_of(st.integers(0, 255), st.integers(0, 2**32 - 1))), min_size=1, max_size=6
    )
)
def test_heic_headers(changes: list[tuple[float, int]]) -> None:
    file = bytearray(HEIC)
    end = file.index(b"mdat") - 4
    for share, number in changes:
        struct.pack_into(">L", file, int(share * (end - 4)), number)
    is_read(bytes(file))
