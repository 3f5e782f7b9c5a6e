"""Films of which the motion is known exactly: a camera over gallery photos, and a figure that walks through."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

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


def figure(long_side: int = 384, length: int = 24) -> Clip:
    """A still camera; a portrait, cut out as an ellipse, walks through."""
    back = photo_clip("suspension-bridge", long_side, length, lambda t, w, h: (w / 2, h / 2, 0.8, 0))
    picture = np.asarray(open_picture(file_of("content", "astronaut")), np.float32) / 255
    side = picture.shape[0]
    rows, columns = np.mgrid[:side, :side] / side - 0.5
    cover = (((rows / 0.45) ** 2 + (columns / 0.33) ** 2) < 1).astype(np.float32)
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), 2), np.float32)
    scale = side / (0.45 * long_side)
    middle = np.array([(back.size[0] - 1) / 2, (back.size[1] - 1) / 2])
    places = []
    for index in range(length):
        at = np.array([(0.15 + 0.6 * index / 24) * long_side, middle[1] + 4 * math.sin(index / 2)])
        offset = np.array([side / 2, side / 2]) - scale * at
        places.append(np.column_stack([scale * np.eye(2), offset]).astype(np.float32))
    return Clip([*back.layers, Layer(picture, cover, places)], back.size)


CLIPS: dict[str, Callable[..., Clip]] = {"pan": pan, "zoom": zoom, "turn": turn, "figure": figure}
