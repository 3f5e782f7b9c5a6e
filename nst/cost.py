"""What one step costs, for any recipe, from the pieces that its settings ask for.

The unit is a pixel: what costs 1000 takes as long as a step of the default recipe takes longer for 1000 pixels more.
How long that is, only the machine can tell. The ratios below were measured with one thread in bfloat16: on an AMD EPYC,
those of points, hypercolumns and searches on an Intel Xeon with AMX; `python -m tests.benchmarks.costs` shows how far
they are off.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from nst.matching import CANDIDATES
from nst.settings import Settings, face_shares, match_shares, shares, style_shares
from nst.targets import TARGET_POINTS, most_candidates
from nst.vgg import shrinkage
from nst.view import COLUMN_STEP, layers, match_step

CHANNELS = 64, 128, 256, 512, 512  # of a VGG's blocks
VGG19, VGG16 = (2, 2, 4, 4, 4), (2, 2, 3, 3, 3)  # convolutions in each of them
DEEPEST = 5, 1  # block and number of the deepest layer that the default recipe looks at
MATCHES = 0.12  # of a step of the default recipe: its matches
FACES = 0.15  # of a step of the default recipe: what more the photo asks where faces are kept
MAPS = 0.0003  # a number of the maps that points are fetched from: what is asked of it is brought back
FEATURE = 0.0044  # a number of a point's features
SORTING = 0.0079  # the same, where each of them is sorted over the points
PRODUCT = 1.3e-6  # a multiply-add of a table, in the type of the network
COLUMN = 0.0017  # a number of a hypercolumn that is compared with that of its match
SEARCH, COMPARISON = 5.4e-7, 750  # a multiply-add while matches are found, and how many of them each pair is besides
NEAREST = 3.6e-4  # a pair of which the nearest is sought
PAIR, COLOURS = 1.3e-3, 7.5e-3  # a pair of points that is compared both ways, and of colours
EIGENVALUES = 7.5e-5  # for the cube of a covariance's side
OF_POINTS: Mapping[str, Callable[[int, int, int], float]] = MappingProxyType(
    {  # loss -> its cost for points of the picture, points of the painting, and features of each
        "nearest": lambda ours, theirs, features: (PRODUCT * features + NEAREST) * ours * theirs,
        "relaxed_emd": lambda ours, theirs, features: (PRODUCT * features + PAIR) * ours * theirs,
        "moments_l1": lambda ours, _, features: 2 * PRODUCT * ours * features**2,  # forth and back
        "sliced": lambda ours, _, features: SORTING * ours * features,
        "histogram": lambda ours, _, features: SORTING * ours * features,
        "self_similarity": lambda ours, _, features: (3 * PRODUCT * features + PAIR) * ours**2,  # of both pictures
    }
)


def features_of(name: str) -> int:
    """Of a layer or a hypercolumn, at one position."""
    return sum(CHANNELS[_block(layer) - 1] for layer in name.split("+"))


def look_cost(settings: Settings, pixels: int) -> float:
    """Of the network alone, forth and back, down to the deepest layer that the settings name."""
    deepest = max((_block(layer), int(layer[6:])) for layer in layers(settings))
    blocks = VGG16 if settings.backbone == "vgg16-tv" else VGG19
    return pixels * _multiply_adds(deepest, blocks) / _multiply_adds(DEEPEST, VGG19)


def step_cost(settings: Settings, pixels: int) -> float:
    """Of a whole step, at a picture of so many pixels."""
    matched = match_shares(settings)
    columns = [name for name in matched if "+" in name]
    network = look_cost(settings, pixels) * (1 if len(matched) > len(columns) else 1 - MATCHES)
    numbers = COLUMN / COLUMN_STEP**2
    of_columns = sum(pixels * (MAPS * _maps(name) + numbers * features_of(name)) for name in columns)
    faces = FACES * pixels if face_shares(settings) else 0.0
    return network + of_columns + faces + sum(_comparisons(settings, pixels))


def search_cost(settings: Settings, pixels: int) -> float:
    """Of finding the matches of all positions, once."""
    cost = 0.0
    for name in match_shares(settings):
        positions = pixels / match_step(name) ** 2
        offered = most_candidates(settings) * min(1, positions / CANDIDATES)
        cost += SEARCH * positions * offered * (features_of(name) + COMPARISON)
    return cost


def looks(settings: Settings, paintings: int) -> int:
    """How many pictures are looked at before the first step of a size: the photo, and the paintings all ways."""
    return 1 + paintings * (most_candidates(settings) // CANDIDATES)


def _maps(name: str) -> float:
    """Numbers of all maps of a layer or hypercolumn, for each pixel."""
    blocks = [_block(layer) for layer in name.split("+")]
    return math.fsum(CHANNELS[block - 1] / 4.0 ** (block - 1) for block in blocks)


def _block(layer: str) -> int:
    """
    Raises:
        ValueError: if there is none of its name; a visitor may still be typing it.
    """
    return ("1", "2", "3", "4", "5").index(layer[4:5]) + 1


def _multiply_adds(deepest: tuple[int, int], blocks: tuple[int, ...]) -> float:
    """For each pixel of the picture, of all convolutions down to one."""
    work, into = 0.0, 3
    for block, (channels, count) in enumerate(zip(CHANNELS, blocks, strict=True), 1):
        for number in range(1, count + 1):
            if (block, number) <= deepest:
                work += 9 * into * channels / 4 ** (block - 1)
            into = channels
    return work


def _comparisons(settings: Settings, pixels: int) -> Iterator[float]:
    """Of the losses, besides the network: one for each layer or hypercolumn that points are compared at."""
    style, content = shares(settings.style_loss), shares(settings.content_loss)
    for names, losses in ((style_shares(settings), style), (shares(settings.content_layers), content)):
        compared = [OF_POINTS[loss] for loss in losses if loss in OF_POINTS]
        for name in names if compared else ():
            features, positions = features_of(name), pixels // shrinkage([name]) ** 2
            ours, theirs = (min(count, positions) for count in (settings.samples, TARGET_POINTS * settings.samples))
            yield MAPS * pixels * _maps(name)
            yield FEATURE * ours * features + sum(cost(ours, theirs, features) for cost in compared)
    if "wasserstein" in style:
        yield EIGENVALUES * sum(CHANNELS[_block(layer) - 1] ** 3 for layer in style_shares(settings))
    if settings.palette_weight:
        yield COLOURS * TARGET_POINTS * min(settings.samples, pixels) ** 2
