import itertools
import threading

import pytest
import torch
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode

from nst import losses, transfer
from nst.canvas import moved
from nst.commission import Commission
from nst.device import Device
from nst.image import fitted_size, luma, to_pixels
from nst.objective import Objective
from nst.plan import scales
from nst.recipes import RECIPES
from nst.settings import Settings, style_shares
from nst.solvers.lbfgs import LBFGS
from nst.targets import objective_for
from nst.transfer import stylize
from nst.vgg import Interrupted
from nst.view import View
from nst.weights import load_vgg
from tests.painting import PAINTING, PHOTO, QUICK, difference, half, noise, paint
from tests.tiny import CPU, tiny_vgg


def test_frames_count_the_whole_run():
    frames = paint(steps=7)
    assert [frame.step for frame in frames] == list(range(1, 8))
    assert {frame.steps for frame in frames} == {7}
    assert all(a.seconds < b.seconds and a.progress < b.progress for a, b in itertools.pairwise(frames))
    assert frames[-1].progress == 1 and frames[-1].seconds_left == 0
    assert [frame.long_side for frame in frames] == sorted(frame.long_side for frame in frames)


@pytest.mark.parametrize("size", [(96, 72), (72, 96), (97, 61), (200, 64), (65, 64)])
@pytest.mark.parametrize("long_side", [64, 70])
def test_every_image_has_the_photos_shape_and_the_size_asked_for(size, long_side):
    photo = noise(*size, 5)
    expected = fitted_size(*size, min(long_side, max(size)))
    assert max(expected) == min(long_side, max(size))
    for frame in paint(photo, size=long_side, steps=3):
        assert frame.image.mode == "RGB"
        assert frame.image.size == expected


def test_a_small_photo_is_not_blown_up():
    assert paint(noise(50, 40, 3), size=512)[-1].image.size == (50, 40)


def test_a_small_photo_becomes_a_poster_if_that_is_asked_for():
    poster = paint(noise(50, 40, 3), network=tiny_vgg(width=16), size=96, enlarge="yes", steps=12)
    assert poster[-1].image.size == (96, 77)
    assert difference(poster[0].preview(50), noise(50, 40, 3).resize((50, 40))) < 0.1
    assert poster[-1].losses["style"] < poster[0].losses["style"]


def test_losses_are_those_of_the_pixels_before_the_step():
    """The first step starts from the photo itself: no content error, and the style error by hand."""
    network = tiny_vgg()
    first = paint(network=network, steps=1, start_size=64, style_margin=0, motifs=0)[0]
    weights = style_shares(Settings(motifs=0))
    layers = list(weights)
    photo = network.features(to_pixels(PHOTO, (64, 48)), layers)
    style = network.features(to_pixels(PAINTING, (64, 64)), layers)
    by_hand = sum(
        weights[layer] * losses.moments(losses.sums(style[layer]))(losses.sums(photo[layer])).item() for layer in layers
    )
    assert first.losses["content"] == 0
    assert first.losses["style"] == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("knobs", [{}, {"optimizer": "adam", "learning_rate": 0.02}, {"style_loss": "gram"}])
def test_painting_lowers_the_style_error(knobs):
    frames = paint(steps=20, start_size=64, **knobs)
    assert frames[-1].losses["style"] < 0.5 * frames[0].losses["style"]


def test_the_tutorial_paints_at_one_scale_with_the_losses_of_the_lesson():
    network, knobs = tiny_vgg(), {"recipe": "tutorial", "style_weight": 1.0, "learning_rate": 0.02}
    painting = noise(96, 72, 2)
    frames = paint(PHOTO, painting, network, steps=30, start_size=None, **knobs)
    assert {frame.long_side for frame in frames} == {64}
    layers = Settings(recipe="tutorial").style_layers.split()
    grams = [
        {layer: losses.gram(found) for layer, found in network.features(pixels, layers, padding="zeros").items()}
        for pixels in (to_pixels(PHOTO, (64, 48)), to_pixels(painting, (64, 48)))
    ]
    expected = torch.stack([torch.mean((grams[0][layer] - grams[1][layer]) ** 2) for layer in layers]).mean()
    assert frames[0].losses["style"] == pytest.approx(expected.item(), rel=1e-4)
    assert frames[-1].losses["style"] < 0.5 * frames[0].losses["style"]


