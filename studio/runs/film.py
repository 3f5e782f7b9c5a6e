"""A film for a visitor or a program, from what was chosen to the files: painted, and unpainted to compare with."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import gradio as gr
from PIL import Image

from nst import Commission, Settings
from nst.film.reading import RATE, Film, Part, part_of
from nst.film.writing import Pieces
from nst.mistakes import Mistake
from studio import limits
from studio.components.images import folder_of, fresh_file, only_folder
from studio.runs.takes import Shooting, Take, takes

PIECE = 12  # frames, after which what has been painted is in a file
FOLDER = "film-"
_under_way: set[Path] = set()


def under_way() -> set[Path]:
    """The folders of films that are being painted, for whoever tidies up."""
    return set(_under_way)


def part_for(film: Film, size: int, rate: float | None, begin: float, end: float | None) -> Part:
    """The part of a clip that is asked for, within what a visitor may ask for.

    Raises:
        ValueError: one sentence.
    """
    part = part_of(film, int(min(size, limits.LIMITS.film_size)), rate, begin, end)
    check_length(len(part), part.end - part.begin)
    return part


def check_length(frames: int, seconds: float) -> None:
    """
    Raises:
        ValueError: if that is more than a visitor may ask for.
    """
    if seconds > limits.LIMITS.film_seconds + 0.05:
        raise Mistake(
            "This would be a film of {seconds:.1f} seconds, and up to {most:g} are painted here; "
            "please choose a shorter part.",
            seconds=seconds,
            most=limits.LIMITS.film_seconds,
        )
    if frames > limits.LIMITS.film_frames:
        raise Mistake(
            "This would be a film of {frames} frames, and up to {most:g} are painted here; "
            "please choose a shorter part, or fewer frames a second.",
            frames=frames,
            most=limits.LIMITS.film_frames,
        )


def of_clip(film: Film, part: Part, styles: Sequence[Image.Image | None], settings: Settings) -> Shooting:
    """
    Raises:
        ValueError: if no painting was chosen.
    """
    settings = replace(limits.capped(settings), size=max(part.size))
    given = cast("Sequence[Image.Image]", styles)  # it is checked now
    commission = Commission(Image.new("RGB", part.size), given, settings)
    return Shooting(commission, part.rate, len(part), (film, part), limits.LIMITS.seconds)


def of_morph(commission: Commission, seconds: float) -> Shooting:
    """A loop through the paintings of a commission.

    Args:
        seconds: From each painting to the next.

    Raises:
        ValueError: for a single painting, or if it would be too short or too long.
    """
    paintings, each = len(commission.styles), round(RATE * seconds)
    if paintings < 2:
        raise Mistake("A morph needs two paintings or more. Please add another painting to the mix.")
    if each < 2:
        raise Mistake("A morph needs at least {least:.1f} seconds from each painting to the next.", least=2 / RATE)
    check_length(each * paintings, seconds * paintings)
    size = int(min(commission.settings.size, limits.LIMITS.film_size))
    settings = replace(limits.capped(replace(commission.settings, size=size)), style_mix="")
    commission = Commission(commission.content, commission.styles, settings)
    return Shooting(commission, RATE, each * paintings, seconds=limits.LIMITS.seconds)


@dataclass(frozen=True)
class FilmState:
    """What there is of a film.

    Attributes:
        target: Where the file is to be. In the same folder lie the pieces.
        take: The newest.
        pending: Takes that are in no piece yet.
    """

    shooting: Shooting
    target: Path
    take: Take | None = None
    pending: tuple[Take, ...] = ()

    @property
    def done(self) -> int:
        """Frames."""
        return self.take.number if self.take else 0

    @property
    def before(self) -> Path:
        """The same film, unpainted."""
        return self.target.with_stem(f"{self.target.stem}--before")


def shoot(shooting: Shooting, name: str, request: gr.Request | None = None) -> Generator[FilmState, None, None]:
    """Paint. Each state holds one more take.

    Args:
        name: Of the file, without its ending; see `name_after`.
        request: Of the visitor, with whose visit the film goes.
    """
    target = _place(request) / f"{name}.mp4"
    state = FilmState(shooting, target)
    with _kept(target.parent), closing(takes(shooting)) as painted:
        for take in painted:
            pending = (*state.pending, *([take] if take.number else []))
            if len(pending) >= PIECE:
                _write(state, pending)
                pending = ()
            state = replace(state, take=take, pending=pending)
            yield state


def _place(request: gr.Request | None) -> Path:
    """A fresh folder. A visit has one film: the one before goes."""
    if request is None:
        return fresh_file("film").parent
    return only_folder(folder_of(str(request.session_hash)), FOLDER)


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    _under_way.add(folder)
    try:
        yield
    finally:
        _under_way.discard(folder)


def _write(state: FilmState, pending: tuple[Take, ...]) -> None:
    """One more piece of both films."""
    rate, done = state.shooting.rate, pending[-1].number
    Pieces(state.target, {}).add([take.picture for take in pending], done, rate)
    if state.shooting.clip:
        Pieces(state.before, {}).add([take.photo for take in pending], done, rate)


def finished(state: FilmState) -> dict[str, Path]:
    """Makes files of all that was painted, however far it went.

    Returns:
        `film`, an MP4; of a clip `before`, the same unpainted; of a morph `webp`, the same as an animated picture.
        Nothing where no frame was painted, or the visitor's files are gone.
    """
    if not state.done or not state.target.parent.exists():
        return {}
    if state.pending:
        _write(state, state.pending)
    rate, film = state.shooting.rate, Pieces(state.target, {})
    if state.shooting.clip is None:
        files = {"film": state.target, "webp": state.target.with_suffix(".webp")}
        for file in files.values():
            film.join(file, rate)
        film.remove()
        return files
    clip, part = state.shooting.clip
    film.join(state.target, rate, (clip, replace(part, end=min(part.end, part.begin + state.done / rate))))
    before = Pieces(state.before, {})
    before.join(state.before, rate)
    for pieces in (film, before):
        pieces.remove()
    return {"film": state.target, "before": state.before}
