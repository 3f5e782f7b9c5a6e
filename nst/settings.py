"""Every knob of a painting, declared once.

The page's controls, the API's parameters, the shell's options and the checks are all read
from `KNOBS`, which is read from `Settings`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from nst.arrows import arrows_from
from nst.mistakes import Mistake
from nst.recipes import RECIPES

Value = int | float | str
GROUPS = ("brush", "colour", "detail", "solver")
NOT_WHOLE = "{knob} must be a whole number from {low:g} to {high:g}, not {value!r}."
NOT_WITHIN = "{knob} must be a number from {low:g} to {high:g}, not {value!r}."
NOT_ONE_OF = "{knob} must be one of {choices}, not {value!r}."
NONE_OF_THESE = (
    "{knob} must be one of {choices}, or several of them, each with its weight such as gram:0.5, not {value!r}."
)
OF_FACES = {"relu3_1": 0.5, "relu4_2": 1.0}  # the form of eyes and mouth, and their place in a face
DEEP = 4  # block from which on a layer knows motifs: relu4_1 sees 68 pixels, relu5_1 156


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
        mixes: Whether several choices may be said at once, each with its weight if that is not 1.
        read: What makes something of a text, and raises ValueError where it cannot; for texts without choices.
        group: One of GROUPS, for the knobs that are for experts; empty for the others.
    """

    name: str
    default: Value
    label: str
    help: str
    low: float = -math.inf
    high: float = math.inf
    step: float | None = None
    choices: tuple[str, ...] = ()
    mixes: bool = False
    read: Callable[[str], object] | None = None
    group: str = ""

    def check(self, value: object) -> Value:
        """`value` in the knob's own type.

        Raises:
            ValueError: naming the knob, the limit and the value.
        """
        if isinstance(self.default, str):
            return self._check_words(value)
        limits = Mistake(
            NOT_WHOLE if isinstance(self.default, int) else NOT_WITHIN,
            knob=self.name,
            low=self.low,
            high=self.high,
            value=value,
        )
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise limits
        if not self.low <= value <= self.high:  # NaN fails as well
            raise limits
        if isinstance(self.default, int) and value != int(value):
            raise limits
        return type(self.default)(value)

    def _check_words(self, value: object) -> str:
        said = value.split() if isinstance(value, str) and self.mixes else [value]
        names = [word.partition(":")[0] if isinstance(word, str) and self.mixes else word for word in said]
        if not isinstance(value, str) or (self.choices and not (names and set(names) <= set(self.choices))):
            choices = ", ".join(self.choices)
            raise Mistake(NONE_OF_THESE if self.mixes else NOT_ONE_OF, knob=self.name, choices=choices, value=value)
        if self.mixes:
            shares(value)
        if self.read:
            self.read(value)
        return value


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
                     low=16, high=8192, step=16)
    steps: int = knob(70, "Steps", "Steps of the optimiser, over all scales together.",
                      low=1, high=10_000, step=1)
    content_weight: float = knob(0.2, "Content weight", "How much of the photo stays.",
                                 low=0, high=1e9, step=0.01)
    style_weight: float = knob(1.0, "Style weight", "How much of the painting comes in.",
                               low=0, high=1e9, step=0.1)
    motifs: float = knob(1.0, "Motifs", "How much of the painting's own motifs, its stars and discs, come into the "
                         "empty parts of the photo. 0: each spot follows what the photo has there.",
                         low=0, high=2, step=0.1)
    tv_weight: float = knob(0.0, "Smoothness", "Weight of the total variation: more is smoother, 100 is a lot.",
                            low=0, high=1e9, step=1)
    palette_weight: float = knob(0.0, "Palette", "Weight of the colours as a set: the painting's, each as often.",
                                 low=0, high=1e6, step=0.1, group="colour")
    match_weight: float = knob(0.5, "Match weight", "How much each spot takes after the spot of the painting that it "
                               "resembles most, against the statistics of the whole.",
                               low=0, high=1e6, step=0.1, group="brush")
    match_layers: str = knob("relu3_1 relu4_1", "Match layers",
                             "Layers whose spots are matched, each with its weight if that is not 1.", group="brush")
    match_rounds: int = knob(2, "Match rounds", "How many times at each size the matches are sought anew.",
                             low=1, high=100, step=1, group="brush")
    match_loss: str = knob("relative", "Match by", "How a spot is compared with its match: by the squared error, with "
                           "no match for what resembles everything, or by the angle alone, as published, to the "
                           "nearest. Hypercolumns have angles only.", choices=("relative", "cosine"), group="brush")
    match_photo: float = knob(0.0, "Match the photo", "Matches are sought for the picture so far, or for as much of "
                              "the photo; at the first size for the photo alone, if this is not 0.",
                              low=0, high=1, step=0.05, group="brush")
    last_pass: float = knob(0.0, "Last pass", "If not 0, this share of the steps compares style layers and matches "
                            "nothing; the steps before it have matches alone.",
                            low=0, high=0.9, step=0.05, group="solver")
    style_turns: str = knob("no", "Turned copies", "Whether matches and points are also those of the painting turned "
                            "by one, two and three quarters.", choices=("no", "yes"), group="brush")
    style_margin: float = knob(0.03, "Cut margin", "Share of the painting that is left out on each side: scans have "
                               "frames and torn edges.", low=0, high=0.4, step=0.01, group="brush")
    style_scale: float = knob(1.0, "Brush size", "Size of the painting against the photo: more is a broader brush.",
                              low=0.25, high=4, step=0.05)
    style_size: int = knob(0, "Brush for", "Long side of the picture that the brush size is meant for, in pixels: the "
                           "strokes stay the same at any size. 0: they grow with the picture.",
                           low=0, high=8192, step=16, group="brush")
    style_mix: str = knob("", "Mix", "Weights of several paintings, such as 2 1. Empty: all the same.")
    strokes: str = knob("", "Strokes", "Arrows that the strokes follow, each from point to point, across and down the "
                        "photo from 0,0 to 1,1, such as 0.1,0.4 0.3,0.2; 0.6,0.1 0.9,0.1. Empty: as the matches have "
                        "them.", read=arrows_from)
    color: str = knob("painting", "Colours", "The painting's colours; the photo's under painted light, or kept "
                      "exactly; or one recoloured like the other before, by covariance or by histogram: the painting "
                      "like the photo, or the photo like the painting; or the finished picture like the painting.",
                      choices=("painting", "luminance", "exact", "match", "histogram", "match_photo",
                               "histogram_photo", "match_finished"))
    tileable: str = knob("no", "Seamless", "Whether the picture goes on at one edge where it ends at the other: across "
                         "for panoramas all around, down, or both, for tiles.", choices=("no", "x", "y", "both"),
                         group="detail")
    transparency: str = knob("white", "Transparency", "A photo with transparent parts lies on white while it is "
                             "painted. The picture stays so, or gets the photo's transparency back at the end.",
                             choices=("white", "kept"), group="colour")
    recipe: str = knob("painting", "Recipe", "Which published recipe sets the knobs that you leave alone.",
                       choices=tuple(RECIPES))
    seed: int = knob(0, "Seed", "Same seed, same picture. Matters when the start is noise.",
                     low=0, high=2**31 - 1, step=1)
    init: str = knob("content", "Start from", "The photo, noise, grey with noise too faint to see, noise in the "
                     "painting's colours, or the painting's mean colour with the photo's finest detail; or the "
                     "photo at the first size, which lends no detail later.",
                     choices=("content", "noise", "gray", "colors", "detail", "small"), group="solver")
    start_size: int = knob(96, "First size", "The picture is begun about this small, in pixels, and grows from "
                           "there. Above half the size: one scale only.", low=32, high=8192, step=32, group="solver")
    scale_factor: float = knob(2.0, "Growth", "How much larger each size is than the one before.",
                               low=1.1, high=4, step=0.1, group="solver")
    step_ratio: float = knob(2.0, "Early steps", "Steps at the first size for each one at the last.",
                             low=0.25, high=16, step=0.25, group="solver")
    content_fade: float = knob(1.0, "Early content", "How many times more the photo weighs at the first size, and how "
                               "many times less the palette.",
                               low=0.01, high=100, step=1, group="detail")
    optimizer: str = knob("lbfgs", "Optimiser", "How the pixels move. adam_short is Adam that forgets steep slopes "
                          "ten times sooner.",
                          choices=("lbfgs", "adam", "adam_short", "rmsprop", "sgd"), group="solver")
    learning_rate: float = knob(1.0, "Learning rate", "Length of a step. 1 suits L-BFGS, 0.02 Adam.",
                                low=1e-9, high=1e4, step=0.01, group="solver")
    pyramid: int = knob(1, "Bands", "1 moves the pixels themselves, more the bands of their Laplacian pyramid. "
                        "Not for L-BFGS.", low=1, high=8, step=1, group="solver")
    averaging: float = knob(0.0, "Averaging", "The picture is a running mean of the steps: this much stays of the mean "
                            "at each step.", low=0, high=0.999, step=0.01, group="solver")
    pooling: str = knob("max", "Pooling", "How the network shrinks its maps.",
                        choices=("max", "average", "l2"), group="detail")
    padding: str = knob("replicate", "Border", "What the first convolution sees beyond the edge.",
                        choices=("replicate", "zeros"), group="detail")
    bounds: str = knob("clamp", "Range", "Keep every pixel between black and white at each step, or let it roam.",
                       choices=("clamp", "free"), group="colour")
    tv_loss: str = knob("l2", "Smooth by", "Squares of the differences, which blur, or plain ones, which keep edges.",
                        choices=("l2", "l1"), group="detail")
    style_loss: str = knob("moments", "Style loss", "How features are compared with the painting's: by mean and "
                           "covariance, Gram matrices in four normalisations, or as sets of points; or not "
                           "at all. Several are mixed, each with its weight if that is not 1: gram nearest:0.5.",
                           choices=("moments", "gram", "gram_sum", "gram_mean", "gram_element", "wasserstein",
                                    "sliced", "histogram", "nearest", "relaxed_emd", "moments_l1", "none"),
                           mixes=True, group="brush")
    content_loss: str = knob("relative", "Content loss", "Squared error relative to the photo's features, its mean or "
                             "its sum, or how alike the features are among themselves. Several are mixed likewise.",
                             choices=("relative", "mean_square", "sum_square", "self_similarity"),
                             mixes=True, group="detail")
    samples: int = knob(2048, "Points", "How many positions are drawn at each step for a loss on sets of points.",
                        low=64, high=16384, step=64, group="brush")
    style_layers: str = knob("relu1_1:2 relu2_1:2 relu3_1 relu4_1:2 relu5_1:0.5", "Style layers",
                             "Layers whose statistics are the painting's, each with its weight if that is not 1. "
                             "Joined by + they are one hypercolumn.", group="brush")
    content_layers: str = knob("relu4_2", "Content layers",
                               "Layers whose features are the photo's, each with its weight if that is not 1.",
                               group="detail")
    backbone: str = knob("vgg19", "Network", "The network that looks at the pictures. Those with tv are fetched "
                         "once, 59 or 80 MB.",
                         choices=("vgg19", "vgg16-tv", "vgg19-tv"), group="solver")
    tile: int = knob(0, "Tile", "Side of the tiles in pixels that a large picture is worked on in, with the same "
                     "result. 0: as large as the free memory allows.", low=0, high=8192, step=64, group="solver")
    enlarge: str = knob("no", "Enlarge", "Whether the picture may become larger than a small photo, as for a poster.",
                        choices=("no", "yes"), group="detail")
    keep_faces: str = knob("no", "Keep faces", "Whether faces keep their features: there more of the photo stays, and "
                           "less of the painting's strokes comes in. The network that finds them is fetched once, "
                           "0.2 MB.", choices=("no", "yes"))
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


