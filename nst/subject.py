"""What a photo is of: its subject, set apart from the background, with soft edges."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nst.mistakes import Mistake

SHA256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"  # of assets/u2netp.onnx
SEEN_SIDE = 320  # pixels: the square that the network looks at
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # RGB, of ImageNet
SIDE = 512  # pixels: the long side of the mask
RADIUS, SMOOTHNESS = 8, 1e-3  # of the guided filter: pixels, and the variance below which there is no edge
SURE = 0.5  # that the network is somewhere, or it has found nothing
LEAST, MOST = 0.002, 0.98  # shares of the photo that can be a subject
NO_BOX = (0, 0, 0, 0)  # for GrabCut, which is told the labels instead
CUTS = 2  # rounds of GrabCut; more of them change little
WHITE, BLACK = 192, 64  # grey levels of strokes that say something
FEWEST = 16  # pixels on either side, from which colours can be learned

Values = NDArray[np.float32]


class NoSubject(ValueError):
    """Nothing stands out in a photo."""

    def __init__(self) -> None:
        super().__init__("Nothing stands out in this photo as its subject; please mark it yourself.")


def subject_mask(photo: Image.Image) -> Image.Image:
    """White where the subject is, black where the background is.

    U-2-Net (Qin et al. 2020), in its small form, finds it; a guided filter (He, Sun & Tang 2010) draws the edges
    along those of the photo.

    Args:
        photo: RGB, of any size.

    Returns:
        Grey, in the photo's shape, with a long side of 512 pixels at most.

    Raises:
        NoSubject: in one sentence.
    """
    small = _small(photo)
    found = _seen(small)
    coarse = Image.fromarray(_spread(found)).resize(small.size, Image.Resampling.BICUBIC)
    fine = _along_the_edges(np.asarray(coarse, np.float32), small)
    if found.max() < SURE or not LEAST < (fine > 0.5).mean() < MOST:
        raise NoSubject
    return _picture(fine)


def refined_mask(photo: Image.Image, mask: Image.Image, strokes: Image.Image) -> Image.Image:
    """A mask whose edges have moved to where the photo's colours change, as far as strokes of a brush allow.

    GrabCut (Rother, Kolmogorov & Blake 2004) learns the colours on both sides of the mask, and cuts anew where it is
    cheapest; a guided filter then draws the edges, as for `subject_mask`.

    Args:
        photo: RGB, of any size.
        mask: Grey, in the photo's shape: white where the subject probably is.
        strokes: Grey, likewise: white where it is for sure, black where it is not, and grey where nothing was said.

    Returns:
        As `subject_mask` does.

    Raises:
        ValueError: in one sentence, if mask and strokes leave nothing to one of both sides.
    """
    import cv2

    small = _small(photo)
    probable, said = (np.asarray(one.convert("L").resize(small.size)) for one in (mask, strokes))
    labels = np.where(probable > 127, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[said >= WHITE], labels[said <= BLACK] = cv2.GC_FGD, cv2.GC_BGD
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if min(inside.sum(), (~inside).sum()) < FEWEST:
        raise Mistake("To refine the edges, please mark a part of the photo, and leave another part unmarked.")
    colours = np.ascontiguousarray(np.asarray(small)[:, :, ::-1])  # OpenCV's order
    with _TURN:  # whose random numbers are everybody's
        cv2.setRNGSeed(1)
        cv2.grabCut(colours, labels, NO_BOX, np.zeros((1, 65)), np.zeros((1, 65)), CUTS, cv2.GC_INIT_WITH_MASK)
    cut = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    fine = _along_the_edges(cut.astype(np.float32), small)
    fine[said >= WHITE], fine[said <= BLACK] = 1, 0
    return _picture(fine)


def _small(photo: Image.Image) -> Image.Image:
    """The photo in the size of its mask."""
    scale = min(1.0, SIDE / max(photo.size))
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    return photo.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _along_the_edges(values: Values, photo: Image.Image) -> Values:
    light = np.asarray(ImageOps.grayscale(photo)) / 255
    return _guided(values, light.astype(np.float32)).clip(0, 1)


def _picture(values: Values) -> Image.Image:
    return Image.fromarray(np.rint(255 * values).astype(np.uint8))


def _seen(photo: Image.Image) -> Values:
    """How sure the network is of each spot: (320, 320) in [0, 1]."""
    square = np.asarray(photo.resize((SEEN_SIDE, SEEN_SIDE), Image.Resampling.LANCZOS), np.float32)
    square = square / max(1.0, float(square.max()))
    pixels = (square - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    with _TURN:  # OpenCV's networks remember what they are shown
        network = _network()
        network.setInput(np.ascontiguousarray(pixels.transpose(2, 0, 1))[None])
        answer: Values = np.array(network.forward()[0, 0], np.float32)
    return answer


_TURN = Lock()


@cache
def _network() -> Any:
    import cv2  # not above: it is needed when a subject is asked for

    file = (files("nst") / "assets" / "u2netp.onnx").read_bytes()
    if (sha256 := hashlib.sha256(file).hexdigest()) != SHA256:
        raise ValueError(f"u2netp.onnx is damaged: its SHA-256 is {sha256}; please install the project again.")
    return cv2.dnn.readNetFromONNX(np.frombuffer(file, np.uint8))


def _spread(values: Values) -> Values:
    """From 0 to 1."""
    least, most = float(values.min()), float(values.max())
    spread: Values = (values - least) / max(most - least, 1e-6)
    return spread


def _guided(values: Values, guide: Values) -> Values:
    """He et al. 2010, eq. 5, 6 and 8: around each spot the values are a linear function of the guide."""
    import cv2

    def mean(one: Values) -> Values:
        return np.asarray(cv2.blur(one, (2 * RADIUS + 1, 2 * RADIUS + 1)), np.float32)

    of_guide, of_values = mean(guide), mean(values)
    slope = (mean(guide * values) - of_guide * of_values) / (mean(guide * guide) - of_guide**2 + SMOOTHNESS)
    return mean(slope) * guide + mean(of_values - slope * of_guide)
