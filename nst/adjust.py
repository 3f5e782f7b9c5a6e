"""What can be changed about a finished picture without painting it again: pure functions of pictures."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image
from torch import Tensor

from nst.image import luma, match_colors, to_image, to_pixels, with_luma
from nst.mistakes import Mistake
from nst.settings import NOT_ONE_OF, NOT_WITHIN

COLORS = ("painting", "luminance", "match")
LEAST_CONTRAST, MOST_CONTRAST = 0.5, 1.5


@dataclass(frozen=True)
class Adjustment:
    """How a picture is changed. As it comes, it is not.

    Attributes:
        strength: 1 is the picture, 0 the photo.
        colors: The picture's own ("painting"), the photo's under the picture's light ("luminance"),
            or the picture's moved to the mean and covariance of the photo's ("match").
        contrast: Distance of each colour from the mean light, as a factor.

    Raises:
        ValueError: naming what is out of range, the limits and the value.
    """

    strength: float = 1.0
    colors: str = "painting"
    contrast: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise Mistake(NOT_WITHIN, knob="strength", low=0, high=1, value=self.strength)
        if self.colors not in COLORS:
            raise Mistake(NOT_ONE_OF, knob="colors", choices=", ".join(COLORS), value=self.colors)
        if not LEAST_CONTRAST <= self.contrast <= MOST_CONTRAST:
            raise Mistake(NOT_WITHIN, knob="contrast", low=LEAST_CONTRAST, high=MOST_CONTRAST, value=self.contrast)


UNCHANGED = Adjustment()


def adjusted(picture: Image.Image, photo: Image.Image, adjustment: Adjustment) -> Image.Image:
    """The picture with other colours, then another contrast, then blended back into the photo.

    Args:
        picture: RGB.
        photo: What it was painted from; resampled to the picture's size.
    """
    if adjustment == UNCHANGED:
        return picture
    pixels, like = to_pixels(picture, picture.size), to_pixels(photo, picture.size)
    changed = with_contrast(colored(pixels, like, adjustment.colors), adjustment.contrast)
    return to_image(like + adjustment.strength * (changed.clamp(0, 1) - like))


def colored(pixels: Tensor, like: Tensor, colors: str) -> Tensor:
    """(1, 3, H, W) with the colours of another picture of the same size, or its own."""
    if colors == "luminance":
        return with_luma(like, luma(pixels))
    return match_colors(pixels, like) if colors == "match" else pixels


def with_contrast(pixels: Tensor, contrast: float) -> Tensor:
    """Every value moves away from, or towards, the mean luma, which stays."""
    middle = luma(pixels).mean()
    return middle + contrast * (pixels - middle)