def style_shares(settings: Settings) -> dict[str, float]:
    """Shares of the style layers; those that know motifs times `motifs`, or left out."""
    deep, weights = motif_layers(settings), shares(settings.style_layers)
    scaled = {name: weight * (settings.motifs if name in deep else 1.0) for name, weight in weights.items()}
    return {name: weight for name, weight in scaled.items() if weight}


def motif_layers(settings: Settings) -> set[str]:
    """Style layers that know motifs, and whose statistics are those of the empty parts, if anything is matched."""
    if not match_shares(settings):
        return set()
    return {layer for layer in shares(settings.style_layers) if "+" not in layer and layer[4:5] >= str(DEEP)}


def clearest_match(settings: Settings) -> str:
    """The layer whose matches say best what a run takes after: the one that asks most, the deeper of two."""
    return max(match_shares(settings).items(), key=lambda of_layer: (of_layer[1], of_layer[0]))[0]


def match_shares(settings: Settings) -> dict[str, float]:
    """Shares of the layers that are matched, none if matches weigh nothing."""
    return shares(settings.match_layers) if settings.match_weight and settings.style_weight else {}


def face_shares(settings: Settings) -> dict[str, float]:
    """Layers whose features are the photo's in its faces, each with how many times as much as all content layers weigh
    everywhere; none if faces are not kept."""
    return dict(OF_FACES) if settings.keep_faces == "yes" and settings.content_weight else {}


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
        raise Mistake(
            "{knob} must be one positive number for each of {paintings} paintings, not {mix!r}.",
            knob="style_mix",
            paintings=paintings,
            mix=mix,
        )
    return [weight / sum(weights) for weight in weights]


def shares(words: str) -> dict[str, float]:
    """ "relu1_1 relu5_1:0.5" -> {"relu1_1": 2/3, "relu5_1": 1/3}: names, with shares that sum to 1.

    Raises:
        ValueError: if a weight is not a positive number.
    """
    weights: dict[str, float] = {}
    for word in words.split():
        name, _, weight = word.partition(":")
        try:
            weights[name] = float(weight or 1)
        except ValueError:
            weights[name] = math.nan
        if not 0 < weights[name] < math.inf:
            raise Mistake("A weight must be a positive number, not {word!r}.", word=word)
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
