"""What is done to a mask, however it came to be."""

from __future__ import annotations

from PIL import Image, ImageFilter

from nst.mistakes import Mistake

MOST = 20.0  # percent of the long side


def feathered(mask: Image.Image, percent: float) -> Image.Image:
    """Softer at the edges.

    Args:
        mask: Grey.
        percent: Standard deviation of the Gaussian that blurs it, in hundredths of the long side, in [0, 20].

    Raises:
        ValueError: if it is not in there.
    """
    check_feather(percent)
    return mask.filter(ImageFilter.GaussianBlur(percent / 100 * max(mask.size))) if percent else mask


def check_feather(percent: float) -> None:
    """Raises ValueError if a mask cannot be feathered so much."""
    if not 0 <= percent <= MOST:
        raise Mistake(
            "The feather of a mask must be from 0 to {most:g} percent of its long side, not {percent:g}.",
            most=MOST,
            percent=percent,
        )
