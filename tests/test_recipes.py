import pytest

from nst.recipes import RECIPES
from nst.settings import KNOBS


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