def test_any_knob_of_the_tutorial_can_still_be_turned():
    for knobs in ({"init": "noise"}, {"optimizer": "sgd", "learning_rate": 1e-6}, {"size": 96}):
        assert len(paint(recipe="tutorial", steps=2, start_size=None, **knobs)) == 2


def test_without_style_weight_the_photo_stays_as_it_is():
    result = paint(style_weight=0, start_size=64)[-1].image
    assert difference(result, paint(steps=1, style_weight=0, start_size=64)[0].image) == 0
    assert (to_pixels(result, result.size) - to_pixels(PHOTO, result.size)).abs().max() <= 1 / 255


def test_more_content_weight_keeps_more_of_the_photo():
    little, much = (paint(steps=12, content_weight=weight)[-1].losses["content"] for weight in (0.01, 10))
    assert much < little


def test_smoothness_lowers_the_total_variation():
    rough, smooth = (paint(steps=12, tv_weight=weight)[-1].image for weight in (0, 1000))
    rough_tv, smooth_tv = (losses.total_variation(to_pixels(image, image.size)) for image in (rough, smooth))
    assert smooth_tv < 0.8 * rough_tv


def test_a_start_from_noise_depends_on_the_seed_alone():
    def noisy(seed):
        return paint(init="noise", seed=seed)[-1].image.tobytes()

    torch.manual_seed(1)
    first = noisy(3)
    torch.manual_seed(2)
    assert noisy(3) == first
    assert noisy(4) != first


def test_a_larger_brush_changes_the_picture():
    assert difference(paint(style_scale=1)[-1].image, paint(style_scale=0.5)[-1].image) > 0.001


def test_kept_colours_are_the_photos_under_painted_light():
    image = paint(color="luminance", steps=12)[-1].image
    ours, photo = to_pixels(image, image.size), to_pixels(PHOTO, image.size)
    inside = ((ours > 0.02) & (ours < 0.98)).all(1, keepdim=True)  # where nothing was clipped
    chroma, expected = ours - luma(ours), photo - luma(photo)
    assert inside.float().mean() > 0.5
    assert ((chroma - expected) * inside).abs().max() < 2 / 255
    assert (luma(ours) - luma(photo)).abs().mean() > 0.01, "and the light is painted"


def test_several_paintings_are_blended():
    other = noise(80, 80, 9)
    only, both, twice = (paint(painting=p)[-1].image for p in (PAINTING, [PAINTING, other], [PAINTING, PAINTING]))
    assert difference(only, twice) < 1 / 255
    assert difference(only, both) > 0.001


class NoConversation(TorchDispatchMode):
    """Refuses what would let the host wait for a GPU: reading its numbers, or handing it new ones."""

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        assert operator.name() not in ("aten::_local_scalar_dense", "aten::nonzero", "aten::lift_fresh"), operator
        return operator(*args, **(kwargs or {}))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_step_never_waits_for_the_device(recipe):
    pixels, solver = to_pixels(PHOTO, PHOTO.size), LBFGS()  # the others are torch's, and count their steps on the host
    objective = objective_for(
        pixels, [PAINTING], None, View(load_vgg(), Settings(recipe=recipe, samples=64), max(PHOTO.size))
    )
    with NoConversation():
        for _ in range(3):
            pixels, inside = moved(pixels, objective(pixels)[0], solver)
    assert float(inside) == 1


@pytest.mark.parametrize("wild", [1e6, float("nan")])
def test_a_step_that_leads_out_of_all_bounds_is_not_taken(wild):
    pixels = to_pixels(PHOTO, PHOTO.size)
    kept, inside = moved(pixels, torch.full_like(pixels, wild), LBFGS(reach=1e3))
    assert float(inside) == 0 and torch.equal(kept, pixels)


