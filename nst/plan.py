"""The way of a run, known before its start: which sizes, how many steps at each, and how much memory they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, repeat

from nst.cost import features_of, step_cost
from nst.device import Device, best_device, free_memory
from nst.image import fitted_size
from nst.knobs import compares_points
from nst.matching import CANDIDATES, PAIRS
from nst.settings import Settings, face_shares, match_shares
from nst.solvers.lbfgs import PAIR_BYTES, pairs_kept
from nst.targets import most_candidates
from nst.tiles import Fit, Need, fit
from nst.vgg import VGG, shrinkage
from nst.view import compared, layers
from nst.wrap import WRAPS

# What a painting takes beyond imports and weights: a little above the peaks of fresh processes, CPU and bfloat16.
# One step took 1.8 GB at 1024 x 768 pixels and 6.35 at 2048 x 1536, a run 2.4 at 4096 x 3072 in tiles of 384; one step
# of STROTSS at 256 x 192 took 0.42 GB with 64 points and 0.93 with 2048.
FIXED_BYTES = 300 * 10**6  # the weights in another type, Winograd's kernels, and what libraries prepare for themselves
WHOLE_BYTES = 190  # for each pixel of the picture, in tiles or not, besides the memory of L-BFGS
STEP_VALUES, COLUMN_VALUES = 830, 2200  # for each pixel that one step looks at; where hypercolumns keep all maps
FACE_VALUES = 256 // 4**2 + 512 // 8**2  # for each pixel: what the photo has where faces are kept
CANDIDATE_BYTES, PAIR_OF_MATCHES_BYTES = 2 * 4, 2 * 4  # of a feature of what is matched, and of a pair; in float32
SAMPLE_BYTES = 130  # for each pair of points that are compared


@dataclass(frozen=True)
class Scale:
    """One size that is painted at.

    Attributes:
        size: (width, height) in pixels.
        steps: How many steps are taken at this size.
        fade: How many times more the photo weighs than at the last size.
        part: "matches" or "style", where only these are compared with the paintings.
    """

    size: tuple[int, int]
    steps: int
    fade: float = 1.0
    part: str = ""

    def of(self, settings: Settings) -> Settings:
        """As they are for this part of the run."""
        if not self.part:
            return settings
        return replace(settings, **({"style_loss": "none"} if self.part == "matches" else {"match_weight": 0.0}))

    @property
    def pixels(self) -> int:
        """Of the picture."""
        return self.size[0] * self.size[1]

    @property
    def work(self) -> int:
        """In pixels times steps, to which time is proportional where a step costs its pixels; see `nst.cost`."""
        return self.pixels * self.steps


def final_size(width: int, height: int, settings: Settings) -> tuple[int, int]:
    """(width, height) of the finished picture of a photo: a small photo is blown up only if that is asked for."""
    enlarges = settings.enlarge == "yes"
    size = (fitted_size if enlarges else at_most)(width, height, settings.size)
    return WRAPS[settings.tileable].fitted(*size)


def at_most(width: int, height: int, long_side: int) -> tuple[int, int]:
    """(width, height) of a picture that is made as small as that, but not larger."""
    return fitted_size(width, height, min(long_side, max(width, height)))


def scales(width: int, height: int, settings: Settings, started: bool = False) -> list[Scale]:
    """The sizes to paint at, small to large, and how the steps are shared among them; the last one twice where a last
    pass compares other things.

    The final size is divided by `scale_factor` for as long as it stays at or above `start_size`,
    and large enough for the network. Steps are cheap where the picture is small: the first scale
    gets `step_ratio` times as many as the last.

    Args:
        width, height: Of the photo.
        started: Whether a picture is gone on with, which is done at the final size alone.
    """
    final = final_size(width, height, settings)
    ahead = settings.steps - _last_pass(settings)
    sizes = [Scale(final, ahead)] if started else _growing(final, (width, height), ahead, settings)
    if not settings.last_pass or not match_shares(settings):
        return sizes
    last = [Scale(final, settings.steps - ahead, part="style")] if ahead < settings.steps else []
    return [*(replace(scale, part="matches") for scale in sizes), *last]


def _last_pass(settings: Settings) -> int:
    """Its steps; one at least is before it."""
    if not match_shares(settings):
        return 0
    return min(round(settings.last_pass * settings.steps), settings.steps - 1)


def _growing(final: tuple[int, int], photo: tuple[int, int], count: int, settings: Settings) -> list[Scale]:
    """So many steps in all, from the first size to the last."""
    least, side, sizes = shrinkage(layers(settings)), max(final), [final]
    while (side := round(side / settings.scale_factor)) >= settings.start_size:
        size = WRAPS[settings.tileable].fitted(*fitted_size(*photo, side))
        if min(size) < least:
            break
        sizes.insert(0, size)
    sizes = sizes[-count:]  # one step at least for each
    ahead = [1 - index / max(1, len(sizes) - 1) for index in range(len(sizes))]  # 1 at the first, 0 at the last
    ahead[-1] = 0
    parts = [settings.step_ratio**part for part in ahead]
    steps = [max(1, round(count * part / sum(parts))) for part in parts]
    steps[0] += count - sum(steps)
    fades = [settings.content_fade**part for part in ahead]
    return list(map(Scale, sizes, steps, fades))


def rounds(steps: int, settings: Settings) -> list[int]:
    """Before which of a scale's steps, counted from 0, the matches are sought."""
    return sorted({steps * index // settings.match_rounds for index in range(settings.match_rounds)})


def progress(plan: Sequence[Scale], settings: Settings) -> list[float]:
    """Which part of all work is done after each step: one at a large size is more."""
    costs = (repeat(step_cost(scale.of(settings), scale.pixels), scale.steps) for scale in plan)
    *done, work = accumulate(chain.from_iterable(costs))
    return [*(part / work for part in done), 1.0]


def room(width: int, height: int, settings: Settings, network: VGG, device: Device) -> Fit:
    """How a picture of this size is worked on there: in one piece, if that fits.

    Raises:
        ValueError: if it cannot be.
    """
    pixels, columns = width * height, any("+" in name for name in compared(settings))
    per_pixel = (COLUMN_VALUES if columns else STEP_VALUES) * device.dtype.itemsize
    whole = FIXED_BYTES + pixels * (WHOLE_BYTES + PAIR_BYTES * pairs_kept(pixels))
    if compares_points(settings):
        whole += SAMPLE_BYTES * min(settings.samples, pixels) ** 2
    if face_shares(settings):
        whole += FACE_VALUES * device.dtype.itemsize * pixels
    if match_shares(settings):
        positions, features = min(CANDIDATES, pixels // 16), sum(map(features_of, match_shares(settings)))
        turns = most_candidates(settings) // CANDIDATES
        whole += turns * CANDIDATE_BYTES * features * positions + PAIR_OF_MATCHES_BYTES * min(PAIRS, positions**2)
    need = Need(network.radius(layers(settings)), per_pixel, whole, WRAPS[settings.tileable])
    return fit(height, width, need, free_memory(device), settings.tile)


def in_tiles(width: int, height: int, settings: Settings, network: VGG, device: Device | None = None) -> Fit | None:
    """How a photo of this size will be worked on in the end; None in one piece."""
    size = final_size(width, height, settings)
    fits = room(*size, settings, network, device or best_device())
    return fits if fits.side < max(size) else None
