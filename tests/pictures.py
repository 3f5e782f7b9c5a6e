"""Makers of odd pictures, as bytes of a file: what strangers may send."""

from __future__ import annotations

import functools
import io
import random
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

ORIENTATION = 0x0112


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    if format == "HEIF":  # which PIL itself does not know
        pillow_heif.from_pillow(image).save(stream, **options)
    else:
        image.save(stream, format, **options)
    return stream.getvalue()


def quarters(width: int = 48, height: int = 32) -> Image.Image:
    """Four flat colours, so that every turn and flip looks different; edges on multiples of 16."""
    red, green, blue, sand = (200, 60, 40), (60, 180, 60), (40, 60, 200), (220, 200, 150)
    small = np.array([[red, green, green], [blue, sand, sand]], np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.NEAREST)


def noise(width: int, height: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """(H, W, channels) of uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


# PNG, chunk by chunk


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))


def png(width: int, height: int, bits: int, color: int, rows: bytes, *chunks: bytes) -> bytes:
    """A PNG of any size, bits and type of colour (0: grey, 2: RGB, 3: palette), without a picture in memory."""
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, bits, color, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


# TIFF and EXIF, entry by entry


def tiff(*entries: tuple[int, int, int, int], order: str = "<", content: bytes = b"") -> bytes:
    """Entries are (tag, kind, count, value or place) in the order of tags; `content` is at `content_place`."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    body = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        short = kind == 3 and count == 1
        body += struct.pack(order + ("HHLHxx" if short else "HHLL"), tag, kind, count, value)
    return head + body + bytes(4) + content


def content_place(number_of_entries: int) -> int:
    return 8 + 2 + 12 * number_of_entries + 4


def grey_tiff(width: int, height: int, *more: tuple[int, int, int, int], content: bytes) -> bytes:
    """Uncompressed 8-bit grey, whose strip begins where `content` does."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    strip = [(273, 4, 1, content_place(len(entries) + 2 + len(more))), (279, 4, 1, width * height)]
    return tiff(*entries, *strip, *more, content=content)


def greedy_exif(claims: int, size: int) -> bytes:
    """A directory of which every entry claims the same `size` bytes."""
    place = content_place(claims)
    return tiff(*[(40_000 + i, 7, size, place) for i in range(claims)], content=bytes(size))


def oriented(orientation: int, order: str = "<") -> bytes:
    return tiff((ORIENTATION, 3, 1, orientation), order=order)


# ICC profiles (ICC.1:2001-04), tag by tag


def fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">l", round(number * 65536)) for number in numbers)


D50 = (0.9642, 1.0, 0.8249)


def place(xyz: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*xyz)


def icc(kind: bytes, space: bytes, connection: bytes, **tags: bytes) -> bytes:
    table, content, place = struct.pack(">L", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += name.encode() + struct.pack(">LL", place + len(content), len(value))
        content += value
    header = struct.pack(">L4xL", place + len(content), 0x02400000) + kind + space + connection
    header = (header.ljust(36, b"\0") + b"acsp").ljust(68, b"\0") + fixed(*D50)
    return header.ljust(128, b"\0") + table + content


def rgb_profile(red: tuple[float, ...], green: tuple[float, ...], blue: tuple[float, ...]) -> bytes:
    """Primaries as XYZ under D50; the curve of sRGB."""
    curve = b"para\0\0\0\0\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    primaries = {"rXYZ": place(red), "gXYZ": place(green), "bXYZ": place(blue)}
    return icc(b"mntr", b"RGB ", b"XYZ ", wtpt=place(D50), **primaries, rTRC=curve, gTRC=curve, bTRC=curve)


SRGB = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7139)
DISPLAY_P3 = (0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)


def grey_profile(gamma: float) -> bytes:
    curve = struct.pack(">4s4xLH", b"curv", 1, round(gamma * 256))
    return icc(b"mntr", b"GRAY", b"XYZ ", wtpt=place(D50), kTRC=curve)


def black_ink_profile() -> bytes:
    """CMYK in which only black ink shows: the lightness L* falls from 100 to 0 with it."""
    ramp = bytes(range(256))
    corners = b"".join(bytes([0 if corner & 1 else 255, 128, 128]) for corner in range(16))  # black changes fastest
    matrix = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table = b"mft1\0\0\0\0\4\3\2\0" + matrix + ramp * 4 + corners + ramp * 3
    return icc(b"prtr", b"CMYK", b"Lab ", wtpt=place(D50), A2B0=table)


# JPEG, segment by segment


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def with_exif_segments(jpeg: bytes, exif: bytes) -> bytes:
    """EXIF of any length in as many segments as it needs, which PIL joins."""
    pieces = [exif[i : i + 65_000] for i in range(0, len(exif), 65_000)]
    return jpeg[:2] + b"".join(segment(0xE1, b"Exif\0\0" + piece) for piece in pieces) + jpeg[2:]


def many_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last pass, of a few bytes, comes again and again."""
    jpeg = encoded(Image.new("L", (side, side), 128), "JPEG", progressive=True)
    return jpeg[:-2] + jpeg[jpeg.rindex(b"\xff\xda") : -2] * scans + jpeg[-2:]


# Headers of pictures that are said to be huge. There are no pixels behind them.


def huge(format: str, width: int, height: int) -> bytes:
    tiny = encoded(Image.new("RGB", (16, 16)), format)
    if format == "PNG":
        return png(width, height, 8, 2, b"")
    if format == "JPEG":
        at = tiny.index(b"\xff\xc0") + 5
        return tiny[:at] + struct.pack(">HH", height, width) + tiny[at + 4 :]
    if format == "GIF":
        frame = tiny.index(b"\x2c", 13 + 3 * 2 ** ((tiny[10] & 7) + 1))
        size = struct.pack("<HH", width, height)
        return tiny[:6] + size + tiny[10 : frame + 5] + size + tiny[frame + 9 :]
    if format == "BMP":
        return tiny[:18] + struct.pack("<LL", width, height) + tiny[26:]
    if format == "TIFF":
        return grey_tiff(width, height, content=b"")
    if format == "WEBP":
        extended = struct.pack("<L", 0) + struct.pack("<L", width - 1)[:3] + struct.pack("<L", height - 1)[:3]
        frames = b"VP8X" + struct.pack("<L", 10) + extended + tiny[12:]
        lossy = frames.index(b"VP8 ") + 14
        frames = frames[:lossy] + struct.pack("<HH", width, height) + frames[lossy + 4 :]
        return b"RIFF" + struct.pack("<L", len(frames) + 4) + b"WEBP" + frames
    at = tiny.index(b"ispe") + 8
    return tiny[:at] + struct.pack(">LL", width, height) + tiny[at + 8 :]


# HEIF


def deep_heif(levels: np.ndarray, mode: str = "RGB;16", **options: Any) -> bytes:
    """Of 10 bits, from (H, W, 3) of uint16."""
    stream = io.BytesIO()
    pillow_heif.encode(mode, levels.shape[1::-1], levels.tobytes(), stream, **options)
    return stream.getvalue()


# Damage


@functools.cache
def samples() -> dict[str, bytes]:
    """A small file of every format, mode and way of coding that matters."""
    color = Image.fromarray(noise(24, 16))
    alpha = Image.fromarray(noise(24, 16, 4))
    grey, deep = color.convert("L"), Image.fromarray(noise(24, 16, 2).view("<u2")[..., 0])
    exif = oriented(6) + bytes(20)
    return {
        "jpeg": encoded(color, "JPEG", exif=b"Exif\0\0" + exif, icc_profile=rgb_profile(*DISPLAY_P3)),
        "jpeg-progressive": encoded(color, "JPEG", progressive=True),
        "jpeg-grey": encoded(grey, "JPEG"),
        "jpeg-cmyk": encoded(color.convert("CMYK"), "JPEG", icc_profile=black_ink_profile()),
        "mpo": encoded(color, "MPO", save_all=True, append_images=[grey.convert("RGB")]),
        "png": encoded(color, "PNG", exif=exif, icc_profile=rgb_profile(*DISPLAY_P3)),
        "png-alpha": encoded(alpha, "PNG"),
        "png-palette": encoded(color.quantize(16), "PNG", transparency=bytes(range(0, 160, 10))),
        "png-deep": encoded(deep, "PNG"),
        "png-bits": encoded(color.convert("1"), "PNG"),
        "png-animated": encoded(color, "PNG", save_all=True, append_images=[grey.convert("RGB")]),
        "webp": encoded(color, "WEBP", exif=exif),
        "webp-lossless": encoded(alpha, "WEBP", lossless=True),
        "webp-animated": encoded(color, "WEBP", save_all=True, append_images=[grey.convert("RGB")]),
        "gif": encoded(color, "GIF"),
        "gif-animated": encoded(color, "GIF", save_all=True, append_images=[grey], transparency=0),
        "bmp": encoded(color, "BMP"),
        "bmp-palette": encoded(color.quantize(16), "BMP"),
        "tiff": encoded(color, "TIFF", tiffinfo={ORIENTATION: 6}, icc_profile=rgb_profile(*DISPLAY_P3)),
        "tiff-lzw": encoded(alpha, "TIFF", compression="tiff_lzw"),
        "tiff-jpeg": encoded(color, "TIFF", compression="jpeg"),
        "tiff-cmyk": encoded(color.convert("CMYK"), "TIFF", compression="tiff_adobe_deflate"),
        "tiff-deep": encoded(deep, "TIFF"),
        "tiff-float": encoded(grey.convert("F"), "TIFF"),
        "tiff-lab": encoded(color.convert("LAB"), "TIFF"),
        "tiff-fax": encoded(color.convert("1"), "TIFF", compression="group4"),
        "avif": encoded(color, "AVIF", exif=exif, speed=10),
        "avif-alpha": encoded(alpha, "AVIF", speed=10),
        "heif": encoded(color, "HEIF", exif=b"Exif\0\0" + exif, icc_profile=rgb_profile(*DISPLAY_P3)),
        "heif-alpha": encoded(alpha, "HEIF"),
        "heif-grid": encoded(Image.fromarray(noise(96, 80)), "HEIF", tile_size=64),
        "heif-deep": deep_heif(noise(24, 16).astype(np.uint16) * 257),
    }


def damaged(file: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """What may happen to a file on its way; the same for the same seed."""
    chance = random.Random(seed)
    for share in (0.02, 0.1, 0.3, 0.6, 0.9):
        yield f"cut at {share:.0%}", file[: int(len(file) * share)]
    for flips in (1, 1, 1, 3, 10, 100):
        broken = bytearray(file)
        for _ in range(flips):
            broken[chance.randrange(len(file))] ^= 1 << chance.randrange(8)
        yield f"{flips} bits flipped", bytes(broken)
    start = chance.randrange(len(file) // 2)
    hole = chance.randrange(1, len(file) // 4)
    yield "a piece lost", file[:start] + file[start + hole :]
    yield "a piece zeroed", file[:start] + bytes(hole) + file[start + hole :]
    yield "a piece twice", file[: start + hole] + file[start:]
    yield "noise after the signature", file[:16] + chance.randbytes(len(file) - 16)
