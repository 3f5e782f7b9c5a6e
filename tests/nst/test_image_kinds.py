"""Kinds of files that other programs open wrongly, or not at all: each made here, and its pixels computed here."""

from __future__ import annotations

import io
import itertools
import struct
import zlib

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from nst.image import open_picture, open_with_alpha
from tests import pictures
from tests.pictures import encoded, quarters

UPRIGHT = np.rot90(np.asarray(quarters()), -1)  # what orientation 6 means


def opened(file: bytes) -> NDArray[np.int64]:
    return np.asarray(open_picture(io.BytesIO(file), "photo")).astype(np.int64)


def assert_close(file: bytes, expected: NDArray[np.generic], within: float = 0) -> None:
    pixels = opened(file)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected.astype(np.int64)).max() <= within


def with_segments(*segments: bytes) -> bytes:
    photo = encoded(quarters(), "JPEG", quality=95, subsampling=0)
    return photo[:2] + b"".join(segments) + photo[2:]


def exif(orientation: int = 6, order: str = "<", kind: int = 3) -> bytes:
    """A segment whose orientation is a SHORT (3) or a LONG (4)."""
    return pictures.segment(0xE1, b"Exif\0\0" + pictures.tiff((0x0112, kind, 1, orientation), order=order))


def xmp(text: str) -> bytes:
    return pictures.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text.encode())


ABOUT = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><D xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'


class TestOrientation:
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("kind", [3, 4])
    def test_as_a_short_or_a_long_number(self, order: str, kind: int) -> None:
        assert_close(with_segments(exif(order=order, kind=kind)), UPRIGHT, within=3)

    def test_in_a_file_that_speaks_of_exif_elsewhere(self) -> None:
        words = b"made by tool Exif\0\0 ok"
        assert_close(with_segments(pictures.segment(0xFE, words), exif()), UPRIGHT, within=3)
        assert_close(with_segments(xmp("Exif\0\0junk"), exif()), UPRIGHT, within=3)
        assert_close(with_segments(pictures.segment(0xE1, b"Exif\0\0junk"), exif()), opened(with_segments()), within=0)

    def test_in_a_png_whose_chunk_begins_as_in_a_jpeg(self) -> None:
        chunk = pictures.chunk(b"eXIf", b"Exif\0\0" + pictures.oriented(6))
        assert_close(_png(quarters(), chunk), UPRIGHT)

    def test_in_xmp_alone(self) -> None:
        assert_close(with_segments(xmp(ABOUT)), UPRIGHT, within=3)

    def test_of_a_deep_tiff(self) -> None:
        file = _tiff(np.asarray(quarters()).astype(np.uint16) * 257, extratags=[(274, "H", 1, 6, True)])
        assert_close(file, UPRIGHT)


# TIFF

HEIGHT, WIDTH = 32, 48
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]
RAMPS = np.dstack([COLUMNS / 47, ROWS / 31, (COLUMNS + ROWS) % 48 / 47])  # of light, from 0 to 1


def _tiff(values: NDArray[np.generic], **how: object) -> bytes:
    stream = io.BytesIO()
    how = {"photometric": "rgb", "metadata": None} | how
    tifffile.imwrite(stream, values, **how)  # type: ignore[arg-type]
    return stream.getvalue()


def _as(kind: str, values: NDArray[np.float64]) -> NDArray[np.generic]:
    """Numbers of that kind; all of its range where they are whole."""
    type = np.dtype(kind)
    return values.astype(type) if type.kind == "f" else np.rint(values * (2.0 ** (8 * type.itemsize) - 1)).astype(type)


CODINGS = [
    (None, False),
    ("zlib", True),
    ("lzw", True),
    ("packbits", False),
]  # compression, and whether with differences


