"""Faces: where they are, how far they reach, and what a painting keeps of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from PIL import Image

from nst import Settings, commission, faces
from nst.commission import Commission
from nst.faces import Face, faces_mask, find_faces, mask_of, overlap
from nst.film import paint
from nst.film.morph import morph
from nst.film.paint import paint_film
from nst.image import to_pixels
from nst.plan import scales
from nst.settings import face_shares
from nst.targets import keeping, objective_for
from nst.terms import ContentTerm
from nst.transfer import paint as paint_commission
from nst.view import View, layers
from nst.weights import load_vgg
from tests.fakes.faces import detector, photo_of
from tests.fakes.hub import Hub, reached
from tests.films import moving
from tests.painting import PAINTING, PHOTO, QUICK, difference, half, noise
from tests.tiny import CPU, tiny_vgg

FILE = detector()
PATH = f"{faces.REPO}/resolve/{faces.REVISION}/{faces.FILE}"
KEEPING = Settings(**QUICK, keep_faces="yes")


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[Hub]:
    """A Hub that has a detector of white spots under the name of the real one."""
    monkeypatch.setattr(faces, "SHA256", hashlib.sha256(FILE).hexdigest())
    faces._detector.cache_clear()
    with reached({PATH: FILE}, tmp_path, monkeypatch) as running:
        yield running
    faces._detector.cache_clear()


def face(across=0.5, down=0.4, height=0.2, turn=0.0, score=0.9) -> Face:
    """Made: in the box of its ellipse, turned clockwise by so many degrees around its middle."""
    angle = math.radians(turn)
    half_width, half_height = faces.SLENDER * height / 2, height / 2
    width = 2 * math.hypot(half_width * math.cos(angle), half_height * math.sin(angle))
    tall = 2 * math.hypot(half_width * math.sin(angle), half_height * math.cos(angle))
    up = (math.sin(angle) * height / 6, -math.cos(angle) * height / 6)
    eyes, mouth = (across + up[0], down + up[1]), (across - up[0], down - up[1])
    return Face((across - width / 2, down - tall / 2, width, tall), eyes, mouth, score)


def levels(some, size=(400, 300)) -> np.ndarray:
    return np.asarray(mask_of(some, size), float) / 255


def at(mask: np.ndarray, across: float, down: float) -> float:
    return mask[int(down * max(mask.shape)), int(across * max(mask.shape))]


@pytest.mark.parametrize("turn", [-80, -30, 0, 20, 45, 75])
def test_a_turned_face_has_the_tilt_and_the_radii_that_it_was_made_with(turn):
    made = face(turn=turn)
    assert math.degrees(made.tilt) == pytest.approx(turn)
    assert made.radii == pytest.approx((0.075, 0.1))
    assert made.middle == pytest.approx((0.5, 0.4))


@pytest.mark.parametrize("turn", [0, 60])
def test_the_mask_is_an_ellipse_along_the_face_and_fades_beyond_it(turn):
    mask, angle = levels([face(turn=turn)]), math.radians(turn)
    along, aside = (-math.sin(angle), math.cos(angle)), (math.cos(angle), math.sin(angle))
    for direction, radius in ((along, 0.1), (aside, 0.075)):
        for sign in (-1, 1):
            line = [
                at(mask, *(m + sign * r * radius * d for m, d in zip((0.5, 0.4), direction, strict=True)))
                for r in (0, 0.9, 1.2, 1.5)
            ]
            assert line[:2] == [1, 1] and 0.2 < line[2] < 0.8 and line[3] == 0


def test_every_face_has_its_ellipse_and_one_beyond_the_edge_is_cut_off():
    mask = levels([face(0.2, 0.3), face(0.98, 0.5)])
    assert at(mask, 0.2, 0.3) == at(mask, 0.99, 0.5) == 1
    assert at(mask, 0.6, 0.4) == 0
    assert np.abs(np.diff(mask)).max() < 0.2, "no hard edge"
    assert levels([]).max() == 0


def test_boxes_overlap_by_intersection_over_union():
    one = Face((0, 0, 0.2, 0.2), (0, 0), (0, 0), 1)
    assert overlap(one, one) == pytest.approx(1)
    assert overlap(one, replace(one, box=(0.1, 0, 0.2, 0.2))) == pytest.approx(1 / 3)
    assert overlap(one, replace(one, box=(0.3, 0, 0.2, 0.2))) == 0


def test_of_two_looks_at_one_face_the_surer_counts_and_small_faces_do_not(monkeypatch):
    looks = {
        640: [face(score=0.7), face(0.2, 0.2, 0.04, score=1.0)],
        320: [face(height=0.21), face(0.8, 0.5, score=0.8)],
    }
    monkeypatch.setattr(faces, "_seen", lambda photo, side: looks[side])
    assert [(one.score, one.middle[0]) for one in find_faces(PHOTO)] == [(0.9, 0.5), (0.8, pytest.approx(0.8))]


def test_the_detector_is_fetched_once_and_finds_faces_where_they_are(server, monkeypatch):
    (one,) = find_faces(photo_of((9, 6)))
    assert one.middle == pytest.approx((9.5 / 20, 6.5 / 20)) and one.box[2:] == pytest.approx((0.2, 0.25))
    assert one.tilt == pytest.approx(0) and one.score == pytest.approx(1)
    assert server.sent == len(FILE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    faces._detector.cache_clear()  # as in another process
    assert len(find_faces(photo_of((4, 4), (14, 9)))) == 2
    assert server.sent == len(FILE)


def test_it_sees_a_portrait_in_its_own_shape(server):
    (one,) = find_faces(photo_of((3, 14), size=(256, 640)))
    assert one.middle == pytest.approx((3.5 / 20, 14.5 / 20))
    mask = faces_mask(photo_of((3, 14), size=(256, 640)))
    assert mask.mode == "L" and mask.size == (205, 512)
    assert at(np.asarray(mask), *one.middle) == 255


def test_a_photo_without_a_face_is_refused_in_one_sentence_and_painted_as_any(server):
    with pytest.raises(ValueError, match=r"^There is no face in this photo.*the brush or the mask of the subject"):
        faces_mask(photo_of())
    faces = Commission(photo_of(), [PAINTING], KEEPING).faces
    assert faces is not None and faces.getbbox() is None


INSTEAD = r"the brush or the mask of the subject does instead\.$"


def test_without_the_detector_one_sentence_says_what_does_instead(server, monkeypatch):
    server.files[f"/{PATH}"] = FILE[::-1]
    with pytest.raises(ValueError, match=rf"finds faces.*not the published file.*{INSTEAD}"):
        find_faces(PHOTO)
    del server.files[f"/{PATH}"]
    with pytest.raises(ValueError, match=rf"finds faces.*404.*{INSTEAD}"):
        find_faces(PHOTO)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match=rf"finds faces.*offline mode is enabled.*{INSTEAD}") as caught:
        Commission(PHOTO, [PAINTING], KEEPING)
    assert "\n" not in str(caught.value)
    assert Commission(PHOTO, [PAINTING], replace(KEEPING, keep_faces="no")).faces is None, "nothing else needs it"


def test_faces_are_looked_for_where_they_are_asked_for_and_not_known_yet(monkeypatch):
    looked = []
    monkeypatch.setattr(commission, "mask_if_any", lambda photo: looked.append(photo) or half(255, 0))
    asked = Commission(PHOTO, [PAINTING], KEEPING)
    assert asked.faces is not None and replace(asked, settings=replace(KEEPING, seed=1)).faces is asked.faces
    assert looked == [PHOTO]
    without = replace(KEEPING, content_weight=0)
    assert replace(asked, settings=without).faces is None and face_shares(without) == {}
    assert replace(asked, settings=replace(KEEPING, keep_faces="no")).faces is None
    assert looked == [PHOTO]


def test_a_photo_without_a_face_is_looked_at_once_however_often_a_run_is_replaced(monkeypatch):
    looked = []
    monkeypatch.setattr(commission, "mask_if_any", lambda photo: looked.append(photo) or half(0, 0))
    asked = Commission(PHOTO, [PAINTING], KEEPING)
    replace(replace(asked, settings=replace(KEEPING, seed=1)), start=PHOTO)
    assert looked == [PHOTO]


def objectives(tile, dtype=torch.float64, faces_at=None, masks=None, **knobs):
    """As the run has it, matches included, at pixels that are not the photo's; and these pixels."""
    settings = Settings(keep_faces="yes", **knobs)
    photo, pixels = (to_pixels(noise(160, 96, seed), (160, 96)).to(dtype) for seed in (1, 3))
    view = View(tiny_vgg().to(torch.device("cpu"), dtype), settings, tile)
    paintings = [noise(123, 87, 2 + number) for number in range(len(masks or [0]))]
    objective = objective_for(photo, paintings, masks, view)
    return (objective if faces_at is None else keeping(objective, photo, faces_at)), pixels


