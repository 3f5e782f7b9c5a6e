"""Knobs that are said to turn nothing turn nothing; what a page hides cannot change a picture."""

import pytest

from nst import Settings
from nst.knobs import without_effect
from nst.recipes import RECIPES
from tests.painting import QUICK, paint
from tests.tiny import tiny_vgg

NETWORK = tiny_vgg(blocks=(2, 2, 4, 4, 4))
TURNED = {
    "match_layers": "relu2_1",
    "match_rounds": 5,
    "match_loss": "cosine",
    "match_photo": 0.5,
    "last_pass": 0.3,
    "style_turns": "yes",
    "scale_factor": 1.2,
    "step_ratio": 7.0,
    "content_fade": 9.0,
    "tv_loss": "l1",
    "samples": 64,
}


@pytest.mark.parametrize("recipe", ["painting", "gatys2016", "crowson2021", "strotss2019"])
def test_turning_all_that_a_recipe_does_not_use_changes_no_pixel(recipe):
    knobs = {"recipe": recipe, "size": 64, "steps": 2, "start_size": 64}
    idle = without_effect(Settings(**knobs)) & TURNED.keys()
    turned = {name: TURNED[name] for name in idle}
    *_, plain = paint(network=NETWORK, **knobs)
    *_, same = paint(network=NETWORK, **knobs, **turned)
    assert turned and plain.image.tobytes() == same.image.tobytes()


@pytest.mark.parametrize("name", TURNED)
def test_a_knob_that_some_recipe_uses_is_not_said_to_be_idle_there(name):
    using = [recipe for recipe in RECIPES if name not in without_effect(Settings(recipe=recipe))]
    assert using


def test_knobs_wake_with_what_they_depend_on():
    idle = without_effect(Settings(**QUICK, match_weight=0, tv_weight=0, optimizer="lbfgs"))
    assert {"match_weight", "match_layers", "tv_loss", "pyramid", "samples"} <= idle
    awake = without_effect(Settings(**QUICK, tv_weight=1, optimizer="adam", style_loss="gram nearest"))
    assert not awake & {"match_weight", "match_layers", "tv_loss", "pyramid", "samples", "scale_factor"}
