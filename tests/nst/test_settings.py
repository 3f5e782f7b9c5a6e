import dataclasses
import math

import pytest

from nst.recipes import RECIPES
from nst.settings import GROUPS, KNOBS, Settings, shares


def test_unsaid_knobs_have_their_declared_defaults():
    settings = Settings()
    assert {name: getattr(settings, name) for name in KNOBS} == {name: knob.default for name, knob in KNOBS.items()}


def test_every_default_passes_its_own_check():
    for knob in KNOBS.values():
        assert knob.check(knob.default) == knob.default


def test_every_knob_for_experts_is_in_one_of_the_groups_and_no_group_is_empty():
    assert {knob.group for knob in KNOBS.values()} == {"", *GROUPS}


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().size = 3


@pytest.mark.parametrize("name", [name for name, knob in KNOBS.items() if not isinstance(knob.default, str)])
def test_both_ends_of_a_range_are_inside_and_what_lies_beyond_is_named(name):
    knob = KNOBS[name]
    for end in (knob.low, knob.high):
        assert getattr(Settings(**{name: end}), name) == end
    for beyond in (knob.low - 1, knob.high + 1, math.inf, -math.inf):
        with pytest.raises(ValueError) as error:
            Settings(**{name: beyond})
        assert name in str(error.value)
        assert f"{knob.low:g}" in str(error.value) and f"{knob.high:g}" in str(error.value)
        assert repr(beyond) in str(error.value)


@pytest.mark.parametrize("value", [math.nan, "512", True, [512], 512.5])
def test_a_size_that_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match="size must be a whole number from 16 to"):
        Settings(size=value)


def test_whole_numbers_may_come_as_floats_but_stay_whole():
    settings = Settings(size=256.0, content_weight=1)
    assert (settings.size, type(settings.size)) == (256, int)
    assert type(settings.content_weight) is float


@pytest.mark.parametrize("name", [name for name, knob in KNOBS.items() if knob.choices])
def test_an_unknown_choice_is_answered_with_the_known_ones(name):
    with pytest.raises(ValueError) as error:
        Settings(**{name: "zebra"})
    assert all(choice in str(error.value) for choice in (name, "zebra", *KNOBS[name].choices))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_sets_what_is_not_said_and_nothing_else(recipe):
    settings = Settings(recipe=recipe)
    expected = {name: RECIPES[recipe].knobs.get(name, knob.default) for name, knob in KNOBS.items()}
    assert dataclasses.asdict(settings) == expected | {"recipe": recipe}


def test_what_is_said_wins_over_the_recipe_even_if_it_is_the_declared_default():
    settings = Settings(recipe="tutorial", optimizer="lbfgs", style_weight=1.0, steps=KNOBS["steps"].default)
    assert (settings.optimizer, settings.style_weight, settings.steps) == ("lbfgs", 1.0, KNOBS["steps"].default)


def test_settings_survive_a_round_trip_through_their_values():
    settings = Settings(recipe="tutorial", size=300, steps=KNOBS["steps"].default)
    assert Settings(**dataclasses.asdict(settings)) == settings


def test_shares_are_shares():
    assert shares("relu1_1 relu5_1:0.5") == {"relu1_1": pytest.approx(2 / 3), "relu5_1": pytest.approx(1 / 3)}


@pytest.mark.parametrize("word", ["relu1_1:0", "relu1_1:-1", "relu1_1:nan", "relu1_1:much", "relu1_1:inf"])
def test_a_layer_weight_that_is_no_positive_number_is_refused(word):
    with pytest.raises(ValueError, match="must be a positive number"):
        shares(f"relu2_1 {word}")
