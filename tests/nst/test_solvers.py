import itertools
from collections import deque

import pytest
import torch
import torch.nn.functional as F

from nst.solvers import Average, make_solver
from nst.solvers.first_order import OPTIMIZERS, FirstOrder
from nst.solvers.lbfgs import BANDS, LBFGS
from nst.solvers.pyramid import collapsed, dot, dots_of_bands, halvings, laplacian_pyramid, resize, weighted


def bowl(seed=0, size=(6, 5), condition=100.0):
    """A quadratic with known minimum, curvature 1..condition: f(x) = (x - m) A (x - m) / 2."""
    count = 3 * size[0] * size[1]
    generator = torch.Generator().manual_seed(seed)
    curvature = torch.logspace(0, torch.log10(torch.tensor(condition)).item(), count, dtype=torch.float64)
    basis, _ = torch.linalg.qr(torch.randn(count, count, dtype=torch.float64, generator=generator))
    matrix = basis @ torch.diag(curvature) @ basis.t()
    minimum = torch.rand(1, 3, *size, dtype=torch.float64, generator=generator)
    return minimum, lambda x: (matrix @ (x - minimum).flatten()).view_as(x)


def descend(solver, gradient, pixels, steps):
    for _ in range(steps):
        pixels = solver.step(pixels, gradient(pixels))
    return pixels


def test_lbfgs_finds_the_bottom_of_a_bowl_far_sooner_than_gradient_descent():
    minimum, gradient = bowl()
    start = torch.full_like(minimum, 0.5)
    ours = descend(LBFGS(), gradient, start, 60)
    plain = descend(FirstOrder("sgd", 2 / 101), gradient, start, 60)  # the best fixed rate for this bowl
    assert (ours - minimum).norm() < 0.01 * (plain - minimum).norm()


def test_lbfgs_step_is_the_two_loop_recursion_of_a_dense_inverse_hessian():
    """The same pairs, applied one by one to a dense matrix (Nocedal & Wright 2006, eq. 6.17)."""
    minimum, gradient = bowl(size=(2, 2))
    solver, pixels, trail = LBFGS(history=3, reach=10), torch.full_like(minimum, 0.5), []
    for _ in range(4):
        trail.append((pixels.flatten(), gradient(pixels).flatten()))
        pixels = solver.step(pixels, gradient(pixels))
    pairs = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(trail)]
    identity = torch.eye(12, dtype=torch.float64)
    guess = [weighted(one.view_as(pixels).clone(), solver.inverse_curvature).flatten() for one in identity]
    inverse = torch.stack(guess, dim=1)
    for s, y in pairs:
        rho = 1 / (s @ y)
        left = identity - rho * torch.outer(s, y)
        inverse = left @ inverse @ left.t() + rho * torch.outer(s, s)
    expected = trail[-1][0] - inverse @ trail[-1][1]
    torch.testing.assert_close(pixels.flatten(), expected)


def test_a_pair_without_positive_curvature_changes_nothing():
    solver = LBFGS()
    minimum, gradient = bowl()
    pixels = descend(solver, gradient, torch.full_like(minimum, 0.5), 5)
    before = solver._descent(gradient(pixels))
    solver._remember(torch.ones_like(pixels), -torch.ones_like(pixels))
    solver._learn_curvature()
    torch.testing.assert_close(solver._descent(gradient(pixels)), before)


def test_weights_of_one_leave_a_picture_as_it_is_and_each_other_weight_reaches_its_band_alone():
    pixels = torch.rand(1, 3, 45, 64, dtype=torch.float64)
    one = torch.eye(BANDS, dtype=torch.float64)
    alone = torch.stack([weighted(pixels.clone(), weights) for weights in one])
    torch.testing.assert_close(weighted(pixels.clone(), one.sum(0)), pixels)
    small = F.interpolate(pixels, (23, 32), mode="bilinear", antialias=True)
    torch.testing.assert_close(alone[0], pixels - F.interpolate(small, (45, 64), mode="bilinear"))
    torch.testing.assert_close(weighted(pixels.clone(), 2 * one[1] + 3 * one[4]), 2 * alone[1] + 3 * alone[4])
    steps = [(part[..., 1:] - part[..., :-1]).abs().mean() / part.abs().mean() for part in alone]
    assert steps == sorted(steps, reverse=True), "coarser bands are smoother"


