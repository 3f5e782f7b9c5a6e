"""A film that does not flicker: each frame goes on from the one before, moved along with what it shows.

After Ruder, Dosovitskiy & Brox 2016 ("Artistic style transfer for videos"), sections 4.1 and 4.2: the last painting,
warped by the optical flow, is where a frame starts from, and what it is held to wherever the flow can be trusted.
Unlike the paper,

- a few steps of L-BFGS are enough for a frame, because it keeps what it learned of the frame before;
- what a key frame shows, some frames back, is taken from there, by a flow that is looked for directly: from frame to
  frame, errors of the flow and blur would add up (their "long-term consistency" takes the nearest frame first); what
  steps have changed since is added;
- a pixel that has come into view is held the more the longer it has been there, so that it is not frozen half painted;
  it is begun at half the size, where motifs are cheap;
- a frame is made as sharp as its key frame, because the loss hardly asks for the finest detail;
- where the camera comes nearer, a frame has a step more, for new strokes among those that grow;
- statistics of the paintings are shared by all frames of a shot.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from nst.canvas import Canvas, solver_for
from nst.colouring import colours_of, finisher, recoloured
from nst.commission import Commission
from nst.device import Device, best_device
from nst.faces import mask_if_any
from nst.film.fill import painted_like_the_rest
from nst.film.flow import Motion, far_motion, motion
from nst.film.matches import Matches, matched
from nst.frame import Frame
from nst.image import fitted_size, luma, to_image, to_pixels
from nst.mistakes import Mistake
from nst.objective import Objective
from nst.plan import room
from nst.settings import Settings, face_shares
from nst.solvers import Solver
from nst.solvers.pyramid import resize
from nst.targets import Region, keeping, objective_of, points_for, regions_for
from nst.transfer import paint
from nst.vgg import VGG, shrinkage
from nst.view import View, layers

HOLD = 100.0  # weight of the loss that holds a frame to the last one
REACH = 0.006  # the most that a step may change the pixels of a frame, in their mean
GROWN = 4  # frames after which a pixel is held like all others
STEPS_OF_FIRST = 35  # steps of a shot's first frame for each one of the others
NEARER = 1.015  # growth of what is seen, in area, above which a frame has a step more
COARSE_STEPS = 4  # at half the size, for what has come into view, of a frame with two steps
FEW = 0.005  # share of the pixels that have come into view, below which they are not begun at half the size,
# and that is done for every second frame at most
KEPT = 0.82  # of what steps have changed in what the key frame shows, the part that the next frame begins with
KEY_FRAMES, KEY_SEEN = 12, 0.6  # frames for which a key frame serves at most; share of the pixels it has to show
SEAM = 5  # pixels over which what comes from the key frame passes into what comes from the last one
SOFTER = 0.25  # power of the growth of what is seen, in area, by which it may lose sharpness
SHARPEST = 1.0  # share of its finest detail that is added to a frame at most
SHOT = 0.5  # share of the pixels that must have been seen before, or it is a new shot


@dataclass(frozen=True, eq=False)
class State:
    """All that the next frame asks of those before.

    Attributes:
        photo, painted: The last frame, and its painting (1, 3, H, W).
        age: (1, 1, H, W), for how many frames each pixel has been in view, as far as that matters.
        first: The first frame of its shot.
        earlier: The key frame, if this is none itself: it has the state of a key frame.
        since_key: What became of the key frame until this one.
        change: (1, 3, H, W), what steps have made since of what the key frame shows.
        edges: (1, 1, H, W), of a key frame that followed another: how sharp it is to be, as earlier ones were.
    """

    photo: Image.Image
    painted: Tensor
    age: Tensor
    first: Image.Image
    earlier: State | None = None
    since_key: Motion | None = None
    frames_since_key: int = 0
    change: Tensor | None = None
    edges: Tensor | None = None

    @property
    def sharpness(self) -> Tensor:
        """(1, 1, H, W), that what follows is to keep: the squared Laplacian."""
        return laplacian(self.painted).square() if self.edges is None else self.edges

    @property
    def key(self) -> State:
        return self.earlier or self


@dataclass(frozen=True)
class FilmFrame:
    """One painted frame.

    Attributes:
        number, frames: 1-based, of all that there will be in the run.
        seconds: Since the painting began.
        seconds_left: If the rest goes as the frames so far.
        is_first: Whether a shot begins with it.
    """

    number: int
    frames: int
    seconds: float
    seconds_left: float
    is_first: bool
    state: State

    @cached_property
    def image(self) -> Image.Image:
        return to_image(self.state.painted)


@dataclass(frozen=True)
class Shot:
    """What all frames of a shot share.

    Attributes:
        regions: What the paintings offer at each size (width, height) that is painted at.
    """

    first: Image.Image
    regions: dict[tuple[int, int], list[Region]]


def check_film(settings: Settings) -> None:
    """Raises ValueError for what a picture can be and a film cannot."""
    if settings.tileable != "no":
        raise Mistake(
            "{knob} must be no for a film: what moves out at one edge does not come in at the other.", knob="tileable"
        )


def steps_of(settings: Settings) -> int:
    """Of each frame of a shot but the first, where the camera comes no nearer."""
    return max(1, round(settings.steps / STEPS_OF_FIRST))


def coarse_steps(steps: int) -> int:
    """At half the size, of a frame with so many steps at its own."""
    return COARSE_STEPS * steps // 2


def first_state(photo: Image.Image, painted: Frame) -> State:
    """Of a first frame that was painted as a photo, to go on from; `painted` is the last `Frame` of that run."""
    pixels = painted.render(max(photo.size)).clamp(0, 1)
    return State(photo, pixels, torch.full_like(pixels[:, :1], GROWN), photo)


def paint_film(
    photos: Iterable[Image.Image],
    frames: int,
    commission: Commission,
    network: VGG,
    device: Device | None = None,
    state: State | None = None,
) -> Generator[FilmFrame, None, None]:
    """Paint frame after frame; memory does not grow with their number.

    Args:
        photos: All of one size, which is that of the paintings. The same object twice is painted once.
        frames: How many there will be, for the time left.
        commission: How to paint; its content is any of the frames. Masks and a start are not for films.
        state: Of the last painted frame, to go on from; `photos` then begin with the one after.

    Raises:
        ValueError: as `stylize` does.
    """
    check_film(commission.settings)
    painter = _Painter(commission, network, device or best_device())
    began, clock = time.perf_counter(), _Clock(frames)
    for number, photo in enumerate(photos, 1):
        frame_began = time.perf_counter()
        state = painter.after(state, photo)
        is_first = state.first is photo
        clock.count(time.perf_counter() - frame_began, is_first)
        yield FilmFrame(number, frames, time.perf_counter() - began, clock.left, is_first, state)


@dataclass(frozen=True)
class Carried:
    """What is there already of a frame's painting.

    Attributes:
        pixels: (1, 3, H, W).
        age: (1, 1, H, W), for how many frames they have been in view.
        shown: (1, 3, H, W), what the key frame shows of it,
        edges: (1, 1, H, W), how sharp that is to be: the squared Laplacian,
        share: (1, 1, H, W) in [0, 1], and how much it counts.
    """

    pixels: Tensor
    age: Tensor
    shown: Tensor
    edges: Tensor
    share: Tensor

    def change(self, painted: Tensor) -> Tensor:
        """What steps have made of what the key frame shows."""
        return self.share * (painted - self.shown)

    def sharpened(self, painted: Tensor) -> Tensor:
        """The finest detail that interpolation between pixels, steps and a camera that comes nearer take is given back.

        So much of it is added that what the key frame shows is as sharp as it is to be, in the mean.
        """
        fine = painted - F.avg_pool2d(painted, 3, 1, 1, count_include_pad=False)
        ours, more = laplacian(painted), laplacian(fine)
        linear, square = (self.share * ours * more).mean(), (self.share * more.square()).mean().clamp(min=1e-9)
        lost = (self.share * (self.edges - ours.square())).mean().clamp(min=0)
        amount = (linear.square() + square * lost).sqrt() - linear  # of square * amount^2 + 2 * linear * amount = lost
        return (painted + (amount / square).clamp(0, SHARPEST) * fine).clamp(0, 1)


def _carried(before: State, near: Motion, far: Motion) -> Carried:
    """From the key frame where that shows it fully painted, from the frame before elsewhere.

    What steps have changed since in what the key frame shows comes along, a little less of it each time: so the steps
    of all frames add up, and do not lead away from the key frame for ever.
    """
    key = before.key
    kept = far.seen * (far.nearest(key.age) >= GROWN)
    share = kept * F.avg_pool2d(kept, SEAM, 1, SEAM // 2, count_include_pad=False)
    shown = far.carried(key.painted)
    changed = shown if before.change is None else shown + KEPT * near.carried(before.change)
    carried = torch.lerp(near.carried(before.painted), changed, share).clamp(0, 1)
    age = near.seen * (near.nearest(before.age) + 1).clamp(max=GROWN)
    edges = far.nearest(key.sharpness) / far.nearer**SOFTER
    return Carried(carried, torch.where(kept > 0, GROWN, age), shown, edges, share)


def laplacian(pixels: Tensor) -> Tensor:
    """Of the light of pixels (1, 3, H, W): (1, 1, H, W)."""
    light = F.pad(luma(pixels), (1, 1, 1, 1), mode="replicate")
    kernel = light.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]]).view(1, 1, 3, 3)
    return F.conv2d(light, kernel)


class _Clock:
    """The time left. The first frame of a shot takes far longer than the others, and there are few of them."""

    def __init__(self, frames: int) -> None:
        self.frames, self.done = frames, 0
        self.firsts: list[float] = []
        self.others = 0.0

    def count(self, seconds: float, is_first: bool) -> None:
        self.done += 1
        if is_first:
            self.firsts.append(seconds)
        else:
            self.others += seconds

    @property
    def left(self) -> float:
        to_come, others = self.frames - self.done, self.done - len(self.firsts)
        if not others:  # a guess, until the second frame is there
            return to_come * sum(self.firsts) / max(1, self.done) / 4
        of_firsts = sum(self.firsts) / max(1, len(self.firsts)) - self.others / others
        shots_to_come = max(0, len(self.firsts) - 1) / self.done * to_come
        return to_come * self.others / others + shots_to_come * max(0.0, of_firsts)


@dataclass
class _Painter:
    commission: Commission
    network: VGG
    device: Device
    shot: Shot | None = None
    solvers: dict[tuple[int, int], Solver] = field(default_factory=dict)  # of each size (width, height)
    matches: Matches | None = None  # of the last frame
    has_begun: bool = False  # whether something was worked on at half the size for the last frame
    faces: Image.Image | None = None  # of the frame that is painted

    def __post_init__(self) -> None:
        self.settings = self.commission.settings
        self.seeing = self.network.to(self.device.place, self.device.dtype)
        self.colours = colours_of(self.commission.styles, self.settings)

    def after(self, before: State | None, photo: Image.Image) -> State:
        """The next frame's state."""
        if before is None:
            return self._first(photo)
        if photo is before.photo:
            return before
        movement = motion(before.photo, photo)
        return self._first(photo) if movement.seen.mean() < SHOT else self._next(photo, before, movement)

    def _first(self, photo: Image.Image) -> State:
        """Painted as a photo is."""
        settings = replace(self.settings, size=max(photo.size))
        *_, last = paint(Commission(photo, self.commission.styles, settings), self.network, self.device)
        return first_state(photo, last)

    def _next(self, photo: Image.Image, before: State, near: Motion) -> State:
        if self.shot is None or self.shot.first is not before.first:
            self.shot, self.solvers, self.matches = Shot(before.first, {}), {}, None
        self.faces = mask_if_any(photo) if face_shares(self.settings) else None
        self.matches = self.matches and self.matches.carried(near)
        key = before.key
        far = near if before.since_key is None else far_motion(key.photo, photo, before.since_key, near)
        there = _carried(before, near, far)
        carried, age = there.pixels, there.age
        steps = steps_of(self.settings) + (near.nearer > NEARER)
        start = self._started(photo, carried, age, coarse_steps(steps))
        painted, self.matches = self._moved(photo, start, carried, age / GROWN, steps, self.matches)
        finish = finisher(photo, photo.size, self.colours, self.settings, None)
        painted = there.sharpened(finish(painted, max(photo.size)).clamp(0, 1))
        if before.frames_since_key + 1 == KEY_FRAMES or far.seen.mean() < KEY_SEEN:
            edges = torch.where(there.share > 0, there.edges, laplacian(painted).square())
            return State(photo, painted, age, before.first, edges=edges)
        return State(photo, painted, age, before.first, key, far, before.frames_since_key + 1, there.change(painted))

    def _started(self, photo: Image.Image, carried: Tensor, age: Tensor, steps: int) -> Tensor:
        """The last painting, with what has come into view since."""
        start, is_due = carried, not self.has_begun and (age <= 1).float().mean() > FEW
        if is_due or (age == 0).float().mean() > FEW:
            known = (age > 0).float()
            start = torch.where(age > 0, carried, painted_like_the_rest(to_pixels(photo, photo.size), carried, known))
        self.has_begun = bool(is_due)
        return self._begun(photo, start, age / GROWN, steps) if is_due else start

    def _begun(self, photo: Image.Image, carried: Tensor, hold: Tensor, steps: int) -> Tensor:
        """The same, where what is new has been worked on at half the size."""
        width, height = fitted_size(*photo.size, max(photo.size) // 2)
        if min(width, height) < shrinkage(layers(self.settings)):
            return carried
        small, small_hold = resize(carried, height, width).clamp(0, 1), resize(hold, height, width).clamp(0, 1)
        painted, _ = self._moved(photo, small, small, small_hold, steps, None)
        change = resize(painted - small, *carried.shape[-2:])
        return (carried + (1 - hold) * change).clamp(0, 1)

    def _moved(
        self, photo: Image.Image, start: Tensor, held_to: Tensor, hold: Tensor, steps: int, known: Matches | None
    ) -> tuple[Tensor, Matches | None]:
        place, size = self.device.place, (start.shape[-1], start.shape[-2])
        pixels = start.to(place)
        objective, known = matched(self._objective(photo, size), pixels, known)
        objective = objective.anchored(held_to.to(place), hold.to(place), HOLD * self.settings.style_weight)
        solver = self.solvers.get(size) or solver_for(self.settings, REACH)
        canvas = Canvas(pixels, solver.enlarged(*start.shape[-2:]), self.settings.bounds == "clamp")
        for _ in range(steps):
            canvas.move(objective(canvas.pixels)[0])
        self.solvers[size] = canvas.solver
        return canvas.pixels.cpu(), known

    def _objective(self, photo: Image.Image, size: tuple[int, int]) -> Objective:
        assert self.shot is not None
        styles, settings = self.commission.styles, self.settings
        view = View(self.seeing, settings, room(*size, settings, self.seeing, self.device).side)
        if size not in self.shot.regions:
            first = self._pixels(self.shot.first, size)
            self.shot.regions[size] = regions_for(first, styles, None, points_for(settings), view)
        pixels = self._pixels(photo, size)
        objective = objective_of(pixels, self.shot.regions[size], points_for(settings), view)
        return keeping(objective, pixels, self.faces)

    def _pixels(self, photo: Image.Image, size: tuple[int, int]) -> Tensor:
        return to_pixels(recoloured(photo, size, self.colours, self.settings), size).to(self.device.place)
