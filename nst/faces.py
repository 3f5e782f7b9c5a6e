"""Where the faces of a photo are, and how far each of them reaches, so that a painting can keep them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from huggingface_hub import constants
from numpy.typing import NDArray
from PIL import Image

from nst.hub import fetch_whole
from nst.mistakes import Mistake

REPO, FILE, REVISION = "opencv/face_detection_yunet", "face_detection_yunet_2023mar.onnx", "main"
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"  # of its 232,589 bytes
NO_NETWORK = (
    "{repo}, the network that finds faces, could not be fetched from {hub} ({reason}); "
    "the brush or the mask of the subject does instead."
)
NO_FACE = (
    "There is no face in this photo, or none large enough to be kept; "
    "the brush or the mask of the subject does instead."
)
SEEN_SIDES = 640, 320  # pixels: long sides at which the network looks, as it knows faces of 10 to 300 pixels
SURE = 0.6  # that it is a face
THE_SAME = 0.3  # intersection over union from which two boxes are around one face
SMALLEST = 0.05  # height of a face, of the photo's long side: in a smaller one there is hardly anything to keep
SLENDER = 0.75  # width of a face, of its height
SIDE = 512  # pixels: the long side of the mask
WHOLE, NONE = 0.95, 1.45  # radii of a face's ellipse up to which it is kept wholly, and from which on not at all

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Face:
    """Places are (across, down) from the photo's corner, in units of its long side.

    Attributes:
        box: Left, top, width and height; it may reach beyond the photo.
        eyes, mouth: The middle between both eyes, and between the corners of the mouth.
        score: How sure the network is, in [0, 1].
    """

    box: tuple[float, float, float, float]
    eyes: tuple[float, float]
    mouth: tuple[float, float]
    score: float

    @property
    def middle(self) -> tuple[float, float]:
        left, top, width, height = self.box
        return left + width / 2, top + height / 2

    @property
    def tilt(self) -> float:
        """How far it is turned from upright, clockwise, in radians."""
        across, down = self.mouth[0] - self.eyes[0], self.mouth[1] - self.eyes[1]
        return math.atan2(-across, down)

    @property
    def radii(self) -> tuple[float, float]:
        """Half the width and half the height of the ellipse in the box: however it is turned, its diagonal is that of
        the box."""
        half = math.hypot(*self.box[2:]) / 2 / math.hypot(SLENDER, 1)
        return SLENDER * half, half


def faces_mask(photo: Image.Image) -> Image.Image:
    """White where the faces are, with soft edges; black elsewhere.

    Args:
        photo: RGB, of any size.

    Returns:
        Grey, in the photo's shape, with a long side of 512 pixels at most.

    Raises:
        ValueError: if there is no face, or the network that finds them is not to be had: in one sentence.
    """
    mask = mask_if_any(photo)
    if not mask.getbbox():
        raise Mistake(NO_FACE)
    return mask


def mask_if_any(photo: Image.Image) -> Image.Image:
    """As `faces_mask`, but black all over if there is no face."""
    return mask_of(find_faces(photo), _fitted(photo, min(SIDE, max(photo.size))))


def find_faces(photo: Image.Image) -> list[Face]:
    """Those that are large enough to be kept, the surest first. YuNet (Wu, Peng & Yu 2023) finds them.

    Raises:
        ValueError: if the network is not to be had, in one sentence.
    """
    found = [face for side in SEEN_SIDES for face in _seen(photo, side) if face.box[3] >= SMALLEST]
    faces: list[Face] = []
    for face in sorted(found, key=lambda one: -one.score):
        if all(overlap(face, other) < THE_SAME for other in faces):
            faces.append(face)
    return faces


def overlap(one: Face, other: Face) -> float:
    """Intersection over union of their boxes."""
    sides = []
    for axis in (0, 1):
        begin = max(one.box[axis], other.box[axis])
        end = min(one.box[axis] + one.box[axis + 2], other.box[axis] + other.box[axis + 2])
        sides.append(max(0.0, end - begin))
    common = sides[0] * sides[1]
    return common / (one.box[2] * one.box[3] + other.box[2] * other.box[3] - common)


def mask_of(faces: Sequence[Face], size: tuple[int, int]) -> Image.Image:
    """An ellipse for each face, turned as the face is; its soft rim takes in chin, ears and hair.

    Args:
        size: (width, height) of the mask, in the photo's shape.
    """
    (width, height), long_side = size, max(size)
    across, down = np.meshgrid((np.arange(width) + 0.5) / long_side, (np.arange(height) + 0.5) / long_side)
    values = np.zeros((height, width))
    for face in faces:
        (x, y), (half_width, half_height) = face.middle, face.radii
        cos, sin = math.cos(face.tilt), math.sin(face.tilt)
        aside, below = (across - x) * cos + (down - y) * sin, (down - y) * cos - (across - x) * sin
        inside = (NONE - np.hypot(aside / half_width, below / half_height)) / (NONE - WHOLE)
        ramp = inside.clip(0, 1)
        values = np.maximum(values, ramp * ramp * (3 - 2 * ramp))
    return Image.fromarray(np.rint(255 * values).astype(np.uint8))


def _fitted(photo: Image.Image, long_side: int) -> tuple[int, int]:
    scale = long_side / max(photo.size)
    return max(1, round(photo.width * scale)), max(1, round(photo.height * scale))


def _seen(photo: Image.Image, side: int) -> list[Face]:
    """What the network finds in a photo whose long side has so many pixels."""
    size = _fitted(photo, side)
    small = photo.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    colours = np.ascontiguousarray(np.asarray(small)[:, :, ::-1])  # OpenCV's order
    detector = _detector()
    with _TURN:  # it remembers what size it is shown
        detector.setInputSize(size)
        _, rows = detector.detect(colours)
    return [] if rows is None else [_face(row, side) for row in rows]


def _face(row: Values, side: int) -> Face:
    """Of the detector's fifteen numbers: the box, both eyes, the nose, both corners of the mouth, the score."""
    (left, top, width, height), points = row[:4] / side, row[4:14].reshape(5, 2) / side
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    return Face(
        (float(left), float(top), float(width), float(height)),
        (float(eyes[0]), float(eyes[1])),
        (float(mouth[0]), float(mouth[1])),
        float(row[14]),
    )


_TURN = Lock()


@cache
def _detector() -> Any:
    import cv2  # not above: it is needed when faces are asked for

    try:
        file = np.frombuffer(fetch_whole(REPO, FILE, REVISION, SHA256), np.uint8)
    except OSError as error:
        raise Mistake(NO_NETWORK, repo=REPO, hub=constants.ENDPOINT, reason=error) from error
    with _without_warnings(getattr(cv2.utils, "logging", None)):
        return cv2.FaceDetectorYN.create("onnx", file, np.empty(0, np.uint8), (SIDE, SIDE), SURE, THE_SAME)


@contextmanager
def _without_warnings(logging: Any) -> Iterator[None]:
    """OpenCV 5 warns of its own defaults; OpenCV 4 does not, and has no such module."""
    if logging is None:
        yield
        return
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_ERROR)
    try:
        yield
    finally:
        logging.setLogLevel(level)
