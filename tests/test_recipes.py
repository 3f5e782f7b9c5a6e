import pytest
import torch

from nst import Settings
from nst.image import to_pixels
from nst.losses import gram, total_variation
from nst.recipes import ALL_ALIKE, RECIPES
from nst.settings import KNOBS
from nst.targets import weights_at
from nst.transfer import scales, stylize
from tests.conftest import noise
from tests.tiny import CPU, tiny_vgg


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_names_only_knobs_that_exist_with_values_they_allow(recipe):
    for name, value in recipe.knobs.items():
        assert KNOBS[name].check(value) == value


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_lists_only_what_differs_from_the_defaults_and_says_its_source(recipe):
    assert all(value != KNOBS[name].default for name, value in recipe.knobs.items())
    assert recipe.title and recipe.summary and recipe.source


def test_the_tutorial_is_the_algorithm_of_the_lessons():
    knobs = RECIPES["tutorial"].knobs
    assert (knobs["style_loss"], knobs["content_loss"], knobs["steps"]) == ("gram_sum", "mean_square", 6000)
    assert knobs["start_size"] >= KNOBS["size"].high, "one scale only"


PAPERS = {
    "gatys2016": {"pooling": "average", "optimizer": "lbfgs", "init": "noise", "style_loss": "gram_mean"},
    "johnson2015": {"content_weight": 5, "style_weight": 500, "steps": 1000, "optimizer": "lbfgs", "init": "noise"},
    "crowson2021": {
        "content_weight": 0.015,
        "optimizer": "adam_short",
        "learning_rate": 0.02,
        "averaging": 0.99,
        "padding": "replicate",
    },
    "gatys2017-colour": {"color": "match", "pooling": "average", "style_loss": "gram_mean"},
    "strotss2019": {"samples": 1024, "optimizer": "rmsprop", "learning_rate": 0.002, "pyramid": 5},
    "nnst2022": {"style_loss": "nearest", "optimizer": "adam", "learning_rate": 0.002, "pyramid": 8},
}


@pytest.mark.parametrize("name", PAPERS)
def test_a_recipe_has_the_figures_of_its_source(name):
    settings = Settings(recipe=name)
    assert {knob: getattr(settings, knob) for knob in PAPERS[name]} == PAPERS[name]


def test_strotss_halves_the_photo_at_each_size_and_the_palette_is_its_reciprocal():
    """16, 8, 4, 2 at 64 to 512 pixels; and 1 / alpha for the palette."""
    settings = Settings(recipe="strotss2019")
    plan = scales(512, 384, settings)
    assert [scale.size[0] for scale in plan] == [64, 128, 256, 512]
    assert [scale.steps for scale in plan] == [200] * 4
    weights = [weights_at(settings, scale.fade) for scale in plan]
    assert [weight["content"] for weight in weights] == pytest.approx([16, 8, 4, 2])
    assert [weight["palette"] for weight in weights] == pytest.approx([1 / 16, 1 / 8, 1 / 4, 1 / 2])


def test_johnsons_total_is_that_of_its_program():
    """5 MSE(content) + the sum over layers of 100 MSE(Gram), on a photo and a painting of one size."""
    settings = Settings(recipe="johnson2015", init="content", tv_weight=0, size=48, steps=1)
    photo, painting = noise(48, 48, 1), noise(48, 48, 2)
    (frame,) = stylize(photo, painting, settings, NETWORK, CPU)
    seen = [NETWORK.features(to_pixels(one, (48, 48)), ALL_ALIKE.split(), padding="zeros") for one in (photo, painting)]
    grams = [{layer: gram(one) / one.numel() for layer, one in maps.items()} for maps in seen]
    expected = sum(100 * (grams[0][layer] - grams[1][layer]).square().mean().item() for layer in grams[0])
    assert settings.style_weight * frame.losses["style"] == pytest.approx(expected, rel=1e-4)


def test_johnsons_smoothness_has_the_slope_of_its_program_at_512_by_384():
    """strength (x[i] - x[i+1]) for each neighbour, on pixels in 0..255: that of half the squares."""
    pixels = torch.rand(1, 3, 384, 512, requires_grad=True)
    ours = Settings(recipe="johnson2015").tv_weight * total_variation(pixels)
    half = sum(step.square().sum() for step in ((255 * pixels).diff(dim=2), (255 * pixels).diff(dim=3))) / 2
    (slope,), (theirs,) = (torch.autograd.grad(loss, pixels) for loss in (ours, 1e-3 * half))
    assert (slope - theirs).norm() < 0.01 * theirs.norm()


NETWORK = tiny_vgg(blocks=(2, 2, 4, 4, 1))


def painted(recipe, seed=3):
    """All frames of a short run; a start from noise so that the seed matters."""
    steps = 16 if recipe in ("painting", "gatys2016", "johnson2015", "gatys2017-colour") else 40
    knobs = {"size": 48, "steps": steps, "start_size": 8192, "seed": seed}
    quick = {"learning_rate": 0.02} if Settings(recipe=recipe).optimizer != "lbfgs" else {}
    return list(stylize(noise(48, 36, 1), noise(48, 48, 2), Settings(recipe=recipe, **knobs, **quick), NETWORK, CPU))


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_lowers_its_own_loss_and_paints_the_same_pixels_again(recipe):
    settings, frames = Settings(recipe=recipe), painted(recipe)

    def total(frame):
        return sum(getattr(settings, f"{name}_weight") * loss for name, loss in frame.losses.items())

    assert total(frames[-1]) < 0.9 * max(total(frame) for frame in frames[:3])
    assert painted(recipe)[-1].image.tobytes() == frames[-1].image.tobytes()