LEFT = half(255, 0, (160, 96))


@pytest.mark.parametrize(
    "knobs", [{}, {"content_loss": "self_similarity", "samples": 100}, {"recipe": "gatys2016"}, {"motifs": 2.0}]
)
def test_tiles_have_the_gradient_of_the_whole(knobs):
    (whole, pixels), (tiled, _) = (objectives(tile, faces_at=LEFT, **knobs) for tile in (160, 48))
    ours, theirs = (one.matched(pixels)(pixels)[0] for one in (tiled, whole))
    assert len(tiled.tiles) > 1 and ((ours - theirs).norm() / theirs.norm()).item() < 1e-9


def test_no_face_changes_nothing_and_a_face_is_told_from_the_rest_by_position():
    plain, pixels = objectives(160)
    dark, _ = objectives(160, faces_at=half(0, 0, (160, 96)))
    assert torch.equal(plain.matched(pixels)(pixels)[0], dark.matched(pixels)(pixels)[0])
    kept, _ = objectives(160, faces_at=LEFT)
    more = [term for term in kept.terms if isinstance(term, ContentTerm) and term.bound is not None]
    assert {term.layer for term in more} == set(face_shares(kept.view.settings)) <= set(layers(kept.view.settings))
    for term in more:
        assert term.bound[..., :, : term.bound.shape[-1] // 2].min() == 1 and term.bound.min() == 0


def test_a_face_asks_as_many_times_more_of_the_photo_as_declared_whatever_measures_content():
    """Where all is one face and nothing of it is left, the content error is 1 for each of its shares."""
    for knobs in ({}, {"content_loss": "mean_square", "content_layers": "relu2_1"}, {"content_loss": "sum_square"}):
        plain, _ = objectives(160, **knobs)
        kept, _ = objectives(160, faces_at=half(255, 255, (160, 96)), **knobs)
        own = [term for term in plain.terms if isinstance(term, ContentTerm)]
        asked = sum(float(term.scale * term.target.double().square().sum()) for term in own)
        more = [term for term in kept.terms if isinstance(term, ContentTerm) and term.bound is not None]
        for term in more:
            whole = float(term.scale * term.target.double().square().sum())
            assert whole == pytest.approx(asked * face_shares(kept.view.settings)[term.layer], rel=1e-6)


def test_strokes_are_asked_less_of_a_face_and_as_before_of_all_else():
    masks = [half(255, 60, (160, 96)), half(0, 195, (160, 96))]
    (plain, _), (kept, _) = (objectives(160, faces_at=where, masks=masks) for where in (None, LEFT))
    for before, after in zip(plain.galleries, kept.galleries, strict=True):
        scale = [one.weight / one.bound.sum() for one in (before, after)]
        pull = [factor * one.bound for factor, one in zip(scale, (before, after), strict=True)]
        right = pull[0].shape[-1] // 2
        torch.testing.assert_close(pull[1][..., right + 1 :], pull[0][..., right + 1 :])
        torch.testing.assert_close(pull[1][..., : right - 1], 0.5 * pull[0][..., : right - 1])
        assert after.empty[..., : right - 1].abs().max() == 0, "no motif of the painting lands on a face"


def painted(faces_at, photo=PHOTO, **knobs):
    asked = Commission(photo, [PAINTING], replace(KEEPING, **({"steps": 12} | knobs)), faces=faces_at)
    *_, last = paint_commission(asked, load_vgg(), CPU)
    return last.image


@pytest.mark.slow
def test_a_kept_face_is_nearer_to_the_photo_and_the_rest_is_painted_no_less():
    plain, kept = painted(half(0, 0)), painted(half(255, 0))
    photo = PHOTO.resize(plain.size, Image.Resampling.LANCZOS)
    left, right = (0, 0, 28, 48), (36, 0, 64, 48)
    assert difference(kept.crop(left), photo.crop(left)) < 0.7 * difference(plain.crop(left), photo.crop(left))
    assert difference(kept.crop(right), photo.crop(right)) > 0.9 * difference(plain.crop(right), photo.crop(right))


def test_a_run_that_keeps_faces_goes_on_from_a_snapshot_bit_for_bit():
    asked = Commission(PHOTO, [PAINTING], KEEPING, faces=half(255, 0))
    run = paint_commission(asked, tiny_vgg(), CPU)
    first = next(frame for frame in run if frame.step == 4)
    snapshot = first.snapshot()
    *_, last = run
    *_, again = paint_commission(asked, tiny_vgg(), CPU, snapshot=snapshot)
    assert np.array_equal(again.pixels, last.pixels)
    assert len(scales(*PHOTO.size, KEEPING)) > 1


@pytest.mark.slow
def test_each_frame_of_a_film_keeps_its_own_faces_and_a_morph_those_of_its_photo(monkeypatch):
    looked = []

    def found(photo):
        looked.append(photo)
        return half(255, 0, photo.size)

    monkeypatch.setattr(commission, "mask_if_any", found)
    monkeypatch.setattr(paint, "mask_if_any", found)
    photos = moving(2)
    asked = Commission(photos[0], [PAINTING], replace(KEEPING, steps=35))
    film = {}
    for keep in ("no", "yes"):
        order = replace(asked, settings=replace(asked.settings, keep_faces=keep))
        *_, last = paint_film(photos, 2, order, tiny_vgg(), CPU)
        film[keep] = last.image
    assert {id(photo) for photo in looked} == {id(photo) for photo in photos}
    left = (0, 0, 28, 48)
    assert difference(film["yes"].crop(left), film["no"].crop(left)) > 0.005
    styles = [PAINTING, noise(70, 70, 5)]
    two = [replace(asked, styles=styles, settings=replace(KEEPING, steps=2, keep_faces=keep)) for keep in film]
    plain, kept = ([*morph(one, 2, tiny_vgg(), CPU)][1].image for one in two)
    assert difference(kept, plain) > 0.002
