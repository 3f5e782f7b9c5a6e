"""How large tiles are, where the memory says it, and where somebody has chosen it."""

import pytest
import torch

from nst.tiles import SMALLEST, Need, NoRoom, fit, tiles

NEED, PLENTY = Need(halo=80, per_pixel=3320, whole=10**9), 2**40


def test_a_chosen_tile_has_to_fit_as_well():
    with pytest.raises(NoRoom, match="6144 pixels"):
        fit(6144, 8192, NEED, free=24 * 2**30, side=8192)
    assert fit(6144, 8192, NEED, free=24 * 2**30, side=512).side == 512


def test_a_tile_of_a_few_pixels_would_only_cost_time():
    assert fit(6144, 8192, NEED, PLENTY, side=1).side == SMALLEST


def test_where_there_is_room_the_picture_stays_whole():
    assert fit(480, 640, NEED, PLENTY).side == 640


def test_the_gradient_of_a_tiles_own_part_is_laid_out_as_the_map_is():
    first, *_ = tiles(96, 160, side=64, halo=16, grid=16)
    seen = torch.rand(1, 5, 40, 40).to(memory_format=torch.channels_last).requires_grad_()
    core = first.core(seen, 2)
    (gradient,) = torch.autograd.grad(core.square().sum(), seen)
    assert core.shape[-2:] != seen.shape[-2:] and torch.equal(core, seen[..., : core.shape[-2], : core.shape[-1]])
    assert gradient.is_contiguous(memory_format=torch.channels_last)
