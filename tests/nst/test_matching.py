"""Like finds like: the search alone, and what it makes of pictures."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from nst import matching
from nst.image import luma, to_pixels
from nst.matching import candidates, emptiness, hubness, lent, repeated, search, together, unit
from nst.plan import rounds
from nst.points import Points
from nst.settings import Settings, match_shares, style_shares
from nst.targets import _painting_pixels, objective_for, targets_for
from nst.terms import MatchTerm
from nst.view import View
from tests.painting import PAINTING, PHOTO, half, noise, paint
from tests.tiny import tiny_vgg

CPU = torch.device("cpu")


def points(count, channels=16, seed=0):
    return torch.randn(count, channels, generator=torch.Generator().manual_seed(seed))


def anywhere(count):
    return torch.zeros(count, 2)


def found(ours, theirs):
    return search(candidates(theirs, anywhere(len(theirs))), ours).nearest(ours)


def test_a_painting_matched_with_itself_stays_where_it_is():
    features = points(300)
    assert torch.equal(found(features, features), torch.arange(300))


def test_the_brightness_and_contrast_of_a_whole_picture_do_not_matter():
    features = points(300)
    assert torch.equal(found(3 * features + 5, features), torch.arange(300))


def test_the_nearest_is_the_best_score_of_the_whole_table_whatever_the_chunks(monkeypatch):
    ours, theirs = points(200, seed=1), points(150, seed=2)
    cosines = unit(ours, ours.mean(0)) @ unit(theirs, theirs.mean(0)).T
    hub = cosines.topk(matching.BEST, dim=0).values.mean(0)
    expected = (2 * cosines - hub).argmax(1)
    for pairs in (1, 1000, 2**24):
        monkeypatch.setattr(matching, "PAIRS", pairs)
        assert torch.equal(found(ours, theirs), expected)


def test_a_hub_is_near_to_all_and_matched_with_few():
    """Each of ours is a little nearer to the hub than to its own like: by the cosine alone the hub would be for all."""
    axes = F.normalize(points(41, 64))
    hub, own = axes[0], axes[1:]
    ours = F.normalize(hub + 0.9 * own)
    theirs = torch.cat([hub[None], own])
    cosines = ours @ theirs.T
    assert (cosines.argmax(1) == 0).float().mean() > 0.7
    assert torch.equal((2 * cosines - hubness(ours, theirs)).argmax(1), torch.arange(1, 41))


@pytest.mark.parametrize("mix", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.5, 0.3)])
def test_each_painting_gets_its_share_of_the_picture_however_unlike_it_is(mix):
    ours = points(2000)
    parts = [
        candidates(points(200, seed=1 + number) + number * ours[:200], anywhere(200), number)
        for number in range(len(mix))
    ]
    one = together(parts, mix)
    numbers = one.paintings[search(one, ours).nearest(ours)]
    assert torch.bincount(numbers, minlength=len(mix)).div(2000).tolist() == pytest.approx(mix, abs=0.03)


def test_features_that_are_all_the_same_are_matched_without_numbers_that_are_none():
    flat = torch.ones(50, 8)
    for ours, theirs in ((flat, points(30, 8)), (points(30, 8), flat), (flat, flat), (0 * flat, 0 * flat)):
        match = found(ours, theirs)
        assert len(match) == len(ours) and match.min() >= 0 and match.max() < len(theirs)


# In a picture


def matched(photo, paintings, masks=None, tile=None, dtype=torch.float64, pixels=None, **knobs):
    pixels = to_pixels(photo, photo.size).to(dtype) if pixels is None else pixels
    network = tiny_vgg(width=8).to(CPU, dtype)
    settings = Settings(**({"style_margin": 0} | knobs))
    return objective_for(pixels, paintings, masks, View(network, settings, tile or max(pixels.shape))).matched(pixels)


def matches(objective):
    return [term for term in objective.on_matches if isinstance(term, MatchTerm)]


def test_a_photo_that_is_the_painting_finds_itself_and_costs_nothing():
    objective = matched(PHOTO, [PHOTO])
    for term in matches(objective):
        found = term.matches.flatten() == torch.arange(term.matches.numel())
        assert found.float().mean() > 0.8, "8 channels leave some hubs; in a real network there are hundreds"
    _, losses = objective(to_pixels(PHOTO, PHOTO.size).double())
    assert losses["match"].item() < 0.02


def test_the_loss_is_the_relative_squared_error_to_the_features_of_the_matches():
    objective = matched(PHOTO, [PAINTING], match_layers="relu3_1:3 relu4_1")
    pixels = to_pixels(noise(96, 72, 7), (96, 72)).double()
    features = tiny_vgg(width=8).to(CPU, torch.float64).features(pixels, ["relu3_1", "relu4_1"])
    expected = 0
    for term, share in zip(matches(objective), (0.75, 0.25), strict=True):
        ours = features[term.layer][0].flatten(1).T
        theirs = term.candidates.features[term.matches.flatten()]
        bound, energy = term.bound.flatten(), term.candidates.features.square().sum(1).mean()
        expected += share * (bound * (ours - theirs).square().sum(1)).sum() / (bound.sum() * energy)
    assert objective(pixels)[1]["match"].item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("masked", [False, True])
def test_matches_found_in_tiles_are_those_of_the_whole(masked):
    photo, paintings = noise(167, 101, 1), [noise(120, 90, 4), noise(90, 80, 5)]
    masks = [half(255, 40, photo.size), half(0, 255, photo.size)] if masked else None
    whole, tiled = (matched(photo, paintings, masks, tile) for tile in (None, 48))
    for one, other in zip(matches(whole), matches(tiled), strict=True):
        assert torch.equal(one.matches, other.matches)
    pixels = to_pixels(noise(167, 101, 3), photo.size).double()
    (gradient, losses), (of_tiles, losses_of_tiles) = whole(pixels), tiled(pixels)
    assert (of_tiles - gradient).norm() < 1e-9 * gradient.norm()
    assert losses_of_tiles["match"].item() == pytest.approx(losses["match"].item(), rel=1e-6)


def test_a_region_never_takes_from_anothers_painting():
    objective = matched(PHOTO, [PAINTING, noise(64, 64, 9)], [half(255, 0), half(0, 255)])
    terms = matches(objective)
    assert [term.candidates.paintings.unique().tolist() for term in terms] == [[0], [0], [1], [1]]
    assert all(term.bound[..., term.bound.shape[-1] // 2 + 1 :].max() == 0 for term in terms[:2])


def test_a_region_is_not_moved_by_what_lies_outside_of_it():
    """The gradient of the match is zero where no receptive field of the region reaches."""
    photo, knobs = noise(256, 64, 1), {"content_weight": 0, "motifs": 0, "match_layers": "relu3_1"}
    knobs["style_layers"] = "relu4_1"
    mask = Image.new("L", photo.size)
    mask.paste(255, (0, 0, 64, 64))
    gradient, losses = matched(photo, [PAINTING], [mask], **knobs)(to_pixels(noise(256, 64, 3), photo.size).double())
    assert losses["match"] > 0
    assert gradient[..., :64].abs().max() > 0 and gradient[..., 96:].abs().max() == 0


def test_positions_are_drawn_where_a_painting_has_more_than_are_allowed(monkeypatch):
    monkeypatch.setattr("nst.targets.CANDIDATES", 100)
    term, *_ = matches(matched(PHOTO, [PAINTING]))
    assert len(term.candidates.features) == 100 and term.matches.max() < 100
    again, *_ = matches(matched(PHOTO, [PAINTING]))
    assert torch.equal(again.matches, term.matches), "the same ones for the same seed"
    other, *_ = matches(matched(PHOTO, [PAINTING], seed=1))
    assert not torch.equal(other.candidates.features, term.candidates.features)


def test_places_are_the_middles_of_the_positions_in_the_painting():
    term, _ = matches(matched(PHOTO, [noise(96, 64, 2)], match_layers="relu4_1 relu3_1"))
    assert term.candidates.places[0].tolist() == pytest.approx([1 / 16, 1 / 24])
    assert term.candidates.places[-1].tolist() == pytest.approx([15 / 16, 23 / 24])


@pytest.mark.parametrize(("margin", "lending"), [(0, 9 * 9), (0.02, 6 * 6)])
def test_what_lies_along_the_edge_of_a_painting_with_a_cut_margin_lends_no_motifs(margin, lending):
    view = View(tiny_vgg().to(CPU, torch.float64), Settings(style_margin=margin), 144)
    photo = to_pixels(noise(144, 144, 1), (144, 144)).double()
    (target,) = targets_for(photo, [noise(144, 144, 2)], [1.0], Points(64), view)
    assert len(target.candidates["relu5_1"].features) == lending
    looked_at = 144 - 2 * round(144 * margin)
    assert len(target.candidates["relu4_1"].features) == (looked_at // 8) ** 2, "all of it may be matched"


def test_of_few_positions_an_eighth_is_left_out_at_most():
    spots = Points(64).inner_spots(140, 112, step=16, count=64, rim=1)  # eight rows of seven positions
    assert spots.rows.unique().tolist() == [24, 40, 56, 72, 88, 104]
    assert spots.columns.unique().tolist() == [8, 24, 40, 56, 72, 88, 104]


@pytest.mark.parametrize("knobs", [{"match_weight": 0}, {"style_weight": 0}])
def test_without_weight_nothing_is_matched(knobs):
    assert match_shares(Settings(**knobs)) == {}
    assert "match" not in paint(steps=2, start_size=64, **knobs)[0].losses


def test_matching_lowers_the_match_error():
    frames = paint(steps=20, start_size=64, match_rounds=1, match_weight=10)
    assert frames[-1].losses["match"] < 0.5 * frames[0].losses["match"]


def test_rounds_are_spread_over_the_steps_of_a_scale():
    assert rounds(16, Settings(match_rounds=2)) == [0, 8]
    assert rounds(10, Settings(match_rounds=3)) == [0, 3, 6]
    assert rounds(2, Settings(match_rounds=5)) == [0, 1]


def test_motifs_weigh_the_deep_layers_where_something_is_matched_and_leave_the_others_alone():
    knobs = {"style_layers": "relu2_1 relu3_1 relu4_1 relu5_1"}
    assert style_shares(Settings(**knobs, motifs=1)) == dict.fromkeys(knobs["style_layers"].split(), 0.25)
    assert list(style_shares(Settings(**knobs, motifs=0.5)).values()) == [0.25, 0.25, 0.125, 0.125]
    assert list(style_shares(Settings(**knobs, motifs=0))) == ["relu2_1", "relu3_1"]
    assert style_shares(Settings(**knobs, motifs=0, match_weight=0)) == style_shares(Settings(**knobs))


def test_without_motifs_deep_layers_alone_leave_the_style_to_the_matches():
    frames = paint(style_layers="relu4_1", motifs=0, steps=3)
    assert frames[-1].losses["style"] == 0 < frames[-1].losses["match"]


def test_motifs_are_the_statistics_of_the_empty_parts_and_of_what_is_like_them():
    objective = matched(PHOTO, [PAINTING], style_layers="relu4_1", style_loss="gram", motifs=0.5)
    pixels = to_pixels(noise(96, 72, 7), (96, 72)).double()
    ours = tiny_vgg(width=8).to(CPU, torch.float64).features(pixels, ["relu4_1"])["relu4_1"][0].flatten(1).T
    term = matches(objective)[1]
    offered = term.candidates
    empty = F.interpolate(emptiness(luma(to_pixels(PHOTO, PHOTO.size))), (9, 12), mode="bilinear").double().flatten()
    weights = (lent(offered, offered, term.matches.flatten(), empty) * repeated(offered, offered)).double()
    theirs = offered.features
    grams = [(w[:, None] * x).T @ x / w.sum() for x, w in ((ours, empty), (theirs, weights))]
    expected = 0.5 * (grams[0] - grams[1]).square().sum() / grams[1].square().sum()
    assert objective(pixels)[1]["style"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_a_wall_is_empty_and_a_pattern_is_not():
    light = torch.full((1, 1, 90, 180), 0.5)
    light[..., 90:] = torch.rand(90, 90)
    empty = F.interpolate(emptiness(light), (90, 180))
    assert empty[..., :70].min() > 0.99 and empty[..., 110:].max() < 0.1
    assert torch.equal(emptiness(torch.zeros(1, 1, 50, 70)), torch.ones(1, 1, 42, 59))


def test_a_painting_lends_what_lies_around_its_matches():
    """All positions are matched with the upper left corner of a painting of 48 x 48 positions."""
    middles = (torch.arange(48) + 0.5) / 48
    one = candidates(points(48 * 48), torch.cartesian_prod(middles, middles), painting=3)
    weights = lent(one, one, torch.tensor([0, 1, 48]), torch.ones(3)).view(48, 48)
    assert weights[0, 0] == weights.max() and weights[4, 4] > 0.1 * weights.max()
    assert weights[20:].max() == 0 and weights[:, 20:].max() == 0


def test_what_a_painting_has_once_is_no_texture():
    """Three kinds of positions in 96 x 96: two all over, and one in a square of 12 x 12."""
    middles = (torch.arange(96) + 0.5) / 96
    kinds = torch.zeros(96, 96, dtype=torch.long)
    kinds[::2], kinds[40:52, 40:52] = 1, 2
    kind = points(3, seed=5)[kinds.flatten()]
    one = candidates(kind + 0.3 * points(96 * 96, seed=6), torch.cartesian_prod(middles, middles), painting=2)
    weights = repeated(one, one).view(96, 96)
    assert weights[45:47, 45:47].max() < 0.5 and weights[:20].min() == weights[70:].min() == 1
    parts = [replace(one, paintings=torch.full_like(one.paintings, number)) for number in (0, 1)]
    several = together(parts, [0.5, 0.5])
    assert len(repeated(several, several)) == 2 * 96 * 96
    beside = candidates(points(2), torch.tensor([[0.45, 0.6], [0.1, 0.9]]), painting=2)
    near, far = repeated(beside, one)
    assert near < 0.5 * weights[43, 57] and far == 1, "a deeper layer sees it from beside"
    alone = candidates(torch.ones(1, 8), torch.full((1, 2), 0.5))
    assert repeated(alone, alone).item() > 0


def test_a_frame_says_where_its_picture_came_from():
    frames = paint(PHOTO, PHOTO, tiny_vgg(width=8), steps=2, start_size=64, style_margin=0, match_rounds=1)
    likes = frames[0].likes
    assert likes.rows.shape == likes.columns.shape == likes.paintings.shape == (6, 8)
    rows, columns = torch.meshgrid((torch.arange(6) + 0.5) / 6, (torch.arange(8) + 0.5) / 8, indexing="ij")
    itself = (torch.tensor(likes.rows) - rows).abs() + (torch.tensor(likes.columns) - columns).abs() < 1e-5
    assert itself.float().mean() > 0.8, "its own like, but for hubs"
    assert paint(steps=2, match_weight=0)[-1].likes is None


def test_likes_are_of_the_painting_of_the_region_and_none_where_no_mask_applies():
    masks = [half(255, 0), half(0, 0)]
    masks[1].paste(255, (72, 0, 96, 72))
    likes = paint(PHOTO, [PAINTING, noise(64, 64, 9)], steps=2, masks=masks)[-1].likes
    assert likes.paintings.tolist() == [[0] * 4 + [-1] * 2 + [1] * 2] * 6


def test_likes_are_places_in_the_whole_painting_margin_included():
    likes = paint(steps=2, style_margin=0.1)[-1].likes
    assert min(likes.rows.min(), likes.columns.min()) > 0.1
    assert max(likes.rows.max(), likes.columns.max()) < 0.9


# What strangers send


@pytest.mark.parametrize(
    ("photo", "painting"),
    [
        (PHOTO, Image.new("RGB", (80, 80), (200, 30, 30))),
        (Image.new("RGB", (80, 60), "black"), Image.new("RGB", (80, 80), "black")),
        (Image.new("RGB", (80, 60), "white"), PAINTING),
        (PHOTO, noise(16, 16, 1)),
        (PHOTO, PHOTO),
    ],
)
@pytest.mark.parametrize("mix", [1, 2])
def test_odd_pictures_are_painted_without_numbers_that_are_none(photo, painting, mix):
    for frame in paint(photo, [painting, PAINTING][:mix], tiny_vgg(width=8)):
        assert all(loss == loss for loss in frame.losses.values())
    assert frame.pixels.min() >= 0 and frame.pixels.max() <= 1


@pytest.mark.parametrize("painting", [noise(256, 24, 1), noise(20, 256, 1)])
def test_a_narrow_painting_has_a_position_at_every_size(painting):
    """At the first size, 32 pixels, it would be one or two pixels narrow."""
    frames = paint(noise(256, 128, 2), painting, size=256, start_size=32, steps=4)
    assert len(frames) == 4 and frames[-1].losses["match"] > 0


def test_a_painting_without_a_position_of_a_layer_once_its_margin_is_cut_off_is_answered():
    with pytest.raises(ValueError, match="The painting would be 15 x 15 pixels; its short side needs at least 16"):
        paint(painting=noise(19, 19, 1), style_margin=0.1)


def test_a_mask_too_small_for_a_position_leaves_a_picture():
    speck = Image.new("L", (960, 720))
    speck.putpixel((500, 300), 255)
    frames = paint(masks=[speck])
    assert all(loss == loss for frame in frames for loss in frame.losses.values())


def test_colours_of_all_modes_are_matched():
    for color in ("luminance", "exact", "match", "histogram", "match_photo", "histogram_photo", "match_finished"):
        frames = paint(color=color, steps=3)
        assert all(loss == loss for loss in frames[-1].losses.values())


def test_a_margin_is_never_seen_and_strokes_keep_their_size():
    framed = Image.new("RGB", (100, 100), "magenta")
    framed.paste(noise(90, 90, 4), (5, 5))
    settings = Settings(size=100, style_margin=0.05)
    pixels = to_pixels(PHOTO, (100, 75))
    assert _painting_pixels(framed, pixels, settings).shape == (1, 3, 90, 90)
    torch.testing.assert_close(_painting_pixels(framed, pixels, settings), to_pixels(noise(90, 90, 4), (90, 90)))


def grids(width, height, step, tile=None):
    """(a map of a layer that stands for 2 x 2 pixels, its `on_grid`, the same put together from spots)"""
    network, pixels = tiny_vgg().to(CPU, torch.float64), to_pixels(noise(width, height, 1), (width, height)).double()
    view = View(network, Settings(match_layers=COLUMN), tile or max(width, height))
    spots = Points(10**6).spots(height, width, step)
    for part in view.tiles(pixels):
        for maps in view.maps(part.window(pixels), part, [COLUMN])[COLUMN]:
            yield part, maps, maps.on_grid(step), spots


COLUMN = "relu1_2+relu2_1+relu3_1+relu4_1+relu5_1"


@pytest.mark.parametrize(("width", "height"), [(96, 64), (101, 87)])
def test_a_map_on_a_grid_is_what_it_has_at_the_middles(width, height):
    for part, maps, grid, spots in grids(width, height, 4):
        expected = maps.at(spots).t().reshape(-1, height // 4, width // 4)
        torch.testing.assert_close(grid[0], expected, atol=1e-9, rtol=1e-9)
        assert part.rows.end == height


@pytest.mark.parametrize("tileable", ["no", "x"])
def test_tiles_are_exact_for_matched_hypercolumns(tileable):
    network, size = tiny_vgg().to(CPU, torch.float64), (304, 160)
    photo, picture = (to_pixels(noise(*size, seed), size).double() for seed in (1, 3))
    settings = Settings(
        match_layers=COLUMN, match_loss="cosine", style_turns="yes", style_loss="none", motifs=0, tileable=tileable
    )
    whole, tiled = (
        objective_for(photo, [noise(90, 70, 4)], None, View(network, settings, side)).matched(photo)
        for side in (304, 48)
    )
    assert len(tiled.tiles) > 4
    for ours, theirs in zip(whole.matches, tiled.matches, strict=True):
        assert (ours == theirs).float().mean() > 0.999
    gradients = [one.with_matches(whole.matches)(picture)[0] for one in (whole, tiled)]
    assert (gradients[1] - gradients[0]).norm() < 1e-9 * gradients[0].norm()


def test_turned_copies_offer_the_same_spots_of_the_painting():
    """Seen through a network that looks at single pixels, which are the same whichever way they stand."""
    network = tiny_vgg().to(CPU, torch.float64)
    middle = torch.zeros(3, 3, dtype=torch.float64).index_put_(
        (torch.tensor(1), torch.tensor(1)), torch.ones(()).double()
    )
    single = {name: (weight * middle, bias) for name, (weight, bias) in network.convolutions.items()}
    settings = Settings(match_layers="relu1_1", match_loss="cosine", style_turns="yes", style_margin=0, motifs=0)
    view = View(replace(network, convolutions=single, kernels={}), settings, 48)
    photo = to_pixels(noise(48, 32, 1), (48, 32)).double()
    (target,) = targets_for(photo, [noise(48, 32, 2)], [1.0], Points(64), view)
    offered = target.candidates["relu1_1"]
    spots = (offered.places * torch.tensor([32, 48])).floor().long()
    numbers = (spots[:, 0] * 48 + spots[:, 1]).view(4, -1)
    ways = [way[number.argsort()] for way, number in zip(offered.features.view(4, 32 * 48, -1), numbers, strict=True)]
    assert torch.equal(numbers.sort().values, torch.arange(32 * 48).expand(4, -1))
    for turned in ways[1:]:
        torch.testing.assert_close(turned, ways[0])