class TestTiff:
    @pytest.mark.parametrize("kind", ["u1", "u2", "u4", "f2", "f4", "f8"])
    @pytest.mark.parametrize("photometric", ["minisblack", "miniswhite", "rgb"])
    def test_of_every_depth_and_layout(self, kind: str, photometric: str) -> None:
        values, expected = RAMPS, np.rint(255 * RAMPS)
        if photometric != "rgb":
            expected = np.repeat(np.rint(255 * RAMPS[..., :1]), 3, 2)
            values = 1 - RAMPS[..., 0] if photometric == "miniswhite" else RAMPS[..., 0]
        numbers = _as(kind, values)
        layouts = itertools.product(CODINGS, (False, True), ("<", ">"), (False, True), (False, True))
        for (compression, differences), planar, order, big, tiled in itertools.islice(layouts, 0, None, 3):
            how = {"compression": compression, "predictor": differences, "byteorder": order, "bigtiff": big}
            how |= {"tile": (16, 16)} if tiled else {}
            if planar and photometric == "rgb":
                how["planarconfig"] = "separate"
            file = _tiff(
                np.moveaxis(numbers, 2, 0) if "planarconfig" in how else numbers, photometric=photometric, **how
            )
            assert_close(file, expected, within=1)

    @pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_with_alpha(self, kind: str, channels: int) -> None:
        alpha = 0.5 + ROWS / 62
        values = np.dstack([RAMPS[..., :channels], alpha])
        photometric = "rgb" if channels == 3 else "minisblack"
        file = _tiff(_as(kind, values), photometric=photometric, extrasamples=["unassalpha"], planarconfig="contig")
        on_white = np.rint(255 * (1 - alpha[..., None] * (1 - RAMPS[..., :channels])))
        assert_close(file, np.broadcast_to(on_white, RAMPS.shape), within=2)
        _, found = open_with_alpha(io.BytesIO(file))
        assert found is not None and np.abs(np.asarray(found) - 255 * alpha).max() <= 1

    def test_with_alpha_that_was_multiplied_in(self) -> None:
        alpha = np.full((HEIGHT, WIDTH), 0.5)
        file = _tiff(_as("u2", np.dstack([RAMPS * 0.5, alpha])), extrasamples=["assocalpha"])
        assert_close(file, np.rint(255 * (1 - 0.5 * (1 - RAMPS))), within=2)

    @pytest.mark.parametrize("kind", ["u1", "u2"])
    @pytest.mark.parametrize("more", [0, 1])
    def test_of_inks(self, kind: str, more: int) -> None:
        inks = np.dstack([1 - RAMPS, np.zeros((HEIGHT, WIDTH)), *[np.full((HEIGHT, WIDTH), 0.5)] * more])
        extra = {"extrasamples": ["unassalpha"]} if more else {}
        expected = RAMPS if not more else 1 - 0.5 * (1 - RAMPS)
        assert_close(_tiff(_as(kind, inks), photometric="separated", **extra), np.rint(255 * expected), within=2)

    def test_of_twelve_bits(self) -> None:
        numbers = np.rint(RAMPS[..., 0] * 4095).astype(np.uint16)
        pairs = numbers.reshape(-1, 2).astype(np.uint32)
        packed = (pairs[:, 0] << 12 | pairs[:, 1]).astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
        place = pictures.content_place(7)
        entries = [(256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (258, 3, 1, 12), (259, 3, 1, 1), (262, 3, 1, 1)]
        entries += [(273, 4, 1, place), (279, 4, 1, len(packed))]
        expected = np.repeat(np.rint(255 * RAMPS[..., :1]), 3, 2)
        assert_close(pictures.tiff(*entries, content=packed), expected, within=1)

    def test_profile_of_a_deep_one(self) -> None:
        red, green, blue = pictures.SRGB
        numbers = np.asarray(quarters()).astype(np.uint16) * 257
        file = _tiff(numbers, iccprofile=pictures.rgb_profile(green, blue, red))
        assert_close(file, np.asarray(quarters())[..., [2, 0, 1]], within=2)

    def test_beyond_the_range_colours_are_squeezed_together(self) -> None:
        values = np.array([[[0.0, 1.0, 2.0], [0.5, 0.25, 2.0]]], np.float32)
        assert_close(_tiff(values), np.array([[[0, 128, 255], [64, 32, 255]]]), within=1)

    @pytest.mark.parametrize("photometric", ["cfa", "linear_raw"])
    def test_a_raw_photo_is_no_picture_yet(self, photometric: str) -> None:
        shape = (HEIGHT, WIDTH) if photometric == "cfa" else (HEIGHT, WIDTH, 3)
        file = _tiff(np.zeros(shape, np.uint16), photometric=photometric)
        with pytest.raises(ValueError, match="is not a picture that can be read"):
            open_picture(io.BytesIO(file))

    @pytest.mark.parametrize("compression", [None, "lzw"])
    def test_a_part_of_a_deep_one_is_damaged(self, compression: str | None) -> None:
        file = _tiff(pictures.noise(48, 32).astype(np.uint16) * 257, compression=compression)
        for share in (0.5, 0.9):
            with pytest.raises(ValueError, match="is damaged"):
                open_picture(io.BytesIO(file[: int(len(file) * share)]))


# PNG


def _png(picture: Image.Image, *before: bytes, after: bytes = b"") -> bytes:
    """With chunks before and after the pixels."""
    file = encoded(picture, "PNG")
    pixels, end = file.index(b"IDAT") - 4, file.rindex(b"IEND") - 4
    return file[:pixels] + b"".join(before) + file[pixels:end] + after + file[end:]


LONG = zlib.compress(bytes(3 * 2**19))  # a megabyte and a half
LONG_CHUNKS = {
    "zTXt": pictures.chunk(b"zTXt", b"Comment\0\0" + LONG),
    "iTXt": pictures.chunk(b"iTXt", b"Comment\0\1\0\0\0" + LONG),
    "tEXt": pictures.chunk(b"tEXt", b"Comment\0" + b"x" * 2**21),
    "iCCP": pictures.chunk(b"iCCP", b"icc\0\0" + LONG),
    "bad checksum": pictures.chunk(b"tEXt", b"Comment\0words")[:-1] + b"?",
    "unknown": pictures.chunk(b"ruBb", bytes(2**21)),
}


class TestPng:
    @pytest.mark.parametrize("kind", LONG_CHUNKS)
    def test_what_is_too_long_or_broken_beside_the_pixels_is_dropped(self, kind: str) -> None:
        expected = np.asarray(quarters())
        assert_close(_png(quarters(), LONG_CHUNKS[kind]), expected)
        if kind != "iCCP":
            assert_close(_png(quarters(), after=LONG_CHUNKS[kind]), expected)

    def test_a_hundred_long_texts(self) -> None:
        text = pictures.chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**20)))
        assert_close(_png(quarters(), *[text] * 100), np.asarray(quarters()))

    @pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
    def test_levels_that_are_light_itself(self, mode: str) -> None:
        ramp = np.arange(256, dtype=np.uint8)[None]
        picture = Image.fromarray(ramp).convert(mode)
        light = ramp / 255
        srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
        file = _png(picture, gamma := pictures.chunk(b"gAMA", struct.pack(">L", 100_000)))
        assert_close(file, np.repeat(np.rint(255 * srgb)[..., None], 3, 2), within=1)
        usual = _png(picture, pictures.chunk(b"gAMA", struct.pack(">L", 45_455)))
        assert_close(usual, np.repeat(ramp[..., None], 3, 2))
        sure = _png(picture, gamma, pictures.chunk(b"sRGB", b"\0"))
        assert_close(sure, np.repeat(ramp[..., None], 3, 2))


