"""Which photos become which files: what a shell command asks for, before anything is painted.

Questions about files go to os.path: unlike those of pathlib, its answers are never errors, whatever the name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from nst.files import DEPTHS, check
from nst.image import endings


@dataclass(frozen=True)
class Job:
    """One photo and the file that it becomes.

    Attributes:
        photo: None for a texture of the paintings alone.
        resumes: Whether this is one of a folder's, which is left alone once it is there.
    """

    photo: Path | None
    out: Path
    resumes: bool

    @property
    def is_done(self) -> bool:
        return self.resumes and os.path.isfile(self.out)

    @property
    def unfinished(self) -> Path:
        """Where a picture goes whose painting was stopped: never where a later run would take it for a finished one."""
        return self.out.with_stem(f"{self.out.stem}.unfinished") if self.resumes else self.out


def photos_in(places: Sequence[Path]) -> list[Path]:
    """The places that are photos, and every picture in those that are folders.

    Raises:
        ValueError: for a folder without pictures.
    """
    photos: list[Path] = []
    for place in places:
        found = _pictures(place) if os.path.isdir(place) else [place]
        if not found:
            raise ValueError(f"There is no picture in the folder {str(place)!r}.")
        photos += found
    return photos


def _pictures(folder: Path) -> list[Path]:
    """By their endings; hidden files are none of ours, and folders in it are not entered.

    A link that leads nowhere counts: it costs one line when its turn comes.
    """
    known = endings()
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise ValueError(f"The folder {str(folder)!r} cannot be read: {error.strerror}.") from None
    return [
        file
        for file in files
        if file.suffix.lower() in known
        and not file.name.startswith(".")
        and (os.path.isfile(file) or not os.path.exists(file))
    ]


def one_job(photo: Path | None, out: Path, depth: int | None) -> Job:
    """A photo and a file.

    Raises:
        ValueError: if the file cannot be written, or not with so many bits.
    """
    check(out, depth)
    check_place(out)
    return Job(photo, out, resumes=False)


def jobs_for(photos: Sequence[Path], folder: Path, kind: str, depth: int | None) -> list[Job]:
    """Photos and a folder, in which each becomes a file of its own name.

    Args:
        kind: An ending without its dot.

    Raises:
        ValueError: if two photos would become the same file, or the folder cannot be one.
    """
    if folder.suffix.lower() in DEPTHS or os.path.isfile(folder):
        raise ValueError(f"For several photos the output must be a folder, not {str(folder)!r}.")
    if not os.path.isdir(folder):
        check_place(folder)
    taken: dict[Path, Path] = {}
    for photo in photos:
        out = folder / f"{photo.stem}.{kind}"
        if taken.setdefault(out, photo) != photo:
            raise ValueError(f"{str(taken[out])!r} and {str(photo)!r} would both become {str(out)!r}.")
    for out in taken:
        check(out, depth)
    return [Job(photo, out, resumes=True) for out, photo in taken.items()]


def check_place(out: Path) -> None:
    """Raises ValueError if no file, or no folder of files, of this name can be made there."""
    if not os.path.isdir(out.parent):
        raise ValueError(f"There is no folder {str(out.parent)!r} to write to.")
    if not os.access(out.parent, os.W_OK):
        raise ValueError(f"The folder {str(out.parent)!r} cannot be written to.")
    if os.path.isdir(out):
        raise ValueError(f"{str(out)!r} is a folder; please choose a name in it.")
    try:
        out.lstat()
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise ValueError(f"{_shortened(str(out))!r} cannot be written: {error.strerror}.") from None


def make_place(out: Path) -> None:
    """The folder of a photo's picture.

    Raises:
        ValueError: if it cannot be made, or the picture cannot be put in it.
    """
    try:
        out.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise ValueError(f"The folder {_shortened(str(out.parent))!r} cannot be made: {error.strerror}.") from None
    check_place(out)


def _shortened(name: str) -> str:
    return name if len(name) <= 120 else f"{name[:60]}...{name[-40:]}"


def check_apart(jobs: Sequence[Job], sources: Collection[Path]) -> None:
    """Raises ValueError if a picture would be painted over one that it is painted from."""
    originals = {os.path.realpath(source) for source in (*sources, *(job.photo for job in jobs if job.photo))}
    for job in jobs:
        if os.path.realpath(job.out) in originals:
            raise ValueError(f"{str(job.out)!r} is a picture to paint from; please write to another place.")
