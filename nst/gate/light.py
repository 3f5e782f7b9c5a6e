"""Films of high dynamic range become sRGB: ITU-R BT.2100, tables 4 and 5."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nst.gate.srgb import BAND, encoded

WHITE, BRIGHTEST = 203.0, 1000.0  # candela per square metre: white paper (ITU-R BT.2408), and where highlights end
KNEE = 0.6  # of white paper's light, below which nothing is changed
TO_BT709 = np.array(  # from the primaries of BT.2020: ITU-R BT.2087
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
Array = NDArray[np.float32]


def _perceptual(signal: Array) -> Array:
    """PQ -> light in candela per square metre."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = signal ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1), np.float32)


def _hybrid(signal: Array) -> Array:
    """HLG -> the same, on a display of 1000."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    return np.asarray(BRIGHTEST * luminance[..., None] ** 0.2 * scene, np.float32)


LIGHTS: dict[int, Callable[[Array], Array]] = {16: _perceptual, 18: _hybrid}  # by FFmpeg's transfer characteristics


def in_srgb(levels: NDArray[np.uint16], light: Callable[[Array], Array]) -> NDArray[np.uint8]:
    """A signal (H, W, 3) of 16 bits, and what its levels mean -> 8 bits."""
    bands = [_band(levels[top : top + BAND], light) for top in range(0, len(levels), BAND)]
    return np.concatenate(bands)


def _band(levels: NDArray[np.uint16], light: Callable[[Array], Array]) -> NDArray[np.uint8]:
    """What is nearly as bright as paper, or brighter, is squeezed (as in Reinhard et al. 2002, eq. 4)."""
    linear = np.maximum(light((levels / 65535).astype(np.float32)) @ TO_BT709.T / WHITE, 0)
    peak = np.maximum(linear.max(2, keepdims=True), 1e-6)
    above, most = (np.maximum(value - KNEE, 0) / (1 - KNEE) for value in (peak, BRIGHTEST / WHITE))
    squeezed = np.minimum(peak, KNEE) + (1 - KNEE) * above * (1 + above / most**2) / (1 + above)
    linear = linear * squeezed / peak
    return np.asarray(np.rint(255 * encoded(linear).clip(0, 1)), np.uint8)
