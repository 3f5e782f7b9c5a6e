"""A frozen VGG: pixels in, named feature maps out. No files and no network connections here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor

from nst import onednn, winograd
from nst.mistakes import Mistake
from nst.probe import fastest
from nst.wrap import NOWHERE, Wrap


def _max_pool(x: Tensor) -> Tensor:
    """Largest of 2 x 2, (1, C, H, W) -> (1, C, H // 2, W // 2), with each two rows as a picture of their own.

    torch spreads the backward pass of a pool over the pictures of a batch, and not within one.
    """
    _, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1)[:, : height // 2 * 2]  # (1, H, W, C): no copy of a channels_last map or its gradient
    pooled = F.max_pool2d(rows.reshape(-1, 2, width, channels).permute(0, 3, 1, 2), 2)  # (H // 2, C, 1, W // 2)
    return pooled.permute(0, 2, 3, 1).reshape(1, height // 2, width // 2, channels).permute(0, 3, 1, 2)


# 2 x 2 pools. The factors bring activations of the original VGG-19 on photos back to those of the maximum.
POOLS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "max": _max_pool,
        "average": lambda x: 1.5 * F.avg_pool2d(x, 2),
        "l2": lambda x: 1.34 * F.avg_pool2d(x.square(), 2).clamp(min=1e-12).sqrt(),
    }
)


class Interrupted(Exception):
    """Nobody waits for this picture any more."""


@dataclass(frozen=True, eq=False)
class VGG:
    """The convolutional part of a VGG network (Simonyan & Zisserman 2014, table 1).

    Attributes:
        name: What the weights are called, for example "vgg19".
        convolutions: "conv1_1", "conv1_2", ... in the order they run, each with its weight
            (out, in, 3, 3) and bias (out,). Between two blocks stands a pool of 2 x 2.
        mean, std: RGB statistics (1, 3, 1, 1), in [0, 1], that the weights expect.
        checksum: SHA-256 of the file that the weights came from.
        kernels: Of those convolutions that `winograd` makes faster where the network is.
        packed: Of all others, where `onednn` takes them.
        is_wanted: Asked before each look. A step of a large picture is many looks, one for each tile.
    """

    name: str
    convolutions: Mapping[str, tuple[Tensor, Tensor]]
    mean: Tensor
    std: Tensor
    checksum: str = ""
    kernels: Mapping[str, winograd.Kernels] = field(default_factory=dict)
    packed: Mapping[str, onednn.Kernels] = field(default_factory=dict)
    is_wanted: Callable[[], bool] = lambda: True

    @property
    def layers(self) -> list[str]:
        """Every layer that can be asked for, shallow to deep: conv1_1, relu1_1, conv1_2, ..."""
        return [layer for name in self.convolutions for layer in (name, _relu(name))]

    @property
    def dtype(self) -> torch.dtype:
        return next(iter(self.convolutions.values()))[0].dtype

    @lru_cache(maxsize=4)  # runs share one copy; nobody writes to it  # noqa: B019
    def to(self, device: torch.device, dtype: torch.dtype) -> VGG:
        """The same network elsewhere, computing in `dtype`, its weights laid out for channels_last."""
        moved = {
            name: (weight.to(device, dtype, memory_format=torch.channels_last), bias.to(device, dtype))
            for name, (weight, bias) in self.convolutions.items()
        }
        kernels = {
            name: winograd.Kernels(weight, bias.to(dtype), dtype)
            for name, (weight, bias) in self.convolutions.items()
            if winograd.may_pay(device, dtype, weight) and fastest().winograd
        }
        packed = {
            name: onednn.kernels(*both)
            for name, both in moved.items()
            if name not in kernels and onednn.pays(device, dtype, both[0])
        }
        mean, std = self.mean.to(device), self.std.to(device)
        return replace(self, convolutions=moved, mean=mean, std=std, kernels=kernels, packed=packed)

    def radius(self, layers: Collection[str]) -> int:
        """Pixels on each side of a position's own square that the deepest of `layers` depends on."""
        return sum(2 ** (int(name[4]) - 1) for name in self._down_to(layers))

    def check_layers(self, names: Sequence[str]) -> None:
        """Raises ValueError for a name that is not a layer of this network, or for none at all."""
        known = self.layers
        for name in names or [""]:
            if name not in known:
                raise Mistake(
                    "{layer!r} is not a layer of {network}; there are {known}.",
                    layer=name,
                    network=self.name,
                    known=", ".join(known),
                )

    def features(
        self,
        pixels: Tensor,
        layers: Collection[str],
        pooling: str = "max",
        padding: str = "replicate",
        wrap: Wrap = NOWHERE,
    ) -> dict[str, Tensor]:
        """Feature maps of some layers.

        Args:
            pixels: (1, 3, H, W) float32 sRGB in [0, 1].
            layers: Names as in `layers`.
            pooling: "max", "average" or "l2" between the blocks. The last two are scaled so that
                activations stay about as large as after "max".
            padding: What the first convolution sees beyond the edge: "replicate" repeats the
                edge, which leaves no frame in the picture; "zeros" is the published network.
            wrap: Along which sides every convolution sees beyond an edge what lies at the other. Their length
                must be a multiple of what the pools shrink by.

        Returns:
            Layer name -> (1, C, h, w) in the network's dtype, channels_last.

        Raises:
            Interrupted: if nobody wants them any more.
        """
        if not self.is_wanted():
            raise Interrupted
        names = self._down_to(layers)
        ends = {name for name, following in pairwise(names) if following[4] != name[4]}  # of blocks
        found: dict[str, Tensor] = {}
        x = ((pixels - self.mean) / self.std).to(self.dtype, memory_format=torch.channels_last)
        before = ""  # the layer that x is, if it leads straight to a convolution
        for name in names:
            pooled_first = name in ends and pooling == "max" and not {name, _relu(name)} & {*layers}
            with_relu = name not in layers and not pooled_first
            mode = "replicate" if padding == "replicate" and name == "conv1_1" else "constant"
            x, seen = self._convolved(name, x, wrap, mode, with_relu)
            if before in layers:
                found[before] = seen
            before = "" if name in ends else _relu(name)
            if pooled_first:
                x = F.relu(_max_pool(x))  # they commute, and the smaller map is the cheaper one
                continue
            if name in layers:
                found[name], x = x, F.relu(x)
            if _relu(name) in layers:
                found[_relu(name)] = x
            if name in ends:
                x = POOLS[pooling](x)
        return found

    def _down_to(self, layers: Collection[str]) -> list[str]:
        """The convolutions from the first one to that of the deepest of `layers`."""
        names = list(self.convolutions)
        return names[: 1 + max(names.index(_conv(layer)) for layer in layers)]

    def _convolved(self, name: str, maps: Tensor, wrap: Wrap, mode: str, with_relu: bool) -> tuple[Tensor, Tensor]:
        """A convolution, and its maps for others to look at; `mode` says what lies beyond edges that do not meet."""
        if name in self.kernels:
            return winograd.conv2d(maps, self.kernels[name], with_relu, wrap)
        padded, padding = _padded(maps, wrap, mode) if wrap or mode != "constant" else (maps, (1, 1))
        if name in self.packed:
            x, seen = onednn.conv2d(padded, self.packed[name], padding, with_relu)
            return x, seen if padded is maps else maps
        x = F.conv2d(padded, *self.convolutions[name], padding=padding)
        return F.relu_(x) if with_relu else x, maps


def _padded(maps: Tensor, wrap: Wrap, mode: str) -> tuple[Tensor, tuple[int, int]]:
    """The maps with what a convolution sees beyond their edges, and how many zeros are left to it, down and across."""
    down, across = (0 if wrap.down else 1), (0 if wrap.across else 1)
    maps = wrap.around(maps, 1, 1)
    if mode == "constant":
        return maps, (down, across)
    return F.pad(maps, (across, across, down, down), mode=mode), (0, 0)


def _relu(layer: str) -> str:
    return "relu" + layer[4:]


def _conv(layer: str) -> str:
    return "conv" + layer[4:]


def shrinkage(layers: Collection[str]) -> int:
    """Pixels of the picture, along one side, per position of the deepest of `layers`."""
    return int(2 ** (max(int(layer[4:5]) for layer in layers) - 1))
