"""Which photos become which files: what a shell command asks for, before anything is painted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from nst.files import DEPTHS, check
from nst.image import endings


@dataclass(frozen=True)
class Job:
    """One photo and the file that it becomes.

    Attributes:
        resumes: Whether this is one of a folder's, which is left alone once it is there.
    """

    photo: Path
    out: Path
    resumes: bool

    @property
    def is_done(self) -> bool:
        return self.resumes and self.out.exists()

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
        found = _pictures(place) if place.is_dir() else [place]
        if not found:
            raise ValueError(f"There is no picture in the folder {str(place)!r}.")
        photos += found
    return photos


def _pictures(folder: Path) -> list[Path]:
    """By their endings; hidden files are none of ours, and folders in it are not entered."""
    known = endings()
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in known and not file.name.startswith(".") and file.is_file()
    )


def one_job(photo: Path, out: Path, depth: int | None) -> Job:
    """A photo and a file.

    Raises:
        ValueError: if the file cannot be written, or not with so many bits.
    """
    check(out, depth)
    check_folder(out)
    return Job(photo, out, resumes=False)


def jobs_for(photos: Sequence[Path], folder: Path, kind: str, depth: int | None) -> list[Job]:
    """Photos and a folder, in which each becomes a file of its own name.

    Args:
        kind: An ending without its dot.

    Raises:
        ValueError: if two photos would become the same file, or the folder cannot be one.
    """
    if folder.suffix.lower() in DEPTHS or folder.is_file():
        raise ValueError(f"For several photos the output must be a folder, not {str(folder)!r}.")
    check_folder(folder)
    taken: dict[Path, Path] = {}
    for photo in photos:
        out = folder / f"{photo.stem}.{kind}"
        if taken.setdefault(out, photo) != photo:
            raise ValueError(f"{str(taken[out])!r} and {str(photo)!r} would both become {str(out)!r}.")
    for out in taken:
        check(out, depth)
    return [Job(photo, out, resumes=True) for out, photo in taken.items()]


def check_folder(out: Path) -> None:
    """Raises ValueError if there is no folder to put it in."""
    if not out.parent.is_dir():
        raise ValueError(f"There is no folder {str(out.parent)!r} to write to.")


def check_apart(jobs: Sequence[Job], sources: Collection[Path]) -> None:
    """Raises ValueError if a picture would be painted over one that it is painted from."""
    originals = {source.resolve() for source in (*sources, *(job.photo for job in jobs))}
    for job in jobs:
        if job.out.resolve() in originals:
            raise ValueError(f"{str(job.out)!r} is a picture to paint from; please write to another place.")
