"""Adjustments whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from nst.adjust import UNCHANGED, Adjustment, adjusted, with_contrast
from nst.image import luma, to_pixels
from tests.painting import noise

PICTURE, PHOTO = noise(48, 32, 3), noise(96, 64, 4)
SMALL_PHOTO = PHOTO.resize(PICTURE.size, Image.Resampling.LANCZOS)


def pixels(picture: Image.Image) -> torch.Tensor:
    return to_pixels(picture, picture.size)


def moments(picture: Image.Image) -> tuple[torch.Tensor, torch.Tensor]:
    colors = pixels(picture)[0].flatten(1)
    return colors.mean(1), torch.cov(colors)


def test_unchanged_is_the_same_picture() -> None:
    assert adjusted(PICTURE, PHOTO, UNCHANGED) is PICTURE


def test_no_strength_is_the_photo() -> None:
    got = adjusted(PICTURE, PHOTO, Adjustment(strength=0, colors="match", contrast=1.5))
    assert got.tobytes() == SMALL_PHOTO.tobytes()


def test_half_the_strength_is_half_way() -> None:
    black, white = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8), "white")
    assert set(adjusted(white, black, Adjustment(strength=0.5)).tobytes()) == {128}


def test_the_photos_colours_under_painted_light() -> None:
    grey, color = Image.new("RGB", (8, 8), (100, 100, 100)), Image.new("RGB", (8, 8), (140, 120, 90))
    got = adjusted(grey, color, Adjustment(colors="luminance"))
    assert luma(pixels(got)).mean() * 255 == pytest.approx(100, abs=0.5)
    red, green, blue = got.getpixel((4, 4))
    assert (red - green, green - blue) == (20, 30)


def test_matched_colours_have_the_photos_mean_and_spread() -> None:
    picture, photo = (Image.blend(one, Image.new("RGB", one.size, "grey"), 0.6) for one in (PICTURE, SMALL_PHOTO))
    got = adjusted(picture, photo, Adjustment(colors="match"))
    for value, expected in zip(moments(got), moments(photo), strict=True):
        assert torch.allclose(value, expected, atol=2e-3)


def test_contrast_is_a_factor_around_the_mean_light() -> None:
    before = pixels(PICTURE)
    after = with_contrast(before, 0.5)
    assert luma(after).mean() == pytest.approx(float(luma(before).mean()), abs=1e-6)
    assert luma(after).std() == pytest.approx(0.5 * float(luma(before).std()), rel=1e-4)
    assert torch.equal(with_contrast(before, 1.0).mul(255).round(), before.mul(255).round())


def test_grey_has_no_contrast() -> None:
    grey = Image.new("RGB", (8, 8), (90, 90, 90))
    got = np.asarray(adjusted(grey, PHOTO, Adjustment(contrast=1.5)))
    assert np.all(got == 90)


@pytest.mark.parametrize(
    ("name", "value"), [("strength", 1.01), ("strength", float("nan")), ("colors", "blue"), ("contrast", 0.2)]
)
def test_refuses_what_is_out_of_range(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be .*{value!r}\.$"):
        Adjustment(**{name: value})
