"""The subject of a photo, against outlines drawn by hand."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nst import subject
from nst.image import open_picture
from nst.masks import feathered
from nst.subject import refined_mask, subject_mask

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
    return agreement(found(name), name)


def agreement(mask: Image.Image, name: str) -> float:
    ours, theirs = np.asarray(mask) > 127, np.asarray(drawn(name, mask.size))
    return (ours & theirs).sum() / (ours | theirs).sum()


@pytest.mark.parametrize("name", LEAST)
@pytest.mark.slow
def test_it_is_what_a_person_would_have_drawn_around(name):
    assert overlap(name) >= LEAST[name]


STROKES = {  # two of a brush, in hundredths of width and height, white where the subject is and black where it is not
    "brandenburg-gate": {255: [[(3, 62), (3, 83)], [(92, 58), (92, 84)]]},
    "neuschwanstein-castle": {
        255: [[(26, 66), (33, 62), (48, 60), (56, 70), (60, 78)]],
        0: [[(10, 75), (30, 85), (50, 92)]],
    },
    "suspension-bridge": {255: [[(23, 6), (45, 19), (62, 32), (76, 46), (86, 55)], [(73, 14), (73.5, 58)]]},
}
BRUSH = 12  # pixels


def strokes_on(name: str, size: tuple[int, int]) -> Image.Image:
    sheet = Image.new("L", size, 128)
    for level, lines in STROKES[name].items():
        for line in lines:
            places = [(x / 100 * size[0], y / 100 * size[1]) for x, y in line]
            ImageDraw.Draw(sheet).line(places, level, BRUSH, joint="curve")
    return sheet


@pytest.mark.parametrize(
    ("name", "more"), [("brandenburg-gate", 0.05), ("neuschwanstein-castle", 0.1), ("suspension-bridge", 0.2)]
)
@pytest.mark.slow
def test_two_strokes_bring_a_mask_nearer_to_what_a_person_would_have_drawn(name, more):
    mask = found(name)
    strokes = strokes_on(name, mask.size)
    fine = refined_mask(open_picture(CONTENT / f"{name}.jpg", "photo"), mask, strokes)
    assert fine.size == mask.size and fine.mode == "L"
    assert agreement(fine, name) >= agreement(mask, name) + more
    levels, said = np.asarray(fine), np.asarray(strokes)
    assert (levels[said == 255] == 255).all() and (levels[said == 0] == 0).all()


def test_refining_twice_gives_the_same_and_needs_two_sides():
    photo = Image.linear_gradient("L").convert("RGB")
    mask, nothing = Image.new("L", photo.size), Image.new("L", photo.size, 128)
    mask.paste(255, (0, 0, 256, 100))
    assert refined_mask(photo, mask, nothing).tobytes() == refined_mask(photo, mask, nothing).tobytes()
    for level in (0, 255):
        with pytest.raises(ValueError, match=r"^To refine the edges, please mark a part"):
            refined_mask(photo, Image.new("L", photo.size, level), nothing)


def test_a_feather_softens_by_so_many_hundredths_of_the_long_side():
    mask = Image.new("L", (200, 100))
    mask.paste(255, (0, 0, 100, 100))
    assert feathered(mask, 0).tobytes() == mask.tobytes()
    row = np.asarray(feathered(mask, 5), float)[50] / 255
    spread = (np.arange(200)[1:] - 99.5) ** 2 @ -np.diff(row)
    assert spread**0.5 == pytest.approx(10, rel=0.1)
    for percent in (-1, 21, float("nan")):
        with pytest.raises(ValueError, match="must be from 0 to 20 percent"):
            feathered(mask, percent)


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
@pytest.mark.slow
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
