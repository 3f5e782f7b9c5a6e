"""Published recipes as data. A recipe sets knobs of `Settings`; it has no code of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Recipe:
    """A named set of knob values.

    Attributes:
        title: The name a visitor reads.
        summary: What it does, in one line.
        source: Paper or tutorial it comes from.
        departs: Where it differs from that source; empty where it does not.
        knobs: Name -> value for every knob that differs from the declared default.
    """

    title: str
    summary: str
    source: str
    departs: str = ""
    knobs: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "painting": Recipe(
            title="Painting",
            summary="Mean and covariance of the features, small to large, L-BFGS. Fast and clean.",
            source="After Gatys, Ecker & Bethge 2016; moments as in Crowson 2021",
            departs="Every loss is a relative error; four scales at most; one replicated border.",
        ),
        "tutorial": Recipe(
            title="Tutorial",
            summary="The classic lesson: raw Gram matrices, mean squares, Adam, thousands of steps.",
            source="Gatys, Ecker & Bethge 2015, as the well-known PyTorch lessons write it",
            departs="The original VGG sees pixels in 0..255, so beta is the lessons' 0.01 divided by 255^2; "
            "its pixels are normalised, which the lessons often forget.",
            knobs=MappingProxyType(
                {
                    "steps": 6000,
                    "content_weight": 1.0,
                    "style_weight": 0.01 / 255**2,
                    "optimizer": "adam",
                    "learning_rate": 0.001,
                    "start_size": 8192,
                    "style_loss": "gram_sum",
                    "style_layers": "relu1_1 relu2_1 relu3_1 relu4_1 relu5_1",
                    "content_loss": "mean_square",
                    "padding": "zeros",
                    "bounds": "free",
                }
            ),
        ),
    }
)
