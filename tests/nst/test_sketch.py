"""Small pictures that go on from each other as knobs are turned."""

from collections import deque
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nst import Commission, Settings
from nst import sketch as module
from nst.sketch import DRAFTS, STEPS_ON, SUBJECTS, Sketchbook
from nst.targets import total_loss
from nst.transfer import paint
from nst.vgg import Interrupted
from nst.weights import load_vgg
from tests.painting import PAINTING, PHOTO, difference, half, noise
from tests.tiny import CPU, tiny_vgg

EXAMPLES = Path(__file__).parents[2] / "examples"
SETTINGS = Settings(size=96, steps=10)
NETWORK = tiny_vgg()
ARROW = "0.1,0.5 0.9,0.5"


def commission(photo=PHOTO, styles=(PAINTING,), **more):
    pictures = {name: more.pop(name) for name in ("start", "masks", "faces") if name in more}
    return Commission(photo, list(styles), replace(SETTINGS, **more), **pictures)


def sketched(book, network=NETWORK, **more):
    *_, picture = book.sketch(commission(**more), network, CPU)
    return picture


def error(picture, network=NETWORK, **more):
    """What is minimised, at a finished sketch."""
    asked = commission(**more)
    frame = next(paint(replace(asked, start=picture), network, CPU))
    return total_loss(frame.losses, asked.settings)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"content_weight": 3.0, "tv_weight": 1.0},
        {"strokes": ARROW},
        {"masks": [half(255, 0)]},
        {"keep_faces": "yes", "faces": half(255, 0)},
        {"color": "luminance", "style_scale": 1.5},
        {"tileable": "x"},
        {"start": noise(96, 72, 5)},
        {"styles": [PAINTING, noise(70, 90, 7)], "style_mix": "2 1"},
        {"optimizer": "adam", "learning_rate": 0.02, "init": "noise"},
    ],
)
def test_the_first_one_is_what_a_run_of_one_size_paints(more):
    *_, last = paint(commission(**more), NETWORK, CPU)
    assert sketched(Sketchbook(), **more).tobytes() == last.image.tobytes()
    if more:
        assert difference(last.image, sketched(Sketchbook())) > 0


def test_the_next_one_looks_a_few_times_only_whichever_of_the_knobs_has_moved():
    book, asked = Sketchbook(), []

    def wanted():
        asked.append(1)
        return True

    looks = []
    for knobs in ({}, {"content_weight": 1.0}, {"style_weight": 3.0}, {"tv_weight": 2.0}, {"motifs": 0.5}):
        asked.clear()
        deque(book.sketch(commission(**knobs), NETWORK, CPU, wanted), 0)
        looks.append(len(asked))
    photo = 1  # is looked at again, where other parts of it count as empty
    assert looks[0] > 10 and looks[1:] == [STEPS_ON, STEPS_ON, STEPS_ON, STEPS_ON + photo]


def test_to_and_fro_ends_at_a_picture_as_good():
    book = Sketchbook()
    barn, ducks = (Image.open(EXAMPLES / name).convert("RGB") for name in ("content/barn.jpg", "style/goyo-ducks.jpg"))
    seen = {"network": load_vgg(), "photo": barn, "styles": [ducks]}  # to random weights, likes and loss are chance
    before = error(sketched(book, **seen), **seen)
    for weight in (0.02, 5.0, 0.6):
        sketched(book, content_weight=weight, **seen)
    assert error(sketched(book, **seen), **seen) <= 1.01 * before


@pytest.mark.parametrize(("steps", "pictures"), [(1, 1), (2, 2), (9, 2)])
def test_it_is_shown_half_way_and_finished(steps, pictures):
    assert len(list(Sketchbook().sketch(commission(steps=steps), NETWORK, CPU))) == pictures


@pytest.mark.parametrize("weight", [0.02, 5.0])
@pytest.mark.slow
def test_half_way_is_nearer_to_the_finished_one_than_what_it_goes_on_from(weight):
    book, network = Sketchbook(), load_vgg()
    *_, before = book.sketch(commission(), network, CPU)
    half_way, finished = book.sketch(commission(content_weight=weight), network, CPU)
    assert 0 < difference(half_way, finished) < 0.8 * difference(before, finished)


def test_one_that_is_left_half_way_is_none_of_those_that_others_go_on_from():
    book = Sketchbook()
    for weight in (0.01, 5.0):
        with closing(book.sketch(commission(content_weight=weight), NETWORK, CPU)) as pictures:
            next(pictures)
    assert sketched(book).tobytes() == sketched(Sketchbook()).tobytes()


@pytest.mark.parametrize("weight", [0.02, 1.0, 5.0])
def test_after_a_move_it_is_about_as_good_as_one_that_is_begun_afresh(weight):
    book = Sketchbook()
    sketched(book)
    moved, afresh = (error(sketched(one, content_weight=weight), content_weight=weight) for one in (book, Sketchbook()))
    assert moved < 1.3 * afresh


def test_where_the_photo_weighs_all_it_goes_on_from_the_photo():
    book = Sketchbook()
    for weight in (0.001, 0.01):
        sketched(book, content_weight=weight)
    painted, kept = (difference(sketched(book, content_weight=weight), PHOTO) for weight in (0.01, 1e6))
    assert kept < 0.3 * painted


@pytest.mark.slow
def test_other_pictures_masks_and_strokes_are_other_subjects_and_few_are_kept(monkeypatch):
    looked = []
    usual = module.regions_for
    monkeypatch.setattr(module, "regions_for", lambda *given: looked.append(1) or usual(*given))
    book = Sketchbook()
    others = [{}, {"photo": noise(96, 72, 9)}, {"styles": [PHOTO]}, {"masks": [half(255, 0)]}, {"strokes": ARROW}]
    for more in (*others, *others):
        sketched(book, **more)
    assert len(looked) == len(others)
    for seed in range(SUBJECTS):
        sketched(book, seed=seed + 1, steps=1)
    assert len(book._subjects) == SUBJECTS
    sketched(book)
    assert len(looked) == len(others) + SUBJECTS + 1


def test_of_a_subject_the_beginning_and_the_latest_are_kept():
    book = Sketchbook()
    sketched(book)
    (subject,) = book._subjects.values()
    begun = subject.drafts[0]
    for step in range(DRAFTS + 3):
        sketched(book, content_weight=0.1 + step)
    assert len(subject.drafts) == DRAFTS and subject.drafts[0] is begun


def test_one_that_is_not_wanted_any_more_leaves_the_book_as_it_was():
    book, answers = Sketchbook(), iter([True] * 6 + [False])
    with pytest.raises(Interrupted):
        deque(book.sketch(commission(), NETWORK, CPU, lambda: next(answers)), 0)
    assert sketched(book).tobytes() == sketched(Sketchbook()).tobytes()
    assert np.asarray(sketched(book)).shape == (72, 96, 3)
