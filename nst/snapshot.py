"""Where a run stands between two steps, so that another run goes on from there as if nothing had happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from PIL import Image
from torch import Tensor

from nst.commission import Commission
from nst.vgg import VGG


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that a run has changed so far; everything else is worked out anew from the same pictures and settings.

    Attributes:
        run: What was being painted, as `identity` tells it.
        step: Steps taken, over the whole run.
        seconds: That they took.
        tensors: On the CPU: the pixels, and where solver, average, points and matches stand.
    """

    run: Mapping[str, Any]
    step: int
    seconds: float
    tensors: Mapping[str, Tensor]

    def check(self, commission: Commission, network: VGG) -> None:
        """
        Raises:
            ValueError: if it is of another run: the first setting, picture or network that differs.
        """
        other = identity(commission, network)
        for name, value in other["settings"].items():
            if self.run["settings"].get(name) != value:
                there = self.run["settings"].get(name)
                raise ValueError(f"The checkpoint belongs to other settings: {name} is {there!r} there, not {value!r}.")
        for name, value in other["pictures"].items():
            if self.run["pictures"].get(name) != value:
                raise ValueError(f"The checkpoint belongs to another run: its {name} is not the same.")
        if self.run["network"] != other["network"]:
            raise ValueError("The checkpoint belongs to another network; choose the same backbone or weights.")


def identity(commission: Commission, network: VGG) -> dict[str, Any]:
    """What makes one run the same as another, as JSON can hold it: its settings, and the SHA-256 of all else."""
    start = [commission.start] if commission.start else []
    pictures = {
        "photo": [commission.content],
        "painting": commission.styles,
        "mask": commission.masks or [],
        "picture to start from": start,
    }
    return {
        "settings": asdict(commission.settings),
        "pictures": {name: _checksum(some) for name, some in pictures.items()},
        "network": network.checksum,
    }


def _checksum(pictures: Sequence[Image.Image]) -> str:
    digest = sha256()
    for picture in pictures:
        digest.update(f"{picture.mode} {picture.size}".encode())
        digest.update(picture.tobytes())
    return digest.hexdigest()


def under(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """{"s": ...} -> {"name.s": ...}, so that tensors of several owners lie in one dict."""
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def of(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The reverse: those that `under` this name were put in."""
    return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
