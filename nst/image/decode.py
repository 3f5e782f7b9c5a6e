"""Strangers' files: `open_picture` is the one gate for page, API and shell. Whatever is behind it is plain RGB.

It trusts no file: few decoders run, on a bounded size, for a bounded time, one at a time.
"""

from __future__ import annotations

import io
import os
import re
import struct
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from PIL import Image, ImageFile, TiffImagePlugin, TiffTags, UnidentifiedImageError
from pillow_heif import options as heif_options
from pillow_heif.as_plugin import HeifImageFile  # used as it is, and not registered: PIL stays as others expect it

from nst.image.color import alpha_of, on_white, plain
from nst.image.heif import essential, is_heif
from nst.image.pixels import fitted_size

WORKING_SIDE = 4096  # larger pictures are reduced to this long side: twice the largest painting
MAX_MEGABYTES = 50
MAX_MEGAPIXELS = {  # what each decoder opens within about 600 MB and 3 seconds
    "JPEG": 110,  # shrinks while it is decoded
    "PNG": 52,
    "WEBP": 30,
    "GIF": 52,
    "BMP": 52,
    "TIFF": 36,
    "AVIF": 36,
    "HEIF": 52,
}
MAX_MEGAPIXELS_IN_PASSES = 52  # of a JPEG that does not shrink
MAX_MEGAPIXELS_IN_TILES = 208  # of a HEIF: all that is decoded for the one picture
FORMATS = tuple(MAX_MEGAPIXELS)
PIL_FORMATS = tuple(format for format in FORMATS if format != "HEIF")
HEIF_ENDINGS = frozenset({".heic", ".heif", ".hif"})
MAX_SECONDS = 10.0
MAX_TEXT_BYTES = 2**20  # of texts in a PNG


# Opening


def open_picture(
    source: str | os.PathLike[str] | BinaryIO, name: str = "picture", most: int = WORKING_SIDE
) -> Image.Image:
    """A stranger's file -> an upright picture in RGB, sRGB, without metadata.

    The first frame of an animation, the first page of a TIFF. Transparency lies on white. Deep grey
    is scaled to 8 bits. A long side above `most` pixels is reduced to it; smaller pictures
    keep theirs.

    Args:
        source: Path of a file, or a binary stream, which is read from its start.
        name: What the picture is to the user, such as "photo": the subject of the errors.

    Raises:
        ValueError: one sentence that says what is wrong and what to do.
    """
    return open_with_alpha(source, name, most)[0]


def open_with_alpha(
    source: str | os.PathLike[str] | BinaryIO, name: str = "picture", most: int = WORKING_SIDE
) -> tuple[Image.Image, Image.Image | None]:
    """The same, and how opaque the picture was before it lay on white: grey in its size; None where it was all over."""
    file = _read(source, name)
    with _decoding(name):
        image: Image.Image = _opened(file)
        size = fitted_size(*image.size, min(most, max(image.size)))
        image.draft(None, size)  # a JPEG is decoded at 1/2, 1/4 or 1/8, where that is large enough
        image.load()
        exif, profile = image.info.get("exif") or b"", image.info.get("icc_profile", b"")
        image = plain(image)
        if image.size != size:
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        image = _upright(image, exif)
        return on_white(image, profile), alpha_of(image)


def _read(source: str | os.PathLike[str] | BinaryIO, name: str) -> bytes:
    limit = MAX_MEGABYTES * 10**6
    try:
        file = _beginning(source, limit + 1)
    except FileNotFoundError:
        raise ValueError(f"The {name} was not found; please check the name of its file.") from None
    except IsADirectoryError:
        raise ValueError(f"The {name} is a folder; please choose a picture in it.") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"The {name} cannot be read from where it is; please choose another file.") from error
    if not file:
        raise ValueError(f"The {name} is an empty file; please choose another one.")
    if len(file) > limit:
        raise ValueError(f"The {name} has more than {MAX_MEGABYTES} megabytes; please use a smaller file.")
    return file


def _beginning(source: str | os.PathLike[str] | BinaryIO, length: int) -> bytes:
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as stream:
            return stream.read(length)
    if source.seekable():
        source.seek(0)
    return source.read(length)


class _Refused(Exception):
    """What is wrong with a picture: the predicate of a sentence whose subject is its name."""


_NOT_A_PICTURE = "is not a picture that can be read; please use a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC file."
_DAMAGED = "is damaged or incomplete; please save or download it again, or use another one."
_TOO_SLOW = "takes too long to open; please save it again in another format, or use another one."
_TOO_LARGE = "has more than {} million pixels; please use a smaller version."

_SIGNATURE = re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF.{4}WEBP|II\*\0|MM\0\*|.{4}ftypavi[fs]", re.DOTALL)

heif_options.THUMBNAILS = heif_options.DEPTH_IMAGES = heif_options.AUX_IMAGES = False

_one_at_a_time = threading.Lock()


@contextmanager
def _decoding(name: str) -> Iterator[None]:
    """PIL may do what it likes in here: warnings are dropped, and any error becomes one sentence.

    One picture at a time, so that many visitors need no more memory than one, and because the
    filters of warnings belong to all threads.
    """
    with _one_at_a_time, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        try:
            yield
        except _Refused as refused:
            raise ValueError(f"The {name} {refused}") from None
        except Image.DecompressionBombError as error:  # PIL's own limit is higher than ours
            raise ValueError(f"The {name} {_TOO_LARGE.format(max(MAX_MEGAPIXELS.values()))}") from error
        except Exception as error:  # PIL raises nearly every exception there is for a damaged file
            raise ValueError(f"The {name} {_DAMAGED}") from error


