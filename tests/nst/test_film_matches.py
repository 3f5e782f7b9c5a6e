"""Matches of a film move with what they belong to."""

import torch

from nst import Settings
from nst.film.flow import motion
from nst.film.matches import FEW, FRAMES, matched
from nst.image import to_pixels
from nst.targets import objective_for
from nst.view import View
from tests.films import moving
from tests.painting import PAINTING
from tests.tiny import tiny_vgg

STEP = 4  # pixels of a position of relu3_1


def objective(photo, **knobs):
    settings = Settings(size=64, match_layers="relu3_1", **knobs)
    return objective_for(to_pixels(photo, photo.size), [PAINTING], None, View(tiny_vgg(), settings, 64))


def of(photo, known=None, **knobs):
    found, known = matched(objective(photo, **knobs), to_pixels(photo, photo.size), known)
    return found.matches[0][0, 0], known


def test_those_of_the_first_frame_are_all_sought():
    photo = moving(1)[0]
    matches, known = of(photo)
    assert torch.equal(matches, objective(photo).matched(to_pixels(photo, photo.size)).matches[0][0, 0])
    assert known.found.min() == 1 and known.frames == 0


def test_they_go_where_the_camera_sees_their_spot():
    before, after = moving(2, step=STEP)
    first, known = of(before)
    then, _ = of(after, known.carried(motion(before, after)))
    assert (then[1:-1, 1:-2] == first[1:-1, 2:-1]).float().mean() > 0.9


def test_what_has_come_into_view_is_sought_and_the_rest_is_not():
    before, after = moving(2, step=STEP)
    _, known = of(before)
    carried = known.carried(motion(before, after))
    assert (carried.found == 0).float().mean() > FEW
    matches, completed = of(after, carried)
    assert matches.min() >= 0 and completed.found.min() == 1
    kept = carried.found > 0
    assert torch.equal(completed.numbers[0][kept], carried.numbers[0][kept])


def test_after_some_frames_all_are_sought_anew():
    photo = moving(1)[0]
    first, known = of(photo)
    for _ in range(FRAMES):
        known = known.carried(motion(photo, photo))
    again, sought = of(photo, known)
    assert sought.frames == 0 and torch.equal(again, first)


def test_strokes_that_follow_arrows_are_sought_in_every_frame():
    photo, arrows = moving(1)[0], {"strokes": "0.1,0.4 0.9,0.4"}
    _, known = of(photo, **arrows)
    _, sought = of(photo, known.carried(motion(photo, photo)), **arrows)
    assert sought.frames == 0


def test_without_galleries_there_are_none():
    assert matched(objective(moving(1)[0], match_weight=0), None, None)[1] is None
