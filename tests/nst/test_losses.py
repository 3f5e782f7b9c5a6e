import numpy as np
import pytest
import torch

from nst import losses


def maps(channels=5, height=4, width=7, seed=0, dtype=torch.float64):
    return torch.randn(1, channels, height, width, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def test_gram_is_f_f_transposed():
    features = maps()
    flat = features.view(5, 28)  # F of the paper: (channels, height * width)
    torch.testing.assert_close(losses.gram(features), flat @ flat.t())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_of_the_sums_is_autograds(layout, weighted):
    features = maps(dtype=torch.float32).to(memory_format=layout).requires_grad_()
    slope = torch.randn(5, 5, generator=torch.Generator().manual_seed(9))  # not symmetric, on purpose
    weights = torch.rand(1, 1, 4, 7, generator=torch.Generator().manual_seed(3)) if weighted else None
    found = losses.sums(features, weights)
    (ours,) = torch.autograd.grad((found.product * slope).sum() + (found.total * slope[0]).sum(), features)
    flat = features.flatten(2)[0]
    counted = flat * (1 if weights is None else weights.flatten())
    plain = ((counted @ flat.t()) * slope).sum() + (counted.sum(1) * slope[0]).sum()
    (theirs,) = torch.autograd.grad(plain, features)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_sums_of_tiles_add_up_to_those_of_the_whole():
    features = maps(height=6)
    whole, parts = losses.sums(features), losses.sums(features[..., :2, :]) + losses.sums(features[..., 2:, :])
    for name in ("positions", "total", "product", "mean", "gram", "covariance"):
        torch.testing.assert_close(getattr(parts, name), getattr(whole, name))


def test_sums_are_those_of_numpys_mean_and_covariance():
    features = maps()
    found, flat = losses.sums(features), features.flatten(2)[0]
    torch.testing.assert_close(found.mean, flat.mean(1))
    torch.testing.assert_close(found.covariance, torch.cov(flat, correction=0))


def test_paintings_are_mixed_by_shares_whatever_their_size():
    a, b = losses.sums(maps(seed=1)), losses.sums(maps(seed=2, height=9))
    mixed = losses.mixed_sums([a, b], [0.25, 0.75])
    torch.testing.assert_close(mixed.gram, 0.25 * a.gram + 0.75 * b.gram)
    torch.testing.assert_close(mixed.mean, 0.25 * a.mean + 0.75 * b.mean)


def by_sums(name, value, target):
    return losses.SUM_LOSSES[name](losses.sums(target))(losses.sums(value))


def by_points(name, value, target):
    return losses.POINT_LOSSES[name](target)(value)


def matrix(features):
    return features.reshape(features.shape[1], -1).double().numpy()


def test_tutorial_losses_are_the_formulas_of_the_lesson():
    """content = mean((gf - cf)^2); style = mean((G_gen - G_style)^2) with G = F F^T; total = a c + b s."""
    gf, cf, sf = maps(seed=1).float(), maps(seed=2).float(), maps(seed=3).float()
    content_loss = losses.CONTENT_SCALES["mean_square"](cf) * (gf - cf).square().sum()
    channels, positions = 5, 4 * 7
    f_gen, f_style = gf.reshape(channels, positions), sf.reshape(channels, positions)
    g_gen, g_style = f_gen.mm(f_gen.t()), f_style.mm(f_style.t())
    torch.testing.assert_close(content_loss, torch.mean((gf - cf) ** 2))
    torch.testing.assert_close(by_sums("gram_sum", gf, sf), torch.mean((g_gen - g_style) ** 2))


def test_losses_of_gatys_2016_are_its_equations():
    """Eq. 1: 1/2 sum (F - P)^2. Eq. 4: 1 / (4 N^2 M^2) sum (G - A)^2, for a painting of the same size."""
    value, target = maps(seed=1), maps(seed=2)
    f, p = matrix(value), matrix(target)
    n, m = f.shape
    equation_4 = ((f @ f.T - p @ p.T) ** 2).sum() / (4 * n**2 * m**2)
    assert by_sums("gram_mean", value, target).item() == pytest.approx(equation_4)
    equation_1 = ((f - p) ** 2).sum() / 2
    ours = losses.CONTENT_SCALES["sum_square"](target) * (value - target).square().sum()
    assert ours.item() == pytest.approx(equation_1)


def test_loss_of_johnson_2015_is_its_programs():
    """Gram matrices divided by the number of elements, then the mean square; each by its own size."""
    value, target = maps(seed=1), maps(seed=2, height=9)
    g, a = (f @ f.T / f.size for f in (matrix(value), matrix(target)))
    assert by_sums("gram_element", value, target).item() == pytest.approx(((g - a) ** 2).mean())


def test_wasserstein_distance_is_that_of_two_gaussians():
    """The square root by another way: of the eigenvalues of the product of both covariances."""
    value, target = maps(seed=1), 2 * maps(seed=2) + 0.3
    f, p = matrix(value), matrix(target)
    ours, theirs = np.cov(f, bias=True), np.cov(p, bias=True)
    shared = np.sqrt(np.linalg.eigvals(ours @ theirs).real).sum()
    expected = ((f.mean(1) - p.mean(1)) ** 2).sum() + np.trace(ours) + np.trace(theirs) - 2 * shared
    assert by_sums("wasserstein", value, target).item() == pytest.approx(expected / 5, rel=1e-4)


def test_wasserstein_distance_of_features_that_never_answer_has_a_gradient():
    dead = torch.zeros(1, 5, 4, 4, requires_grad=True)
    (slope,) = torch.autograd.grad(by_sums("wasserstein", dead, maps().float()), dead)
    assert slope.isfinite().all()


@pytest.mark.parametrize("name", losses.SUM_LOSSES)
def test_a_loss_on_sums_is_zero_for_the_same_picture_and_for_the_same_picture_shuffled(name):
    features = maps()
    shuffled = features.flatten(2)[..., torch.randperm(28)].view_as(features)
    assert by_sums(name, features, features).item() == pytest.approx(0, abs=1e-6)
    assert by_sums(name, shuffled, features).item() == pytest.approx(0, abs=1e-6)
    assert by_sums(name, maps(seed=1), features) > 1e-3


@pytest.mark.parametrize("name", ["moments", "gram"])
def test_relative_style_losses_do_not_depend_on_picture_size_or_on_brightness_of_features(name):
    a, b = maps(seed=1), maps(seed=2)
    once = by_sums(name, a, b)
    torch.testing.assert_close(by_sums(name, a.repeat(1, 1, 2, 3), b), once)
    torch.testing.assert_close(by_sums(name, 3 * a, 3 * b), once)


def points(count=30, channels=5, seed=0):
    return torch.randn(count, channels, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", losses.POINT_LOSSES)
def test_a_loss_on_points_is_zero_for_the_same_points_in_any_order_and_falls_downhill(name):
    target = points()
    assert by_points(name, target[torch.randperm(30)], target).item() == pytest.approx(0, abs=1e-6)
    value = points(seed=1).requires_grad_()
    error = by_points(name, value, target)
    (slope,) = torch.autograd.grad(error, value)
    assert error > 1e-3
    assert by_points(name, value - 1e-3 * slope / slope.norm(), target) < error


@pytest.mark.parametrize("name", losses.POINT_LOSSES)
def test_points_need_not_be_as_many_as_the_paintings(name):
    assert by_points(name, points(20), points(70, seed=1)).isfinite()


def test_histogram_is_the_mean_way_between_sorted_channels():
    value, target = points(seed=1), points(seed=2)
    way = ((np.sort(value.numpy(), axis=0) - np.sort(target.numpy(), axis=0)) ** 2).mean()
    assert by_points("histogram", value, target).item() == pytest.approx(way / (target.numpy() ** 2).mean())


def test_sliced_distance_of_a_shift_is_the_shift_seen_from_all_sides():
    """Along each direction all points go the same way, so its mean square is |shift|^2 / channels."""
    target, shift = points(200, 3), torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64)
    energy = (target.square().sum() / 200 / 3).item()
    expected = (shift.square().sum() / 3).item() / energy
    assert by_points("sliced", target + shift, target).item() == pytest.approx(expected, rel=0.35)


def test_nearest_neighbours_are_those_of_a_search_one_by_one():
    value, target = points(seed=1).numpy(), points(40, seed=2).numpy()
    ours, theirs = value - value.mean(0), target - target.mean(0)
    distances = [min(1 - v @ t / np.linalg.norm(v) / np.linalg.norm(t) for t in theirs) for v in ours]
    assert by_points("nearest", torch.tensor(value), torch.tensor(target)).item() == pytest.approx(np.mean(distances))


def test_relaxed_emd_is_the_larger_of_both_one_sided_ways():
    value, target = points(seed=1).numpy(), points(40, seed=2).numpy()
    cost = [[1 - v @ t / np.linalg.norm(v) / np.linalg.norm(t) for t in target] for v in value]
    expected = max(np.min(cost, axis=0).mean(), np.min(cost, axis=1).mean())
    assert by_points("relaxed_emd", torch.tensor(value), torch.tensor(target)).item() == pytest.approx(expected)


def test_moments_l1_are_mean_absolute_differences_relative_to_the_targets():
    value, target = points(seed=1).numpy(), points(40, seed=2).numpy()
    (mean, covariance), (its_mean, its_covariance) = ((p.mean(0), np.cov(p.T, bias=True)) for p in (value, target))
    expected = np.abs(mean - its_mean).sum() / np.abs(its_mean).sum()
    expected += np.abs(covariance - its_covariance).sum() / np.abs(its_covariance).sum()
    assert by_points("moments_l1", torch.tensor(value), torch.tensor(target)).item() == pytest.approx(expected)


def test_palette_is_the_way_of_colours_to_the_nearest():
    black, white = torch.zeros(4, 3), torch.ones(6, 3)
    assert losses.palette(white)(black).item() == pytest.approx(3**0.5)
    both = torch.cat([black, white])
    assert losses.palette(both)(black).item() == pytest.approx(0.6 * 3**0.5), "white goes unused"


def test_self_similarity_is_that_of_the_paper_for_any_number_of_points():
    def distances(points):
        unit = points / np.linalg.norm(points, axis=1, keepdims=True)
        return (1 - unit @ unit.T) / (1 - unit @ unit.T).sum(0)

    value, target = points(seed=1).numpy(), points(seed=2).numpy()
    expected = np.abs(distances(value) - distances(target)).sum() / len(value)  # the paper: / n^2, here times n
    assert losses.self_similarity(torch.tensor(value), torch.tensor(target)).item() == pytest.approx(expected)


def test_self_similarity_does_not_see_a_turn_of_all_features():
    """What is alike stays alike: only relations count, so a painting may change every feature."""
    target = points()
    turn, _ = torch.linalg.qr(points(5))
    assert losses.self_similarity(3 * target @ turn, target).item() == pytest.approx(0, abs=1e-9)


def test_relative_error_is_zero_for_equals_and_one_for_nothing():
    target = maps()
    assert losses.relative_error(target, target) == 0
    assert losses.relative_error(torch.zeros_like(target), target) == pytest.approx(1)
    assert losses.relative_error(target, torch.zeros_like(target)).isfinite(), "a black painting has no norm"


def test_total_variation_of_a_checkerboard_a_slope_and_a_flat_picture():
    rows, columns = torch.meshgrid(torch.arange(6), torch.arange(8), indexing="ij")
    checkerboard = ((rows + columns) % 2).float().expand(1, 3, 6, 8)
    assert losses.total_variation(checkerboard) == 2  # every neighbour differs by 1, both ways
    slope = (columns * 0.1).expand(1, 3, 6, 8)
    assert losses.total_variation(slope).item() == pytest.approx(0.01)
    assert losses.total_variation(torch.full((1, 3, 6, 8), 0.3)) == 0
    assert losses.total_variation_l1(checkerboard) == 2
    assert losses.total_variation_l1(slope).item() == pytest.approx(0.1)


@pytest.mark.parametrize("weighted", [False, True])
def test_squared_distance_and_its_gradient(weighted):
    torch.manual_seed(0)
    features, target = torch.randn(2, 1, 5, 4, 6, dtype=torch.float64)
    features.requires_grad_()
    weights = torch.rand(1, 1, 4, 6, dtype=torch.float64) if weighted else None
    found = losses.squared_distance(features, target, weights)
    expected = ((1 if weights is None else weights) * (features - target).square()).sum()
    torch.testing.assert_close(found, expected)
    ours, theirs = (torch.autograd.grad(3 * one, features)[0] for one in (found, expected))
    torch.testing.assert_close(ours, theirs)


def test_squared_distance_of_bfloat16_is_told_in_float32():
    torch.manual_seed(0)
    features, target = torch.randn(2, 1, 64, 16, 16).bfloat16()
    found = losses.squared_distance(features.requires_grad_(), target)
    expected = (features.float() - target.float()).square().sum()
    assert found.dtype is torch.float32
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=0)
    (gradient,) = torch.autograd.grad(found, features)
    torch.testing.assert_close(gradient.float(), 2 * (features.float() - target.float()), rtol=0.01, atol=0.01)


def test_what_comes_home_to_one_point_is_added_up_in_one_order():
    """In float32 as well, and with several threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        generator = torch.Generator().manual_seed(0)
        ours, theirs = (torch.randn(count, 2000, generator=generator) for count in (6, 4000))
        error, ours = losses.relaxed_emd(theirs), ours.requires_grad_()
        first, *others = (torch.autograd.grad(error(ours), ours)[0] for _ in range(6))
        assert all(torch.equal(first, other) for other in others)
    finally:
        torch.set_num_threads(threads)