def _opened(file: bytes) -> ImageFile.ImageFile:
    """The picture as its header describes it; nothing is decoded yet."""
    try:
        image = _heif(file) if is_heif(file) else Image.open(_Hurried(_without_metadata(file)), formats=PIL_FORMATS)
    except UnidentifiedImageError as error:
        raise _Refused(_DAMAGED if _SIGNATURE.match(file) else _NOT_A_PICTURE) from error
    image.decodermaxblock = 4096  # bytes between two looks at the clock
    limit = _max_megapixels(image, file)
    if max(image.width * image.height, _tile_area(image)) > limit * 10**6:
        raise _Refused(_TOO_LARGE.format(limit))
    return image


def _heif(file: bytes) -> ImageFile.ImageFile:
    """libheif turns the picture upright itself, and decodes no more pixels than its header says."""
    alone, pixels, work = essential(file)
    if pixels > MAX_MEGAPIXELS["HEIF"] * 10**6 or work > MAX_MEGAPIXELS_IN_TILES * 10**6:
        raise _Refused(_TOO_LARGE.format(MAX_MEGAPIXELS["HEIF"]))
    return HeifImageFile(_Hurried(alone))  # type: ignore[no-untyped-call]


def endings() -> frozenset[str]:
    """How the names of pictures end that may be opened."""
    return HEIF_ENDINGS | {ending for ending, kind in Image.registered_extensions().items() if kind in PIL_FORMATS}


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


class _Hurried(io.BytesIO):
    """A file that can be read for a limited time only.

    PIL's readers are loops that go on for as long as the file says: over millions of empty
    segments, or of passes over the whole picture in a hundred bytes each.
    """

    def __init__(self, file: bytes) -> None:
        super().__init__(file)
        self.end = time.monotonic() + MAX_SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self.end:
            raise _Refused(_TOO_SLOW)
        return super().read(size)


# Metadata


def _without_metadata(file: bytes) -> bytes:
    """The file without what nobody needs and PIL would unpack at once, however large.

    A directory of EXIF or TIFF may claim the same megabyte a thousand times: 2 MB become 3 GB.
    """
    if file.startswith(b"\xff\xd8"):  # JPEG: all segments of EXIF are joined; a single one is short
        before, exif, after = file.partition(b"Exif\0\0")
        return before + exif + after.replace(b"Exif\0\0", b"none\0\0")
    if file[4:8] == b"ftyp":  # AVIF: its orientation is elsewhere; ISO 14496-12, ItemInfoEntry
        return re.sub(rb"Exif(?:(?<=infe.{12})|(?<=infe.{14}))", b"none", file, flags=re.DOTALL)
    if file[:2] in (b"II", b"MM"):
        return _essential_tiff(file)
    return file


# What TIFF 6.0 and its supplements say about pixels: sizes, bits, places of strips and tiles, ...
PIXEL_TAGS = frozenset([*range(256, 260), 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, *range(322, 326),
                        332, 338, 339, 347, *range(512, 522), 529, 530, 531, 532])  # fmt: skip
ICC_PROFILE_TAG = 34675
MAX_TAG_LENGTH = 2**16  # values; enough for a strip a row


def _essential_tiff(file: bytes) -> bytes:
    """The TIFF with a directory of only what is about pixels, of a believable length."""
    if file[:4] not in (b"II*\0", b"MM\0*"):  # also a BigTIFF, which is for more than 4 gigabytes
        raise _Refused(_NOT_A_PICTURE)
    order, start, entries = _directory(file)
    kept = [
        struct.pack(order + "HHL4s", tag, kind, count, value)
        for tag, kind, count, value in entries
        if (tag in PIXEL_TAGS and count <= MAX_TAG_LENGTH) or (tag == ICC_PROFILE_TAG and kind == TiffTags.UNDEFINED)
    ]
    directory = struct.pack(order + "H", len(kept)) + b"".join(kept)
    return file[:start] + directory.ljust(2 + 12 * len(entries) + 4, b"\0") + file[start + 2 + 12 * len(entries) + 4 :]


def _directory(tiff: bytes) -> tuple[str, int, list[tuple[int, int, int, bytes]]]:
    """Byte order, place, and (tag, kind, count, value or its place) of each entry of the first directory.

    TIFF 6.0, section 2. EXIF has the same form.
    """
    order = {b"II": "<", b"MM": ">"}[tiff[:2]]
    (start,) = struct.unpack_from(order + "L", tiff, 4)
    (length,) = struct.unpack_from(order + "H", tiff, start)
    entries = tiff[start + 2 : start + 2 + 12 * length]
    return order, start, list(struct.iter_unpack(order + "HHL4s", entries[: len(entries) // 12 * 12]))


ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(image: Image.Image, exif: bytes) -> Image.Image:
    """The picture as the camera was held. (PIL has turned a TIFF already.)"""
    turn = TURNS.get(_orientation(exif))
    return image if turn is None else image.transpose(turn)


def _orientation(exif: bytes) -> int:
    """1 to 8; 1, upright, where EXIF is broken: no reason to refuse a photo."""
    try:
        order, _, entries = _directory(exif.removeprefix(b"Exif\0\0"))
    except (KeyError, TypeError, struct.error):
        return 1
    found = {tag: struct.unpack_from(order + "H", value)[0] for tag, _, _, value in entries}
    return int(found.get(ORIENTATION, 1))


# Texts


def read_text(source: str | os.PathLike[str] | BinaryIO) -> dict[str, str]:
    """The texts of a PNG that come before its pixels, as `save_png` writes them; {} for any other file."""
    with suppress(OSError, ValueError), _decoding("picture"):
        image = Image.open(_Hurried(_beginning(source, MAX_TEXT_BYTES)), formats=("PNG",))
        return {str(key): str(value) for key, value in image.info.items() if isinstance(value, str)}
    return {}
