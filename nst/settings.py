"""Every knob of a painting, declared once.

The page's controls, the API's parameters, the shell's options and the checks are all read
from `KNOBS`, which is read from `Settings`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from nst.recipes import RECIPES

Value = int | float | str


@dataclass(frozen=True)
class Knob:
    """What there is to know about one knob.

    Attributes:
        name: The same in Python, on the page, in the API and in the shell.
        default: Value of the `painting` recipe; its type is the knob's type.
        label, help: Words for people.
        low, high: Both ends of the allowed range, for numbers.
        step: What one click on a control adds.
        choices: The allowed values, for words.
        expert: Whether the page folds it away.
    """

    name: str
    default: Value
    label: str
    help: str
    low: float = -math.inf
    high: float = math.inf
    step: float | None = None
    choices: tuple[str, ...] = ()
    expert: bool = False

    def check(self, value: object) -> Value:
        """`value` in the knob's own type.

        Raises:
            ValueError: naming the knob, the limit and the value.
        """
        if isinstance(self.default, str):
            if not isinstance(value, str) or (self.choices and value not in self.choices):
                raise ValueError(f"{self.name} must be one of {', '.join(self.choices)}, not {value!r}.")
            return value
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        limits = f"{self.name} must be {kind} from {self.low:g} to {self.high:g}, not {value!r}."
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(limits)
        if not self.low <= value <= self.high:  # NaN fails as well
            raise ValueError(limits)
        if isinstance(self.default, int) and value != int(value):
            raise ValueError(limits)
        return type(self.default)(value)


def knob(default: Value, label: str, help: str, **more: Any) -> Any:
    """A field of `Settings`. None, "not said", becomes the recipe's value."""
    return field(default=None, metadata={"default": default, "label": label, "help": help, **more})


@dataclass(frozen=True)
class Settings:
    """How to paint. Whatever is not said is as the recipe has it.

    Raises:
        ValueError: one sentence that names the knob, its limits and the value.
    """

    # fmt: off
    size: int = knob(512, "Size", "Long side of the picture in pixels. A smaller photo is not blown up.",
                     low=16, high=2048, step=16)
    steps: int = knob(100, "Steps", "Steps of the optimiser, over all scales together.",
                      low=1, high=10_000, step=1)
    content_weight: float = knob(0.15, "Content weight", "How much of the photo stays.",
                                 low=0, high=1e6, step=0.01)
    style_weight: float = knob(1.0, "Style weight", "How much of the painting comes in.",
                               low=0, high=1e6, step=0.1)
    tv_weight: float = knob(0.0, "Smoothness", "Weight of the total variation: more is smoother, 100 is a lot.",
                            low=0, high=1e6, step=1)
    style_scale: float = knob(1.0, "Brush size", "Size of the painting against the photo: more is a broader brush.",
                              low=0.25, high=4, step=0.05)
    style_mix: str = knob("", "Mix", "Weights of several paintings, such as 2 1. Empty: all the same.")
    color: str = knob("painting", "Colours", "The painting's colours, the photo's colours under painted light, "
                      "or a painting first recoloured to match the photo.",
                      choices=("painting", "luminance", "match"))
    recipe: str = knob("painting", "Recipe", "Which published recipe sets the knobs that you leave alone.",
                       choices=tuple(RECIPES))
    seed: int = knob(0, "Seed", "Same seed, same picture. Matters when the start is noise.",
                     low=0, high=2**31 - 1, step=1)
    init: str = knob("content", "Start from", "The photo, or noise.",
                     choices=("content", "noise"), expert=True)
    start_size: int = knob(96, "First size", "The picture is begun about this small, in pixels, and doubled from "
                           "there. Above half the size: one scale only.", low=32, high=8192, step=32, expert=True)
    optimizer: str = knob("lbfgs", "Optimiser", "How the pixels move.",
                          choices=("lbfgs", "adam", "sgd"), expert=True)
    learning_rate: float = knob(1.0, "Learning rate", "Length of a step. 1 suits L-BFGS, 0.02 Adam.",
                                low=1e-9, high=1e4, step=0.01, expert=True)
    pooling: str = knob("max", "Pooling", "How the network shrinks its maps.",
                        choices=("max", "average"), expert=True)
    padding: str = knob("replicate", "Border", "What the first convolution sees beyond the edge.",
                        choices=("replicate", "zeros"), expert=True)
    bounds: str = knob("clamp", "Range", "Keep every pixel between black and white at each step, or let it roam.",
                       choices=("clamp", "free"), expert=True)
    style_loss: str = knob("moments", "Style loss", "Mean and covariance, Gram matrix, or raw Gram matrix.",
                           choices=("moments", "gram", "gram_sum"), expert=True)
    content_loss: str = knob("relative", "Content loss",
                             "Squared error relative to the photo's features, or plain mean square.",
                             choices=("relative", "mean_square"), expert=True)
    style_layers: str = knob("relu1_1 relu2_1 relu3_1 relu4_1 relu5_1:0.5", "Style layers",
                             "Layers whose statistics are the painting's, each with its weight if that is not 1.",
                             expert=True)
    content_layers: str = knob("relu4_2", "Content layers",
                               "Layers whose features are the photo's, each with its weight if that is not 1.",
                               expert=True)
    backbone: str = knob("vgg19", "Network", "The network that looks at the pictures.",
                         choices=("vgg19",), expert=True)
    # fmt: on

    def __post_init__(self) -> None:
        recipe = str(KNOBS["recipe"].check(self.recipe or "painting"))
        said = {one.name: getattr(self, one.name) for one in fields(self)} | {"recipe": recipe}
        for one in KNOBS.values():
            value = said[one.name]
            if value is None:
                value = RECIPES[recipe].knobs.get(one.name, one.default)
            object.__setattr__(self, one.name, one.check(value))


KNOBS: Mapping[str, Knob] = MappingProxyType(
    {one.name: Knob(name=one.name, **one.metadata) for one in fields(Settings)}
)


def mix_shares(mix: str, paintings: int) -> list[float]:
    """ "2 1" -> [2/3, 1/3]; equal shares if nothing is said.

    Raises:
        ValueError: if the weights are not one positive number for each painting.
    """
    try:
        weights = [float(word) for word in mix.replace(",", " ").split()] or [1.0] * paintings
    except ValueError:
        weights = []
    if len(weights) != paintings or not all(0 < weight < math.inf for weight in weights):
        raise ValueError(f"style_mix must be one positive number for each of {paintings} paintings, not {mix!r}.")
    return [weight / sum(weights) for weight in weights]


def layer_weights(layers: str) -> dict[str, float]:
    """ "relu1_1 relu5_1:0.5" -> {"relu1_1": 2/3, "relu5_1": 1/3}: names, with shares that sum to 1.

    Raises:
        ValueError: if a weight is not a positive number.
    """
    weights: dict[str, float] = {}
    for word in layers.split():
        name, _, weight = word.partition(":")
        try:
            weights[name] = float(weight or 1)
        except ValueError:
            weights[name] = math.nan
        if not 0 < weights[name] < math.inf:
            raise ValueError(f"The weight of a layer must be a positive number, not {word!r}.")
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
