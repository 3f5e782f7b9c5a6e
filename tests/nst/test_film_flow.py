"""Flow: where a pixel was, and whether it was seen there."""

import numpy as np
import pytest
import torch
from PIL import Image

from nst.film.fill import painted_like_the_rest
from nst.film.flow import far_motion, motion
from nst.image import to_pixels
from tests.films import moving
from tests.painting import noise


def textured(width=200, height=96, seed=5):
    fine = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return Image.fromarray(fine).resize((width, height), Image.Resampling.BICUBIC)


WIDE = textured()
BEFORE, AFTER, LATER = (WIDE.crop((left, 0, left + 128, 96)) for left in (0, 4, 12))


def test_a_camera_that_moves_is_followed_within_a_fifth_of_a_pixel():
    found = motion(BEFORE, AFTER)
    inner = found.back[8:-8, 8:-12]
    assert np.abs(inner - (4, 0)).mean() < 0.2
    assert np.abs(found.forth[8:-8, 12:-8] + (4, 0)).mean() < 0.2


def test_what_has_come_into_view_was_not_seen():
    seen = motion(BEFORE, AFTER).seen[0, 0].numpy()
    assert seen[8:-8, 8:118].mean() > 0.97
    assert seen[:, 126:].mean() < 0.2


def test_a_still_camera_sees_all_again_and_carries_it_unchanged():
    still = motion(BEFORE, BEFORE)
    pixels = to_pixels(BEFORE, BEFORE.size)
    assert still.seen.min() == 1
    torch.testing.assert_close(still.carried(pixels), pixels, atol=1e-4, rtol=0)


def test_a_camera_that_comes_nearer_is_told_from_one_that_moves():
    closer = BEFORE.resize(BEFORE.size, Image.Resampling.BICUBIC, box=(2, 1.5, 126, 94.5))
    area = (128 * 96) / (124 * 93)
    assert motion(BEFORE, closer).nearer == pytest.approx(area, abs=0.02)
    assert motion(closer, BEFORE).nearer == pytest.approx(1 / area, abs=0.02)
    assert motion(BEFORE, AFTER).nearer == pytest.approx(1, abs=0.01)


def test_what_is_carried_lies_where_it_is_seen_now():
    found = motion(BEFORE, AFTER)
    carried = found.carried(to_pixels(BEFORE, BEFORE.size))
    away = (carried - to_pixels(AFTER, AFTER.size)).abs()[..., 8:-8, 8:-12].mean()
    unmoved = (to_pixels(BEFORE, BEFORE.size) - to_pixels(AFTER, AFTER.size)).abs().mean()
    assert away < 0.1 * unmoved


def test_two_other_pictures_have_nothing_in_common():
    assert motion(BEFORE, textured(128, 96, 6)).seen.mean() < 0.3


def test_a_far_frame_is_found_by_way_of_one_between():
    first = motion(BEFORE, AFTER)
    far = far_motion(BEFORE, LATER, first, motion(AFTER, LATER))
    assert np.abs(far.back[8:-8, 8:-20] - (12, 0)).mean() < 0.2
    assert np.abs(far.forth[8:-8, 20:-8] + (12, 0)).mean() < 0.2
    assert far.seen[0, 0, 8:-8, 8:108].mean() > 0.95


def test_what_is_new_is_begun_in_the_colours_of_the_rest():
    photo = to_pixels(noise(96, 72, 1), (96, 72))
    mixing = torch.tensor([[0.2, 0.5, 0.1], [0.4, 0.1, 0.2], [0.1, 0.1, 0.6]])
    painted = torch.einsum("ij,njhw->nihw", mixing, photo) + 0.1
    known = torch.ones_like(photo[:, :1])
    known[..., 60:] = 0
    filled = painted_like_the_rest(photo, torch.where(known > 0, painted, torch.rand_like(painted)), known)
    assert (filled - painted).abs().mean() < 0.03


def test_frames_of_a_film_are_followed_too():
    one, other = moving(2)
    assert motion(one, other).back.shape == (48, 64, 2)
