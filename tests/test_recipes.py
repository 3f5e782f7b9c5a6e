import pytest

from nst import Settings
from nst.recipes import RECIPES
from nst.settings import KNOBS
from nst.transfer import stylize
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
    "johnson2015": {"content_weight": 5, "style_weight": 100, "steps": 1000, "optimizer": "lbfgs", "init": "noise"},
    "crowson2021": {"content_weight": 0.015, "learning_rate": 0.02, "averaging": 0.99, "padding": "replicate"},
    "gatys2017-colour": {"color": "match", "pooling": "average", "style_loss": "gram_mean"},
    "strotss2019": {"samples": 1024, "optimizer": "rmsprop", "learning_rate": 0.002, "content_fade": 16},
    "nnst2022": {"style_loss": "nearest", "optimizer": "adam", "learning_rate": 0.002, "pyramid": 8},
}


@pytest.mark.parametrize("name", PAPERS)
def test_a_recipe_has_the_figures_of_its_source(name):
    settings = Settings(recipe=name)
    assert {knob: getattr(settings, knob) for knob in PAPERS[name]} == PAPERS[name]


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
