"""Pictures in and out: safe decoding, sizes, colour. The only module that knows PIL.

Pictures come from strangers, so `open_picture` is the one gate for page, API and shell: whatever
is behind it is plain RGB. It trusts no file: few decoders run, on a bounded size, for a bounded
time, one at a time.
"""

from __future__ import annotations

import io
import os
import re
import struct
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, TiffImagePlugin, TiffTags, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo
from pillow_heif import options as heif_options
from pillow_heif.as_plugin import HeifImageFile  # used as it is, and not registered: PIL stays as others expect it
from torch import Tensor

from nst.heif import essential, is_heif

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

REC601 = (0.299, 0.587, 0.114)  # luma of sRGB values, ITU-R BT.601
LEAST_SPREAD = 0.01  # standard deviation of a colour below which it counts as noise


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
        image = _plain(image)
        if image.size != size:
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        image = _upright(image, exif)
        return _on_white(image, profile), _alpha(image)


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


# Modes and colours


def _plain(image: Image.Image) -> Image.Image:
    """Palettes, single bits, deep greys, transparent colours -> 8-bit channels, which can be resampled.

    Returns:
        A picture in L, LA, RGB, RGBA, CMYK or LAB.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _eight_bits(image)
    if image.mode in ("LA", "RGBA"):
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits or floating point -> 8 bits.

    Black is 0, white 65535, or 1 of floating point; a picture that goes beyond is squeezed into the
    range. (PIL would clip all above 255.)
    """
    values = np.array(image, dtype=np.float32)
    white = 1.0 if image.mode == "F" else 65535.0
    transparent = image.info.get("transparency")
    if transparent is not None:
        values[values == transparent] = white
    values[~(np.abs(values) < 1e30)] = 0  # not a number, or none that a grey could be
    black, white = min(0.0, float(values.min())), max(white, float(values.max()))
    values -= black
    values *= 255 / (white - black)
    return Image.fromarray(np.rint(values, out=values).astype(np.uint8))


def _on_white(image: Image.Image, profile: bytes = b"") -> Image.Image:
    """A plain picture -> RGB on white paper. A new picture, to which nothing sticks but pixels."""
    paper = Image.new("RGB", image.size, "white")
    paper.paste(_in_srgb(image, profile), mask=_alpha(image))
    return paper


def _alpha(image: Image.Image) -> Image.Image | None:
    """How opaque a plain picture is, in grey; None where it is all over. A new picture likewise."""
    if image.mode not in ("LA", "RGBA") or image.getextrema()[-1] == (255, 255):
        return None
    return Image.frombytes("L", image.size, image.getchannel("A").tobytes())


