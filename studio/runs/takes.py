"""What is painted of a film, picture by picture, and where: here, or on ZeroGPU in a process of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from PIL import Image

from nst import Commission, Frame, load_vgg
from nst.device import on_painting_thread, prepare_forked_process
from nst.film.morph import first_of, morph
from nst.film.morph import first_state as first_state_of_loop
from nst.film.paint import FilmFrame, first_state, paint_film
from nst.film.reading import Film, Part, frames
from nst.plan import final_size
from nst.transfer import paint
from nst.vgg import VGG
from studio.gradio_internals import is_wanted
from studio.runs import zerogpu
from studio.runs.throttle import paced

PREVIEW_SIDE = 512  # pixels, of the first frame while it is painted


@dataclass(frozen=True)
class Shooting:
    """A film that is to be painted.

    Attributes:
        commission: How to paint. Its content is the photo of a morph; of a clip any picture in its size.
        rate, count: Frames a second, and how many there will be.
        clip: The film, and the part of it. Without one, a photo goes from painting to painting and back.
        seconds: How long it may take.
    """

    commission: Commission
    rate: float
    count: int
    clip: tuple[Film, Part] | None = None
    seconds: float = math.inf

    @property
    def size(self) -> tuple[int, int]:
        """Of a frame, in pixels."""
        return self.clip[1].size if self.clip else final_size(*self.commission.content.size, self.commission.settings)


@dataclass(frozen=True)
class Take:
    """What there is to show of a film that is being painted.

    Attributes:
        number: Of the frame; 0 while the first one is painted, as a photo is.
        picture, photo: The frame painted, or as far as it is; and unpainted.
        seconds, seconds_left: Since the film was begun, and that it will still take, if anybody can say.
        progress: Of the first frame, in (0, 1].
        is_cut: Whether the film ends here because its time is up.
    """

    number: int
    picture: Image.Image
    photo: Image.Image
    seconds: float
    seconds_left: float | None = None
    progress: float = 1.0
    is_cut: bool = False


def takes(shooting: Shooting) -> Generator[Take, None, None]:
    """To stop is to close the generator.

    Raises:
        ValueError: one sentence, if the film turns out to be damaged, or as `stylize` does.
    """
    if zerogpu.ZERO_GPU:
        found: Generator[Take, None, None] = _in_its_own_process(shooting)
        return found
    return on_painting_thread(_takes(shooting, is_wanted()))


@zerogpu.borrowed(zerogpu.LONGEST)
def _in_its_own_process(shooting: Shooting) -> Iterator[Take]:
    prepare_forked_process()
    seconds = min(shooting.seconds, zerogpu.LONGEST - zerogpu.BEGINNING)
    yield from _takes(replace(shooting, seconds=seconds), lambda: True)


def _takes(shooting: Shooting, is_wanted: Callable[[], bool]) -> Generator[Take, None, None]:
    began, network = time.monotonic(), load_vgg(shooting.commission.settings.backbone)
    painted = _clip(shooting, network, is_wanted) if shooting.clip else _morph(shooting, network, is_wanted)
    with closing(painted):
        for take in painted:
            seconds = time.monotonic() - began
            is_cut = bool(take.number) and seconds > shooting.seconds and take.number < shooting.count
            yield replace(take, seconds=seconds, is_cut=is_cut)
            if is_cut:
                return


def _clip(shooting: Shooting, network: VGG, is_wanted: Callable[[], bool]) -> Generator[Take, None, None]:
    assert shooting.clip is not None
    with closing(frames(*shooting.clip)) as photos:
        photo = next(photos)
        commission = replace(shooting.commission, content=photo)
        last = yield from _first(commission, network, is_wanted, photo)
        state, shown = first_state(photo, last), [photo]
        yield Take(1, last.image, photo, 0.0)
        rest = paint_film(_noted(photos, shown), shooting.count - 1, commission, network, state=state)
        yield from _rest(rest, 1, shown)


def _noted(photos: Iterator[Image.Image], shown: list[Image.Image]) -> Iterator[Image.Image]:
    """The same, and which of them is being painted."""
    for photo in photos:
        shown[0] = photo
        yield photo


def _morph(shooting: Shooting, network: VGG, is_wanted: Callable[[], bool]) -> Generator[Take, None, None]:
    commission, each = shooting.commission, shooting.count // len(shooting.commission.styles)
    last = yield from _first(first_of(commission), network, is_wanted, commission.content)
    state = first_state_of_loop(commission, last)
    yield Take(1, last.image, state.photo, 0.0)
    yield from _rest(morph(commission, each, network, begun=(1, state)), 0, [state.photo])


def _first(
    commission: Commission, network: VGG, is_wanted: Callable[[], bool], photo: Image.Image
) -> Generator[Take, None, Frame]:
    """The first frame, while it comes to be."""
    with closing(paced(paint(commission, network, None, is_wanted))) as steps:
        for last in steps:
            if last.step < last.steps:
                yield Take(0, last.preview(PREVIEW_SIDE), photo, 0.0, progress=last.progress)
    return last


def _rest(painted: Generator[FilmFrame, None, None], before: int, shown: list[Image.Image]) -> Iterator[Take]:
    with closing(painted):
        for frame in painted:
            yield Take(before + frame.number, frame.image, shown[0], 0.0, frame.seconds_left)
