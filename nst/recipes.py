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
        summary: What its pictures look like, in one plain line.
        source: Paper or tutorial it comes from.
        departs: Where it differs from that source; empty where it does not.
        knobs: Name -> value for every knob that differs from the declared default.
    """

    title: str
    summary: str
    source: str
    departs: str = ""
    knobs: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


def _recipe(title: str, summary: str, source: str, departs: str = "", **knobs: object) -> Recipe:
    return Recipe(title, summary, source, departs, MappingProxyType(knobs))


def _published(title: str, summary: str, source: str, departs: str = "", **knobs: object) -> Recipe:
    """Without what only the default recipe does."""
    return _recipe(title, summary, source, departs, **{**UNMATCHED, **knobs})


UNMATCHED: Mapping[str, object] = MappingProxyType({"match_weight": 0.0, "style_margin": 0.0})
ALL_ALIKE = "relu1_1 relu2_1 relu3_1 relu4_1 relu5_1"
ONE_SCALE = 8192  # above half of any size
TO_RELU3_3 = "relu1_1+relu1_2+relu2_1+relu2_2+relu3_1+relu3_2+relu3_3"  # layers of a VGG-16, which a VGG-19 has too
# Mean answers of the filters of vgg19 to photos, with average pooling
ANSWERS: Mapping[str, int] = MappingProxyType(
    {"relu1_1": 22, "relu2_1": 148, "relu3_1": 164, "relu4_1": 730, "relu5_1": 60}
)
GATYS_2016: Mapping[str, object] = MappingProxyType(
    {
        "steps": 500,
        "content_weight": 0.1,
        "init": "gray",
        "start_size": ONE_SCALE,
        "pooling": "average",
        "padding": "zeros",
        "bounds": "free",
        "style_loss": "gram_mean",
        # as if filters answered with 1: a Gram error grows with the fourth power of the answers
        "style_layers": " ".join(
            f"{layer}:{(ANSWERS['relu1_1'] / answer) ** 4:.3g}" for layer, answer in ANSWERS.items()
        ),
        "content_loss": "mean_square",
    }
)
EITHER_NETWORK = "paints with the embedded network, so that nothing is downloaded: choose backbone"

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "painting": _recipe(
            "Painting",
            "Clear strokes, and motifs where they belong. The quickest.",
            "After Gatys, Ecker & Bethge 2016; moments as in Crowson 2021; matches as in Kolkin et al. 2022",
            "Every loss is a relative error; each size doubles the last; one replicated border; matches are sought "
            "twice for each size, without the painting's hubs.",
        ),
        "tutorial": _published(
            "Tutorial",
            "The classic lesson, in thousands of steps. Swirls take over.",
            "Gatys, Ecker & Bethge 2015, as the well-known PyTorch lessons write it",
            "The original VGG sees pixels in 0..255, so beta is the lessons' 0.01 divided by 255^2; its pixels are "
            "normalised, which the lessons often forget. Content is compared at relu4_2 as in the paper; the lesson "
            "with these figures takes all five layers.",
            steps=6000,
            content_weight=1.0,
            style_weight=0.01 / 255**2,
            optimizer="adam",
            learning_rate=0.001,
            start_size=ONE_SCALE,
            style_loss="gram_sum",
            style_layers=ALL_ALIKE,
            content_loss="mean_square",
            padding="zeros",
            bounds="free",
        ),
        "gatys2016": _published(
            "Gatys 2016",
            "The paper that began it all: dense ripples of brushwork.",
            "Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016",
            "L-BFGS has no line search, and guesses the curvature of each octave apart; averages are scaled to the "
            "size of maxima; the paper names no number of steps. Its network was scaled until each filter answers "
            "with 1 on average; here it is each layer of vgg19, by its weight. Content is a mean, so that it weighs "
            "the same at any size, and its weight is ours: the paper's ratio of 1e-3 for a sum keeps nothing but the "
            "photo. It starts from grey with noise too faint to see, as the random starts of the authors' code; "
            "strong noise leaves a grain that the network does not see.",
            **GATYS_2016,
        ),
        "johnson2015": _published(
            "Johnson 2015",
            "The program that made it popular: softer, and even.",
            "J. Johnson, neural-style, 2015, and its PyTorch descendant neural-style-pt: their defaults",
            "The programs weigh each of the five layers with 100, here their mean weighs 500; smoothness is a mean "
            "over neighbours, so its weight holds for a picture of 512 x 384; L-BFGS remembers 10 steps and not 100, "
            "and guesses the curvature of each octave apart. Pixels are 0 to 255, as in the second program; in the "
            "first they are 0 to 256.",
            steps=1000,
            content_weight=5.0,
            style_weight=5 * 100.0,
            tv_weight=1e-3 / 2 * 3 * 512 * 384 * 255**2,  # the first program's slope is that of half the squares
            init="gray",
            start_size=ONE_SCALE,
            padding="zeros",
            bounds="free",
            style_loss="gram_element",
            style_layers=ALL_ALIKE,
            content_loss="mean_square",
        ),
        "crowson2021": _published(
            "Crowson 2021",
            "Smooth light and rich colours, worked out finely.",
            "K. Crowson, style-transfer-pytorch, 2021: its defaults",
            f"It {EITHER_NETWORK}=vgg19-tv for the one that was used; smoothness is scaled to its features, and its "
            "neighbours are two; the square root of the covariances is exact; the first size has twice the steps of "
            "the last, and those between decline in steps; when the picture grows, the photo lends the detail.",
            steps=3000,
            content_weight=0.015,
            tv_weight=2.0 * (255 * 0.226) ** 2,
            start_size=128,
            scale_factor=2**0.5,
            optimizer="adam_short",
            learning_rate=0.02,
            averaging=0.99,
            style_loss="wasserstein",
            style_layers="relu1_1:256 relu2_1:64 relu3_1:16 relu4_1:4 relu5_1:1",
            content_loss="mean_square",
        ),
        "gatys2017-colour": _published(
            "Gatys 2017, colours",
            "The photo keeps its own colours.",
            "Gatys et al., Controlling Perceptual Factors in Neural Style Transfer, CVPR 2017",
            "As in gatys2016. For the paper's other way choose color=luminance.",
            color="match",
            **GATYS_2016,
        ),
        "strotss2019": _published(
            "STROTSS 2019",
            "Shapes stay, and take on the painting piece by piece.",
            "Kolkin et al., Style Transfer by Relaxed Optimal Transport and Self-Similarity, CVPR 2019",
            f"It {EITHER_NETWORK}=vgg16-tv for the paper's. Layers are the program's, without the bare colours; "
            "moments are relative to the painting's; the painting has 4096 points for each size and not 5000. The "
            "photo weighs 16, 8, 4 and 2 at 64 to 512 pixels, at other sizes as much at both ends. Steps are fewer: "
            "109, 87, 69 and 55 there, and not 200 for each. At the last size their rate is not halved, and the photo "
            "lends its detail there too.",
            steps=320,
            content_weight=2.0,
            style_weight=2.0,
            palette_weight=0.5,
            content_fade=8.0,
            init="detail",
            start_size=64,
            optimizer="rmsprop",
            learning_rate=0.002,
            pyramid=5,
            padding="zeros",
            bounds="free",
            style_loss="relaxed_emd moments_l1",
            style_layers=f"{TO_RELU3_3}+relu4_3+relu5_3",
            content_loss="self_similarity",
            content_layers=f"{TO_RELU3_3}+relu4_3+relu5_3",
            samples=1024,
        ),
        "nnst2022": _recipe(
            "Neural Neighbor 2022",
            "Thick paint, laid on in patches of the painting.",
            "Kolkin, Kucera, Paris, Sykora, Shechtman & Shakhnarovich, Neural Neighbor Style Transfer, 2022",
            f"It {EITHER_NETWORK}=vgg16-tv for the paper's. Steps are fewer and longer: 117, 92, 73 and 58 of 0.003 at "
            "64 to 512 pixels and a last pass of 60, and not 200 of 0.002 for each. The last pass compares 2048 spots "
            "of a layer with 8192 of the painting, which stay the same, and not 3072 with 12288. The border is "
            "replicated. At the end the colours get the painting's mean and covariance; in the program the photo's "
            "edges guide them.",
            steps=400,
            content_weight=0.0,
            motifs=0.0,
            match_weight=1.0,
            match_layers=f"{TO_RELU3_3}+relu4_1+relu4_2+relu4_3",
            match_rounds=1,
            match_loss="cosine",
            match_photo=0.75,
            last_pass=0.15,
            style_turns="yes",
            style_margin=0.0,
            init="small",
            start_size=64,
            optimizer="adam",
            learning_rate=0.003,
            pyramid=8,
            color="match_finished",
            bounds="free",
            style_loss="nearest",
            style_layers=f"{TO_RELU3_3} relu4_1 relu4_2 relu4_3".replace("+", " "),
        ),
    }
)