def test_after_a_wild_step_the_next_ones_are_gentler(monkeypatch):
    """A gradient that is no number, once: that step changes nothing, the next a hundredth of the first."""
    real, calls = Objective.__call__, itertools.count()

    def broken(self, pixels):
        gradient, told = real(self, pixels)
        return (gradient * torch.nan if next(calls) == 2 else gradient), told

    monkeypatch.setattr(Objective, "__call__", broken)
    seen = [frame.pixels for frame in paint(start_size=64, bounds="free")]
    moves = [abs(b - a).mean() for a, b in itertools.pairwise(seen)]
    assert moves[1] == 0 and moves[2] == pytest.approx(LBFGS().reach / 100, rel=0.05)


def test_two_runs_taken_in_turn_paint_what_each_paints_alone():
    alone = [paint()[-1].image.tobytes(), paint(PAINTING, PHOTO)[-1].image.tobytes()]
    runs = [stylize(*pair, Settings(**QUICK), tiny_vgg(), CPU) for pair in ((PHOTO, PAINTING), (PAINTING, PHOTO))]
    together = [frames[-1].image.tobytes() for frames in zip(*zip(*runs, strict=True), strict=True)]
    assert together == alone


def test_each_step_may_run_on_another_thread_and_leaves_torchs_modes_alone():
    """Gradio does so; a mode of torch that is held across a yield would be lost, or leak."""
    frames, modes = [], []
    run = stylize(PHOTO, PAINTING, Settings(**QUICK), tiny_vgg(), CPU)

    def take():
        torch.set_grad_enabled(False)
        frames.append(next(run))
        modes.append(torch.is_grad_enabled())

    for _ in range(QUICK["steps"]):
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()
    assert modes == [False] * QUICK["steps"]
    assert torch.is_grad_enabled()
    assert frames[-1].image.tobytes() == paint()[-1].image.tobytes()


def test_a_stopped_run_still_has_its_last_image():
    run = stylize(PHOTO, PAINTING, Settings(**QUICK), tiny_vgg(), CPU)
    frame = next(itertools.islice(run, 2, None))
    run.close()
    assert frame.image.tobytes() == paint()[2].image.tobytes()


def test_bfloat16_paints_the_same_picture():
    half = paint(device=Device(torch.device("cpu"), torch.bfloat16))[-1].image
    assert difference(half, paint()[-1].image) < 0.03


def test_memory_of_earlier_frames_is_not_overwritten():
    frames = paint()
    late = [frame.image.tobytes() for frame in frames]
    early = [frame.image.tobytes() for frame in stylize(PHOTO, PAINTING, Settings(**QUICK), tiny_vgg(), CPU)]
    assert late == early
    assert len(set(late)) == len(late), "every step changes the picture"


@pytest.mark.parametrize(
    ("photo", "painting", "sentence"),
    [
        (None, PAINTING, "choose a photo"),
        (PHOTO, None, "choose a painting"),
        (PHOTO, [], "choose a painting"),
        (PHOTO, [PAINTING, None], "choose a painting"),
        (noise(1, 1, 0), PAINTING, "The photo would be 1 x 1 pixels; its short side needs at least 16"),
        (PHOTO, noise(500, 8, 0), "The painting would be 60 x 1 pixels; its short side needs at least 16"),
    ],
)
def test_pictures_that_cannot_be_painted_are_answered_before_the_run(photo, painting, sentence):
    with pytest.raises(ValueError, match=sentence):
        stylize(photo, painting, Settings(**QUICK), tiny_vgg(), CPU)


def test_an_unknown_layer_is_answered_before_the_run():
    with pytest.raises(ValueError, match="'relu9_9' is not a layer of tiny"):
        stylize(PHOTO, PAINTING, Settings(style_layers="relu1_1 relu9_9"), tiny_vgg(), CPU)


def test_scales_grow_to_the_size_and_share_all_steps():
    for size, steps, start in itertools.product((64, 100, 384, 512, 1400), (1, 2, 3, 5, 47, 110, 6000), (32, 96, 8192)):
        plan = scales(900, 1400, Settings(size=size, steps=steps, start_size=start))
        long_sides = [max(scale.size) for scale in plan]
        assert long_sides == sorted(set(long_sides)) and long_sides[-1] == size
        assert sum(scale.steps for scale in plan) == steps
        assert min(scale.steps for scale in plan) >= 1
        assert all(min(scale.size) >= 8 for scale in plan)
        if start >= size:
            assert len(plan) == 1


