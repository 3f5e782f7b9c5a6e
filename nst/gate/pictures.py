"""The decoder of strangers' pictures: a file -> an upright picture in sRGB of 8 bits, and how opaque it is.

The readers are used as they are: Pillow, pillow-heif and tifffile. What a file can do to them it does in a process that
ends with it (see `worker`); only how large a picture may be is decided here, from its header.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
from PIL import AvifImagePlugin as avif
from PIL import Image, ImageFile, ImageOps, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError
from pillow_heif import is_supported
from pillow_heif import options as heif_options
from pillow_heif.as_plugin import HeifImageFile

from nst.gate import bitmaps, tiffs
from nst.gate.srgb import BAND, alpha_of, fitted_size, plain, to_srgb, with_gamma
from nst.gate.wire import Block, Refused, Why

MAX_MEGAPIXELS = {  # what each reader opens within about 600 MB and 3 seconds
    "JPEG": 110,  # shrinks while it is decoded
    "PNG": 52,
    "WEBP": 30,
    "GIF": 52,
    "BMP": 52,
    "TIFF": tiffs.MAX_MEGAPIXELS,
    "AVIF": 36,
    "HEIF": 52,
}
MAX_MEGAPIXELS_IN_PASSES = 52  # of a JPEG that does not shrink
PIL_FORMATS = tuple(format for format in MAX_MEGAPIXELS if format != "HEIF")
MAX_TEXTS = 2**29  # bytes of texts in a PNG, which are read and dropped; the limit of memory comes first

SIGNATURE = re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF.{4}WEBP|II[*+]\0|MM\0[*+]|.{4}ftypavi[fs]", re.DOTALL)

heif_options.THUMBNAILS = heif_options.DEPTH_IMAGES = heif_options.AUX_IMAGES = False
heif_options.DECODE_THREADS = avif.DEFAULT_MAX_THREADS = 2  # each takes its share of the address space
Image.preinit()
Image.init()  # all readers are loaded now, because nothing can be loaded later on


def picture(file: bytes, most: int) -> Iterator[Block]:
    """The picture on white paper.

    Args:
        most: Pixels of the long side; larger pictures are reduced to it.

    Yields:
        [[[height, width, channels]]], and then all rows in bands of (BAND or fewer, width, channels). There are
        three channels, or four where the picture was not opaque all over: the last one says how opaque.
    """
    image = _decoded(file, most)
    size = fitted_size(*image.size, min(most, max(image.size)))
    gamma = image.info.get("gamma") if not {"icc_profile", "srgb"} & image.info.keys() else None
    image = plain(image)
    if gamma:
        image = with_gamma(image, gamma)
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    with suppress(Exception):  # a broken EXIF is no reason to refuse a photo
        ImageOps.exif_transpose(image, in_place=True)
    convert, alpha = to_srgb(image.mode, image.info.get("icc_profile") or b""), alpha_of(image)
    yield np.array([[[image.height, image.width, 4 if alpha else 3]]], np.int32)
    for top in range(0, image.height, BAND):
        box = (0, top, image.width, min(top + BAND, image.height))
        band = convert(image.crop(box))
        if alpha:
            mask, colors = alpha.crop(box), band
            band = Image.new("RGB", band.size, "white")
            band.paste(colors, mask=mask)
            band.putalpha(mask)
        yield np.asarray(band)


def texts(file: bytes) -> Iterator[Block]:
    """Keyword and text, in UTF-8, of each text of a PNG that comes before its pixels."""
    with _lenient():
        image = Image.open(io.BytesIO(file), formats=("PNG",))
    for keyword, text in image.info.items():
        if isinstance(text, str):
            for words in (str(keyword), str(text)):
                yield np.frombuffer(words.encode("utf-8", "replace"), np.uint8)[None, :, None]


DECODERS = {"picture": picture, "texts": texts}


def _decoded(file: bytes, most: int) -> Image.Image:
    if tiffs.is_deep(file):
        return tiffs.opened(file)
    try:
        image = opened(file)
    except Refused as refused:
        if refused.why == Why.NOT_A_PICTURE or file[:2] not in (b"BM", b"II", b"MM"):
            raise
        return _by_another_reader(file)
    image.draft(None, fitted_size(*image.size, min(most, max(image.size))))  # a JPEG at 1/2, 1/4 or 1/8
    try:
        image.load()
    except OSError:
        if image.format not in ("JPEG", "MPO"):
            raise
        return _without_its_end(file, image)
    return _with_believable_alpha(image)


def _by_another_reader(file: bytes) -> Image.Image:
    """What Pillow knows by its name but not by its contents."""
    if file[:2] != b"BM":
        return tiffs.opened(file)
    width, height = struct.unpack_from("<ll", file, 18)
    if width * abs(height) > MAX_MEGAPIXELS["BMP"] * 10**6:
        raise Refused(Why.TOO_LARGE, MAX_MEGAPIXELS["BMP"])
    return _with_believable_alpha(bitmaps.opened(file))


def opened(file: bytes) -> ImageFile.ImageFile:
    """The picture as its header describes it; nothing is decoded yet.

    Raises:
        Refused: if it is none that can be read, or too large.
    """
    try:
        image = _reader(file)
    except Image.DecompressionBombError:  # Pillow's own limit is higher than ours
        raise Refused(Why.TOO_LARGE, max(MAX_MEGAPIXELS.values())) from None
    except UnidentifiedImageError:
        raise Refused(Why.DAMAGED if SIGNATURE.match(file) else Why.NOT_A_PICTURE) from None
    except (Refused, MemoryError):
        raise
    except Exception:
        raise Refused(Why.DAMAGED) from None
    limit = _max_megapixels(image, file)
    if max(image.width * image.height, _tile_area(image)) > limit * 10**6:
        raise Refused(Why.TOO_LARGE, limit)
    return image


def _reader(file: bytes) -> ImageFile.ImageFile:
    stream = io.BytesIO(file)
    if file[4:8] == b"ftyp" and not re.match(rb"avi[fs]", file[8:12]) and is_supported(stream):
        if not _has_all_boxes(file):  # libheif paints the missing parts green
            raise Refused(Why.DAMAGED)
        return HeifImageFile(stream)  # type: ignore[no-untyped-call]  # which turns the picture upright itself
    if file.startswith(b"RIFF") and _webp_area(file) > MAX_MEGAPIXELS["WEBP"] * 10**6:  # Pillow makes room at once
        raise Refused(Why.TOO_LARGE, MAX_MEGAPIXELS["WEBP"])
    with _lenient():
        return _Png(stream) if file.startswith(b"\x89PNG") else Image.open(stream, formats=PIL_FORMATS)


def _has_all_boxes(heif: bytes) -> bool:
    """Whether the file ends where its boxes do (ISO 14496-12). What makers of cameras append is not looked at."""
    place = 0
    while heif[place + 4 : place + 8] in (b"ftyp", b"meta", b"mdat", b"free", b"skip"):
        (length,) = struct.unpack_from(">L", heif, place)
        if length == 1:
            (length,) = struct.unpack_from(">Q", heif, place + 8)
        place += max(8, length or len(heif) - place)
    return place <= len(heif)


def _webp_area(webp: bytes) -> int:
    """Pixels, by the header (RFC 9649)."""
    head = webp[:30].ljust(30, b"\0")
    if head[12:16] == b"VP8X":
        return (int.from_bytes(head[24:27], "little") + 1) * (int.from_bytes(head[27:30], "little") + 1)
    sides = int.from_bytes(head[21:25], "little")
    if head[12:16] == b"VP8L":
        return ((sides & 0x3FFF) + 1) * ((sides >> 14 & 0x3FFF) + 1)
    return (int.from_bytes(head[26:28], "little") & 0x3FFF) * (int.from_bytes(head[28:30], "little") & 0x3FFF)


@contextmanager
def _lenient() -> Iterator[None]:
    """Pillow drops what is broken or too long around the pixels. Pixels must not be read in here."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES, PngImagePlugin.MAX_TEXT_MEMORY
    ImageFile.LOAD_TRUNCATED_IMAGES, PngImagePlugin.MAX_TEXT_MEMORY = True, MAX_TEXTS
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES, PngImagePlugin.MAX_TEXT_MEMORY = before


