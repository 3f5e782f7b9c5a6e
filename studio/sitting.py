"""A sitting: one run on the page, from the click on Paint to the finished file."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from PIL import Image

from nst import Frame, Settings, load_vgg, stylize
from nst.image import fitted_size, save_png
from nst.record import record
from nst.settings import KNOBS
from studio import status
from studio.errors import in_the_users_words, without_a_trace
from studio.pace import paced
from studio.pictures import fresh_file, name_of, preview
from studio.words import language_of, time_said, words


@dataclass(frozen=True)
class Painted:
    """What a sitting has to show so far: the picture on the canvas, whole, and the text for its file."""

    image: Image.Image
    step: int
    steps: int
    seconds: float
    progress: float
    text: Mapping[str, str]
    curves: status.Curves = ()


def settings_of(values: tuple[Any, ...]) -> Settings:
    """Settings from the controls' values, in the order of KNOBS."""
    with in_the_users_words():
        return Settings(**dict(zip(KNOBS, values, strict=True)))


def begin(photo: Image.Image | None, paintings: list[Image.Image | None], settings: Settings) -> Generator[Frame]:
    """The engine's generator. A missing picture or a bad layer is said before the first step."""
    with in_the_users_words():
        return stylize(photo, paintings, settings, load_vgg(settings.backbone))


def paint(
    request: gr.Request, photo: Image.Image | None, painting: Image.Image | None, *values: Any
) -> Iterator[tuple[Image.Image, str, Painted]]:
    """Yields the canvas, the status line and what is kept when the run ends, whyever it ends."""
    language, settings = language_of(request), settings_of(values)
    frames = begin(photo, [painting], settings)
    text = recorded(photo, [painting], settings)
    size = fitted_size(*photo.size, min(settings.size, max(photo.size)))
    blank = photo.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    yield (
        preview(blank),
        status.line(words(language)["starting"], busy=True),
        Painted(blank, 0, settings.steps, 0.0, 0.0, text),
    )
    curves: list[tuple[float, float, float]] = []
    with without_a_trace(language), closing(paced(frames)) as shown:
        for frame in shown:
            losses = frame.losses
            curves.append((frame.progress, losses["style"], losses["content"]))
            yield (
                preview(frame.image),
                status.running(
                    frame.step, frame.steps, frame.long_side, frame.seconds_left, frame.progress, curves, language
                ),
                Painted(frame.image, frame.step, frame.steps, frame.seconds, frame.progress, text, tuple(curves)),
            )


def finish(request: gr.Request, painted: Painted | None) -> tuple[Any, Any, Any]:
    """Canvas, status line and download after a run: finished, stopped or broken off. Safe to call twice."""
    language = language_of(request)
    if painted is None:
        return gr.skip(), status.line(words(language)["unpainted"]), gr.update(interactive=True)
    path = save(painted.image, painted.text)
    return path, ending(painted, language), gr.update(value=path, interactive=True)


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