def test_a_narrow_photo_begins_at_a_scale_the_network_can_see():
    plan = scales(1000, 90, Settings(size=512, start_size=64))
    assert all(min(scale.size) >= 8 for scale in plan)


def test_outside_the_mask_the_photo_stays_and_inside_it_is_painted():
    image = paint(masks=[half(255, 0)])[-1].image
    change = (to_pixels(image, image.size) - to_pixels(PHOTO, image.size)).abs().mean(1)[0]
    assert change[:, -28:].max() <= 1 / 255
    assert change[:, :28].mean() > 0.01


def tinted(channel: int) -> Image.Image:
    black = Image.new("L", PAINTING.size)
    return Image.merge("RGB", [PAINTING.getchannel(0) if index == channel else black for index in range(3)])


@pytest.mark.slow
def test_two_regions_take_after_their_own_paintings():
    red, blue = tinted(0), tinted(2)
    masks = [half(255, 0), half(0, 255)]
    image = paint(PHOTO, [red, blue], load_vgg(), masks=masks, steps=15, content_weight=0.02)[-1].image
    pixels = to_pixels(image, image.size)[0]
    redness = pixels[0] - pixels[2]
    assert redness[:, :24].mean() > 0.1 > -0.1 > redness[:, -24:].mean()


def test_a_white_mask_is_no_mask():
    assert difference(paint(masks=[half(255, 255)])[-1].image, paint()[-1].image) < 0.5 / 255


@pytest.mark.parametrize(
    ("masks", "sentence"),
    [
        ([half(0, 0)], "mask is empty"),
        ([half(0, 255)] * 2, "one mask for each painting, not 2 for 1"),
        ([], "one mask for each painting, not 0 for 1"),
    ],
)
def test_masks_that_cannot_be_used_are_answered_before_the_run(masks, sentence):
    with pytest.raises(ValueError, match=sentence):
        stylize(PHOTO, PAINTING, Settings(**QUICK), tiny_vgg(), CPU, masks=masks)


def test_a_mix_leans_towards_the_heavier_painting():
    other = noise(80, 80, 9)
    pure, mostly, little = (
        paint(painting=p, style_mix=mix)[-1].image
        for p, mix in ((PAINTING, ""), ([PAINTING, other], "9 1"), ([PAINTING, other], "1 9"))
    )
    assert difference(pure, mostly) < difference(pure, little)
    with pytest.raises(ValueError, match="style_mix must be one positive number for each of 2 paintings, not '1'"):
        paint(painting=[PAINTING, other], style_mix="1")


def test_painting_goes_on_from_a_picture_at_the_final_size_alone():
    first = paint(steps=12, start_size=64)
    on = paint(start=first[-1].image, steps=20)
    assert {frame.long_side for frame in on} == {64}
    assert on[0].losses["style"] == pytest.approx(first[-1].losses["style"], rel=0.3)
    assert on[-1].losses["style"] < first[-1].losses["style"]


def test_a_smaller_start_is_enlarged_with_the_photos_detail():
    """A start that is the small photo itself becomes the large photo, not a blurred one."""
    first = paint(size=96, steps=1, start=PHOTO.resize((48, 36)))[0]
    assert first.losses["content"] < 1e-4


def test_a_preview_is_the_image_at_another_size():
    for frame in paint():
        assert frame.preview(32).size == (32, 24)
        assert frame.preview(1000).size == frame.image.size
        assert difference(frame.preview(32), frame.image.resize((32, 24), Image.Resampling.BICUBIC)) < 0.02


def test_a_step_ends_in_its_middle_when_nobody_waits_for_it():
    looks = []

    def is_wanted() -> bool:
        looks.append(len(looks))
        return len(looks) < 7

    commission = Commission(PHOTO, [PAINTING], Settings(**QUICK, tile=64))
    painting = transfer.paint(commission, tiny_vgg(), CPU, is_wanted)
    with pytest.raises(Interrupted):
        list(painting)
    assert len(looks) == 7
