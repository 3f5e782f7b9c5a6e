"""The engine from a shell.

python -m nst PHOTO PAINTING [PAINTING ...] -o OUT
python -m nst PHOTO|FOLDER [...] --style PAINTING [--style PAINTING ...] -o FOLDER
python -m nst CLIP PAINTING [PAINTING ...] -o OUT.mp4
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from PIL import Image, ImageOps

from nst import checkpoint
from nst.batch import Job, check_apart, check_place, jobs_for, make_place, one_job, photos_in
from nst.commission import Commission, ground
from nst.export import time_lapse
from nst.files import DEPTHS, DPI, MAX_DPI, Pixels, check_alpha, replaced_at_once, save
from nst.film import command as film
from nst.frame import Frame
from nst.image import WORKING_SIDE, open_picture, open_with_alpha, with_alpha_values
from nst.masks import check_feather, feathered
from nst.plan import in_tiles
from nst.progress import Bar, duration, say, time_left
from nst.record import record
from nst.settings import KNOBS, Settings
from nst.snapshot import Snapshot
from nst.subject import subject_mask
from nst.targets import total_loss
from nst.transfer import Engine, paint
from nst.vgg import VGG
from nst.weights import load_vgg

FILM_SIDE, FILM_PICTURES = 768, 150  # pixels; at most, so that thousands of steps make no endless film
FORECAST_STEPS, LONG = 4, 300.0  # after so many steps it is said how long it takes, if it is so many seconds
DONE, SOME_FAILED, BAD_INPUT, STOPPED = 0, 1, 2, 130  # exit codes

Runs = Iterable[tuple[Job, Generator[Frame, None, None]]]
Frames = Iterator[tuple[Job, Frame]]


@dataclass(frozen=True)
class Order:
    """All that was asked for, checked and read."""

    jobs: list[Job]
    settings: Settings
    as_large_as_the_photo: bool
    styles: list[Path]
    paintings: list[Image.Image]
    masks: list[Image.Image] | None
    found: str | None
    feather: float
    start: Image.Image | None
    network: VGG
    engine: Engine
    take_turns: Callable[[Any], Frames]
    resumes: bool
    until: float | None
    film: Path | None
    depth: int | None
    dpi: int

    @property
    def is_here(self) -> bool:
        return self.engine is paint


def main(arguments: Sequence[str] | None = None) -> int:
    """Paint. Returns the exit code: 0 done, 1 not every photo, 2 bad input, 130 stopped by Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        if film.is_asked_for(options):
            return film.run(_film_order(options))
        order = _order(options)
    except ValueError as error:
        say(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        return STOPPED
    return _Painter(order).paint()


# What was asked for


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, as for every other bad input; argparse would print its usage first."""
        self.exit(BAD_INPUT, f"nst: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="nst" if Path(sys.argv[0]).stem == "nst" else "python -m nst",
        usage="%(prog)s PHOTO PAINTING [PAINTING ...] -o OUT\n"
        "       %(prog)s PHOTO|FOLDER [...] --style PAINTING [--style PAINTING ...] -o FOLDER\n"
        "       %(prog)s PAINTING -o OUT --content-weight 0 [--tileable both]\n"
        "       %(prog)s CLIP PAINTING [PAINTING ...] -o OUT.mp4|OUT.webp\n"
        "       %(prog)s PHOTO PAINTING PAINTING [PAINTING ...] -o LOOP.mp4 --morph SECONDS",
        description="Paint photos, or a film, in the manner of one or more paintings.",
        epilog="Exit code: 0 done, 1 some photos could not be painted, 2 bad input, 130 stopped by Ctrl-C, "
        "which keeps the picture so far; a long run has a checkpoint, from which --resume goes on. In a folder, "
        "pictures that are there already are not painted again; a film that was stopped goes on with the same command.",
    )
    parser.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE", help="as above")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="a file or a folder to write")
    for name, more in {**OPTIONS, **film.OPTIONS}.items():
        parser.add_argument(f"--{name}", **more)
    for knob in KNOBS.values():
        parser.add_argument(
            f"--{knob.name.replace('_', '-')}",
            type=_size if knob.name == "size" else type(knob.default),
            metavar="|".join(knob.choices) or type(knob.default).__name__.upper(),
            help=f"{knob.help} Default: {knob.default}.".replace("%", "%%") + OF_KNOBS.get(knob.name, ""),
        )
    return parser


AS_THE_PHOTO = "photo"
SUBJECT, BACKGROUND = "subject", "background"
OF_KNOBS = {"size": f' "{AS_THE_PHOTO}": exactly the pixels of the photo.'}
OPTIONS: dict[str, dict[str, Any]] = {
    "style": {"type": Path, "action": "append", "metavar": "PAINTING", "help": "then all other pictures are photos"},
    "mask": {
        "type": Path,
        "action": "append",
        "metavar": f"MASK|{SUBJECT}|{BACKGROUND}",
        "help": "white where a painting goes; one for each. Or paint only the subject of each photo, or all but it",
    },
    "mask-feather": {
        "type": float,
        "metavar": "PERCENT",
        "help": "make the edges of masks softer: a blur of so many hundredths of their long side",
    },
    "start": {"type": Path, "metavar": "PICTURE", "help": "go on from this picture"},
    "timelapse": {"type": Path, "metavar": "OUT.mp4", "help": "also film how it was painted"},
    "weights": {"type": Path, "metavar": "FILE", "help": "look with a network from a file instead"},
    "format": {
        "choices": [ending.removeprefix(".") for ending in DEPTHS],
        "help": "of the files in a folder; png if not said",
    },
    "depth": {"type": int, "choices": (8, 16), "help": "bits a channel; 16 for TIFF and 8 for the others if not said"},
    "dpi": {"type": int, "default": DPI, "help": f"pixels per inch on paper. Default: {DPI}."},
    "resume": {
        "action": "store_true",
        "default": None,
        "help": "go on from the checkpoint that a run of the same settings and pictures left beside its output",
    },
    "until": {
        "type": float,
        "metavar": "LOSS",
        "help": "stop as soon as the total loss, as the settings weigh it, is not above this at the full size",
    },
    "ray": {"metavar": "ADDRESS|auto", "help": "paint on a Ray cluster, as many at once as it has devices"},
}


def _size(word: str) -> int | str:
    return word if word == AS_THE_PHOTO else int(word)


_size.__name__ = "int"  # as argparse calls it in "invalid int value"


def _settings(options: argparse.Namespace) -> tuple[Settings, bool]:
    """How to paint, and whether in the size of the photo."""
    knobs = {name: getattr(options, name) for name in KNOBS}
    as_large_as_the_photo = knobs["size"] == AS_THE_PHOTO
    if as_large_as_the_photo:
        knobs["size"] = None
    return Settings(**knobs), as_large_as_the_photo


def _film_order(options: argparse.Namespace) -> film.Order:
    settings, as_large_as_the_film = _settings(options)
    size = None if as_large_as_the_film else settings.size
    return film.order(options, settings, size, lambda: load_vgg(options.weights or settings.backbone))


def _order(options: argparse.Namespace) -> Order:
    settings, as_large_as_the_photo = _settings(options)
    jobs, styles = _jobs(options, settings)
    if settings.transparency == "kept":
        for job in jobs:
            check_alpha(job.out)
    _check_films_and_starts(options, jobs)
    _check_endings(options)
    start = [options.start] if options.start else []
    found, masks_given = _found(options.mask or [])
    feather = _feather(options)
    named = {"painting": styles, "mask": masks_given, "picture to start from": start}
    check_apart(jobs, [path for paths in named.values() for path in paths])
    paintings, masks, starts = ([open_picture(path, name) for path in paths] for name, paths in named.items())
    network = load_vgg(options.weights or settings.backbone)
    engine, take_turns = _engine(options.ray)
    return Order(
        jobs=jobs,
        settings=settings,
        as_large_as_the_photo=as_large_as_the_photo,
        styles=styles,
        paintings=paintings,
        masks=[feathered(mask.convert("L"), feather) for mask in masks] or None,
        found=found,
        feather=feather,
        start=starts[0] if starts else None,
        network=network,
        engine=engine,
        take_turns=take_turns,
        resumes=bool(options.resume),
        until=options.until,
        film=options.timelapse,
        depth=options.depth,
        dpi=options.dpi,
    )


def _found(masks: list[Path]) -> tuple[str | None, list[Path]]:
    """Which part of each photo is painted, if it is to be found; or else the masks as they were given."""
    words = [str(mask) for mask in masks if str(mask) in (SUBJECT, BACKGROUND)]
    if words and len(masks) > 1:
        raise ValueError(f"--mask {words[0]} stands alone: it holds for all paintings.")
    return (words[0], []) if words else (None, masks)


def _feather(options: argparse.Namespace) -> float:
    """Of masks, in percent."""
    if options.mask_feather is None:
        return 0.0
    if not options.mask:
        raise ValueError("--mask-feather needs --mask.")
    check_feather(options.mask_feather)
    return float(options.mask_feather)


def _jobs(options: argparse.Namespace, settings: Settings) -> tuple[list[Job], list[Path]]:
    """What to paint, and in the manner of what."""
    if not 1 <= options.dpi <= MAX_DPI:
        raise ValueError(f"dpi must be a whole number from 1 to {MAX_DPI}, not {options.dpi}.")
    places, styles = options.pictures, options.style
    if not styles and len(places) == 1 and settings.content_weight == 0:
        if options.size == AS_THE_PHOTO:
            raise ValueError(f"--size {AS_THE_PHOTO} needs a photo.")
        return [one_job(None, options.out, options.depth)], places
    if not styles:
        places, styles = places[:1], places[1:]
        if not styles:
            raise ValueError("the following arguments are required: PAINTING")
    elif len(places) > 1 or os.path.isdir(places[0]) or options.out.suffix.lower() not in DEPTHS:
        return jobs_for(photos_in(places), options.out, options.format or "png", options.depth), styles
    if options.format:
        raise ValueError("--format is for a folder; the ending of the output says it here.")
    return [one_job(places[0], options.out, options.depth)], styles


def _check_films_and_starts(options: argparse.Namespace, jobs: list[Job]) -> None:
    for name in ("timelapse", "start"):
        if getattr(options, name) is not None and len(jobs) > 1:
            raise ValueError(f"--{name} is for one photo, and there are {len(jobs)}.")
    if options.timelapse is not None:
        if options.timelapse.suffix.lower() != ".mp4":
            raise ValueError(f"The output must end in .mp4, not {options.timelapse.name!r}.")
        check_place(options.timelapse)


def _check_endings(options: argparse.Namespace) -> None:
    if options.until is not None and not 0 < options.until < math.inf:
        raise ValueError(f"until must be a number above 0, the total loss to stop at, not {options.until:g}.")
    for name in ("resume", "until"):
        if options.ray is not None and getattr(options, name) is not None:
            raise ValueError(f"--{name} is for painting on this machine, and not with --ray.")


def _engine(ray: str | None) -> tuple[Engine, Callable[[Any], Frames]]:
    """What paints one photo, and what takes several in turn: here, or on a cluster."""
    if ray is None:
        return paint, _one_by_one
    import nst.cluster as cluster  # needs Ray, which not everybody has

    cluster.connect(ray)
    return partial(cluster.paint, say=say), cluster.side_by_side


def _one_by_one(runs: Runs) -> Frames:
    for job, frames in runs:
        with closing(frames):
            for frame in frames:
                yield job, frame


# Painting it


def _until(loss: float, frames: Generator[Frame, None, None], settings: Settings) -> Generator[Frame, None, None]:
    """The same frames, to the first that started at the full size from pixels with no more than this total loss."""
    with closing(frames):
        for frame in frames:
            if frame.long_side == max(frame.size) and total_loss(frame.losses, settings) <= loss:
                yield replace(frame, steps=frame.step, progress=1.0)
                return
            yield frame


@dataclass
class _Painter:
    order: Order
    latest: dict[Job, Frame] = field(default_factory=dict)  # of every photo that is being painted
    alphas: dict[Job, Image.Image | None] = field(default_factory=dict)  # likewise, where they are kept
    finished: int = 0
    failed: int = 0
    film: list[Image.Image] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    earlier: float = 0.0  # seconds that went into what is gone on with
    first: Frame | None = None  # that has come

    def paint(self) -> int:
        todo = [job for job in self.order.jobs if not job.is_done]
        if there := len(self.order.jobs) - len(todo):
            say(f"{there} of {len(self.order.jobs)} pictures were there already; they are left as they are.")
        stopped = False
        with Bar() as bar:
            try:
                for job, frame in self.order.take_turns(self._runs(todo)):
                    self.latest[job] = frame
                    self._show(bar, frame, len(todo))
                    self._forecast(job, frame, len(todo))
                    self._shoot(frame)
                    if frame.step == frame.steps:
                        self._keep(job, job.out)
            except BaseException as error:  # whatever ends the run, what there is of a picture is kept
                stopped = isinstance(error, KeyboardInterrupt)
                with _undisturbed():
                    for job in list(self.latest):
                        self._keep(job, job.unfinished)
                        self._tell_of_checkpoint(job)
                if not stopped:
                    raise
        self._write_film()
        if stopped:
            return STOPPED
        if self.failed:
            return SOME_FAILED if self.finished or there else BAD_INPUT
        return DONE

    def _show(self, bar: Bar, frame: Frame, photos: int) -> None:
        """The progress of the whole."""
        over = self.finished + self.failed
        share = (over + sum(one.progress for one in self.latest.values())) / photos
        left = (self.earlier + time.monotonic() - self.began) * (1 / share - 1)
        which = f"{over}/{photos} photos, " if photos > 1 else ""
        loss = f", loss {total_loss(frame.losses, self.order.settings):.4g}" if self.order.until else ""
        bar.show(share, f"{which}step {frame.step}/{frame.steps}, {frame.long_side} px{loss}, {time_left(left)}")

    def _forecast(self, job: Job, frame: Frame, photos: int) -> None:
        """Said once, after the first steps, of a run that takes long. The very first one also prepares."""
        first = self.first = self.first or frame
        if frame.step != first.step + FORECAST_STEPS or not self.order.is_here:
            return
        seconds = photos * (frame.seconds - first.seconds) / (frame.progress - first.progress) * (1 - frame.progress)
        if seconds >= LONG:
            say(
                f"About {time_left(seconds)}. Every {duration(checkpoint.EVERY)} a checkpoint is kept in "
                f"{str(checkpoint.beside(job.out))!r}; should anything end this run, --resume goes on from there."
            )

    def _tell_of_checkpoint(self, job: Job) -> None:
        if self.order.is_here and os.path.exists(path := checkpoint.beside(job.out)):
            say(f"There is a checkpoint in {str(path)!r}; the same command with --resume goes on from there.")

    def _runs(self, todo: list[Job]) -> Runs:
        """A photo is opened when its turn comes; one that cannot be painted costs one line."""
        for job in todo:
            try:
                most = sys.maxsize if self.order.as_large_as_the_photo else WORKING_SIDE
                photo, alpha = open_with_alpha(job.photo, "photo", most) if job.photo else (None, None)
                make_place(job.out)
                if self.order.settings.transparency == "kept":
                    self.alphas[job] = alpha
                photo, settings = ground(photo, self._settings(max(photo.size) if photo else 0))
                commission = Commission(photo, self.order.paintings, settings, self.order.start, self._masks(photo))
                frames = self._frames(job, commission)
                self._tell_of_tiles(photo, settings)
                yield job, frames
            except ValueError as error:
                self._fail(job, str(error))

    def _frames(self, job: Job, commission: Commission) -> Generator[Frame, None, None]:
        """
        Raises:
            ValueError: as the engine, or if a checkpoint is of another run.
        """
        if not self.order.is_here:
            return self.order.engine(commission, self.order.network)
        if snapshot := self._snapshot(job):
            frames = paint(commission, self.order.network, snapshot=snapshot)
            self.earlier += snapshot.seconds
            say(f"{str(job.out)!r} goes on from step {snapshot.step}.")
        else:
            frames = paint(commission, self.order.network)
        if self.order.until is not None:
            frames = _until(self.order.until, frames, commission.settings)
        return checkpoint.kept(frames, job.out, say)

    def _snapshot(self, job: Job) -> Snapshot | None:
        """From which the picture goes on, if that is asked for and there is one."""
        path = checkpoint.beside(job.out)
        if not self.order.resumes:
            self._tell_of_checkpoint(job)
            return None
        if os.path.exists(path):
            return checkpoint.read(path)
        say(f"There is no checkpoint {str(path)!r}; the picture is begun.")
        return None

    def _masks(self, photo: Image.Image) -> list[Image.Image] | None:
        if self.order.found is None:
            return self.order.masks
        mask = feathered(subject_mask(photo), self.order.feather)
        return [mask if self.order.found == SUBJECT else ImageOps.invert(mask)] * len(self.order.paintings)

    def _tell_of_tiles(self, photo: Image.Image, settings: Settings) -> None:
        if self.order.is_here and (fit := in_tiles(*photo.size, settings, self.order.network)):
            say(f"Worked on in tiles of {fit.side} pixels, with about {fit.memory / 2**30:.1f} GB of memory.")

    def _settings(self, long_side: int) -> Settings:
        return replace(self.order.settings, size=long_side) if self.order.as_large_as_the_photo else self.order.settings

    def _fail(self, job: Job, sentence: str) -> None:
        self.failed += 1
        say(f"{job.photo}: {sentence}" if job.resumes else sentence)

    def _shoot(self, frame: Frame) -> None:
        """Onto the film, if there is one, as often as it has room for."""
        due = len(self.film) * frame.steps < frame.step * FILM_PICTURES
        if self.order.film is not None and (due or frame.step == frame.steps):
            self.film.append(frame.preview(FILM_SIDE))

    def _write_film(self) -> None:
        if not self.film or self.order.film is None:
            return
        try:
            with replaced_at_once(self.order.film) as partial:
                time_lapse(self.film, partial)
        except Exception as error:
            self.failed += 1
            say(f"The film {str(self.order.film)!r} could not be written: {_reason(error)}.")

    def _keep(self, job: Job, out: Path) -> None:
        frame = self.latest.pop(job)
        pixels = with_alpha_values(frame.pixels, self.alphas.pop(job, None))
        settings, styles = self._settings(max(pixels.shape[:2])), [style.name for style in self.order.styles]
        try:
            stopped = frame.step if frame.step < settings.steps else 0
            text = record(settings, self.order.network, job.photo.name if job.photo else "", styles, stopped)
            save(pixels, out, text, self.order.depth, self.order.dpi)
        except Exception as error:
            self._fail(job, f"{str(out)!r} could not be written: {_reason(error)}. {_rescued(pixels, out)}")
            return
        self.finished += 1
        if out == job.out and job.unfinished != out:
            job.unfinished.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error).rstrip(".") or type(error).__name__


def _rescued(pixels: Pixels, out: Path) -> str:
    """The picture elsewhere, so that the work is not lost; the sentence that says where."""
    for folder in (out.parent, Path(), Path(tempfile.gettempdir())):
        with suppress(Exception):
            place = Path(tempfile.mkdtemp(prefix="nst-", dir=folder)) / "picture.png"
            save(pixels, place, {})
            return f"The picture is in {str(place)!r} instead."
    return "There was no other place for the picture either."


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not end what the first one began."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    sys.exit(main())
