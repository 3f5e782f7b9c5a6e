"""What is minimised at one scale: where weights meet losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from nst.image import fitted_size, luma, match_colors, to_pixels
from nst.losses import CONTENT_LOSSES, STYLE_LOSSES, Statistic, blended, total_variation
from nst.settings import Settings, layer_weights, mix_shares
from nst.vgg import VGG


@dataclass(frozen=True)
class Region:
    """A part of the picture, and the statistics that it shall have.

    Attributes:
        share: Its part of the style loss.
        target: Layer -> statistic of the painting, or of several blended.
        weights: Layer -> (1, 1, h, w) in [0, 1], how much each position belongs to the region; a
            layer that is not there belongs to it as a whole.
    """

    share: float
    target: Mapping[str, Statistic]
    weights: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Objective:
    """Total loss = content_weight * content + style_weight * style + tv_weight * tv (Gatys et al. 2016, eq. 7)."""

    settings: Settings
    network: VGG
    content: Mapping[str, Tensor]
    regions: Sequence[Region]

    def __call__(self, pixels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Gradient of the total loss (1, 3, H, W), and the unweighted losses, at some pixels."""
        settings = self.settings
        with torch.enable_grad():  # a generator may be resumed on any thread, in any mode
            pixels = pixels.detach().requires_grad_()
            features = look(pixels, {*self.content, *self.regions[0].target}, settings, self.network)
            losses = {"content": self._content_loss(features), "style": self._style_loss(features)}
            total = settings.content_weight * losses["content"] + settings.style_weight * losses["style"]
            if settings.tv_weight:
                losses["tv"] = total_variation(pixels)
                total = total + settings.tv_weight * losses["tv"]
            (gradient,) = torch.autograd.grad(total, pixels)
        return gradient, {name: loss.detach() for name, loss in losses.items()}

    def _content_loss(self, features: Mapping[str, Tensor]) -> Tensor:
        error = CONTENT_LOSSES[self.settings.content_loss]
        weights = layer_weights(self.settings.content_layers)
        return torch.stack([weights[layer] * error(features[layer], self.content[layer]) for layer in weights]).sum()

    def _style_loss(self, features: Mapping[str, Tensor]) -> Tensor:
        loss = STYLE_LOSSES[self.settings.style_loss]
        weights = layer_weights(self.settings.style_layers)
        terms = []
        for region in self.regions:
            for layer, weight in weights.items():
                value = loss.statistic(features[layer], region.weights.get(layer))
                terms.append(region.share * weight * loss.error(value, region.target[layer]))
        return torch.stack(terms).sum()


def objective_for(
    photo: Tensor,
    paintings: Sequence[Image.Image],
    masks: Sequence[Image.Image] | None,
    settings: Settings,
    network: VGG,
) -> Objective:
    """Look once at the photo (1, 3, H, W) and the paintings, and keep what the losses compare with."""
    shares = mix_shares(settings.style_mix, len(paintings))
    with torch.no_grad():
        content = look(photo, layer_weights(settings.content_layers), settings, network)
        targets = [_target(painting, photo, settings, network) for painting in paintings]
        seen = look(photo, layer_weights(settings.style_layers), settings, network) if masks is not None else {}
    if masks is None:
        mixed = {layer: blended([target[layer] for target in targets], shares) for layer in targets[0]}
        return Objective(settings, network, content, [Region(1.0, mixed)])
    regions = []
    for mask, share, target in zip(masks, shares, targets, strict=True):
        applies = to_pixels(mask, (photo.shape[-1], photo.shape[-2]))[:, :1]
        part = applies.mean().item() * share * len(shares)  # so that a stroke weighs the same in a small region
        weights = {layer: _shrunk(applies, features) for layer, features in seen.items()}
        regions.append(Region(part, target, weights))
    return Objective(settings, network, content, regions)


def _shrunk(mask: Tensor, features: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(mask, (features.shape[-2], features.shape[-1])).to(features.device)


def look(pixels: Tensor, layers: Mapping[str, float] | set[str], settings: Settings, network: VGG) -> dict[str, Tensor]:
    return network.features(pixels, layers, pooling=settings.pooling, padding=settings.padding)


def _target(painting: Image.Image, photo: Tensor, settings: Settings, network: VGG) -> dict[str, Statistic]:
    loss = STYLE_LOSSES[settings.style_loss]
    pixels = _painting_pixels(painting, photo, settings)
    growth = photo[0, 0].numel() / pixels[0, 0].numel() if loss.grows else 1.0
    features = look(pixels, layer_weights(settings.style_layers), settings, network)
    return {layer: blended([loss.statistic(found)], [growth]) for layer, found in features.items()}


def _painting_pixels(painting: Image.Image, photo: Tensor, settings: Settings) -> Tensor:
    """The painting at the size at which its strokes are seen, never larger than it is, in the colours asked for."""
    long_side = min(round(max(photo.shape[-2:]) * settings.style_scale), max(painting.size))
    pixels = to_pixels(painting, fitted_size(*painting.size, long_side)).to(photo.device)
    if settings.color == "match":
        return match_colors(pixels, photo)
    if settings.color == "luminance":
        light, photo_light = luma(pixels), luma(photo)
        light = (light - light.mean()) / light.std().clamp(min=1e-3) * photo_light.std() + photo_light.mean()
        return light.clamp(0, 1).expand(1, 3, -1, -1)
    return pixels
