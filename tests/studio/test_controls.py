"""Each control does what its help text says, measured on finished pictures."""

import numpy as np
import pytest
import torch
from PIL import Image

from nst.image import fitted_size, luma, match_histograms, to_pixels
from nst.losses import palette
from nst.plan import scales
from nst.settings import KNOBS, Settings, shares
from nst.weights import load_vgg
from tests.painting import PAINTING, PHOTO, difference, noise, paint
from tests.tiny import tiny_vgg

NOTHING = {"content_weight": 0, "style_weight": 0, "steps": 1, "start_size": 64}  # no loss: the start stays


def stripes(period: int, size: int = 256) -> Image.Image:
    column = (np.sin(np.arange(size) * 2 * np.pi / period) > 0) * np.uint8(255)
    return Image.fromarray(np.tile(column, (size, 1))).convert("RGB")


def wavelength(image: Image.Image) -> float:
    """Of the strongest wave across the picture, in pixels."""
    grey = np.asarray(image.convert("L"), dtype=float)
    power = (np.abs(np.fft.rfft(grey - grey.mean(1, keepdims=True), axis=1)) ** 2).mean(0)
    return grey.shape[1] / (1 + power[1:].argmax())


def striped(**knobs) -> Image.Image:
    """Stripes of 16 pixels on a painting of 192, painted from noise with nothing of the photo."""
    shallow = {"style_layers": "relu1_1 relu2_1 relu3_1", "content_layers": "relu1_1", "match_weight": 0}
    settings = {"size": 96, "init": "noise", "content_weight": 0, "steps": 40, "start_size": 96} | shallow | knobs
    return paint(noise(192, 192, 1), stripes(16, 192), load_vgg(), **settings)[-1].image


@pytest.fixture(scope="module")
def usual() -> float:
    return wavelength(striped())


@pytest.mark.slow
def test_twice_the_brush_size_doubles_the_dominant_wavelength(usual):
    assert usual == pytest.approx(8, rel=0.15), "the painting is seen at the size of the picture: half its own"
    assert wavelength(striped(style_scale=0.5)) == pytest.approx(usual / 2, rel=0.15)


@pytest.mark.slow
def test_a_brush_meant_for_one_size_stays_the_same_at_any_other(usual):
    assert wavelength(striped(size=64, start_size=64, style_size=96)) == pytest.approx(usual, rel=0.2)


def test_colours_kept_exactly_have_the_photos_chroma_everywhere():
    photo = Image.merge("RGB", [noise(96, 72, channel).getchannel(0) for channel in (1, 2, 3)])  # up to full colours
    image = paint(photo, color="exact", steps=12)[-1].image
    ours, expected = (to_pixels(one, image.size) for one in (image, photo))
    assert ((ours - luma(ours)) - (expected - luma(expected))).abs().max() < 2 / 255
    assert (luma(ours) - luma(expected)).abs().mean() > 0.01, "and the light is painted"


def test_matched_histograms_are_the_others_and_keep_the_order():
    ours, other = torch.rand(1, 3, 9, 7), torch.rand(1, 3, 18, 7) ** 2
    matched = match_histograms(ours, other)
    for channel in range(3):
        values, given = matched[0, channel].flatten(), other[0, channel].flatten().sort().values
        torch.testing.assert_close(values.sort().values, given[1::2])
        assert torch.equal(values.argsort(), ours[0, channel].flatten().argsort())


@pytest.mark.slow
def test_match_and_histogram_give_the_picture_the_photos_colours_and_not_the_paintings():
    red = Image.merge("RGB", [PAINTING.getchannel(0), *[Image.new("L", PAINTING.size, 20)] * 2])
    photo = to_pixels(PHOTO, (8, 6)).mean((2, 3))
    off = {
        color: (to_pixels(paint(PHOTO, red, load_vgg(), color=color, steps=12)[-1].image, (8, 6)).mean((2, 3)) - photo)
        for color in ("painting", "match", "histogram")
    }
    assert off["match"].abs().max() < off["painting"].abs().max()
    assert off["histogram"].abs().max() < 0.5 * off["painting"].abs().max()


