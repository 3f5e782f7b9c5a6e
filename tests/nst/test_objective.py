"""The gradient of the whole: in one piece, in tiles, in regions."""

import pytest
import torch
import torch.nn.functional as F

from nst.image import to_pixels
from nst.losses import POINT_LOSSES, SUM_LOSSES
from nst.points import Map, Points, Spots, features_at
from nst.settings import Settings
from nst.targets import objective_for
from nst.tiles import tiles
from nst.view import View
from nst.weights import load_vgg
from tests.painting import half, noise
from tests.tiny import tiny_vgg

CPU = torch.device("cpu")
PAINTING = noise(123, 87, 2)


def gradients(width, height, tile, dtype, network, masks=None, paintings=(PAINTING,), **knobs):
    """(loss and gradient in one piece, the same in tiles) at pixels that are not the photo's."""
    settings = Settings(**knobs)
    photo, pixels = (to_pixels(noise(width, height, seed), (width, height)).to(dtype) for seed in (1, 3))
    network = network.to(CPU, dtype)
    for side in (None, tile):
        yield objective_for(photo, list(paintings), masks, View(network, settings, side or max(width, height)))(pixels)


def difference(a, b):
    return ((a - b).norm() / b.norm()).item()


@pytest.mark.parametrize("style_loss", [*SUM_LOSSES, "gram:0.7 wasserstein:0.3"])
@pytest.mark.parametrize(("width", "height"), [(167, 101), (96, 203)])
def test_tiles_have_the_gradient_of_the_whole_to_the_last_digits(width, height, style_loss):
    whole, tiled = gradients(width, height, 48, torch.float64, tiny_vgg(), style_loss=style_loss, tv_weight=2.0)
    assert difference(tiled[0], whole[0]) < 1e-9
    assert {name: loss.item() for name, loss in tiled[1].items()} == pytest.approx(
        {name: loss.item() for name, loss in whole[1].items()}, rel=1e-9
    )


COLUMN = "relu1_2+relu2_1+relu3_1+relu4_1"
ON_POINTS = {
    "style_loss": "relaxed_emd moments_l1",
    "style_layers": f"{COLUMN} relu2_1+relu5_1:0.5",
    "content_loss": "self_similarity",
    "content_layers": COLUMN,
    "palette_weight": 1.0,
    "samples": 100,
}


@pytest.mark.parametrize("style_loss", [*POINT_LOSSES, "gram sliced nearest:0.5"])
def test_tiles_are_exact_for_losses_on_points(style_loss):
    whole, tiled = gradients(167, 101, 48, torch.float64, tiny_vgg(), style_loss=style_loss, samples=500)
    assert difference(tiled[0], whole[0]) < 1e-9


@pytest.mark.parametrize("masked", [False, True])
def test_tiles_are_exact_for_hypercolumns_and_for_what_is_alike_in_the_photo(masked):
    paintings, masks = (noise(90, 70, 4), noise(64, 64, 5)), [half(255, 40, (163, 91)), half(0, 255, (163, 91))]
    whole, tiled = gradients(163, 91, 48, torch.float64, tiny_vgg(), masks if masked else None, paintings, **ON_POINTS)
    assert difference(tiled[0], whole[0]) < 1e-9
    assert {name: loss.item() for name, loss in tiled[1].items()} == pytest.approx(
        {name: loss.item() for name, loss in whole[1].items()}, rel=1e-9
    )


def test_the_points_of_a_second_step_are_others_and_the_same_ones_in_tiles():
    settings, photo = Settings(style_loss="nearest", samples=64), to_pixels(noise(96, 64, 1), (96, 64)).double()
    network = tiny_vgg().to(CPU, torch.float64)
    both = [objective_for(photo, [PAINTING], None, View(network, settings, side)) for side in (96, 48)]
    first, second = ([objective(photo)[0] for objective in both] for _ in range(2))
    assert difference(second[1], second[0]) < 1e-9 < difference(first[0], second[0])


@pytest.mark.slow
@pytest.mark.parametrize("knobs", [{}, {"recipe": "strotss2019"}, {"recipe": "nnst2022"}])
def test_tiles_of_the_real_network_differ_by_rounding_alone(knobs):
    whole, tiled = gradients(150, 106, 96, torch.float32, load_vgg(), **knobs)
    assert difference(tiled[0], whole[0]) < 1e-4


@pytest.mark.parametrize("knobs", [{"pooling": "average"}, {"padding": "zeros"}, {"content_loss": "mean_square"}])
def test_tiles_are_exact_whatever_the_network_does_at_its_edges(knobs):
    whole, tiled = gradients(150, 90, 64, torch.float64, tiny_vgg(), **knobs)
    assert difference(tiled[0], whole[0]) < 1e-9


@pytest.mark.slow
def test_tiles_are_exact_within_masks_and_for_several_paintings():
    paintings, masks = (noise(90, 70, 4), noise(64, 64, 5)), [half(255, 40, (150, 90)), half(0, 255, (150, 90))]
    for chosen in (None, masks):
        whole, tiled = gradients(
            150, 90, 64, torch.float64, tiny_vgg(), chosen, paintings, style_mix="2 1", palette_weight=0.1
        )
        assert difference(tiled[0], whole[0]) < 1e-9


