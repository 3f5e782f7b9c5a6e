"""How large tiles are, where the memory says it, and where somebody has chosen it."""

import pytest

from nst.tiles import SMALLEST, Need, NoRoom, fit

NEED, PLENTY = Need(halo=80, per_pixel=3320, whole=10**9), 2**40


def test_a_chosen_tile_has_to_fit_as_well():
    with pytest.raises(NoRoom, match="6144 pixels"):
        fit(6144, 8192, NEED, free=24 * 2**30, side=8192)
    assert fit(6144, 8192, NEED, free=24 * 2**30, side=512).side == 512


def test_a_tile_of_a_few_pixels_would_only_cost_time():
    assert fit(6144, 8192, NEED, PLENTY, side=1).side == SMALLEST


def test_where_there_is_room_the_picture_stays_whole():
    assert fit(480, 640, NEED, PLENTY).side == 640