def mean_and_covariance(image: Image.Image) -> tuple[torch.Tensor, torch.Tensor]:
    colours = to_pixels(image, image.size).flatten(2)[0]
    return colours.mean(1), torch.cov(colours, correction=0)


# neither reaches black or white, so that nothing has to be clipped
DULL, BRIGHT = (
    Image.fromarray((low + np.asarray(noise(72, 72, seed)) * spread).astype(np.uint8))
    for low, spread, seed in ((60, (0.2, 0.3, 0.1), 3), (90, (0.3, 0.1, 0.2), 4))
)


def test_a_photo_recoloured_by_covariance_has_the_paintings_mean_and_covariance():
    image = paint(DULL, BRIGHT, color="match_photo", **NOTHING)[0].image
    for ours, wanted in zip(mean_and_covariance(image), mean_and_covariance(BRIGHT), strict=True):
        torch.testing.assert_close(ours, wanted, atol=2e-3, rtol=0.05)


def test_a_photo_recoloured_by_histogram_has_the_paintings_histograms():
    image = paint(DULL, BRIGHT, color="histogram_photo", **NOTHING)[0].image
    ours, wanted = (to_pixels(one, (64, 64)).flatten(2)[0].sort(1).values for one in (image, BRIGHT))
    assert (ours - wanted).abs().max() < 0.02


def test_content_and_start_are_those_of_the_recoloured_photo_at_every_size():
    frames = paint(DULL, BRIGHT, color="match_photo", style_weight=0, steps=4, start_size=32)
    assert {frame.long_side for frame in frames} == {32, 64}
    assert max(frame.losses["content"] for frame in frames) < 1e-9, "nothing but that photo is there"


def test_where_no_mask_applies_a_recoloured_photo_is_still_the_photo():
    left = Image.new("L", DULL.size)
    left.paste(255, (0, 0, 36, 72))
    image = paint(DULL, BRIGHT, color="match_photo", masks=[left], **NOTHING)[0].image
    ours, photo = (to_pixels(one, (64, 64)) for one in (image, DULL))
    assert (ours - photo)[..., 40:].abs().max() < 1 / 255
    assert (ours - photo)[..., :24].abs().mean() > 0.05


def test_a_finished_picture_can_be_given_the_paintings_mean_and_covariance():
    last = {color: paint(DULL, BRIGHT, color=color, content_weight=9)[-1] for color in ("painting", "match_finished")}
    wanted = mean_and_covariance(BRIGHT)
    for ours, other in zip(mean_and_covariance(last["match_finished"].image), wanted, strict=True):
        torch.testing.assert_close(ours, other, atol=2e-3, rtol=0.05)
    assert (mean_and_covariance(last["painting"].image)[0] - wanted[0]).abs().max() > 0.02
    assert last["painting"].losses == last["match_finished"].losses, "painted alike, recoloured after"


def test_several_paintings_lend_their_colours_by_their_weights():
    reds = [Image.new("RGB", (40, 30), (level, 80, 80)) for level in (40, 200)]
    image = paint(DULL, reds, style_mix="3 1", init="detail", bounds="free", **NOTHING)[0].image
    assert to_pixels(image, image.size)[:, 0].mean().item() * 255 == pytest.approx(0.75 * 40 + 0.25 * 200, abs=2)