# The colour space of an ICC profile: the mode that it reads, and the modes of pictures that it fits.
PROFILES = {
    "RGB ": ("RGB", ("RGB", "RGBA", "L", "LA")),
    "GRAY": ("L", ("L", "LA")),
    "CMYK": ("CMYK", ("CMYK",)),
}


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """A plain picture -> RGB, alpha dropped. A profile that is broken or does not fit is ignored."""
    with suppress(ImageCms.PyCMSError, KeyError, OSError, TypeError, ValueError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode, fitting = PROFILES[source.profile.xcolor_space]
        if image.mode in fitting:
            srgb = ImageCms.createProfile("sRGB")
            intent = ImageCms.Intent.RELATIVE_COLORIMETRIC  # paper becomes white, and the darkest ink black
            transform = ImageCms.buildTransform(
                source, srgb, mode, "RGB", intent, ImageCms.Flags.BLACKPOINTCOMPENSATION
            )
            return transform.apply(image.convert(mode))
    return image.convert("RGB")


# Saving


def with_alpha(image: Image.Image, alpha: Image.Image | None) -> Image.Image:
    """The picture in RGBA, as opaque as another one of its shape was; as it is where that was all over."""
    if alpha is None:
        return image
    image = image.copy()
    image.putalpha(alpha.resize(image.size, Image.Resampling.BILINEAR))
    return image


def with_alpha_values(pixels: NDArray[np.float32], alpha: Image.Image | None) -> NDArray[np.float32]:
    """The same of (H, W, 3) in [0, 1]: (H, W, 4)."""
    if alpha is None:
        return pixels
    height, width, _ = pixels.shape
    resized = np.array(alpha.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
    return np.dstack([pixels, resized / 255])


def save_png(image: Image.Image, target: str | os.PathLike[str] | BinaryIO, text: Mapping[str, str]) -> None:
    """Write a PNG, lossless, that carries texts in UTF-8 ("iTXt" chunks).

    Args:
        image: In RGB or RGBA.
        target: Path of the file, or a binary stream.
        text: Keyword -> text. A keyword has 1 to 79 characters of Latin-1.

    Raises:
        ValueError: if a keyword is not one.
        OSError: if the file cannot be written.
    """
    chunks = PngInfo()
    for keyword, value in text.items():
        if not re.fullmatch(r"[!-~\xa1-\xff]([ -~\xa1-\xff]{0,77}[!-~\xa1-\xff])?", keyword):
            raise ValueError(f"A keyword of a PNG must have 1 to 79 characters of Latin-1, not {keyword!r}.")
        chunks.add_itxt(keyword, value)
    image.save(target, "PNG", pnginfo=chunks)


def read_text(source: str | os.PathLike[str] | BinaryIO) -> dict[str, str]:
    """The texts of a PNG that come before its pixels, as `save_png` writes them; {} for any other file."""
    with suppress(OSError, ValueError), _decoding("picture"):
        image = Image.open(_Hurried(_beginning(source, MAX_TEXT_BYTES)), formats=("PNG",))
        return {str(key): str(value) for key, value in image.info.items() if isinstance(value, str)}
    return {}


# Pixels


def fitted_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """(width, height) of the same shape with the given long side, each at least 1 pixel."""
    scale = long_side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def to_pixels(image: Image.Image, size: tuple[int, int]) -> Tensor:
    """PIL picture -> (1, 3, H, W) float32 sRGB in [0, 1], resampled to `size` (width, height).

    Any mode will do; transparency lies on white.
    """
    if image.mode != "RGB":
        image = _on_white(_plain(image))
    resampled = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return torch.from_numpy(np.array(resampled)).permute(2, 0, 1)[None].float() / 255


def to_image(pixels: Tensor) -> Image.Image:
    """(1, 3, H, W) in [0, 1], on any device -> PIL RGB; values beyond the range are clipped."""
    levels = (pixels[0].detach().clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(levels.permute(1, 2, 0).cpu().numpy())


def luma(pixels: Tensor) -> Tensor:
    """(1, 3, H, W) -> (1, 1, H, W)."""
    return (pixels * pixels.new_tensor(REC601).view(1, 3, 1, 1)).sum(1, keepdim=True)


def with_luma(pixels: Tensor, new_luma: Tensor) -> Tensor:
    """The chroma of `pixels` under another luma: the difference is added to all three channels."""
    return pixels + (new_luma - luma(pixels))


def with_luma_inside(pixels: Tensor, new_luma: Tensor) -> Tensor:
    """The same, and where a channel would leave [0, 1] the luma gives way: the chroma stays whole."""
    chroma = pixels - luma(pixels)
    lowest, highest = -chroma.amin(1, keepdim=True), 1 - chroma.amax(1, keepdim=True)
    return chroma + new_luma.clamp(lowest, highest)


def match_colors(pixels: Tensor, like: Tensor) -> Tensor:
    """Move the colours of one picture so that their mean and covariance are another's.

    A x + b of Gatys, Bethge, Hertzmann & Shechtman 2016 ("Preserving color in neural artistic style
    transfer"), with the symmetric square roots that they prefer: A = other^(1/2) own^(-1/2). It departs
    from them where the picture hardly varies, as in the chroma of a grey one: that is noise, and not
    stretched to the other's spread.

    Args:
        pixels, like: (1, 3, H, W) in [0, 1], each of its own size.

    Returns:
        (1, 3, H, W) like `pixels`, clipped to [0, 1].
    """
    (mean, own), (other_mean, other) = _moments(pixels), _moments(like)
    matrix = _power(other, 0.5) @ _power(own, -0.5, LEAST_SPREAD**2)
    matrix, offset = matrix.to(pixels), (other_mean - matrix @ mean).to(pixels)
    return (torch.einsum("ij,njhw->nihw", matrix, pixels) + offset.view(1, 3, 1, 1)).clamp(0, 1)


def _moments(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (3) and covariance (3, 3) of the colours in float64, on the CPU: not every device has it."""
    colors = pixels[0].flatten(1).cpu().double()
    return colors.mean(1), torch.cov(colors, correction=0)


def _power(covariance: Tensor, exponent: float, least: float = 0.0) -> Tensor:
    """A power of a symmetric matrix whose eigenvalues are raised to at least `least` first."""
    values, vectors = torch.linalg.eigh(covariance)
    power: Tensor = (vectors * values.clamp(min=least).pow(exponent)) @ vectors.t()
    return power


def match_histograms(pixels: Tensor, like: Tensor) -> Tensor:
    """Give each channel of one picture the histogram that it has in another.

    Args:
        pixels, like: (1, 3, H, W), each of its own size.

    Returns:
        (1, 3, H, W) like `pixels`: the order of its values, with the other's values.
    """
    values, wanted = pixels[0].flatten(1), like[0].flatten(1).sort(dim=1).values
    rank = values.argsort(dim=1, stable=True).argsort(dim=1)
    at = ((rank + 0.5) * (wanted.shape[1] / values.shape[1])).long().clamp(max=wanted.shape[1] - 1)
    return wanted.gather(1, at).view_as(pixels)
