"""The painting itself: from a photo to frames.

The generator is the session. Pixels, solver and targets are its local variables: to stop is to
close it, and two of them never meet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate, chain, repeat
from typing import TYPE_CHECKING, Protocol, SupportsFloat, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nst.commission import Commission, ground
from nst.cost import features_of, step_cost
from nst.device import DeferredScalar, Device, best_device, free_memory, release_memory
from nst.image import (
    fitted_size,
    luma,
    match_colors,
    match_histograms,
    to_image,
    to_pixels,
    with_luma,
    with_luma_inside,
)
from nst.knobs import compares_points
from nst.losses import CONTENT_SCALES, SUM_LOSSES
from nst.matching import CANDIDATES, PAIRS, Found, Likes, likes
from nst.mistakes import Mistake
from nst.objective import Objective
from nst.settings import Settings, face_shares, match_shares, mix_shares, shares
from nst.snapshot import Snapshot, identity, of, under
from nst.solvers import Average, Solver, make_solver
from nst.solvers.lbfgs import PAIR_BYTES, pairs_kept
from nst.solvers.pyramid import laplacian_pyramid, resize
from nst.targets import keeping, margins, most_candidates, objective_for
from nst.tiles import Fit, Need, fit
from nst.vgg import VGG, shrinkage
from nst.view import COLUMN_STEP, View, compared, layers
from nst.wrap import WRAPS, seamless

if TYPE_CHECKING:
    from typing_extensions import Unpack

LIGHTS = {"luminance": with_luma, "exact": with_luma_inside}  # the photo's colours under painted light
RECOLOURED = {"match_photo": match_colors, "histogram_photo": match_histograms}  # the photo, like the painting
COLOURS_SIDE = 256  # of a square that holds the colours of all paintings
# What a painting takes beyond imports and weights: a little above the peaks of fresh processes, CPU and bfloat16.
# One step took 1.8 GB at 1024 x 768 pixels and 6.35 at 2048 x 1536, a run 2.4 at 4096 x 3072 in tiles of 384; one step
# of STROTSS at 256 x 192 took 0.42 GB with 64 points and 0.93 with 2048.
FIXED_BYTES = 300 * 10**6  # the weights in another type, Winograd's kernels, and what libraries prepare for themselves
WHOLE_BYTES = 190  # for each pixel of the picture, in tiles or not, besides the memory of L-BFGS
STEP_VALUES, COLUMN_VALUES = 830, 2200  # for each pixel that one step looks at; where hypercolumns keep all maps
FACE_VALUES = 256 // 4**2 + 512 // 8**2  # for each pixel: what the photo has where faces are kept
CANDIDATE_BYTES, PAIR_OF_MATCHES_BYTES = 2 * 4, 2 * 4  # of a feature of what is matched, and of a pair; in float32
SAMPLE_BYTES = 130  # for each pair of points that are compared
FAINT = 0.001 / 255  # what Johnson's neural-style begins with, so that no two pixels are the same
FURTHEST = 8  # a pixel that is so far from [0, 1] will not come back


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


@dataclass(frozen=True)
class Frame:
    """The painting after one step.

    Attributes:
        step, steps: 1-based, over the whole run.
        seconds: Since the run began.
        progress: Share of the whole work that is done, in (0, 1].
        long_side: Of the scale that is being painted, in pixels.
        deferred_losses: As `losses`; the device may still be working at them.
        render: A long side in pixels -> the finished picture's pixels (1, 3, H, W) at that size.
        size: (width, height) of the finished picture.
        snapshot: All that it takes to go on from here exactly. It can be had until the next step is asked for, and
            only where the painting goes on in this process.
    """

    step: int
    steps: int
    seconds: float
    progress: float
    long_side: int
    deferred_losses: Mapping[str, SupportsFloat]
    render: Callable[[int], Tensor]
    size: tuple[int, int]
    found: Sequence[Found] = ()
    snapshot: Callable[[], Snapshot] | None = None

    @property
    def seconds_left(self) -> float:
        """If the rest goes as fast as the work so far."""
        return self.seconds * (1 / self.progress - 1)

    @property
    def losses(self) -> dict[str, float]:
        """Unweighted losses at the pixels that this step started from."""
        return {name: float(value) for name, value in self.deferred_losses.items()}

    @cached_property
    def image(self) -> Image.Image:
        """RGB, always in the size of the finished picture. Made when asked for."""
        return to_image(self.render(max(self.size)))

    @property
    def pixels(self) -> NDArray[np.float32]:
        """The same picture in full precision: (H, W, 3) sRGB in [0, 1]."""
        finished = self.render(max(self.size))[0].permute(1, 2, 0).numpy()
        inside: NDArray[np.float32] = np.clip(finished, 0, 1, order="C")
        return inside

    @property
    def likes(self) -> Likes | None:
        """Which part of which painting each part of the picture came from: at most 64 positions along the long
        side, by default one for 8 x 8 pixels of this scale. None where nothing is matched."""
        return likes(self.found)

    def preview(self, long_side: int) -> Image.Image:
        """The same picture with another long side in pixels, never above that of `image`."""
        size = fitted_size(*self.size, min(long_side, max(self.size)))
        painted = to_image(self.render(min(max(size), self.long_side)))
        return painted.resize(size, Image.Resampling.BICUBIC)  # of 8 bits: far quicker than in float32


class Engine(Protocol):
    """What paints: `paint` on this machine, or its like elsewhere."""

    def __call__(
        self, commission: Commission, network: VGG, device: Device | None = None
    ) -> Generator[Frame, None, None]:
        """A `Frame` after each step."""


class Pictures(TypedDict, total=False):
    """What a run may have besides a photo and paintings; see `Commission`."""

    start: Image.Image | None
    masks: Sequence[Image.Image] | None


def stylize(
    content: Image.Image | None,
    styles: Image.Image | Sequence[Image.Image],
    settings: Settings,
    network: VGG,
    device: Device | None = None,
    snapshot: Snapshot | None = None,
    **pictures: Unpack[Pictures],
) -> Generator[Frame, None, None]:
    """Paint a photo in the manner of one or more paintings (Gatys, Ecker & Bethge 2016).

    Args:
        content: The photo; none, if its weight is 0, for a square texture of the paintings alone.
        styles: A painting, or several whose statistics are blended.
        settings: How to paint.
        network: The frozen VGG that looks.
        device: Where to compute; the best one here if not said.
        snapshot: Of an earlier run of the same, which is gone on with: its pictures are those that the earlier run
            would have come to, bit for bit on the same machine.
        pictures: `start`, a picture to go on from: painting then continues at the final size alone.
            `masks`, one grey picture for each painting, in the photo's shape: white where it applies.
            Where none does, the photo stays. Blended all over if not said.

    Yields:
        A `Frame` after each step. The last one's image has the photo's aspect ratio and a long
        side of `settings.size`, or of the photo's own where that is smaller and `settings.enlarge` is "no".

    Raises:
        ValueError: if a picture is missing or too small, a mask is empty, a layer is unknown, memory too little, or
            the snapshot that of another run.
    """
    paintings = list(styles) if isinstance(styles, Sequence) else [styles]
    content, settings = ground(content, settings)
    return paint(Commission(content, paintings, settings, **pictures), network, device, snapshot=snapshot)


def paint(
    commission: Commission,
    network: VGG,
    device: Device | None = None,
    is_wanted: Callable[[], bool] = lambda: True,
    snapshot: Snapshot | None = None,
) -> Generator[Frame, None, None]:
    """As `stylize`, of a run that is one value.

    Args:
        is_wanted: Asked before each look at a tile. Closing the generator has to wait for a step, and one of a large
            picture takes minutes.
        snapshot: As for `stylize`.

    Raises:
        ValueError: as `stylize` does.
        Interrupted: in the middle of a step, when `is_wanted` says no.
    """
    check(commission, network)
    if snapshot is not None:
        snapshot.check(commission, network)
    device, settings = device or best_device(), commission.settings
    room(*final_size(*commission.content.size, settings), settings, network, device)  # or it is answered now
    return _paint(commission, network, device, is_wanted, snapshot)


def check(commission: Commission, network: VGG) -> None:
    """Raises ValueError for what only the network can tell: unknown layers, pictures too small for it."""
    content, paintings, settings = commission.content, commission.styles, commission.settings
    _check_together(settings, network)
    least = shrinkage(layers(settings))
    sizes = [("photo", final_size(*content.size, settings))]
    for painting in paintings:
        width, height = _at_most(*painting.size, settings.size)
        across, down = margins(width, height, settings)
        sizes.append(("painting", (width - 2 * across, height - 2 * down)))
    for name, size in sizes:
        if min(size) < least:
            raise Mistake(
                "The {name} would be {width} x {height} pixels; "
                "its short side needs at least {least}. Please choose a larger or less narrow one.",
                name=name,
                width=size[0],
                height=size[1],
                least=least,
            )


def _check_together(settings: Settings, network: VGG) -> None:
    """What no knob can know alone."""
    for named in (settings.style_layers, settings.content_layers, settings.match_layers):
        network.check_layers([layer for name in shares(named) for layer in name.split("+")])
    for layers_of, losses, on_maps in (
        (settings.style_layers, settings.style_loss, SUM_LOSSES),
        (settings.content_layers, settings.content_loss, CONTENT_SCALES),
    ):
        if "+" in layers_of and (unfit := [loss for loss in shares(losses) if loss in on_maps]):
            raise Mistake(
                "{losses} cannot compare hypercolumns: choose a loss on points, or layers without +.",
                losses=", ".join(unfit),
            )
    if settings.strokes.strip() and not match_shares(settings):
        raise Mistake(
            "{knob} are followed only where match_weight and style_weight are above 0, as in the recipe painting.",
            knob="strokes",
        )
    if settings.pyramid > 1 and settings.optimizer == "lbfgs":
        raise Mistake("{knob} must be 1 with the optimizer lbfgs; all others move bands.", knob="pyramid")


def final_size(width: int, height: int, settings: Settings) -> tuple[int, int]:
    """(width, height) of the finished picture of a photo: a small photo is blown up only if that is asked for."""
    enlarges = settings.enlarge == "yes"
    size = (fitted_size if enlarges else _at_most)(width, height, settings.size)
    return WRAPS[settings.tileable].fitted(*size)


def _at_most(width: int, height: int, long_side: int) -> tuple[int, int]:
    return fitted_size(width, height, min(long_side, max(width, height)))


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


def _paint(
    commission: Commission,
    network: VGG,
    device: Device,
    is_wanted: Callable[[], bool],
    snapshot: Snapshot | None,
) -> Generator[Frame, None, None]:
    began = time.perf_counter() - (snapshot.seconds if snapshot else 0)
    content, settings, start = commission.content, commission.settings, commission.start
    network = replace(network.to(device.place, device.dtype), is_wanted=is_wanted)
    plan = scales(*content.size, settings, started=start is not None)
    colours, size, wrap = colours_of(commission.styles, settings), plan[-1].size, WRAPS[settings.tileable]
    content = joined(content, size, settings)
    finish = finisher(content, size, colours, settings, commission.masks)
    content = recoloured(content, size, colours, settings)
    solver = make_solver(settings.optimizer, settings.learning_rate, settings.pyramid, wrap)
    progress, canvas = _progress(plan, settings), None
    for scale, before in zip(plan, accumulate((scale.steps for scale in plan), initial=0), strict=False):
        if snapshot and before + scale.steps < snapshot.step:
            continue
        width, height = scale.size
        photo = to_pixels(content, scale.size).to(device.place)
        if canvas is None:
            pixels = begun(photo, content, colours.to(device.place), start, settings, network.mean)
            canvas = Canvas(pixels, solver, settings.bounds == "clamp")
        else:
            canvas.pixels = _enlarged(canvas.pixels, photo, content, settings)
        canvas.solver, average = canvas.solver.enlarged(height, width), Average(settings.averaging)
        tile = room(width, height, settings, network, device).side
        release = release_memory if tile < max(scale.size) else lambda: None  # what follows needs other blocks
        release()
        objective = _objective(photo, commission, View(network, scale.of(settings), tile), scale.fade)
        del photo  # a step needs the room of a large one
        release()
        taken = 0  # steps at this size
        if snapshot:
            objective, taken = _restored(snapshot, canvas, average, objective), snapshot.step - before
            snapshot = None
        for index in range(taken, scale.steps):
            if index in rounds(scale.steps, settings):
                is_first = scale is plan[0] and start is None
                objective = objective.matched(matched_pixels(canvas.pixels, content, settings, is_first))
                release()
            gradient, losses = objective(canvas.pixels)
            if scale.part == "matches":
                _calm_rim(gradient)
            release()
            canvas.move(gradient)
            release()
            shown, step, seconds = average.with_step(canvas.pixels), before + index + 1, time.perf_counter() - began
            deferred, render = {name: DeferredScalar(loss) for name, loss in losses.items()}, partial(finish, shown)
            frame = step, settings.steps, seconds, progress[step - 1], max(scale.size), deferred, render, size
            changing: dict[str, _Changing] = {"canvas": canvas, "average": average, "objective": objective}
            with closing(_Rest(partial(_snapshot, commission, network, step, seconds, changing))) as rest:
                yield Frame(*frame, objective.found, rest.snapshot)
        assert average.mean is not None  # there is one step at least at each size
        canvas.pixels = average.mean


def _progress(plan: Sequence[Scale], settings: Settings) -> list[float]:
    """Which part of all work is done after each step: one at a large size is more."""
    costs = (repeat(step_cost(scale.of(settings), scale.pixels), scale.steps) for scale in plan)
    *done, work = accumulate(chain.from_iterable(costs))
    return [*(part / work for part in done), 1.0]


def _objective(photo: Tensor, commission: Commission, view: View, fade: float) -> Objective:
    """What is minimised at the size of the photo (1, 3, H, W)."""
    objective = objective_for(photo, commission.styles, commission.masks, view, fade)
    return keeping(objective, photo, commission.faces)


class _Rest:
    """What lies between two steps. After it nothing is held any more by a frame that somebody keeps."""

    def __init__(self, take: Callable[[], Snapshot]) -> None:
        self._take: Callable[[], Snapshot] | None = take

    def snapshot(self) -> Snapshot:
        if self._take is None:
            raise RuntimeError("A snapshot can be taken of the latest frame only, before the next step.")
        return self._take()

    def close(self) -> None:
        self._take = None


class _Changing(Protocol):
    def state_dict(self) -> dict[str, Tensor]: ...


def _snapshot(
    commission: Commission, network: VGG, step: int, seconds: float, changing: Mapping[str, _Changing]
) -> Snapshot:
    tensors: dict[str, Tensor] = {}
    for name, one in changing.items():
        tensors |= under(name, {key: value.cpu() for key, value in one.state_dict().items()})
    return Snapshot(identity(commission, network), step, seconds, tensors)


def _restored(snapshot: Snapshot, canvas: Canvas, average: Average, objective: Objective) -> Objective:
    """Canvas and average stand where they stood then; so does the objective in the answer."""
    canvas.load_state_dict(of("canvas", snapshot.tensors))
    average.load_state_dict(of("average", snapshot.tensors), canvas.pixels)
    return objective.with_state(of("objective", snapshot.tensors))


def rounds(steps: int, settings: Settings) -> list[int]:
    """Before which of a scale's steps, counted from 0, the matches are sought."""
    return sorted({steps * index // settings.match_rounds for index in range(settings.match_rounds)})


def _calm_rim(gradient: Tensor) -> None:
    """Rows and columns at the end that belong to no position of a hypercolumn stay as they are.

    They are three at most, and seen from the side only. Adam makes a step of full length of the least slope.
    """
    height, width = (length // COLUMN_STEP * COLUMN_STEP for length in gradient.shape[-2:])
    gradient[..., height:, :] = 0
    gradient[..., width:] = 0


@dataclass
class Canvas:
    """What is painted on.

    Attributes:
        pixels: (1, 3, H, W).
        solver: How they move.
        is_clamped: Whether they stay between black and white.
    """

    pixels: Tensor
    solver: Solver
    is_clamped: bool
    _inside: SupportsFloat = True

    def move(self, gradient: Tensor) -> None:
        """A step. One that would lead out of all bounds is not taken, and those after it are gentler."""
        if not float(self._inside):  # of the step before: the device is at work on this one by now
            self.solver = self.solver.gentler()
        self.pixels, self._inside = moved(self.pixels, gradient, self.solver)
        if self.is_clamped:
            self.pixels = self.pixels.clamp(0, 1)

    def state_dict(self) -> dict[str, Tensor]:
        inside = torch.tensor(float(self._inside), dtype=torch.float64)
        return {"pixels": self.pixels, "inside": inside, **under("solver", self.solver.state_dict(self.pixels))}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.pixels, self._inside = state["pixels"].to(self.pixels.device), float(state["inside"])
        self.solver.load_state_dict(of("solver", state), self.pixels)


def moved(pixels: Tensor, gradient: Tensor, solver: Solver) -> tuple[Tensor, DeferredScalar]:
    """Pixels after a step, and whether it stayed within all bounds. If not, it is not taken."""
    moved = solver.step(pixels, gradient)
    inside = torch.stack(moved.aminmax()).abs().amax() <= FURTHEST  # NaN is not
    return torch.where(inside, moved, pixels, out=moved), DeferredScalar(inside)


def begun(
    photo: Tensor,
    content: Image.Image,
    colours: Tensor,
    start: Image.Image | None,
    settings: Settings,
    gray: Tensor,
) -> Tensor:
    """Where the first scale starts from; `gray` is what the network sees as zero."""
    if start is not None:
        return _enlarged(to_pixels(start, start.size).to(photo.device), photo, content, settings)
    if settings.init in ("content", "small"):
        return photo.clone()
    generator = torch.Generator().manual_seed(settings.seed)
    if settings.init == "noise":
        return torch.rand(photo.shape, generator=generator).to(photo.device)
    if settings.init == "gray":
        return gray + FAINT * torch.randn(photo.shape, generator=generator).to(photo.device)
    if settings.init == "colors":
        noise = torch.randn(photo.shape, generator=generator).to(photo.device)
        return match_colors(noise, colours)
    return colours.mean((2, 3), keepdim=True) + laplacian_pyramid(photo, 2, WRAPS[settings.tileable])[0]


def colours_of(paintings: Sequence[Image.Image], settings: Settings) -> Tensor:
    """(1, 3, 1, N): the colours of all paintings, each as often as its share asks for."""
    sides = [max(1, round(COLOURS_SIDE * share**0.5)) for share in mix_shares(settings.style_mix, len(paintings))]
    squares = [to_pixels(painting, (side, side)) for painting, side in zip(paintings, sides, strict=True)]
    return torch.cat([square.flatten(2) for square in squares], dim=2)[:, :, None]


def joined(content: Image.Image, size: tuple[int, int], settings: Settings) -> Image.Image:
    """The photo as it is painted: where the ends of the picture are to meet, without the jump between its own."""
    wrap = WRAPS[settings.tileable]
    return to_image(seamless(to_pixels(content, size), wrap)) if wrap else content


def recoloured(content: Image.Image, size: tuple[int, int], colours: Tensor, settings: Settings) -> Image.Image:
    """The photo as the painting is to see it."""
    if settings.color not in RECOLOURED:
        return content
    return to_image(RECOLOURED[settings.color](to_pixels(content, size), colours))


def matched_pixels(pixels: Tensor, content: Image.Image, settings: Settings, is_first: bool) -> Tensor:
    """What matches are sought for: the painting so far with the photo's finest band, and as much of the photo as asked.

    (Kolkin et al. 2022, section 3.2. By then the painting has been enlarged and has no such band of its own.)
    """
    if not settings.match_photo:
        return pixels
    photo = to_pixels(content, (pixels.shape[-1], pixels.shape[-2])).to(pixels.device)
    if is_first:
        return photo
    detail, _ = laplacian_pyramid(photo, 2, WRAPS[settings.tileable])
    return torch.lerp(pixels + detail, photo, settings.match_photo)


def _enlarged(pixels: Tensor, photo: Tensor, content: Image.Image, settings: Settings) -> Tensor:
    """The painting so far at the photo's size. Enlarging blurs; the photo knows the detail that is missing."""
    (height, width), (new_height, new_width) = pixels.shape[-2:], photo.shape[-2:]
    wrap = WRAPS[settings.tileable]
    enlarged = resize(pixels, new_height, new_width, wrap)
    if settings.init in ("content", "detail") and height < new_height:
        small_photo = to_pixels(content, (width, height)).to(photo.device)
        enlarged = enlarged + photo - resize(small_photo, new_height, new_width, wrap)
    return enlarged


def finisher(
    content: Image.Image,
    size: tuple[int, int],
    colours: Tensor,
    settings: Settings,
    masks: Sequence[Image.Image] | None,
) -> Callable[[Tensor, int], Tensor]:
    """(pixels of any scale, long side) -> pixels of that long side: in the colours asked for, on the photo
    where no mask applies."""

    def finish(pixels: Tensor, long_side: int) -> Tensor:
        width, height = size if long_side == max(size) else fitted_size(*size, long_side)
        pixels = resize(pixels.cpu(), height, width, WRAPS[settings.tileable])
        if settings.color in LIGHTS or masks is not None:
            photo = to_pixels(content, (width, height))
        if settings.color in LIGHTS:
            pixels = LIGHTS[settings.color](photo, luma(pixels))
        if settings.color == "match_finished":
            pixels = match_colors(pixels, colours)
        if masks is not None:
            cover = torch.stack([to_pixels(mask, (width, height)) for mask in masks]).sum(0).clamp(max=1)
            pixels = photo + cover * (pixels - photo)
        return pixels

    return finish
