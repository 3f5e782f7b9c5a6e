"""What one shows a friend: photo and painting in one picture, and the film from the one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from nst.adjust import Adjustment
from nst.export import FRAMES_PER_SECOND
from studio.runs.result import Result
from studio.runs.timelapse import opened

LONG_SIDE = 1600  # pixels at most, of each half of the pair
GAP = 1 / 64  # of the long side
SHORT_SIDES = 720, 1080  # pixels of the film's short side: at least, at most
UPRIGHT = (720, 1280)
PHOTO_SECONDS, TURN_SECONDS = 0.8, 1.5  # the photo alone; from photo to painting where no strokes were kept
DIMMED = 0.45


def pair(result: Result, adjustment: Adjustment) -> Image.Image:
    """Before and after: side by side if upright, one above the other if wide."""
    after = result.whole(adjustment).convert("RGB")
    after.thumbnail((LONG_SIDE, LONG_SIDE))
    before = opened(result.content).resize(after.size, Image.Resampling.LANCZOS)
    width, height = after.size
    gap = round(GAP * max(after.size))
    away = (0, height + gap) if width > height else (width + gap, 0)
    sheet = Image.new("RGB", (width + away[0], height + away[1]), "white")
    sheet.paste(before, (0, 0))
    sheet.paste(after, away)
    return sheet


def film(result: Result, adjustment: Adjustment, upright: bool) -> Iterator[Image.Image]:
    """The photo for a moment, the strokes, the painting. `upright` is 9:16, with the picture in the middle."""
    after = result.whole(adjustment).convert("RGB")
    size = _fitted(after.size, UPRIGHT[0]) if upright else _film_size(after.size)
    after = after.resize(size, Image.Resampling.LANCZOS)
    before = opened(result.content).resize(size, Image.Resampling.LANCZOS)
    strokes = [shot.picture.resize(size, Image.Resampling.BICUBIC) for shot in result.film[:-1]]
    pictures = chain([before] * round(PHOTO_SECONDS * FRAMES_PER_SECOND), strokes or _turned(before, after), [after])
    if not upright:
        yield from pictures
        return
    wall = ImageOps.fit(after, UPRIGHT).filter(ImageFilter.GaussianBlur(UPRIGHT[0] / 24))
    wall = ImageEnhance.Brightness(wall).enhance(DIMMED)
    place = (UPRIGHT[0] - size[0]) // 2, (UPRIGHT[1] - size[1]) // 2
    for picture in pictures:
        frame = wall.copy()
        frame.paste(picture, place)
        yield frame


def _turned(before: Image.Image, after: Image.Image) -> Iterator[Image.Image]:
    """The painting comes over the photo from the left."""
    count = round(TURN_SECONDS * FRAMES_PER_SECOND)
    for step in range(1, count):
        frame = before.copy()
        frame.paste(after.crop((0, 0, after.width * step // count, after.height)), (0, 0))
        yield frame


def _film_size(size: tuple[int, int]) -> tuple[int, int]:
    least, most = SHORT_SIDES
    scale = min(max(min(size), least), most) / min(size)
    width, height = (round(side * scale) for side in size)
    return width, height


def _fitted(size: tuple[int, int], width: int) -> tuple[int, int]:
    """As wide as that, unless it would be too high."""
    scale = min(width / size[0], UPRIGHT[1] / size[1])
    return max(2, round(size[0] * scale)), max(2, round(size[1] * scale))