def test_starts_are_the_photo_noise_grey_the_paintings_colours_or_its_mean_with_the_photos_detail():
    grain = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    rough = Image.fromarray(grain)
    pixels = {
        init: to_pixels(paint(rough, init=init, bounds="free", **NOTHING)[0].image, (64, 48))
        for init in ("content", "noise", "gray", "colors", "detail")
    }
    photo, painting = to_pixels(rough, (64, 48)), to_pixels(PAINTING, (64, 64))
    assert (pixels["content"] - photo).abs().max() < 1 / 255
    assert pixels["noise"].mean().item() == pytest.approx(0.5, abs=0.02)
    torch.testing.assert_close(pixels["gray"], tiny_vgg().mean.expand(1, 3, 48, 64), atol=1 / 255, rtol=0)
    torch.testing.assert_close(pixels["colors"].mean((2, 3)), painting.mean((2, 3)), atol=0.03, rtol=0)
    torch.testing.assert_close(pixels["detail"].mean((2, 3)), painting.mean((2, 3)), atol=0.03, rtol=0)
    fine = [(one[..., 1:] - one[..., :-1]).flatten() for one in (pixels["detail"], photo)]
    assert torch.corrcoef(torch.stack(fine))[0, 1] > 0.5


def test_palette_weight_brings_the_colours_to_the_paintings():
    def distance(image):
        colours = [to_pixels(one, (24, 24)).flatten(2)[0].t() for one in (image, PAINTING)]
        return palette(colours[1])(colours[0]).item()

    plain, coloured = (paint(style_weight=0, palette_weight=weight, steps=12)[-1].image for weight in (0, 10))
    assert distance(coloured) < 0.7 * distance(plain)


def test_growth_and_early_steps_make_the_plan():
    plan = scales(512, 512, Settings(size=512, start_size=128, scale_factor=2**0.5, step_ratio=2, steps=300))
    assert [scale.size[0] for scale in plan] == [128, 181, 256, 362, 512]
    assert plan[0].steps / plan[-1].steps == pytest.approx(2, rel=0.05)
    assert sum(scale.steps for scale in plan) == 300
    even = scales(512, 512, Settings(size=512, start_size=128, step_ratio=1, steps=300))
    assert [scale.steps for scale in even] == [100, 100, 100]


def test_early_content_weighs_the_photo_more_at_the_first_size_only():
    plan = scales(512, 512, Settings(size=512, start_size=64, content_fade=8))
    assert [scale.fade for scale in plan] == pytest.approx([8, 4, 2, 1])
    kept = [paint(content_fade=fade, steps=30)[14].losses["content"] for fade in (1, 100)]
    assert kept[1] < kept[0]