# JPEG


class TestJpeg:
    @pytest.mark.parametrize("how", [{}, {"progressive": True}, {"subsampling": 2}])
    def test_that_lacks_its_end_mark(self, how: dict[str, object]) -> None:
        whole = encoded(Image.fromarray(pictures.noise(50, 35)), "JPEG", **how)
        assert_close(whole[:-2], opened(whole))
        assert_close(whole[:-2] + bytes(100), opened(whole))

    @pytest.mark.parametrize("lost", [12, 40, 400])
    def test_that_lacks_pixels_is_damaged(self, lost: int) -> None:
        whole = encoded(Image.fromarray(pictures.noise(50, 35)), "JPEG")
        with pytest.raises(ValueError, match="is damaged"):
            open_picture(io.BytesIO(whole[:-lost]))


# BMP


def _bmp(numbers: NDArray[np.generic], *masks: int, header: int = 40, bottom_up: bool = True) -> bytes:
    """Pixels as numbers of 16 or 32 bits, in which the masks say what is red, green, blue and perhaps alpha."""
    height, width = numbers.shape
    bits = 8 * numbers.itemsize
    rows = numbers[::-1] if bottom_up else numbers
    pixels = b"".join(row.tobytes() + bytes(-len(row.tobytes()) % 4) for row in rows)
    about = struct.pack("<LllHHLLllLL", header, width, height if bottom_up else -height, 1, bits, 3, 0, 0, 0, 0, 0)
    about = (about + b"".join(struct.pack("<L", mask) for mask in masks)).ljust(header, b"\0")
    return b"BM" + struct.pack("<LLL", 14 + len(about) + len(pixels), 0, 14 + len(about)) + about + pixels


