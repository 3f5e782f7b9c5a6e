"""A finished picture as a file: 8 or 16 bits a channel, its colours said to be sRGB, a size on paper."""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo, putchunk

Pixels = NDArray[np.float32]  # (H, W, 3) sRGB in [0, 1], or (H, W, 4) with alpha, not multiplied in
Levels = NDArray[np.uint8] | NDArray[np.uint16]  # the same in whole numbers

DPI = 300  # pixels per inch of paper
MAX_DPI = 65_535  # the most that a JPEG can say
QUALITY = 95  # of JPEG and WebP
DEPTHS: Mapping[str, tuple[int, ...]] = MappingProxyType(  # ending -> bits a channel, the usual ones first
    {".png": (8, 16), ".jpg": (8,), ".jpeg": (8,), ".webp": (8,), ".tif": (16, 8), ".tiff": (16, 8)}
)
OPAQUE = (".jpg", ".jpeg")  # endings of formats without alpha
PNG_HEADER = 8 + 25  # bytes: the signature and the chunk IHDR, which other chunks follow


def check(target: Path, depth: int | None = None) -> int:
    """Bits a channel for a file of this name; the usual number where `depth` does not say.

    Raises:
        ValueError: if there is no such ending, or it cannot hold so many bits.
    """
    ending = target.suffix.lower()
    if ending not in DEPTHS:
        raise ValueError(f"The output must end in {' or '.join(DEPTHS)}, not {target.name!r}.")
    depth = depth or DEPTHS[ending][0]
    if depth not in DEPTHS[ending]:
        able = [other for other, depths in DEPTHS.items() if depth in depths]
        raise ValueError(f"{depth} bits a channel need {' or '.join(able) or 'another format'}, not {ending}.")
    return depth


def check_alpha(target: Path) -> None:
    """Raises ValueError if a file of this name cannot keep transparency."""
    if target.suffix.lower() in OPAQUE:
        able = ", ".join(ending for ending in DEPTHS if ending not in OPAQUE)
        raise ValueError(f"JPEG has no transparency: write one of {able}, or leave transparency at white.")


def save(pixels: Pixels, target: Path, text: Mapping[str, str], depth: int | None = None, dpi: int = DPI) -> None:
    """Write a picture: it is there whole or not at all.

    Args:
        pixels: As `Frame.pixels`.
        target: Its ending chooses the format.
        text: What a PNG or a TIFF carries along; JPEG and WebP go without.
        depth: Bits a channel, 8 or 16.

    Raises:
        ValueError: as `check`, and as `check_alpha` where there is alpha.
        OSError: if the file cannot be written.
    """
    depth = check(target, depth)
    if pixels.shape[2] == 4:
        check_alpha(target)
    kind, most = (np.uint8 if depth == 8 else np.uint16), np.float32(2**depth - 1)
    levels = np.stack([np.rint(row * most).astype(kind) for row in pixels])  # by rows: never twice in floats
    with replaced_at_once(target) as partial:
        partial.write_bytes(WRITERS[target.suffix.lower()](levels, text, dpi))


@contextmanager
def replaced_at_once(target: Path) -> Iterator[Path]:
    """Where to write a file that takes the target's place when it is whole. After an error nothing of it is left."""
    name = sha256(os.fsencode(target.name)).hexdigest()[:16]  # a name as long as the target's own might be too long
    partial = target.with_name(f".{name}.partial")
    try:
        yield partial
        partial.replace(target)
    finally:
        with suppress(OSError):
            partial.unlink()


def _png(levels: Levels, text: Mapping[str, str], dpi: int) -> bytes:
    """FFmpeg's encoder, because PIL has none for 16 bits; profile and texts are put in after its header."""
    encoded = _encoded(levels, dpi)
    chunks = PngInfo()
    chunks.add(b"iCCP", b"sRGB\0\0" + zlib.compress(SRGB))
    for keyword, value in text.items():
        chunks.add_itxt(keyword, value)
    file = io.BytesIO()
    file.write(encoded[:PNG_HEADER])
    for kind, content, *_ in chunks.chunks:
        putchunk(file, kind, content)
    file.write(encoded[PNG_HEADER:])
    return file.getvalue()


PNG_PIXELS = {(3, 1): "rgb24", (3, 2): "rgb48be", (4, 1): "rgba", (4, 2): "rgba64be"}  # (channels, bytes of each)


def _encoded(levels: Levels, dpi: int) -> bytes:
    height, width, channels = levels.shape
    encoder = av.CodecContext.create("png", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.time_base = width, height, Fraction(1)
    encoder.pix_fmt = PNG_PIXELS[channels, levels.dtype.itemsize]
    encoder.options = {"pred": "mixed", "dpi": str(dpi)}
    still = av.VideoFrame.from_ndarray(levels, format=encoder.pix_fmt)
    return b"".join(bytes(packet) for packet in (*encoder.encode(still), *encoder.encode(None)))


def _tiff(levels: Levels, text: Mapping[str, str], dpi: int) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        levels,
        photometric="rgb",
        extrasamples=["unassalpha"] if levels.shape[2] == 4 else None,
        compression="zlib",
        predictor=True,
        iccprofile=SRGB,
        resolution=(dpi, dpi),
        resolutionunit="INCH",
        description=json.dumps(dict(text)),  # 7 bits, as TIFF 6.0 asks for
        metadata=None,
    )
    return file.getvalue()


def _jpeg(levels: Levels, text: Mapping[str, str], dpi: int) -> bytes:
    return _by_pil(levels, "JPEG", dpi=(dpi, dpi), subsampling="4:4:4")


def _webp(levels: Levels, text: Mapping[str, str], dpi: int) -> bytes:
    return _by_pil(levels, "WEBP")


def _by_pil(levels: Levels, kind: str, **more: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(levels).save(file, kind, quality=QUALITY, icc_profile=SRGB, **more)
    return file.getvalue()


def _srgb() -> bytes:
    """The profile, without the moment at which it was made (ICC.1, 7.2.8): the same picture, the same file."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + bytes(12) + profile[36:]


SRGB = _srgb()
WRITERS: Mapping[str, Callable[[Levels, Mapping[str, str], int], bytes]] = MappingProxyType(
    {".png": _png, ".jpg": _jpeg, ".jpeg": _jpeg, ".webp": _webp, ".tif": _tiff, ".tiff": _tiff}
)
