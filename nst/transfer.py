"""The painting itself: from a photo to frames.

The generator is the session. Pixels, solver and targets are its local variables: to stop is to
close it, and two of them never meet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol, TypedDict

from PIL import Image
from torch import Tensor

from nst.canvas import Canvas, begun, enlarged, matched_pixels, solver_for
from nst.colouring import colours_of, finisher, joined, recoloured
from nst.commission import Commission, ground
from nst.device import DeferredScalar, Device, best_device, release_memory
from nst.frame import Frame
from nst.image import to_pixels
from nst.losses import CONTENT_SCALES, SUM_LOSSES
from nst.mistakes import Mistake
from nst.objective import Objective
from nst.plan import Scale, at_most, final_size, progress, room, rounds, scales
from nst.settings import Settings, match_shares, shares
from nst.snapshot import Snapshot, identity, of, under
from nst.solvers import Average
from nst.targets import keeping, margins, objective_for
from nst.vgg import VGG, shrinkage
from nst.view import COLUMN_STEP, View, layers

if TYPE_CHECKING:
    from typing_extensions import Unpack


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
        width, height = at_most(*painting.size, settings.size)
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


def _paint(
    commission: Commission,
    network: VGG,
    device: Device,
    is_wanted: Callable[[], bool],
    snapshot: Snapshot | None,
) -> Generator[Frame, None, None]:
    began = time.perf_counter() - (snapshot.seconds if snapshot else 0)
    network = replace(network.to(device.place, device.dtype), is_wanted=is_wanted)
    run, canvas = _Run(commission, network, device, began), None
    for scale, before in zip(run.plan, accumulate((scale.steps for scale in run.plan), initial=0), strict=False):
        if snapshot and before + scale.steps < snapshot.step:
            continue
        canvas = yield from run.painted(scale, before, canvas, snapshot)
        snapshot = None


class _Run:
    """What all sizes of one run share."""

    def __init__(self, commission: Commission, network: VGG, device: Device, began: float) -> None:
        self.commission, self.network, self.device, self.began = commission, network, device, began
        self.settings = settings = commission.settings
        self.plan = scales(*commission.content.size, settings, started=commission.start is not None)
        self.progress = progress(self.plan, settings)
        self.size, self.colours = self.plan[-1].size, colours_of(commission.styles, settings)
        content = joined(commission.content, self.size, settings)
        self.finish = finisher(content, self.size, self.colours, settings, commission.masks)
        self.content = recoloured(content, self.size, self.colours, settings)

    def painted(
        self, scale: Scale, before: int, canvas: Canvas | None, snapshot: Snapshot | None
    ) -> Generator[Frame, None, Canvas]:
        """All steps at one size, or those that are left of them.

        Args:
            before: How many steps the sizes before have taken.
            canvas: As they have left it.
            snapshot: Taken at this size, to go on from.
        """
        canvas, objective, release = self._prepared(scale, canvas)
        release()  # the photo at this size is gone by now, and a step of a large one needs its room
        average, taken = Average(self.settings.averaging), 0
        if snapshot:
            objective, taken = _restored(snapshot, canvas, average, objective), snapshot.step - before
        for index in range(taken, scale.steps):
            if index in rounds(scale.steps, self.settings):
                objective = objective.matched(self._to_match(canvas, scale))
                release()
            losses = _step(canvas, objective, scale, release)
            shown, step = average.with_step(canvas.pixels), before + index + 1
            seconds = time.perf_counter() - self.began
            changing: dict[str, _Changing] = {"canvas": canvas, "average": average, "objective": objective}
            with closing(_Rest(partial(_snapshot, self.commission, self.network, step, seconds, changing))) as rest:
                yield Frame(
                    step,
                    self.settings.steps,
                    seconds,
                    self.progress[step - 1],
                    long_side=max(scale.size),
                    deferred_losses=losses,
                    render=partial(self.finish, shown),
                    size=self.size,
                    found=objective.found,
                    snapshot=rest.snapshot,
                )
        assert average.mean is not None  # there is one step at least at each size
        canvas.pixels = average.mean
        return canvas

    def _prepared(self, scale: Scale, canvas: Canvas | None) -> tuple[Canvas, Objective, Callable[[], None]]:
        """Canvas and objective before the first step of a size, and what gives memory back in between."""
        width, height = scale.size
        photo = to_pixels(self.content, scale.size).to(self.device.place)
        if canvas is None:
            canvas = self._canvas(photo)
        else:
            canvas.pixels = enlarged(canvas.pixels, photo, self.content, self.settings)
        canvas.solver = canvas.solver.enlarged(height, width)
        tile = room(width, height, self.settings, self.network, self.device).side
        release = release_memory if tile < max(scale.size) else lambda: None  # what follows needs other blocks
        release()
        view = View(self.network, scale.of(self.settings), tile)
        objective = objective_for(photo, self.commission.styles, self.commission.masks, view, scale.fade)
        return canvas, keeping(objective, photo, self.commission.faces), release

    def _canvas(self, photo: Tensor) -> Canvas:
        """Where it all begins."""
        settings, colours = self.settings, self.colours.to(self.device.place)
        pixels = begun(photo, self.content, colours, self.commission.start, settings, self.network.mean)
        return Canvas(pixels, solver_for(settings), settings.bounds == "clamp")

    def _to_match(self, canvas: Canvas, scale: Scale) -> Tensor:
        is_first = scale is self.plan[0] and self.commission.start is None
        return matched_pixels(canvas.pixels, self.content, self.settings, is_first)


def _step(canvas: Canvas, objective: Objective, scale: Scale, release: Callable[[], None]) -> dict[str, DeferredScalar]:
    """Pixels move once; the losses are those before."""
    gradient, losses = objective(canvas.pixels)
    if scale.part == "matches":
        _calm_rim(gradient)
    release()
    canvas.move(gradient)
    del gradient
    release()
    return {name: DeferredScalar(loss) for name, loss in losses.items()}


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


def _calm_rim(gradient: Tensor) -> None:
    """Rows and columns at the end that belong to no position of a hypercolumn stay as they are.

    They are three at most, and seen from the side only. Adam makes a step of full length of the least slope.
    """
    height, width = (length // COLUMN_STEP * COLUMN_STEP for length in gradient.shape[-2:])
    gradient[..., height:, :] = 0
    gradient[..., width:] = 0
