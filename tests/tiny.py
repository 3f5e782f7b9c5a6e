"""A network small enough to check by hand: the shape of a VGG, random weights, float64 if asked."""

from __future__ import annotations

import torch

from nst.device import Device
from nst.vgg import VGG

CPU = Device(torch.device("cpu"), torch.float32)


def tiny_vgg(seed: int = 0, width: int = 4, blocks: tuple[int, ...] = (2, 2, 2, 2, 1)) -> VGG:
    generator = torch.Generator().manual_seed(seed)
    convolutions, into = {}, 3
    for block, depth in enumerate(blocks, 1):
        for index in range(1, depth + 1):
            weight = torch.randn(width, into, 3, 3, generator=generator) * (2 / (9 * into)) ** 0.5
            convolutions[f"conv{block}_{index}"] = weight, 0.1 * torch.randn(width, generator=generator)
            into = width
    return VGG("tiny", convolutions, torch.full((1, 3, 1, 1), 0.5), torch.full((1, 3, 1, 1), 0.25), "none")


SMALL_VGG19 = tiny_vgg(width=8, blocks=(2, 2, 4, 4, 4))