def by_hand(pixels: Image.Image | np.ndarray, other: Image.Image, layers: str, network, **seen) -> dict[str, list]:
    """Layer -> features (C, positions) in float64 of both pictures, as numpy has them."""
    found = []
    for picture in (pixels, other):
        if isinstance(picture, Image.Image):
            picture = np.asarray(picture.resize((64, 64 * picture.height // picture.width), Image.LANCZOS)) / 255
        tensor = torch.tensor(picture, dtype=torch.float32).permute(2, 0, 1)[None]
        found.append(network.features(tensor, layers.split(), **seen))
    return {layer: [maps[layer].flatten(2)[0].double().numpy() for maps in found] for layer in layers.split()}


def errors_by_hand(ours: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    """Of features (C, positions), independently of nst.losses."""
    grams = [one @ one.T / one.shape[1] for one in (ours, wanted)]
    found = {"gram": ((grams[0] - grams[1]) ** 2).sum() / (grams[1] ** 2).sum()}
    found["gram_element"] = ((grams[0] - grams[1]) ** 2).mean() / len(ours) ** 2
    if ours.shape == wanted.shape:
        square = ((ours - wanted) ** 2).sum()
        found |= {"relative": square / (wanted**2).sum(), "mean_square": square / wanted.size, "sum_square": square / 2}
    return found


@pytest.mark.parametrize(
    "knobs",
    [
        {"pooling": "max", "padding": "replicate"},
        {"pooling": "average", "padding": "zeros"},
        {"pooling": "l2", "padding": "replicate"},
        {"style_layers": "relu1_1:3 relu4_1", "content_layers": "relu2_2 relu3_1:0.5"},
        {"style_loss": "gram gram_element:2", "content_loss": "mean_square:3 sum_square"},
    ],
)
def test_layers_losses_pooling_and_border_are_what_the_loss_is_made_of(knobs):
    """The loss at the second step, from the picture after the first."""
    network = tiny_vgg(blocks=(2, 2, 2, 2, 1))
    asked = {"style_loss": "gram", "style_layers": "relu1_1 relu3_1", "content_layers": "relu3_1"} | knobs
    asked |= {"style_margin": 0, "match_weight": 0}  # for matches and motifs see test_matching
    asked = {"pooling": "max", "padding": "replicate", "content_loss": "relative"} | asked
    first, second = paint(network=network, steps=2, start_size=64, **asked)
    seen = {name: asked[name] for name in ("pooling", "padding")}
    for name, other in (("style", PAINTING), ("content", PHOTO)):
        layers, kinds = shares(asked[f"{name}_layers"]), shares(asked[f"{name}_loss"])
        found = by_hand(first.pixels, other, " ".join(layers), network, **seen)
        expected = sum(
            weight * sum(part * errors_by_hand(*found[layer])[kind] for kind, part in kinds.items())
            for layer, weight in layers.items()
        )
        assert second.losses[name] == pytest.approx(expected, rel=2e-3), name


def test_more_style_weight_brings_more_of_the_painting_in():
    little, much = (
        paint(style_weight=weight, content_weight=1, steps=20, start_size=64)[-1].losses for weight in (0.1, 10)
    )
    assert much["style"] < little["style"] and much["content"] > little["content"]


@pytest.mark.parametrize("optimizer", KNOBS["optimizer"].choices)
def test_every_optimiser_lowers_the_loss_and_the_learning_rate_is_the_length_of_its_step(optimizer):
    usual = {"lbfgs": 1, "rmsprop": 0.001, "sgd": 0.3}.get(optimizer, 0.01)
    knobs = {"optimizer": optimizer, "bounds": "free", "start_size": 64, "content_weight": 0}
    runs = {part: paint(DULL, steps=8, learning_rate=part * usual, **knobs) for part in (0.5, 1)}
    assert runs[1][-1].losses["style"] < runs[1][0].losses["style"]
    photo = to_pixels(DULL, (64, 64))[0].permute(1, 2, 0).numpy()
    half, whole = (np.abs(run[0].pixels - photo).mean() for run in runs.values())
    assert half == pytest.approx(whole / 2, rel=0.01)


def test_more_bands_move_large_areas_further_in_a_step():
    knobs = {"optimizer": "adam", "learning_rate": 0.01, "bounds": "free", "steps": 1, "start_size": 64}
    pixels, bands = (difference(paint(DULL, pyramid=count, **knobs)[0].image, DULL) for count in (1, 5))
    assert pixels == pytest.approx(0.01, abs=0.003)
    assert bands > 1.2 * pixels


def test_clamped_pixels_stay_between_black_and_white_and_free_ones_roam():
    knobs = {"optimizer": "adam", "learning_rate": 0.2, "start_size": 64, "init": "noise"}
    for bounds, stays in (("clamp", True), ("free", False)):
        frame = paint(bounds=bounds, **knobs)[-1]
        seen = frame.render(max(frame.size))
        assert (seen.min().item() >= 0 and seen.max().item() <= 1) == stays


def test_a_border_that_repeats_the_edge_leaves_no_frame_and_one_of_zeros_does():
    flat = [Image.new("RGB", (64, 64), colour) for colour in ("#808890", "#604020")]
    knobs = {"style_layers": "relu1_1", "content_layers": "relu1_1", "match_weight": 0, "steps": 30}
    frame = {
        padding: paint(*flat, padding=padding, **knobs)[-1].pixels.std((0, 1)) for padding in ("replicate", "zeros")
    }
    assert frame["replicate"].max() < 0.002 < 0.02 < frame["zeros"].max()


def test_points_are_drawn_anew_at_each_step_unless_they_are_all():
    still = {"content_weight": 0, "style_weight": 0, "steps": 3, "start_size": 64, "style_loss": "histogram"}
    few, all_of_them = ({frame.losses["style"] for frame in paint(samples=count, **still)} for count in (64, 16384))
    assert len(few) == 3 and len(all_of_them) == 1


def test_averaging_shows_the_mean_of_the_steps():
    knobs = {"optimizer": "adam", "learning_rate": 0.1, "steps": 12, "start_size": 64, "bounds": "free"}
    each, mean = paint(**knobs), paint(averaging=0.9, **knobs)
    weights = [0.9 ** (11 - index) for index in range(12)]
    pixels = [to_pixels(frame.image, frame.image.size) for frame in each]
    expected = sum(weight * one for weight, one in zip(weights, pixels, strict=True)) / sum(weights)
    ours = to_pixels(mean[-1].image, mean[-1].image.size)
    assert (ours - expected).abs().mean() < 0.01
    assert difference(mean[-1].image, each[-1].image) > 0.02


def test_tiles_paint_the_same_picture():
    knobs = {"size": 96, "steps": 8, "start_size": 96}
    assert difference(paint(tile=64, **knobs)[-1].image, paint(**knobs)[-1].image) < 0.5 / 255


def test_smoothing_by_plain_differences_keeps_an_edge_that_squares_blur():
    edge = Image.new("RGB", (64, 48), "black")
    edge.paste((255, 255, 255), (32, 0, 64, 48))
    widths = {}
    for kind, weight in (("l2", 30), ("l1", 3)):
        image = paint(edge, style_weight=0, tv_loss=kind, tv_weight=weight, steps=30, start_size=64)[-1].image
        row = to_pixels(image, image.size)[0, 0, 24]
        widths[kind] = (row[1:] - row[:-1]).max().item()  # the steepest place
    assert widths["l1"] > widths["l2"]


def test_a_step_that_leads_out_of_all_bounds_is_not_taken_and_the_run_goes_on():
    frames = paint(recipe="tutorial", optimizer="sgd", learning_rate=1e4, steps=12, start_size=None)
    assert len(frames) == 12
    assert all(np.isfinite(list(frame.losses.values())).all() for frame in frames)
    assert difference(frames[-1].image, PHOTO.resize(frames[-1].image.size)) < 0.3, "the photo is not lost"


@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        ({"style_loss": "gram zebra"}, "style_loss must be one of moments, gram"),
        ({"style_loss": ""}, "style_loss must be one of"),
        ({"style_loss": "gram:0"}, "A weight must be a positive number, not 'gram:0'"),
        ({"pyramid": 3}, "pyramid must be 1 with the optimizer lbfgs"),
        ({"style_layers": "relu1_1+relu2_1"}, "moments cannot compare hypercolumns"),
        ({"style_layers": "relu1_1+relu9_1"}, "'relu9_1' is not a layer of tiny"),
    ],
)
def test_controls_that_do_not_go_together_are_answered_before_the_run(knobs, sentence):
    with pytest.raises(ValueError, match=sentence):
        paint(**knobs)


def test_a_picture_is_painted_in_the_memory_that_is_free_or_answered(monkeypatch):
    """Free memory is what the machine says; here it says less and less."""
    whole = paint(size=96, steps=4, start_size=96)[-1].image
    monkeypatch.setattr("nst.plan.free_memory", lambda device: 460 * 2**20)
    assert difference(paint(size=96, steps=4, start_size=96)[-1].image, whole) < 0.5 / 255
    monkeypatch.setattr("nst.plan.free_memory", lambda device: 10 * 2**20)
    with pytest.raises(ValueError, match=r"needs .* GB of memory, and 0\.0 GB are free. Please choose a smaller size"):
        paint(size=96, steps=4)
    assert fitted_size(96, 72, 96) == whole.size
