"""Strangers' files: `open_picture` is the one way in for page, API and shell. Whatever comes through is plain RGB.

The file itself is read in a process of its own, behind `nst.gate`. That goes for a person's own files as well: a photo
that crashes its decoder must cost a folder one line, too, and the same file gives the same pixels everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

import numpy as np
from PIL import Image

from nst.gate.pool import MEGABYTES, Pool
from nst.gate.wire import Block, Refused, Why
from nst.mistakes import Mistake

WORKING_SIDE = 4096  # larger pictures are reduced to this long side: twice the largest painting
MAX_MEGABYTES = 50
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
HEIF_ENDINGS = frozenset({".heic", ".heif", ".hif"})
MAX_TEXT_BYTES = 2**20  # of the beginning of a PNG, in which its texts are
MOST_BYTES = 32 * 10**6  # of what comes back at once: some rows of the widest picture, or a text
AMPLE_MEGABYTES = 4 * MEGABYTES  # for a picture that is wanted in its full size

GATE = Pool("nst.gate.pictures", workers=2)

SENTENCES = {
    Why.NOT_A_PICTURE: "The {name} is not a picture that can be read; "
    "please use a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC file.",
    Why.DAMAGED: "The {name} is damaged or incomplete; please save or download it again, or use another one.",
    Why.TOO_SLOW: "The {name} takes too long to open; please save it again in another format, or use another one.",
    Why.TOO_LARGE: "The {name} has more than {most} million pixels; please use a smaller version.",
    Why.TOO_GREEDY: "The {name} needs too much memory to open; please use a smaller version.",
}


def open_picture(
    source: str | os.PathLike[str] | BinaryIO, name: str = "picture", most: int = WORKING_SIDE
) -> Image.Image:
    """A stranger's file -> an upright picture in RGB, sRGB, without metadata.

    The first frame of an animation, the first page of a TIFF. Transparency lies on white. Deep colours
    are scaled to 8 bits. A long side above `most` pixels is reduced to it; smaller pictures
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
    megabytes = MEGABYTES if most <= WORKING_SIDE else AMPLE_MEGABYTES
    try:
        with closing(GATE.ask("picture", file, MOST_BYTES, megabytes=megabytes, most=most)) as blocks:
            return _assembled(blocks, most)
    except Refused as refused:
        raise Mistake(SENTENCES[refused.why], name=name, most=refused.most) from None


def _assembled(blocks: Iterator[Block], most: int) -> tuple[Image.Image, Image.Image | None]:
    """The picture of which the bands are. Whoever sends them is not believed anything.

    Raises:
        Refused: if they are not what was asked for.
    """
    size = next(blocks, None)
    height, width, channels = size.ravel().tolist() if size is not None and size.size == 3 else (0, 0, 0)
    if not (0 < height <= most and 0 < width <= most and channels in (3, 4)):
        raise Refused(Why.DAMAGED)
    picture = Image.new("RGB", (width, height), None)
    alpha = Image.new("L", picture.size, None) if channels == 4 else None
    top = 0
    for band in blocks:
        if band.dtype != np.uint8 or band.shape[1:] != (width, channels) or top + len(band) > height:
            raise Refused(Why.DAMAGED)
        picture.paste(Image.fromarray(band[..., :3]), (0, top))
        if alpha is not None:
            alpha.paste(Image.fromarray(band[..., 3]), (0, top))
        top += len(band)
    if top < height:
        raise Refused(Why.DAMAGED)
    return picture, alpha


def read_text(source: str | os.PathLike[str] | BinaryIO) -> dict[str, str]:
    """The texts of a PNG that come before its pixels, as `save_png` writes them; {} for any other file."""
    try:
        with closing(GATE.ask("texts", _beginning(source, MAX_TEXT_BYTES), MOST_BYTES)) as blocks:
            words = [block.tobytes().decode("utf-8", "replace") for block in blocks]
    except (OSError, ValueError, Refused):
        return {}
    return dict(zip(words[::2], words[1::2], strict=True))


def endings() -> frozenset[str]:
    """How the names of pictures end that may be opened."""
    return HEIF_ENDINGS | {ending for ending, kind in Image.registered_extensions().items() if kind in FORMATS}


def _read(source: str | os.PathLike[str] | BinaryIO, name: str) -> bytes:
    limit = MAX_MEGABYTES * 10**6
    try:
        file = _beginning(source, limit + 1)
    except FileNotFoundError:
        raise Mistake("The {name} was not found; please check the name of its file.", name=name) from None
    except IsADirectoryError:
        raise Mistake("The {name} is a folder; please choose a picture in it.", name=name) from None
    except (OSError, ValueError) as error:
        raise Mistake("The {name} cannot be read from where it is; please choose another file.", name=name) from error
    if not file:
        raise Mistake("The {name} is an empty file; please choose another one.", name=name)
    if len(file) > limit:
        raise Mistake(
            "The {name} has more than {most} megabytes; please use a smaller file.", name=name, most=MAX_MEGABYTES
        )
    return file


def _beginning(source: str | os.PathLike[str] | BinaryIO, length: int) -> bytes:
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as stream:
            return stream.read(length)
    if source.seekable():
        source.seek(0)
    return source.read(length)
