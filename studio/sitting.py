"""A sitting: one run on the page, from the click on Paint to the finished file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import gradio as gr
from PIL import Image

from nst import Settings, load_vgg
from nst.image import fitted_size, save_png
from nst.record import record
from nst.settings import KNOBS
from studio import forecast, gpu, status
from studio.brush import masks
from studio.errors import in_the_users_words, without_a_trace
from studio.film import Film, Shot
from studio.limits import held
from studio.mix import EVEN, Aside, mixed
from studio.onward import steps_onward
from studio.pace import paced
from studio.pictures import PREVIEW_SIDE, fresh_file, name_of, preview
from studio.result import result_of
from studio.words import language_of, time_said, words


@dataclass(frozen=True)
class Painted:
    """What a sitting has to show so far, and the text for its file."""

    sitting: str  # which one this is, for whoever hears of its end twice
    photo: Image.Image
    whole: Callable[[], Image.Image]
    step: int
    steps: int
    seconds: float
    progress: float
    text: Mapping[str, str]
    curves: status.Curves = ()
    film: tuple[Shot, ...] = ()

    @property
    def image(self) -> Image.Image:
        """What is on the canvas, in full size. Made when asked for."""
        return self.whole()


def settings_of(values: tuple[Any, ...]) -> Settings:
    """Settings from the controls' values, in the order of KNOBS."""
    with in_the_users_words():
        return Settings(**dict(zip(KNOBS, values, strict=True)))


@dataclass(frozen=True)
class More:
    """What a run may have besides a photo, a painting and the knobs."""

    aside: Sequence[Aside] = ()
    mix: Mapping[str, Any] = field(default_factory=lambda: {"weights": [EVEN]})
    brush: Mapping[str, Any] | None = None
    start: Image.Image | None = None


PLAIN = More()


def begin(
    photo: Image.Image | None,
    paintings: list[Image.Image | None],
    settings: Settings,
    start: Image.Image | None = None,
    masks: list[Image.Image] | None = None,
) -> Generator[gpu.Shown, None, None]:
    """The engine's generator. A missing picture or a bad layer is said before the first step."""
    with in_the_users_words():
        return gpu.painted(photo, paintings, held(settings), start, masks)


def paint(
    request: gr.Request, photo: Image.Image | None, painting: Image.Image | None, *values: Any, more: More = PLAIN
) -> Iterator[tuple[Image.Image, str, Painted]]:
    """Yields the canvas, the status line and what is kept when the run ends, whyever it ends."""
    language, (paintings, style_mix) = language_of(request), mixed(painting, more.aside, more.mix)
    settings = replace(settings_of(values), style_mix=style_mix)
    steps = steps_onward(settings.steps) if more.start else settings.steps
    frames = begin(photo, paintings, replace(settings, steps=steps), more.start, masks(more.brush, len(paintings)))
    text = recorded(photo, paintings, settings)
    size = fitted_size(*photo.size, min(settings.size, max(photo.size)))
    blank = (more.start or photo).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    sitting, film = uuid4().hex, Film()
    film.add(0, blank)
    yield (
        preview(blank),
        status.line(words(language)["starting"], busy=True),
        Painted(sitting, photo, lambda: blank, 0, steps, 0.0, 0.0, text),
    )
    curves: list[tuple[float, float, float]] = []
    said = ""
    with without_a_trace(language), closing(paced(frames)) as shown:
        for frame in shown:
            said = tell(frame.note, said, language)
            losses = frame.losses
            curves.append((frame.progress, losses["style"], losses["content"]))
            canvas = frame.preview(PREVIEW_SIDE)
            film.add(frame.step, canvas)
            yield (
                canvas,
                status.running(
                    frame.step, frame.steps, frame.long_side, frame.seconds_left, frame.progress, curves, language
                ),
                Painted(
                    sitting,
                    photo,
                    lambda frame=frame: frame.image,
                    frame.step,
                    frame.steps,
                    frame.seconds,
                    frame.progress,
                    text,
                    tuple(curves),
                    film.shots,
                ),
            )
    if more.start is None and not said:
        forecast.learn(settings, *photo.size, len(paintings), frame.seconds)


def tell(note: str, said: str, language: str) -> str:
    """What has happened to a run, once."""
    if note and note != said:
        gr.Info(words(language)[note], duration=None)
    return note


def finish(request: gr.Request, painted: Painted | None) -> tuple[Any, Any, Any, Any]:
    """Canvas, status line, download and result after a run: finished, stopped or broken off. Safe to call twice."""
    language = language_of(request)
    if painted is None:
        return gr.skip(), status.line(words(language)["unpainted"]), gr.update(interactive=True), gr.skip()
    picture, line = painted.image, ending(painted, language)
    path = save(picture, painted.text)
    result = result_of(picture, path, painted.photo, line, painted.text, painted.film, painted.step, painted.sitting)
    return path, line, gr.update(value=path, interactive=True), result


def ending(painted: Painted, language: str) -> str:
    width, height = painted.image.size
    said = words(language)["done" if painted.step == painted.steps else "stopped"].format(
        step=painted.step,
        steps=painted.steps,
        width=width,
        height=height,
        time=time_said(painted.seconds, language),
    )
    return status.line(said, painted.progress, painted.curves, language)


def recorded(photo: Image.Image, paintings: Sequence[Image.Image], settings: Settings) -> dict[str, str]:
    """What is needed to paint the same again, as text for the file."""
    return record(settings, load_vgg(settings.backbone), name_of(photo), [name_of(one) for one in paintings])


def save(image: Image.Image, text: Mapping[str, str]) -> str:
    """The path of a new PNG in full quality."""
    path = fresh_file("painting.png")
    save_png(image, path, text)
    return str(path)


def warm_up() -> None:
    """Load the weights and take one step, so that the first visitor does not wait for either."""
    grey = Image.new("RGB", (64, 64), "grey")
    for _ in begin(grey, [grey], Settings(size=64, steps=1)):
        pass
