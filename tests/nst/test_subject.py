"""The subject of a photo, against outlines drawn by hand."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nst import subject
from nst.image import open_picture
from nst.subject import subject_mask

CONTENT = Path(__file__).parents[2] / "examples" / "content"
LINES = (Path(__file__).parent / "subjects.txt").read_text(encoding="utf-8").splitlines()
OUTLINES = [line.split() for line in LINES if not line.startswith("#")]
LEAST = {  # intersection over union; docs/masks.md has the figures
    "astronaut": 0.9,
    "barn": 0.7,
    "brandenburg-gate": 0.7,
    "kingfisher": 0.85,
    "neuschwanstein-castle": 0.6,
    "portrait-woman": 0.9,
    "red-panda": 0.9,
}


def drawn(name: str, size: tuple[int, int]) -> Image.Image:
    mask = Image.new("1", size)
    for key, sign, *corners in OUTLINES:
        if key == name:
            places = [
                tuple(float(part) / 100 * side for part, side in zip(corner.split(","), size, strict=True))
                for corner in corners
            ]
            ImageDraw.Draw(mask).polygon(places, fill=sign == "+")
    return mask


@cache
def found(name: str) -> Image.Image:
    return subject_mask(open_picture(CONTENT / f"{name}.jpg", "photo"))


def overlap(name: str) -> float:
    mask = found(name)
    ours, theirs = np.asarray(mask) > 127, np.asarray(drawn(name, mask.size))
    return (ours & theirs).sum() / (ours | theirs).sum()


@pytest.mark.parametrize("name", LEAST)
def test_it_is_what_a_person_would_have_drawn_around(name):
    assert overlap(name) >= LEAST[name]


def test_every_outline_is_of_a_photo_to_try():
    assert {key for key, *_ in OUTLINES} <= {path.stem for path in CONTENT.glob("*.jpg")}
    assert {sign for _, sign, *_ in OUTLINES} == {"+", "-"}


def test_a_street_has_no_subject_and_it_is_said_in_one_sentence():
    with pytest.raises(ValueError, match=r"^Nothing stands out in this photo as its subject; please mark"):
        found("japanese-street")


def test_the_mask_has_the_photos_shape_and_soft_edges():
    mask = found("kingfisher")
    levels = np.asarray(mask)
    assert mask.mode == "L" and mask.size == (512, 288)
    assert 0.01 < ((levels > 25) & (levels < 230)).mean() < 0.2


@pytest.mark.parametrize("size", [(300, 20), (1, 1), (17, 400)])
def test_odd_shapes_get_a_mask_or_the_sentence(size):
    photo = Image.linear_gradient("L").resize(size).convert("RGB")
    try:
        assert subject_mask(photo).size == size
    except ValueError as error:
        assert str(error).startswith("Nothing stands out")


def test_the_guided_filter_draws_an_edge_where_the_photo_has_it():
    guide = np.zeros((40, 60), np.float32)
    guide[:, 33:] = 1
    rough = np.linspace(0, 1, 60, dtype=np.float32)[None].repeat(40, 0)
    fine = subject._guided(rough, guide)
    steps = np.abs(np.diff(fine[20]))
    assert steps.argmax() == 32 and steps.max() > 10 * np.median(steps)


def test_a_damaged_network_is_not_run(monkeypatch):
    monkeypatch.setattr(subject, "SHA256", "0" * 64)
    subject._network.cache_clear()
    with pytest.raises(ValueError, match=r"^u2netp\.onnx is damaged"):
        subject._network()
