"""What the network sees: a picture from one layer's answers alone, and a Gram matrix to look at."""

from __future__ import annotations

from PIL import Image, ImageOps

from nst.device import Device, best_device
from nst.image import fitted_size, to_image, to_pixels
from nst.losses import gram
from nst.settings import Settings
from nst.vgg import VGG

CONTENT_LAYERS = ("relu1_2", "relu2_2", "relu3_2", "relu4_2", "relu5_2")
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
SMALLEST = 32  # pixels: the first scale; noise becomes a picture soonest where it is small


def kept_by(layer: str, size: int, steps: int) -> Settings:
    """Paint with these, and see what one layer keeps of the photo (Gatys et al. 2016, fig. 1, content)."""
    return Settings(
        size=size,
        steps=steps,
        init="noise",
        start_size=SMALLEST,
        style_weight=0,
        content_weight=1,
        content_layers=layer,
    )


def known_up_to(layer: str, size: int, steps: int) -> Settings:
    """Paint with these, and see what the layers up to one know of the painting (fig. 1, style)."""
    layers = " ".join(STYLE_LAYERS[: STYLE_LAYERS.index(layer) + 1])
    return Settings(
        size=size,
        steps=steps,
        init="noise",
        start_size=SMALLEST,
        content_weight=0,
        match_weight=0,
        style_margin=0,
        style_layers=layers,
    )


def gram_picture(
    image: Image.Image, network: VGG, layer: str, long_side: int, device: Device | None = None
) -> Image.Image:
    """The Gram matrix of one layer, a pixel for each pair of features.

    Each entry is divided by the root of both features' own: white is always together, black never.
    """
    device = device or best_device()
    pixels = to_pixels(image, fitted_size(*image.size, long_side)).to(device.place)
    matrix = gram(network.to(device.place, device.dtype).features(pixels, [layer])[layer])
    scale = matrix.diagonal().clamp(min=1e-12).sqrt()
    together = (matrix / scale / scale[:, None]).clamp(0, 1)
    grey = to_image(together.expand(1, 3, -1, -1)).convert("L")
    return ImageOps.colorize(grey, black="#131210", mid="#4566bd", white="#f7f5f1")
