import pytest
import torch

from nst import losses


def maps(channels=5, height=4, width=7, seed=0, dtype=torch.float64):
    return torch.randn(1, channels, height, width, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def test_gram_is_f_f_transposed():
    features = maps()
    flat = features.view(5, 28)  # F of the paper: (channels, height * width)
    torch.testing.assert_close(losses.gram(features), (flat @ flat.t()).float())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradient_of_the_sums_is_autograds(layout):
    features = maps(dtype=torch.float32).to(memory_format=layout).requires_grad_()
    weights = torch.randn(5, 5, generator=torch.Generator().manual_seed(9))  # not symmetric, on purpose
    total, product = losses.sums(features)
    (ours,) = torch.autograd.grad((product * weights).sum() + (total * weights[0]).sum(), features)
    flat = features.flatten(2)[0]
    plain = ((flat @ flat.t()) * weights).sum() + (flat.sum(1) * weights[0]).sum()
    (theirs,) = torch.autograd.grad(plain, features)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_tutorial_losses_are_the_formulas_of_the_lesson():
    """content = mean((gf - cf)^2); style = mean((G_gen - G_style)^2) with G = F F^T; total = a c + b s."""
    gf, cf, sf = maps(seed=1).float(), maps(seed=2).float(), maps(seed=3).float()
    style = losses.STYLE_LOSSES["gram_sum"]
    content_loss = losses.CONTENT_LOSSES["mean_square"](gf, cf)
    style_loss = style.error(style.statistic(gf), style.statistic(sf))

    channels, positions = 5, 4 * 7
    f_gen, f_style = gf.reshape(channels, positions), sf.reshape(channels, positions)
    g_gen, g_style = f_gen.mm(f_gen.t()), f_style.mm(f_style.t())
    torch.testing.assert_close(content_loss, torch.mean((gf - cf) ** 2))
    torch.testing.assert_close(style_loss, torch.mean((g_gen - g_style) ** 2))


@pytest.mark.parametrize("name", losses.STYLE_LOSSES)
def test_a_style_loss_is_zero_for_the_same_picture_and_for_the_same_picture_shuffled(name):
    loss, features = losses.STYLE_LOSSES[name], maps()
    shuffled = features.flatten(2)[..., torch.randperm(28)].view_as(features)
    target = loss.statistic(features)
    assert loss.error(loss.statistic(features), target) == 0
    assert loss.error(loss.statistic(shuffled), target) < 1e-9
    assert loss.error(loss.statistic(maps(seed=1)), target) > 1e-3


@pytest.mark.parametrize("name", ["moments", "gram"])
def test_relative_style_losses_do_not_depend_on_picture_size_or_on_brightness_of_features(name):
    loss, a, b = losses.STYLE_LOSSES[name], maps(seed=1), maps(seed=2)
    once = loss.error(loss.statistic(a), loss.statistic(b))
    tiled = loss.error(loss.statistic(a.repeat(1, 1, 2, 3)), loss.statistic(b))
    brighter = loss.error(loss.statistic(3 * a), loss.statistic(3 * b))
    torch.testing.assert_close(tiled, once)
    torch.testing.assert_close(brighter, once)


def test_moments_are_mean_and_covariance():
    features = maps()
    mean, second = losses.STYLE_LOSSES["moments"].statistic(features)
    flat = features.flatten(2)[0]
    torch.testing.assert_close(mean, flat.mean(1).float())
    torch.testing.assert_close(second - torch.outer(mean, mean), torch.cov(flat, correction=0).float())


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