def test_a_halo_that_is_too_small_would_be_noticed():
    """The check above can fail: with a third of the radius the gradient is another."""
    network = tiny_vgg()
    real = type(network).radius
    try:
        type(network).radius = lambda self, layers: real(self, layers) // 3
        whole, tiled = gradients(167, 101, 48, torch.float64, network)
    finally:
        type(network).radius = real
    assert difference(tiled[0], whole[0]) > 1e-3


@pytest.mark.parametrize(("height", "width", "side"), [(101, 167, 48), (64, 64, 64), (65, 200, 64), (16, 33, 16)])
def test_tiles_cover_every_pixel_once_and_begin_on_the_grid(height, width, side):
    count = torch.zeros(height, width, dtype=torch.int)
    for tile in tiles(height, width, side, halo=20, grid=16):
        for span, length in ((tile.rows, height), (tile.columns, width)):
            assert span.begin % 16 == 0 and span.window_begin % 16 == 0
            assert span.window_begin == max(0, span.begin - 32) and span.window_end == min(length, span.end + 32)
        tile.own(count, 1).add_(1)
    assert (count == 1).all()


@pytest.mark.parametrize(("length", "side"), [(2733, 384), (4096, 384), (1000, 64), (301, 300), (97, 96), (90, 64)])
def test_windows_are_equally_long_and_the_last_is_no_longer(length, side):
    windows = [one.columns.window_end - one.columns.window_begin for one in tiles(16, length, side, halo=40, grid=16)]
    assert min(length, side + 96 + 15) >= windows[0] >= windows[-1]
    assert set(windows[:-1]) <= {windows[0]}
    assert sum(windows) == length + 96 * (len(windows) - 1)


def test_memory_of_a_tiled_gradient_does_not_hold_the_whole_pictures_maps():
    """Peak of what autograd saves, counted: one window's worth, however large the picture."""

    def saved(width, tile):
        held = [0]

        def pack(tensor):
            held[0] = max(held[0], tensor.numel())
            return tensor

        photo = to_pixels(noise(width, 64, 1), (width, 64))
        objective = objective_for(photo, [noise(64, 64, 2)], None, View(tiny_vgg(), Settings(), tile or width))
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            objective(photo)
        return held[0]

    assert saved(1024, 64) == saved(2048, 64) < saved(1024, None) / 3


def test_losses_are_mixed_in_their_shares():
    def loss(style_loss):
        (_, losses), _ = gradients(64, 48, None, torch.float64, tiny_vgg(), style_loss=style_loss)
        return losses["style"].item()

    mixed = loss("gram:3 moments")
    assert mixed == pytest.approx(0.75 * loss("gram") + 0.25 * loss("moments"))


def test_spots_are_drawn_alike_for_the_same_seed_anew_at_each_step_and_only_where_the_mask_is():
    def drawn(seed):
        points = Points(8, torch.Generator().manual_seed(seed))
        return [points.spots(20, 20).columns.tolist() for _ in range(2)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn(1)[0] != drawn(1)[1]
    mask = torch.zeros(1, 1, 20, 20)
    mask[..., :10] = 1
    assert (Points(50).spots(40, 40, 2, mask).columns < 20).all()


def test_few_positions_are_all_taken_each_in_its_middle():
    spots = Points(500).spots(11, 8, 2)
    assert spots.rows.tolist() == [row for row in (1, 3, 5, 7, 9) for _ in range(4)]
    assert spots.columns.tolist() == [1, 3, 5, 7] * 5


def test_a_hypercolumn_is_what_torch_has_of_its_maps_enlarged_to_the_finest():
    fine, coarse = torch.rand(1, 2, 16, 24), torch.rand(1, 3, 4, 6)
    (whole,) = tiles(16, 24, 24, halo=0, grid=4)
    found = features_at([Map(fine, 1, whole), Map(coarse, 4, whole)], Points(400).spots(16, 24))
    enlarged = F.interpolate(coarse, (16, 24), mode="bilinear", align_corners=False)
    torch.testing.assert_close(found, torch.cat([fine, enlarged], dim=1)[0].flatten(1).t())


def test_what_tiles_have_at_a_spot_adds_up_to_what_is_there():
    features, parts = torch.rand(1, 3, 11, 18), []
    for tile in tiles(44, 72, 16, halo=6, grid=4):
        rows, columns = (slice(along.window_begin // 4, along.window_end // 4) for along in (tile.rows, tile.columns))
        parts.append(Map(features[..., rows, columns], 4, tile))
    (whole,) = tiles(44, 72, 72, halo=0, grid=4)
    spots = Spots(44 * torch.rand(50), 72 * torch.rand(50))
    torch.testing.assert_close(sum(part.at(spots) for part in parts), Map(features, 4, whole).at(spots))
