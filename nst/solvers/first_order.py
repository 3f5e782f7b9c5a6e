"""Adam, RMSprop and plain gradient descent, as torch.optim has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from nst.solvers.pyramid import along_bands, collapsed, laplacian_pyramid, resize
from nst.wrap import NOWHERE, Wrap


class FirstOrder:
    """A solver of torch.optim.

    Args:
        optimizer: "adam" (Kingma & Ba 2015), "adam_short", which forgets the squares of the slopes ten
            times sooner, "rmsprop", or "sgd", plain gradient descent.
        learning_rate: Length of a step; for Adam about the change of a pixel.
        bands: 1 moves the pixels; more the bands of their Laplacian pyramid (Burt & Adelson 1983),
            so that a step moves large areas as easily as single pixels.
        wrap: Along which sides the ends of the picture meet.
    """

    def __init__(self, optimizer: str, learning_rate: float, bands: int = 1, wrap: Wrap = NOWHERE) -> None:
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.bands = bands
        self.wrap = wrap
        self.state: tuple[list[Tensor], torch.optim.Optimizer] | None = None
        self.moved: Tensor | None = None

    def step(self, pixels: Tensor, gradient: Tensor) -> Tensor:
        bands, optimizer = self._bands_of(pixels)
        for band, slope in zip(bands, along_bands(bands, gradient, self.wrap), strict=True):
            band.grad = slope
        optimizer.step()
        self.moved = collapsed(bands, self.wrap).clone()
        return self.moved

    def _bands_of(self, pixels: Tensor) -> tuple[list[Tensor], torch.optim.Optimizer]:
        """The bands that move; taken anew where the pixels are not those of the last step."""
        if self.state is None:
            bands = laplacian_pyramid(pixels, self.bands, self.wrap)
            self.state = bands, OPTIMIZERS[self.optimizer](bands, lr=self.learning_rate)
        elif pixels is not self.moved:
            for band, new in zip(self.state[0], laplacian_pyramid(pixels, self.bands, self.wrap), strict=True):
                band.copy_(new)
        return self.state

    def enlarged(self, height: int, width: int) -> FirstOrder:
        twin = FirstOrder(self.optimizer, self.learning_rate, self.bands, self.wrap)
        if self.state is None or self.bands > 1:  # those of another size are other bands (Kolkin et al. 2019 and 2022)
            return twin
        own, optimizer = self.state
        bands = laplacian_pyramid(own[0].new_zeros(1, 3, height, width), self.bands, self.wrap)
        twin.state = bands, OPTIMIZERS[self.optimizer](bands, lr=self.learning_rate)
        for before, band in zip(own, bands, strict=True):
            twin.state[1].state[band] = _carried(optimizer.state[before], band, self.wrap)
        return twin

    def state_dict(self, pixels: Tensor) -> dict[str, Tensor]:
        state = {
            "learning_rate": torch.tensor(self.learning_rate, dtype=torch.float64),
            "is_moved": torch.tensor(pixels is self.moved),
        }
        bands, optimizer = self.state or ([], None)
        for number, band in enumerate(bands):
            known = {"band": band} | (optimizer.state[band] if optimizer else {})
            state |= {  # clones, because the optimiser writes over its own
                f"{name}.{number}": value.clone() for name, value in known.items() if isinstance(value, Tensor)
            }
        return state

    def load_state_dict(self, state: Mapping[str, Tensor], pixels: Tensor) -> None:
        self.learning_rate = float(state["learning_rate"])
        self.moved = pixels if state["is_moved"] else None
        known: dict[str, dict[str, Tensor]] = {}  # number of a band -> what belongs to it
        for key, value in state.items():
            name, _, number = key.partition(".")
            if number:  # counts of steps stay on the CPU, where torch.optim has them
                known.setdefault(number, {})[name] = value.to(pixels.device) if value.ndim else value.clone()
        bands = [known[number].pop("band") for number in known]
        if bands:
            optimizer = OPTIMIZERS[self.optimizer](bands, lr=self.learning_rate)
            optimizer.state.update({band: one for band, one in zip(bands, known.values(), strict=True) if one})
            self.state = bands, optimizer

    def gentler(self) -> FirstOrder:
        return FirstOrder(self.optimizer, self.learning_rate / 10, self.bands, self.wrap)


OPTIMIZERS: Mapping[str, Callable[..., torch.optim.Optimizer]] = MappingProxyType(
    {
        "adam": torch.optim.Adam,
        "adam_short": partial(torch.optim.Adam, betas=(0.9, 0.99)),  # as in Crowson 2021
        "rmsprop": torch.optim.RMSprop,
        "sgd": torch.optim.SGD,
    }
)


def _carried(state: dict[str, Any], band: Tensor, wrap: Wrap) -> dict[str, Any]:
    """What an optimiser knows of each number of a band, for a band of another size (as in Crowson 2021)."""
    carried = {}
    for name, value in state.items():
        if not isinstance(value, Tensor) or value.ndim < 4:
            carried[name] = deepcopy(value)  # the count of steps
            continue
        growth = band[0, 0].numel() / value[0, 0].numel()
        squared = "sq" in name  # exp_avg_sq, square_avg
        resized = resize(value, band.shape[-2], band.shape[-1], wrap) / (growth**2 if squared else growth)
        carried[name] = resized.clamp(min=0) if squared else resized
    return carried
