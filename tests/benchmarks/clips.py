"""Films made from gallery photos.

Of some the motion is known exactly: a camera over a photo, and a figure that walks through. The others are as a
telephone takes them, with parallax, shake, rows that are exposed one after the other, an exposure that wanders, and
noise; what moves there has to be found, as in any film.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst.film.flow import motion
from nst.image import open_picture
from tests.benchmarks.quality import file_of

OVERSAMPLING = 3  # pixels of the large frame that one of the clip is the mean of, down and across
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """A flat picture that moves as a whole.

    Attributes:
        picture: (h, w, 3) in [0, 1].
        cover: (h, w) in [0, 1], where it hides what is behind.
        places: For each frame (2, 3): a pixel (x, y, 1) of the frame -> the picture's.
    """

    picture: Array
    cover: Array
    places: Sequence[Array]


@dataclass(frozen=True)
class Clip:
    """Frames, and where each of their pixels is in any other frame.

    Attributes:
        layers: From the back to the front.
        size: (width, height) of a frame.
    """

    layers: Sequence[Layer]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.layers[0].places)

    def frame(self, number: int) -> Image.Image:
        width, height = self.size
        large = width * OVERSAMPLING, height * OVERSAMPLING
        shown = np.zeros((large[1], large[0], 3), np.float32)
        for layer in self.layers:
            place = _enlarged(layer.places[number])
            picture = _looked_up(layer.picture, place, large, cv2.BORDER_REFLECT)
            cover = _looked_up(layer.cover, place, large, cv2.BORDER_CONSTANT)[..., None]
            shown += cover * (picture - shown)
        small = cv2.resize(shown, self.size, interpolation=cv2.INTER_AREA)
        return Image.fromarray(np.rint(small.clip(0, 1) * 255).astype(np.uint8))

    @property
    def frames(self) -> list[Image.Image]:
        return [self.frame(number) for number in range(len(self))]

    def flow(self, number: int, other: int) -> tuple[Array, NDArray[np.bool_]]:
        """From each pixel of a frame the way to its place in another (H, W, 2), and whether it is seen there."""
        width, height = self.size
        here = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=2).astype(np.float32)
        front = self._front(number, here)
        ways = np.zeros_like(here)
        for index, layer in enumerate(self.layers):
            there = _moved(_moved(here, layer.places[number]), _inverse(layer.places[other]))
            ways[front == index] = (there - here)[front == index]
        there = here + ways
        inside = ((there >= 0) & (there <= (width - 1, height - 1))).all(2)
        return ways, inside & (self._front(other, there) == front)

    def _front(self, number: int, points: Array) -> NDArray[np.int64]:
        """Which layer is seen at some points (H, W, 2) of a frame."""
        front = np.zeros(points.shape[:2], np.int64)
        for index, layer in enumerate(self.layers[1:], 1):
            at = _moved(points, layer.places[number])
            cover = cv2.remap(layer.cover, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
            front[cover > 0.5] = index
        return front


def _enlarged(place: Array) -> Array:
    """The same for a frame of OVERSAMPLING times the size, whose pixels lie around those of the small one."""
    shift = (1 / OVERSAMPLING - 1) / 2
    to_small = np.array([[1 / OVERSAMPLING, 0, shift], [0, 1 / OVERSAMPLING, shift], [0, 0, 1]], np.float32)
    return (place @ to_small).astype(np.float32)


def _looked_up(picture: Array, place: Array, size: tuple[int, int], border: int) -> Array:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, place, size, flags=flags, borderMode=border), np.float32)


def _moved(points: Array, place: Array) -> Array:
    return (points @ place[:, :2].T + place[:, 2]).astype(np.float32)


def _inverse(place: Array) -> Array:
    return np.asarray(cv2.invertAffineTransform(place), np.float32)


def camera(center: tuple[float, float], zoom: float, turn: float, size: tuple[int, int]) -> Array:
    """Where a frame looks: its middle, photo pixels for one of the frame, degrees."""
    cos, sin = zoom * math.cos(math.radians(turn)), zoom * math.sin(math.radians(turn))
    middle = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
    matrix = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([matrix, np.array(center) - matrix @ middle]).astype(np.float32)


def photo_clip(name: str, long_side: int, length: int, path: Callable[[float, float, float], Sequence[float]]) -> Clip:
    """A camera over a photo.

    Args:
        path: Share of the clip in [0, 1], the photo's width and height -> middle x and y in pixels, zoom, degrees.
    """
    picture = np.asarray(open_picture(file_of("content", name)), np.float32) / 255
    height, width = picture.shape[:2]
    size = (long_side, round(long_side * 9 / 16))
    places = []
    for index in range(length):
        x, y, part, turn = path(index / 24, width, height)
        places.append(camera((x, y), part * width / long_side, turn, size))
    return Clip([Layer(picture, np.ones((height, width), np.float32), places)], size)


def pan(long_side: int = 384, length: int = 24) -> Clip:
    return photo_clip("japanese-street", long_side, length, lambda t, w, h: (w * (0.4 + 0.2 * t), h * 0.5, 0.7, 0))


def zoom(long_side: int = 384, length: int = 24) -> Clip:
    return photo_clip("neuschwanstein-castle", long_side, length, lambda t, w, h: (w / 2, h / 2, 0.9 - 0.25 * t, 0))


def turn(long_side: int = 384, length: int = 24) -> Clip:
    return photo_clip("citrus-fruits", long_side, length, lambda t, w, h: (w / 2, h / 2, 0.6, -6 + 12 * t))


def _oval(side: int) -> Array:
    """What is left of a square portrait that is cut out."""
    rows, columns = np.mgrid[:side, :side] / side - 0.5
    inside = ((rows / 0.45) ** 2 + (columns / 0.33) ** 2) < 1
    return np.asarray(cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 2), np.float32)


def figure(long_side: int = 384, length: int = 24) -> Clip:
    """A still camera; a portrait, cut out as an ellipse, walks through."""
    back = photo_clip("suspension-bridge", long_side, length, lambda t, w, h: (w / 2, h / 2, 0.8, 0))
    picture = np.asarray(open_picture(file_of("content", "astronaut")), np.float32) / 255
    side = picture.shape[0]
    cover = _oval(side)
    scale = side / (0.45 * long_side)
    middle = np.array([(back.size[0] - 1) / 2, (back.size[1] - 1) / 2])
    places = []
    for index in range(length):
        at = np.array([(0.15 + 0.6 * index / 24) * long_side, middle[1] + 4 * math.sin(index / 2)])
        offset = np.array([side / 2, side / 2]) - scale * at
        places.append(np.column_stack([scale * np.eye(2), offset]).astype(np.float32))
    return Clip([*back.layers, Layer(picture, cover, places)], back.size)


@dataclass(frozen=True)
class FilmedClip:
    """As `Clip`, of frames alone: flow is dense inverse search."""

    frames: Sequence[Image.Image]

    def __len__(self) -> int:
        return len(self.frames)

    def frame(self, number: int) -> Image.Image:
        return self.frames[number]

    def flow(self, number: int, other: int) -> tuple[Array, NDArray[np.bool_]]:
        found = motion(self.frames[other], self.frames[number])
        return found.back, found.seen[0, 0].numpy() > 0


@dataclass(frozen=True)
class Sheet:
    """A picture that hangs upright in space.

    Attributes:
        picture, cover: As of `Layer`.
        middle: Across, down, and away from the camera's first place, in units of the width that the first sheet has.
        width: In the same units.
    """

    picture: Array
    cover: Array
    middle: tuple[float, float, float]
    width: float


Path = Callable[[Array], tuple[Array, Array]]  # seconds (N,) -> where the camera is (N, 3); pitch, yaw, roll (N, 3)
READOUT = 0.03  # seconds from the first row to the last
NOISE = 0.015  # of a pixel of a frame, in [0, 1]: standard deviation
FOCAL = 0.9  # of the camera, in widths of a frame


def filmed(sheets: Sequence[Sheet], path: Path, long_side: int, length: int, seed: int) -> FilmedClip:
    """Through a camera that moves, from the back sheet to the front one, at 24 frames a second."""
    chance, size = np.random.default_rng(seed), (long_side, round(long_side * 9 / 16))
    frames = []
    for index in range(length):
        shown = _through_camera(sheets, path, index / 24, (2 * size[0], 2 * size[1]))
        small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
        light = 1 + 0.08 * math.sin(index / 3) + 0.04 * math.sin(index / 1.3)
        seen = small * light + NOISE * chance.standard_normal(small.shape)
        frames.append(Image.fromarray(np.rint(seen.clip(0, 1) * 255).astype(np.uint8)))
    return FilmedClip(frames)


def _through_camera(sheets: Sequence[Sheet], path: Path, seconds: float, size: tuple[int, int]) -> Array:
    """(H, W, 3), each row at its own moment."""
    width, height = size
    where, turned = path(np.linspace(seconds, seconds + READOUT, height, dtype=np.float32))
    across = (np.arange(width) - (width - 1) / 2) / (FOCAL * width)
    down = (np.arange(height) - (height - 1) / 2) / (FOCAL * width)
    pitch, yaw, roll = (turned[:, [axis]] for axis in range(3))
    x = np.cos(roll) * across - np.sin(roll) * down[:, None] + yaw  # of small angles
    y = np.sin(roll) * across + np.cos(roll) * down[:, None] + pitch
    shown = np.zeros((height, width, 3), np.float32)
    for sheet in sheets:
        away = sheet.middle[2] - where[:, [2]]
        rows, columns = sheet.picture.shape[:2]
        scale = columns / sheet.width
        places = [
            ((ray * away + where[:, [axis]] - sheet.middle[axis]) * scale + middle).astype(np.float32)
            for axis, (ray, middle) in enumerate(((x, columns / 2), (y, rows / 2)))
        ]
        cover = cv2.remap(sheet.cover, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[..., None]
        shown += cover * (cv2.remap(sheet.picture, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT) - shown)
    return shown


def _shake(seconds: Array, seed: int) -> Array:
    """(N, 3) in [-1, 1]: of a hand, some slow sway and some tremor."""
    chance = np.random.default_rng(seed)
    beats, starts = np.array([0.7, 1.9, 4.3]), chance.uniform(0, 2 * math.pi, (3, 3))
    waves = np.sin(2 * math.pi * seconds[:, None, None] * beats + starts)  # (N, axis, beat)
    return np.asarray(waves @ np.array([0.6, 0.3, 0.1]), np.float32)


def _photo(name: str) -> tuple[Array, Array]:
    picture = np.asarray(open_picture(file_of("content", name)), np.float32) / 255
    return picture, np.ones(picture.shape[:2], np.float32)


def flight(long_side: int = 384, length: int = 24) -> FilmedClip:
    """Past a figure that stands before a castle, and towards both."""
    figure, _ = _photo("astronaut")

    def path(seconds: Array) -> tuple[Array, Array]:
        zero = np.zeros_like(seconds)
        way = np.stack([0.16 * seconds - 0.04, 0.01 * np.sin(3 * seconds), 0.12 * seconds], axis=1)
        return way, np.stack([zero, -0.06 * seconds, 0.02 * seconds], axis=1) + 0.002 * _shake(seconds, 3)

    back = Sheet(*_photo("neuschwanstein-castle"), (0, 0, 1), 1.5)
    return filmed([back, Sheet(figure, _oval(figure.shape[0]), (0.08, 0.06, 0.6), 0.3)], path, long_side, length, 1)


def hand(long_side: int = 384, length: int = 24) -> FilmedClip:
    """Someone stands before a barn and holds the camera as well as one can."""

    def path(seconds: Array) -> tuple[Array, Array]:
        return 0.01 * _shake(seconds, 4), 0.02 * _shake(seconds, 5)

    return filmed([Sheet(*_photo("barn"), (0, 0, 1), 1.4)], path, long_side, length, 2)


CLIPS: dict[str, Callable[..., Clip | FilmedClip]] = {
    "pan": pan,
    "zoom": zoom,
    "turn": turn,
    "figure": figure,
    "flight": flight,
    "hand": hand,
}
