"""Pictures of Windows whose colours share two or four bytes in a way that Pillow leaves out."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BITFIELDS, BITFIELDS_WITH_ALPHA = 3, 6  # ways of coding
USUAL = (0xF800, 0x07E0, 0x001F)  # 5, 6 and 5 bits, where a file does not say


def opened(file: bytes) -> Image.Image:
    """A BMP whose header says which bits are red, green and blue (BITMAPV3INFOHEADER) -> RGB or RGBA.

    Raises:
        ValueError, struct.error: if it is none, or incomplete.
    """
    start, header = struct.unpack_from("<LL", file, 10)
    width, height, _, bits, coding = struct.unpack_from("<llHHL", file, 18)
    if bits not in (16, 32) or coding not in (BITFIELDS, BITFIELDS_WITH_ALPHA):
        raise ValueError("This is no BMP of bit fields.")
    masks = list(struct.unpack_from("<3L", file, 54)) if start >= 66 else list(USUAL)
    if (header >= 56 or coding == BITFIELDS_WITH_ALPHA) and start >= 70:
        masks += struct.unpack_from("<L", file, 66)
    row = -(-width * bits // 32) * 4 // (bits // 8)  # in numbers; rows are filled up to four bytes
    numbers = np.frombuffer(file, f"<u{bits // 8}", row * abs(height), start).reshape(-1, row)[:, :width]
    rows = numbers if height < 0 else numbers[::-1]
    return Image.fromarray(np.dstack([_channel(rows, mask) for mask in masks if mask]))


def _channel(numbers: NDArray[Any], mask: int) -> NDArray[np.uint8]:
    """The levels that lie under a mask, from 0 to 255."""
    lowest = mask & -mask
    levels: NDArray[np.uint8] = np.rint((numbers & mask) // lowest * (255 / (mask // lowest))).astype(np.uint8)
    return levels
