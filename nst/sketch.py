"""Small pictures of the same photo and paintings, as somebody turns the knobs: each goes on from an earlier one.

A few steps take a picture only so far. It therefore goes on from that earlier one, or from the beginning, which has the
least loss by the new weights: what it has to go is then as short as can be, and a knob that comes back finds its own
picture. Photo and paintings are looked at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image
from torch import Tensor

from nst.canvas import Canvas, begun, matched_pixels, solver_for
from nst.colouring import colours_of, finisher, joined, recoloured
from nst.commission import Commission
from nst.device import Device, best_device
from nst.image import to_image, to_pixels
from nst.losses import TV_LOSSES
from nst.objective import Objective
from nst.plan import final_size, rounds
from nst.snapshot import identity
from nst.solvers import Solver
from nst.targets import Region, keeping, objective_of, points_for, regions_for, total_loss, weights_at
from nst.transfer import check
from nst.vgg import VGG
from nst.view import View

TURNED = ("content_weight", "style_weight", "motifs", "tv_weight")  # knobs that leave photo and paintings as they are
STEPS_ON = 4  # of a picture that goes on from an earlier one; half of them take it most of the way
REACH = 0.01  # the most that one of these may change the pixels, in their mean: it begins near to where it goes
SUBJECTS, DRAFTS = 8, 12  # that are remembered: photos with their paintings, and pictures of each


@dataclass(frozen=True, eq=False)
class Draft:
    """A picture that another one may go on from.

    Attributes:
        pixels: (1, 3, H, W).
        losses: Unweighted, at these pixels or at those a step before.
        matches: As `Objective` has them.
    """

    pixels: Tensor
    losses: Mapping[str, float]
    matches: Sequence[Tensor]


@dataclass(eq=False)
class _Subject:
    """A photo and paintings that are sketched, and what is known of them."""

    photo: Image.Image
    pixels: Tensor  # the photo's
    finish: Callable[[Tensor, int], Tensor]
    regions: Sequence[Region]
    drafts: list[Draft] = field(default_factory=list)  # the first one is where all began
    objective: tuple[float, Objective] | None = None  # the last one, and the motifs that it is for


class Sketchbook:
    """Paints small pictures in one piece, at one size, and remembers the last subjects. For one thread at a time."""

    def __init__(self) -> None:
        self._subjects: OrderedDict[Any, _Subject] = OrderedDict()

    def sketch(
        self,
        commission: Commission,
        network: VGG,
        device: Device | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Generator[Image.Image, None, None]:
        """The picture. It takes `settings.steps` where there is none of the same subject yet.

        Args:
            commission: What it is to be like. A mean of the steps and a last pass do not count.
            is_wanted: Asked before each look.

        Yields:
            It half way, and finished.

        Raises:
            ValueError: as `nst.transfer.stylize` does.
            Interrupted: when `is_wanted` says no.
        """
        check(commission, network)
        device, key = device or best_device(), _key(commission, network)
        network = replace(network.to(device.place, device.dtype), is_wanted=is_wanted)
        view = View(network, commission.settings, max(final_size(*commission.content.size, commission.settings)))
        if (subject := self._subjects.pop(key, None)) is None:
            subject = _subject(commission, view, device)
        self._subjects[key] = subject
        while len(self._subjects) > SUBJECTS:
            self._subjects.popitem(last=False)
        for pixels in _drawn(subject, _objective(subject, commission, view), commission):
            yield to_image(subject.finish(pixels, max(pixels.shape[-2:])))

    @property
    def remembered(self) -> int:
        """How many subjects."""
        return len(self._subjects)

    def forget(self) -> None:
        self._subjects.clear()


def _key(commission: Commission, network: VGG) -> Any:
    """The same for all that differs in how far those knobs are turned. Whether they are makes a difference."""
    known = identity(commission, network)
    settings = {name: bool(value) if name in TURNED else value for name, value in known["settings"].items()}
    del settings["tv_weight"]  # which needs nothing that could be kept
    return tuple(settings.items()), tuple(known["pictures"].items()), known["network"]


def _subject(commission: Commission, view: View, device: Device) -> _Subject:
    settings, styles, masks = commission.settings, commission.styles, commission.masks
    size, colours = final_size(*commission.content.size, settings), colours_of(styles, settings)
    content = joined(commission.content, size, settings)
    finish = finisher(content, size, colours, settings, masks)
    photo = recoloured(content, size, colours, settings)
    pixels = to_pixels(photo, size).to(device.place)
    return _Subject(photo, pixels, finish, regions_for(pixels, styles, masks, points_for(settings), view))


def _objective(subject: _Subject, commission: Commission, view: View) -> Objective:
    """What is minimised, by these settings."""
    settings = commission.settings
    motifs, objective = subject.objective or (-1.0, None)
    if objective is None or motifs != settings.motifs:
        objective = objective_of(subject.pixels, subject.regions, points_for(settings), view)
        objective = keeping(objective, subject.pixels, commission.faces)
        subject.objective = settings.motifs, objective
    return replace(objective, view=view, weights=weights_at(settings, 1.0))


def _drawn(subject: _Subject, objective: Objective, commission: Commission) -> Generator[Tensor, None, None]:
    """The next picture of the subject: its pixels half way, and when it is one of the drafts."""
    settings = commission.settings
    if not subject.drafts:
        colours = colours_of(commission.styles, settings).to(subject.pixels.device)
        pixels = begun(subject.pixels, subject.photo, colours, commission.start, settings, objective.view.network.mean)
        subject.drafts += yield from _afresh(objective, pixels, subject.photo, solver_for(settings))
    else:
        start = min(subject.drafts, key=lambda draft: total_loss(draft.losses, settings))
        subject.drafts.append((yield from _on(objective, start, solver_for(settings, REACH))))
    while len(subject.drafts) > DRAFTS:
        del subject.drafts[1]  # the beginning stays
    yield subject.drafts[-1].pixels


def _afresh(
    objective: Objective, pixels: Tensor, photo: Image.Image, solver: Solver
) -> Generator[Tensor, None, tuple[Draft, Draft]]:
    """The beginning, and the picture that comes of it; yields this one's pixels half way."""
    settings, drafts = objective.view.settings, []
    canvas = Canvas(pixels, solver, settings.bounds == "clamp")
    for index in range(settings.steps):
        if index == _half(settings.steps):
            yield canvas.pixels
        if index in rounds(settings.steps, settings):
            objective = objective.matched(matched_pixels(canvas.pixels, photo, settings, is_first=not index))
        gradient, losses = objective(canvas.pixels)
        if not index:
            drafts.append(_draft(canvas.pixels, losses, objective))
        canvas.move(gradient)
    return drafts[0], _draft(canvas.pixels, losses, objective)


def _on(objective: Objective, start: Draft, solver: Solver) -> Generator[Tensor, None, Draft]:
    """A few steps on from an earlier picture, with its matches: new ones make no difference by then."""
    if objective.galleries:
        objective = objective.with_matches(start.matches)
    canvas = Canvas(start.pixels, solver, objective.view.settings.bounds == "clamp")
    for index in range(STEPS_ON):
        if index == _half(STEPS_ON):
            yield canvas.pixels
        gradient, losses = objective(canvas.pixels)
        canvas.move(gradient)
    return _draft(canvas.pixels, losses, objective)


def _half(steps: int) -> int:
    return (steps + 1) // 2


def _draft(pixels: Tensor, losses: Mapping[str, Tensor], objective: Objective) -> Draft:
    """With the total variation also where it weighed nothing: it may, next time."""
    settings = objective.view.settings
    known = {name: float(loss) for name, loss in losses.items()}
    known["tv"] = float(TV_LOSSES[settings.tv_loss](pixels, objective.view.wrap))
    return Draft(pixels, known, objective.matches)
