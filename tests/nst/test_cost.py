"""What a step costs: the default's is the unit, and each piece that is asked for adds its own."""

from __future__ import annotations

import pytest

from nst import Settings
from nst.cost import OF_POINTS, look_cost, looks, search_cost, step_cost
from nst.losses import POINT_LOSSES
from nst.recipes import RECIPES

PIXELS = 256 * 192


def cost(pixels: int = PIXELS, **knobs: object) -> float:
    return step_cost(Settings(**knobs), pixels)


@pytest.mark.parametrize("pixels", [64 * 48, PIXELS, 4096 * 3072])
def test_a_step_of_the_default_recipe_costs_its_pixels(pixels: int) -> None:
    assert cost(pixels) == look_cost(Settings(), pixels) == pixels


def test_no_loss_on_points_is_forgotten() -> None:
    assert set(OF_POINTS) == {*POINT_LOSSES, "self_similarity"}


def test_deeper_layers_cost_more_and_fewer_convolutions_less() -> None:
    layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_2", "relu5_1"]
    costs = [cost(match_weight=0, content_layers=layer, style_layers="relu1_1") for layer in layers]
    assert costs == sorted(set(costs)) and costs[0] < PIXELS / 20
    deep = {"content_layers": "relu5_1"}
    assert cost(**deep, backbone="vgg16-tv") < cost(**deep)
    # by hand: conv1_1 alone of all convolutions down to conv5_1
    wide = (128 + 3 * 256) * 256 / 16 + (256 + 3 * 512) * 512 / 64 + 512 * 512 / 256
    whole = 27 * 64 + 9 * (64 * 64 + (64 + 128) * 128 / 4 + wide)
    assert look_cost(Settings(match_weight=0, content_layers="relu1_1", style_layers="relu1_1"), 1000) == pytest.approx(
        1000 * 27 * 64 / whole
    )


def test_points_cost_the_same_at_any_size_where_there_are_as_many() -> None:
    of_points = {"style_loss": "nearest", "style_layers": "relu1_1+relu2_1"}
    fewer, more, most = (
        [cost(pixels, **of_points, samples=samples) for pixels in (PIXELS, 4 * PIXELS)] for samples in (512, 1024, 2048)
    )
    assert more[1] - fewer[1] == pytest.approx(more[0] - fewer[0])
    assert 2 * (more[0] - fewer[0]) < most[0] - more[0] < 4 * (more[0] - fewer[0]), "pairs, and what each point costs"


@pytest.mark.parametrize(
    "more", [{"match_weight": 0.5}, {"palette_weight": 1.0}, {"style_loss": "wasserstein"}, {"keep_faces": "yes"}]
)
def test_whatever_is_asked_for_besides_costs(more: dict[str, object]) -> None:
    plain = {"match_weight": 0.0}
    assert cost(**plain | more) > cost(**plain)


def test_heavy_recipes_are_known_as_heavy() -> None:
    costs = {recipe: cost(recipe=recipe) for recipe in RECIPES}
    assert costs["painting"] > costs["tutorial"]
    assert min(costs["strotss2019"], costs["nnst2022"]) > 2 * costs["painting"]


def test_a_search_grows_with_the_square_of_the_pixels_and_with_turned_copies() -> None:
    columns = Settings(match_layers="relu1_1+relu2_1+relu3_1", match_loss="cosine")
    for settings in (Settings(), columns):
        small, large, huge = (search_cost(settings, side**2) for side in (128, 256, 1024))
        assert large == pytest.approx(16 * small)
        turned = Settings(match_layers=settings.match_layers, style_turns="yes")
        assert search_cost(turned, 256**2) == pytest.approx(4 * large)
        assert huge < 16**2 * large, "no more candidates than the most"
    assert search_cost(Settings(match_weight=0), PIXELS) == 0
    assert looks(Settings(), 2) == 3 and looks(Settings(style_turns="yes"), 2) == 9


@pytest.mark.parametrize("typed", ["relu", "rel", "relu9_1", "reluX_1", "relu4_", "relu1_1+"])
def test_half_a_name_of_a_layer_has_no_cost(typed: str) -> None:
    for knob in ("style_layers", "content_layers", "match_layers"):
        with pytest.raises(ValueError):
            cost(**{knob: typed}, style_loss="nearest")