def test_weighting_bands_is_symmetric_but_for_the_border():
    a, b = torch.randn(2, 1, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    weights = torch.logspace(-1, 1, BANDS, dtype=torch.float64)
    products = (weights * dots_of_bands(halvings(a, BANDS), halvings(b, BANDS))).sum()
    weighted_a, weighted_b = weighted(a.clone(), weights), weighted(b.clone(), weights)
    forth, back = dot(a, weighted_b), dot(weighted_a, b)
    for other in (back, products):
        assert abs(forth - other) < 0.01 * a.norm() * weighted_b.norm()


def test_lbfgs_learns_how_curved_the_bands_are_and_gets_further_by_it(monkeypatch):
    minimum = torch.rand(1, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    curvature = torch.logspace(1, -0.5, BANDS, dtype=torch.float64)  # fine bands are the most curved

    def gradient(pixels):
        return weighted(pixels - minimum, curvature)

    def left_after(steps):
        pixels = descend(solver := LBFGS(reach=10), gradient, torch.full_like(minimum, 0.5), steps)
        return dot(pixels - minimum, gradient(pixels)), solver.inverse_curvature

    told_apart, learnt = left_after(12)
    assert (learnt[1:] >= learnt[:-1] * 0.9).all() and learnt[-1] > 3 * learnt[0]
    monkeypatch.setattr("nst.solvers.lbfgs.SPREAD", 1.0)
    as_one, learnt = left_after(12)
    assert (learnt == learnt[0]).all() and told_apart < 0.7 * as_one


def test_a_flat_landscape_moves_nothing_and_breaks_nothing():
    pixels = torch.full((1, 3, 4, 4), 0.5)
    for solver in (LBFGS(), FirstOrder("adam", 0.1), FirstOrder("sgd", 0.1)):
        assert torch.equal(descend(solver, torch.zeros_like, pixels, 3), pixels)


def test_the_first_step_takes_the_whole_reach_and_no_later_one_goes_beyond():
    minimum, gradient = bowl()
    solver, pixels = LBFGS(reach=0.03), minimum + 5  # far away
    for step in range(10):
        new = solver.step(pixels, 1e-7 * gradient(pixels))
        moved = (new - pixels).abs().mean().item()
        assert moved == pytest.approx(0.03, rel=1e-4) if step == 0 else moved <= 0.03 * (1 + 1e-9)
        pixels = new


def test_enlarged_memory_speaks_of_the_enlarged_picture():
    """On a loss that is a mean over pixels, curvature per pixel falls as the picture grows."""
    minimum = torch.rand(1, 3, 8, 8, dtype=torch.float64)

    def gradient_of(target):
        return lambda x: 2 * (x - target) / target.numel()

    small = LBFGS(reach=1)
    descend(small, gradient_of(minimum), torch.full_like(minimum, 0.5), 4)
    large_minimum = resize(minimum, 16, 16)
    step = small.enlarged(16, 16).step(large_minimum + 0.1, gradient_of(large_minimum)(large_minimum + 0.1))
    assert (step - large_minimum).abs().max() < 0.02, "one step with the old memory is nearly there"


def test_adam_and_gradient_descent_are_those_of_torch():
    kinds = {
        "adam": torch.optim.Adam,
        "adam_short": lambda pixels, lr: torch.optim.Adam(pixels, lr=lr, betas=(0.9, 0.99)),
        "rmsprop": torch.optim.RMSprop,
        "sgd": torch.optim.SGD,
    }
    assert set(kinds) == set(OPTIMIZERS)
    for name, kind in kinds.items():
        minimum, gradient = bowl()
        theirs = torch.full_like(minimum, 0.5)
        optimizer = kind([theirs], lr=0.01)
        ours = descend(make_solver(name, 0.01), gradient, theirs.clone(), 5)
        for _ in range(5):
            theirs.grad = gradient(theirs)
            optimizer.step()
        assert torch.equal(ours, theirs)


def test_the_bands_of_a_pyramid_move_as_the_published_programs_move_them():
    """A solver of torch on the bands themselves, and autograd through their sum."""
    minimum, gradient = bowl(size=(12, 10))
    start = torch.full_like(minimum, 0.5)
    bands = [band.requires_grad_() for band in laplacian_pyramid(start, 3)]
    optimizer = torch.optim.RMSprop(bands, lr=0.01)
    for _ in range(6):
        optimizer.zero_grad()
        pixels = collapsed(bands)
        pixels.backward(gradient(pixels.detach()))
        optimizer.step()
    ours = descend(FirstOrder("rmsprop", 0.01, 3), gradient, start, 6)
    torch.testing.assert_close(ours, collapsed(bands).detach())


def test_bands_follow_pixels_that_somebody_else_has_changed():
    solver, slope = FirstOrder("sgd", 0.1, 3), torch.zeros(1, 3, 16, 16)
    for pixels in torch.rand(3, 1, 3, 16, 16):
        torch.testing.assert_close(solver.step(pixels, slope), pixels)


def test_a_solver_leaves_its_arguments_alone():
    for name in ("lbfgs", *OPTIMIZERS):
        minimum, gradient = bowl()
        solver, pixels = make_solver(name, 0.01), torch.full_like(minimum, 0.5)
        for _ in range(3):
            held, slope = pixels.clone(), gradient(pixels)
            slope_held, new = slope.clone(), solver.step(pixels, slope)
            assert torch.equal(pixels, held) and torch.equal(slope, slope_held)
            pixels = new


def test_resize_keeps_a_flat_picture_flat_both_ways():
    flat = torch.full((1, 3, 9, 12), 0.4)
    for size in ((18, 24), (4, 5)):
        torch.testing.assert_close(resize(flat, *size), torch.full((1, 3, *size), 0.4))


def test_a_pyramid_collapses_to_its_picture_and_its_bands_hold_what_halving_loses():
    pixels = torch.rand(1, 3, 21, 34)
    bands = laplacian_pyramid(pixels, 4)
    assert [tuple(band.shape[-2:]) for band in bands] == [(21, 34), (11, 17), (6, 9), (3, 5)]
    torch.testing.assert_close(collapsed(bands), pixels)
    flat = laplacian_pyramid(torch.full((1, 3, 16, 16), 0.4), 3)
    assert all(band.abs().max() < 1e-6 for band in flat[:-1])


def test_a_step_on_the_bands_moves_large_areas_further_than_a_step_on_the_pixels():
    """Adam changes each number by its learning rate: on bands these changes add up, coarse to fine."""
    pixels, slope = torch.full((1, 3, 32, 32), 0.5), torch.ones(1, 3, 32, 32)
    on_pixels = pixels - FirstOrder("adam", 0.01).step(pixels, slope)
    on_bands = pixels - FirstOrder("adam", 0.01, bands=4).step(pixels, slope)
    torch.testing.assert_close(on_pixels, torch.full_like(pixels, 0.01))
    assert on_bands.mean() > 1.9 * on_pixels.mean()


@pytest.mark.parametrize("bands", [1, 3])
def test_adam_carries_its_memory_to_a_larger_picture_but_not_that_of_bands(bands):
    """After many equal slopes on a small picture, and the same slopes on a larger one, no step is a first step; bands
    of another size are others, and begin anew."""
    solver, pixels = FirstOrder("adam", 0.01, bands), torch.full((1, 3, 16, 16), 0.5)
    for _ in range(20):
        pixels = solver.step(pixels, torch.ones_like(pixels))
    large = torch.full((1, 3, 32, 32), 0.5)
    turned = -torch.ones_like(large) / 4  # the gradient of a mean over four times the pixels, the other way
    with_memory = solver.enlarged(32, 32).step(large, turned)
    fresh = FirstOrder("adam", 0.01, bands).step(large, turned)
    assert (fresh > large).all()
    assert (with_memory < large).all() if bands == 1 else torch.equal(with_memory, fresh)


def test_an_average_is_the_weighted_mean_of_all_steps():
    average, steps = Average(0.8), [torch.rand(1, 3, 2, 2) for _ in range(5)]
    for step in steps:
        mean = average.with_step(step)
    weights = [0.8 ** (4 - index) for index in range(5)]
    expected = sum(weight * step for weight, step in zip(weights, steps, strict=True)) / sum(weights)
    torch.testing.assert_close(mean, expected)
    assert torch.equal(Average(0.0).with_step(steps[0]), steps[0])


def test_memory_of_lbfgs_is_bounded_by_the_size_of_the_picture():
    small, large = LBFGS().enlarged(384, 512), LBFGS().enlarged(3072, 4096)
    assert small.pairs.maxlen == 10
    assert large.pairs.maxlen == large.gentler().pairs.maxlen == 2


def test_a_large_picture_keeps_no_pair_that_the_next_step_forgets():
    """Steps are those of the same history, and between them there is one pair fewer."""
    minimum, gradient = bowl()
    usual, large = LBFGS(history=3), LBFGS(history=10)
    large.pairs = deque(maxlen=3)
    start = torch.full_like(minimum, 0.5)
    assert torch.equal(descend(large, gradient, start, 8), descend(usual, gradient, start, 8))
    assert len(large.pairs) == 2 < len(usual.pairs) == 3


def test_nor_does_one_that_is_enlarged_to_it(monkeypatch):
    minimum, gradient = bowl()
    solver = LBFGS()
    descend(solver, gradient, torch.full_like(minimum, 0.5), 5)
    assert len(solver.enlarged(64, 96).pairs) == 4
    monkeypatch.setattr("nst.solvers.lbfgs.HISTORY_BYTES", 0)
    assert len(solver.enlarged(64, 96).pairs) == 1


def test_a_product_of_many_parts_is_that_of_the_whole(monkeypatch):
    monkeypatch.setattr("nst.solvers.pyramid.PART", 7)
    a, b = torch.rand(2, 1, 3, 23, 5, dtype=torch.float64)
    torch.testing.assert_close(dot(a, b), (a * b).sum())


def test_a_gentler_solver_takes_a_tenth_of_the_step():
    pixels, slope = torch.full((1, 3, 4, 4), 0.5), torch.ones(1, 3, 4, 4)
    for name in ("lbfgs", *OPTIMIZERS):
        solver = make_solver(name, 0.1)
        step = (pixels - solver.step(pixels, slope)).mean()
        gentle = (pixels - solver.gentler().step(pixels, slope)).mean()
        assert 0 < gentle <= 0.11 * step
