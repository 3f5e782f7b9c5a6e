"""Small pictures, and small runs of the engine."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from nst import Settings, stylize
from nst.image import to_pixels
from tests.tiny import CPU, tiny_vgg


def noise(width: int, height: int, seed: int) -> Image.Image:
    """Colourful and not flat, so that there is something to paint."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


PHOTO, PAINTING = noise(96, 72, 1), noise(80, 80, 2)
QUICK = {"size": 64, "steps": 6, "start_size": 32}


def paint(photo=PHOTO, painting=PAINTING, network=None, device=CPU, start=None, masks=None, **knobs):
    settings = Settings(**(QUICK | knobs))
    return list(stylize(photo, painting, settings, network or tiny_vgg(), device, start=start, masks=masks))


def interrupt(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C, as soon as the shell shows that step."""
    from nst.__main__ import _Painter  # not above: the shell's imports are for those who need them

    shows = _Painter._show

    def interrupted(self, bar, frame, photos):
        shows(self, bar, frame, photos)
        if frame.step == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(_Painter, "_show", interrupted)


def difference(a: Image.Image, b: Image.Image) -> float:
    return (to_pixels(a, b.size) - to_pixels(b, b.size)).abs().mean().item()


def half(left: int, right: int, size=(96, 72)) -> Image.Image:
    """A mask: one grey on the left half, another on the right."""
    mask = Image.new("L", size, left)
    mask.paste(right, (size[0] // 2, 0, *size))
    return mask