def _packed(kind: str, *masks: int) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Quarters in such numbers, and what is left of their colours."""
    numbers = np.zeros((HEIGHT, WIDTH), kind)
    colors = []
    for channel, mask in zip(np.moveaxis(np.asarray(quarters()), 2, 0), masks, strict=False):
        lowest = mask & -mask
        levels = channel.astype(np.int64) * (mask // lowest) // 255
        numbers |= (levels * lowest).astype(kind)
        colors.append(np.rint(levels * 255 / (mask // lowest)))
    return numbers, np.dstack(colors)


class TestBmp:
    @pytest.mark.parametrize("bottom_up", [True, False])
    @pytest.mark.parametrize(
        ("kind", "masks"),
        [
            ("<u2", (0xF800, 0x07E0, 0x001F)),
            ("<u2", (0x7C00, 0x03E0, 0x001F)),
            ("<u2", (0x0F00, 0x00F0, 0x000F)),
            ("<u2", (0x001F, 0x07E0, 0xF800)),
            ("<u4", (0x000000FF, 0x0000FF00, 0x00FF0000)),
            ("<u4", (0x3FF00000, 0x000FFC00, 0x000003FF)),
        ],
    )
    def test_of_bit_fields(self, kind: str, masks: tuple[int, ...], bottom_up: bool) -> None:
        numbers, colors = _packed(kind, *masks)
        assert_close(_bmp(numbers, *masks, bottom_up=bottom_up), colors, within=1)
        assert_close(_bmp(numbers[:, :47], *masks, header=124, bottom_up=bottom_up), colors[:, :47], within=1)

    def test_whose_fields_are_not_said_has_the_usual_ones(self) -> None:
        numbers, colors = _packed("<u2", 0xF800, 0x07E0, 0x001F)
        assert_close(_bmp(numbers), colors, within=1)

    def test_that_is_transparent_all_over_is_not_meant_to_be(self) -> None:
        masks = (0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000)
        numbers, colors = _packed("<u4", *masks)
        assert_close(_bmp(numbers, *masks, header=124), colors)
        half = numbers.copy()
        half[:, 24:] |= np.uint32(0xFF000000)
        expected = colors.copy()
        expected[:, :24] = 255
        assert_close(_bmp(half, *masks, header=124), expected)

    @pytest.mark.parametrize("masks", [(0, 0, 0), (0xF800, 0x07E0, 0x001F)])
    def test_that_ends_too_early_is_damaged(self, masks: tuple[int, ...]) -> None:
        numbers, _ = _packed("<u2", 0xF800, 0x07E0, 0x001F)
        with pytest.raises(ValueError, match="is damaged"):
            open_picture(io.BytesIO(_bmp(numbers, *masks)[:-200]))
