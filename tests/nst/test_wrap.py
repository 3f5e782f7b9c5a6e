"""Pictures whose ends meet: nothing tells where an end is."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from nst import Settings, stylize, winograd
from nst.commission import Commission
from nst.film import paint_film
from nst.image import to_pixels
from nst.losses import SUM_LOSSES, TV_LOSSES
from nst.plan import final_size, scales
from nst.recipes import RECIPES
from nst.solvers import make_solver
from nst.solvers.pyramid import laplacian_pyramid, resize
from nst.targets import objective_for
from nst.tiles import tiles
from nst.view import View
from nst.wrap import GRID, WRAPS, seamless
from tests.painting import PAINTING, PHOTO, difference, noise, paint
from tests.tiny import CPU, tiny_vgg

WAYS = [("x", (3,)), ("y", (2,)), ("both", (2, 3))]
KINDS = pytest.mark.parametrize(("tileable", "axes"), WAYS)
DOUBLE = torch.float64


def pixels_of(width, height, seed=1, dtype=DOUBLE):
    return to_pixels(noise(width, height, seed), (width, height)).to(dtype)


def rolled(pixels, axes, by=2 * GRID):
    return pixels.roll([by] * len(axes), axes)


def objective(photo, tile=1000, **knobs):
    network = tiny_vgg().to(torch.device("cpu"), DOUBLE)
    return objective_for(photo, [PAINTING], None, View(network, Settings(**knobs), tile))


@KINDS
@pytest.mark.parametrize("style_loss", SUM_LOSSES)
@pytest.mark.parametrize("pooling", ["max", "average", "l2"])
def test_the_loss_of_a_rolled_picture_is_the_same_and_its_gradient_is_rolled(tileable, axes, style_loss, pooling):
    knobs = {"tileable": tileable, "style_loss": style_loss, "pooling": pooling, "tv_weight": 1.0}
    photo, pixels = pixels_of(96, 64), pixels_of(96, 64, 3)
    gradient, losses = objective(photo, **knobs)(pixels)
    gradient_there, there = objective(rolled(photo, axes), **knobs)(rolled(pixels, axes))
    assert {name: loss.item() for name, loss in there.items()} == pytest.approx(
        {name: loss.item() for name, loss in losses.items()}, rel=1e-9
    )
    torch.testing.assert_close(gradient_there, rolled(gradient, axes))


@pytest.mark.parametrize("layers", ["relu1_1 relu5_1", "relu1_2+relu3_1+relu5_1"])
def test_features_between_positions_go_on_across_the_seam(layers):
    knobs = {"tileable": "x", "style_layers": layers, "style_loss": "nearest", "samples": 16384}
    photo, pixels = pixels_of(96, 64), pixels_of(96, 64, 3)
    (_, losses), (_, there) = (
        objective(one, **knobs)(other) for one, other in [(photo, pixels), (rolled(photo, (3,)), rolled(pixels, (3,)))]
    )
    assert there["style"].item() == pytest.approx(losses["style"].item(), rel=1e-9)


@pytest.mark.parametrize("tileable", ["x", "y", "both"])
@pytest.mark.parametrize("size", [(176, 112), (240, 48)])
def test_a_picture_in_tiles_has_the_gradient_of_the_whole(tileable, size):
    photo, pixels = pixels_of(*size), pixels_of(*size, 3)
    knobs = {"tileable": tileable, "style_loss": "moments nearest", "samples": 300, "tv_weight": 1.0}
    whole, tiled = (objective(photo, tile, **knobs)(pixels) for tile in (1000, 48))
    torch.testing.assert_close(tiled[0], whole[0], rtol=1e-8, atol=1e-14)
    assert tiled[1]["style"].item() == pytest.approx(whole[1]["style"].item(), rel=1e-9)


def test_a_window_shows_what_lies_beyond_the_ends_and_gives_it_back():
    whole, back = torch.arange(48.0).expand(1, 1, 16, 48), torch.zeros(1, 1, 16, 48)
    first, *_ = parts = tiles(16, 48, 16, 64, 16, WRAPS["x"])
    assert first.window(whole)[0, 0, 0].tolist() == [position % 48 for position in range(-64, 80)]
    first.add(torch.ones(1, 1, 16, 144), back)
    assert torch.equal(back, torch.full_like(back, 3))
    assert [bool(part.wrap) for part in parts] == [False] * 3


@KINDS
@pytest.mark.parametrize("square", [2, 4])
@pytest.mark.parametrize("size", [(8, 10), (7, 9), (1, 3), (16, 20)])
def test_winograds_convolution_and_its_gradient_go_around(monkeypatch, tileable, axes, size, square):
    monkeypatch.setitem(winograd.SQUARES, DOUBLE, square)
    torch.manual_seed(0)
    maps = torch.randn(1, 5, *size, dtype=DOUBLE).contiguous(memory_format=torch.channels_last).requires_grad_()
    weight, bias = torch.randn(6, 5, 3, 3, dtype=DOUBLE), torch.randn(6, dtype=DOUBLE)
    around = F.pad(maps, (1, 1, 0, 0), "circular" if 3 in axes else "constant")
    expected = F.conv2d(F.pad(around, (0, 0, 1, 1), "circular" if 2 in axes else "constant"), weight, bias)
    found, _ = winograd.conv2d(maps, winograd.Kernels(weight, bias, DOUBLE), False, WRAPS[tileable])
    torch.testing.assert_close(found, expected)
    wish = torch.randn_like(expected)
    (theirs,), (ours,) = (torch.autograd.grad(result, maps, wish) for result in (expected, found))
    torch.testing.assert_close(ours, theirs)


@KINDS
@pytest.mark.parametrize("size", [(96, 64), (176, 208), (32, 48)])
def test_resizing_a_rolled_picture_is_rolling_the_resized(tileable, axes, size):
    pixels, wrap = pixels_of(64, 64), WRAPS[tileable]
    there = resize(rolled(pixels, axes), *size, wrap)
    by = [2 * GRID * size[axis - 2] // 64 for axis in axes]
    torch.testing.assert_close(there, resize(pixels, *size, wrap).roll(by, axes))


@KINDS
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_no_solver_knows_where_the_seam_is(tileable, axes, optimizer):
    bands = 1 if optimizer == "lbfgs" else 5
    pixels, ends = pixels_of(96, 64), []
    for start in (pixels, rolled(pixels, axes)):
        solver, now = make_solver(optimizer, 0.02, bands, WRAPS[tileable]), start
        for _ in range(5):  # towards a picture that is rolled as well
            now = solver.step(now, now - start.flip(1).square())
        solver = solver.enlarged(128, 192)
        ends.append(solver.step(resize(now, 128, 192, WRAPS[tileable]), resize(start, 128, 192, WRAPS[tileable])))
    torch.testing.assert_close(ends[1], rolled(ends[0], axes, 4 * GRID))
    assert len(laplacian_pyramid(pixels, 6, WRAPS[tileable])) == 6


@KINDS
@pytest.mark.parametrize("loss", TV_LOSSES)
def test_smoothness_counts_the_step_across_the_seam(tileable, axes, loss):
    across, whole = torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32)
    for axis in axes:
        across.narrow(axis, 0, 1).fill_(1)  # a bright line at the very edge,
        whole.narrow(axis, 10, 1).fill_(1)  # and in the middle
    of_loss, wrap = TV_LOSSES[loss], WRAPS[tileable]
    assert of_loss(across, wrap).item() == pytest.approx(of_loss(whole, wrap).item())


def jump(pixels, axis):
    """Mean step across the ends, in mean steps inside."""
    across = (pixels.narrow(axis, 0, 1) - pixels.narrow(axis, pixels.shape[axis] - 1, 1)).abs().mean()
    return (across / pixels.diff(dim=axis).abs().mean()).item()


@KINDS
def test_a_photos_own_seam_fades(tileable, axes):
    slope = torch.linspace(0, 1, 112, dtype=DOUBLE) * torch.linspace(1, 0, 96, dtype=DOUBLE)[:, None]
    photo = (pixels_of(112, 96) + slope) / 2
    faded = seamless(photo, WRAPS[tileable])
    for axis in (2, 3):
        assert (jump(faded, axis) < 3) == (axis in axes) and jump(photo, axis) > 10
    assert faded.mean().item() == pytest.approx(photo.mean().item(), abs=0.01)


def test_a_photo_without_a_seam_stays_as_it_is():
    angle = torch.arange(96, dtype=DOUBLE) * (2 * torch.pi / 96)
    wave = (0.5 + 0.2 * angle.cos() + 0.2 * (3 * angle).sin()).expand(1, 3, 64, 96)
    panorama = wave * torch.linspace(0.2, 1, 64, dtype=DOUBLE)[:, None]
    smallest = (panorama[..., :1] - panorama[..., -1:]).abs().amax()  # the step of the wave itself
    assert (seamless(panorama, WRAPS["x"]) - panorama).abs().amax() < smallest
    assert torch.equal(seamless(panorama, WRAPS["no"]), panorama)


@pytest.mark.parametrize("tileable", WRAPS)
@pytest.mark.parametrize(("photo", "size"), [((520, 384), 520), ((500, 375), 300), ((40, 17), 512), ((999, 1003), 777)])
def test_every_size_is_whole_where_ends_meet_and_the_last_is_the_final_one(tileable, photo, size):
    settings = Settings(size=size, tileable=tileable)
    plan = scales(*photo, settings)
    assert plan[-1].size == final_size(*photo, settings) and max(plan[-1].size) <= size
    for scale in plan:
        width, height = scale.size
        assert width % GRID == 0 or tileable in ("no", "y")
        assert height % GRID == 0 or tileable in ("no", "x")


def seams(picture):
    """Of each axis: the mean step across the seam, and those between all rows or columns inside."""
    pixels = to_pixels(picture, picture.size)
    for axis in (2, 3):
        inside = pixels.diff(dim=axis).abs().mean([one for one in range(4) if one != axis])
        ends = pixels.narrow(axis, 0, 1) - pixels.narrow(axis, pixels.shape[axis] - 1, 1)
        yield ends.abs().mean().item(), inside.numpy()


@pytest.mark.parametrize("recipe", RECIPES)
def test_no_recipe_leaves_a_step_at_the_seam_that_is_larger_than_those_inside(recipe):
    few = {} if recipe == "painting" else {"samples": 256}
    *_, frame = paint(
        network=tiny_vgg(blocks=(2, 2, 4, 4, 4)), recipe=recipe, tileable="both", size=96, steps=12, **few
    )
    assert frame.image.size == (96, 64)
    for across, inside in seams(frame.image):
        assert across <= np.quantile(inside, 0.99) * 1.05


@pytest.mark.parametrize("knobs", [{"tile": 64}, {"color": "luminance"}, {"color": "exact"}, {"color": "match_photo"}])
def test_neither_tiles_nor_colours_bring_the_seam_back(knobs):
    *_, frame = paint(tileable="both", size=96, steps=8, **knobs)
    for across, inside in seams(frame.image):
        assert across <= np.quantile(inside, 0.99) * 1.05


def test_a_painting_alone_becomes_a_square_texture_and_the_same_one_again():
    settings = Settings(content_weight=0, tileable="both", size=64, steps=6, start_size=32)
    first, second = ([*stylize(None, PAINTING, settings, tiny_vgg(), CPU)][-1].image for _ in range(2))
    assert first.size == (64, 64) and np.array(first).std() > 10
    assert difference(first, second) == 0


def test_without_a_photo_its_weight_has_to_be_none():
    with pytest.raises(ValueError, match=r"^Please choose a photo\.$"):
        stylize(None, PAINTING, Settings(), tiny_vgg(), CPU)


def test_a_film_is_no_tile():
    commission = Commission(PHOTO, [PAINTING], Settings(tileable="x"))
    with pytest.raises(ValueError, match="tileable must be no for a film"):
        next(paint_film([PHOTO], 1, commission, tiny_vgg(), CPU))


def test_a_start_is_brought_to_the_size_of_the_tile():
    *_, frame = paint(tileable="both", start=Image.new("RGB", (96, 72), "teal"), size=96, steps=2)
    assert frame.image.size == (96, 64)
