"""A sitting: one run on the page, from the click on Paint to the finished file."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import gradio as gr
from PIL import Image

from nst import Settings, load_vgg
from nst.image import save_png, with_alpha
from nst.record import Record, mask_png
from nst.resilient import RunFrame
from nst.settings import KNOBS
from nst.transfer import final_size
from studio.components import status_line
from studio.components.images import PREVIEW_SIDE, alpha_for, fresh_file, name_of, preview
from studio.components.mask_brush import masks
from studio.components.painting_mix import EVEN, Aside, mixed
from studio.components.start_picture import opened
from studio.errors import in_the_users_words, without_a_trace
from studio.i18n import language_of, time_said, words
from studio.limits import held
from studio.runs import estimate, zerogpu
from studio.runs.result import result_of
from studio.runs.throttle import paced
from studio.runs.timelapse import Film, Shot


@dataclass(frozen=True)
class Painted:
    """What a sitting has to show so far: the picture it began with, then the newest frame."""

    sitting: str  # which one this is, for whoever hears of its end twice
    photo: Image.Image
    record: Record
    blank: Image.Image
    frame: RunFrame | None = None
    curves: status_line.Curves = ()
    film: tuple[Shot, ...] = ()

    @property
    def image(self) -> Image.Image:
        """What is on the canvas, in full size. Made when asked for."""
        return self.frame.image if self.frame else self.blank

    @property
    def step(self) -> int:
        return self.frame.step if self.frame else 0

    @property
    def finished(self) -> bool:
        return self.step == self.record.settings.steps


@dataclass(frozen=True)
class More:
    """What a run may have besides a photo, a painting and the knobs.

    Attributes:
        start: A picture to go on from, as a JPEG.
        steps: Instead of what the knob says.
    """

    aside: Sequence[Aside] = ()
    mix: Mapping[str, Any] = field(default_factory=lambda: {"weights": [EVEN]})
    brush: Mapping[str, Any] | None = None
    start: bytes = b""
    steps: int | None = None


PLAIN = More()


def settings_of(values: tuple[Any, ...]) -> Settings:
    """Settings from the controls' values, in the order of KNOBS."""
    with in_the_users_words():
        return Settings(**dict(zip(KNOBS, values, strict=True)))


def begin(
    photo: Image.Image | None,
    paintings: list[Image.Image | None],
    settings: Settings,
    start: Image.Image | None = None,
    masks: list[Image.Image] | None = None,
) -> Generator[RunFrame, None, None]:
    """The engine's generator. A missing picture or a bad layer is said before the first step."""
    with in_the_users_words():
        return zerogpu.painted(photo, paintings, held(settings), start, masks)


def paint(
    request: gr.Request, photo: Image.Image | None, painting: Image.Image | None, *values: Any, more: More = PLAIN
) -> Iterator[tuple[Image.Image, str, Painted]]:
    """Yields the canvas, the status line and what is kept when the run ends, whyever it ends."""
    language, (paintings, style_mix) = language_of(request), mixed(painting, more.aside, more.mix)
    settings = settings_of(values)
    settings = replace(settings, style_mix=style_mix, steps=more.steps or settings.steps)
    start, where = opened(more.start), masks(more.brush, len(paintings))
    frames = begin(photo, paintings, settings, start, where)
    record = record_of(photo, paintings, settings, where or [], more.start)
    painted = Painted(uuid4().hex, photo, record, begun(photo, start, settings))
    film, curves, said = Film(), [], ""
    film.add(0, painted.blank)
    yield preview(painted.blank), status_line.line(words(language)["starting"], busy=True), painted
    with without_a_trace(language), closing(paced(frames)) as shown:
        for frame in shown:
            said = tell(frame.note, said, language)
            losses, canvas = frame.losses, frame.preview(PREVIEW_SIDE)
            curves.append((frame.progress, losses["style"], losses["content"]))
            film.add(frame.step, canvas)
            painted = replace(painted, frame=frame, curves=tuple(curves), film=film.shots)
            if start is None and not said:
                estimate.learn(settings, *photo.size, len(paintings), frame.step, frame.seconds)
            yield canvas, status_line.running(frame, curves, language), painted


def begun(photo: Image.Image, start: Image.Image | None, settings: Settings) -> Image.Image:
    """What is on the canvas before the first step, in the size of the finished picture."""
    size = final_size(*photo.size, settings)
    return (start or photo).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def tell(note: str, said: str, language: str) -> str:
    """What has happened to a run, once."""
    if note and note != said:
        gr.Info(words(language)[note], duration=None)
    return note


def finish(request: gr.Request, painted: Painted | None) -> tuple[Any, Any, Any, Any]:
    """Canvas, status line, download and result after a run: finished, stopped or broken off. Safe to call twice."""
    language = language_of(request)
    if painted is None:
        return gr.skip(), status_line.line(words(language)["unpainted"]), gr.update(interactive=True), gr.skip()
    picture, line = painted.image, ending(painted, language)
    text = replace(painted.record, stopped=0 if painted.finished else painted.step).text
    path = save(with_alpha(picture, alpha_for(painted.photo, painted.record.settings)), text, request)
    result = result_of(picture, path, painted.photo, line, text, painted.film, painted.step, painted.sitting)
    return path, line, gr.update(value=path, interactive=True), result


def ending(painted: Painted, language: str) -> str:
    width, height = painted.image.size
    seconds, progress = (painted.frame.seconds, painted.frame.progress) if painted.frame else (0.0, 0.0)
    said = words(language)["done" if painted.finished else "stopped"].format(
        step=painted.step,
        steps=painted.record.settings.steps,
        width=width,
        height=height,
        time=time_said(seconds, language),
    )
    return status_line.line(said, progress, painted.curves, language)


def record_of(
    photo: Image.Image,
    paintings: Sequence[Image.Image],
    settings: Settings,
    masks: Sequence[Image.Image] = (),
    start: bytes = b"",
) -> Record:
    """What is needed to paint the same again."""
    names = tuple(name_of(one) for one in paintings)
    enclosed = tuple(mask_png(mask) for mask in masks)
    return Record(settings, name_of(photo), names, load_vgg(settings.backbone).checksum, enclosed, start)


def save(image: Image.Image, text: Mapping[str, str], request: gr.Request | None = None) -> str:
    """The path of a new PNG in full quality; it goes with the visit, if it was one."""
    path = fresh_file("painting.png", request)
    save_png(image, path, text)
    return str(path)


def warm_up() -> None:
    """Load the weights and take one step, so that the first visitor does not wait for either."""
    grey = Image.new("RGB", (64, 64), "grey")
    for _ in begin(grey, [grey], Settings(size=64, steps=1)):
        pass
