"""The picture is the project: what painted it, as text that travels in the PNG."""

from __future__ import annotations

import io
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import PIL
import torch
from PIL import Image

from nst.mistakes import Mistake
from nst.settings import KNOBS, Settings
from nst.version import VERSION
from nst.vgg import VGG

KEYWORD = "neural-style-transfer"
NO_TEXT = re.compile("[\ud800-\udfff]")  # how Python writes the bytes of a file's name that are not UTF-8
VERSIONS = {"project": VERSION, "torch": torch.__version__, "pillow": PIL.__version__}

# All texts of a PNG lie in its first megabyte, or they are not read. In base64 a byte is 4/3.
MAX_START_BYTES, MAX_MASK_BYTES = 500_000, 48_000  # one start, a mask for each of four paintings
START_QUALITIES = range(95, 50, -5)


@dataclass(frozen=True)
class Record:
    """All that is needed to paint the same picture again.

    Attributes:
        photo, paintings: What the pictures are called. Names only: they are the visitor's.
        weights: Checksum of the network.
        masks: One for each painting, as PNG; none where all of the photo was painted.
        start: The picture that was gone on from, as JPEG; none where it was the photo.
        stopped: The step after which the painter was stopped; 0 where the picture is finished.
        versions: Of what painted it.
    """

    settings: Settings
    photo: str = ""
    paintings: tuple[str, ...] = ()
    weights: str = ""
    masks: tuple[bytes, ...] = ()
    start: bytes = b""
    stopped: int = 0
    versions: Mapping[str, str] = field(default_factory=lambda: VERSIONS)

    @property
    def text(self) -> dict[str, str]:
        """For `save_png`."""
        said = {one: getattr(self, one) for one in ("photo", "paintings", "weights", "versions", "stopped")}
        said["settings"] = asdict(self.settings)
        said["masks"] = [b64encode(mask).decode() for mask in self.masks]
        said["start"] = b64encode(self.start).decode()
        text = json.dumps({one: value for one, value in said.items() if value}, ensure_ascii=False)
        return {KEYWORD: NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)}


def record(settings: Settings, network: VGG, photo: str, paintings: Sequence[str], stopped: int = 0) -> dict[str, str]:
    """Texts for `save_png` of a picture that was painted from the photo, all over."""
    return Record(settings, photo, tuple(paintings), network.checksum, stopped=stopped).text


def read_record(text: Mapping[str, str]) -> Record | None:
    """The record among the texts of a PNG; None if it was not painted here.

    Raises:
        ValueError: if a recorded value is out of range, or the record is damaged.
    """
    if KEYWORD not in text:
        return None
    try:
        said = json.loads(text[KEYWORD])
        knobs = {name: said["settings"][name] for name in KNOBS if name in said["settings"]}
        rest = _rest(said)
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise Mistake("The settings in this picture are damaged.") from error
    return Record(Settings(**knobs), **rest)


def _rest(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "photo": str(said.get("photo", "")),
        "paintings": tuple(str(name) for name in said.get("paintings", ())),
        "weights": str(said.get("weights", "")),
        "masks": tuple(b64decode(mask, validate=True) for mask in said.get("masks", ())),
        "start": b64decode(said.get("start", ""), validate=True),
        "stopped": int(said.get("stopped", 0)),
        "versions": {str(name): str(version) for name, version in said.get("versions", {}).items()},
    }


def mask_png(mask: Image.Image) -> bytes:
    """Lossless grey. Only a mask of very much detail is made smaller."""
    file = _file(mask.convert("L"), "PNG")
    return file if len(file) <= MAX_MASK_BYTES else mask_png(mask.reduce(2))


def start_jpeg(picture: Image.Image) -> bytes:
    """As good as there is room for, which up to 1024 pixels means that one sees no difference."""
    for quality in START_QUALITIES:
        file = _file(picture.convert("RGB"), "JPEG", quality=quality, subsampling=0)
        if len(file) <= MAX_START_BYTES:
            return file
    return start_jpeg(picture.reduce(2))


def _file(picture: Image.Image, kind: str, **how: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **how)
    return stream.getvalue()