class _Png(PngImagePlugin.PngImageFile):
    """What follows the pixels is read as leniently as what comes before them."""

    def load_end(self) -> None:
        with _lenient():
            super().load_end()


def _max_megapixels(image: Image.Image, file: bytes) -> int:
    """The limit for this picture.

    A JPEG that comes in several passes is held in memory as coefficients, 6 bytes a pixel, until it
    is complete: a progressive one, and any with a scan of fewer components than the picture has.
    """
    if image.format not in ("JPEG", "MPO"):
        return MAX_MEGAPIXELS[str(image.format)]
    scan_of_one_or_two = re.search(rb"\xff\xda\0(\x06\x01|\x08\x02)", file)
    in_passes = "progressive" in image.info or (image.mode != "L" and scan_of_one_or_two)
    return MAX_MEGAPIXELS_IN_PASSES if in_passes else MAX_MEGAPIXELS["JPEG"]


def _tile_area(image: Image.Image) -> int:
    """Pixels of one tile of a TIFF, which is decoded whole even where the picture is smaller."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 0
    return int(image.tag_v2.get(TiffImagePlugin.TILEWIDTH, 0) * image.tag_v2.get(TiffImagePlugin.TILELENGTH, 0))


END_OF_JPEG = b"\xff\xd9"


def _without_its_end(file: bytes, image: Image.Image) -> Image.Image:
    """A JPEG that lacks nothing but the mark at its end.

    Where pixels are missing, too, the decoder makes them up of whatever follows, and two endings give two pictures.
    """
    pictures = []
    for ending in (END_OF_JPEG, b"\x55" * 64 + END_OF_JPEG):
        one = opened(file + ending)
        one.draft(None, image.size)
        one.load()
        pictures.append(one)
    if pictures[0].tobytes() != pictures[1].tobytes():
        raise Refused(Why.DAMAGED)
    return pictures[0]


def _with_believable_alpha(image: Image.Image) -> Image.Image:
    """A BMP that is transparent all over is not meant to be: many programs leave that byte at 0."""
    if image.format in ("BMP", None) and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
        return image.convert("RGB")
    return image
