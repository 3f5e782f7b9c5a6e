"""One run on the page, from the first preview to the finished file."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import gradio as gr
from PIL import Image

from nst import Commission, Settings, load_vgg
from nst.image import save_png, with_alpha
from nst.plan import final_size
from nst.record import Record, mask_png
from nst.resilient import RunFrame
from studio.components import status_line
from studio.components.images import PREVIEW_SIDE, alpha_for, fresh_file, name_of, preview
from studio.errors import in_the_users_words, without_a_trace
from studio.i18n import language_of, time_in_words, words
from studio.limits import capped
from studio.runs import estimate, zerogpu
from studio.runs.choices import Choices
from studio.runs.result import Origin, name_for, result_of
from studio.runs.throttle import paced
from studio.runs.timelapse import Film, Shot


@dataclass(frozen=True)
class RunState:
    """What a run has to show so far: the picture it began with, then the newest frame."""

    run_id: str  # for whoever hears of its end twice
    content: Image.Image
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


def frames_of(commission: Commission) -> Generator[RunFrame, None, None]:
    """The engine's generator. A bad layer is refused before the first step."""
    with in_the_users_words():
        return zerogpu.painted(replace(commission, settings=capped(commission.settings)))


def paint(request: gr.Request, choices: Choices) -> Iterator[tuple[Image.Image, str, RunState]]:
    """Yields the canvas, the status line and what is kept when the run ends, whyever it ends."""
    language, commission = language_of(request), choices.commission
    frames = frames_of(commission)
    state = RunState(uuid4().hex, commission.content, record_of(commission, choices.start), first_picture(commission))
    film, curves, note = Film(), [], ""
    film.add(0, state.blank)
    yield preview(state.blank), status_line.line(words(language)["starting"], busy=True), state
    with without_a_trace(language), closing(paced(frames)) as shown:
        for frame in shown:
            note = inform(frame.note, note, language)
            losses, canvas = frame.losses, frame.preview(PREVIEW_SIDE)
            curves.append((frame.progress, losses["style"], losses["content"]))
            film.add(frame.step, canvas)
            state = replace(state, frame=frame, curves=tuple(curves), film=film.shots)
            if not note:
                estimate.learn(commission, frame, state.run_id)
            left = estimate.left(commission, frame)
            yield canvas, status_line.running(frame, left, curves, language), state


def first_picture(commission: Commission) -> Image.Image:
    """What is on the canvas before the first step, in the size of the finished picture."""
    size = final_size(*commission.content.size, commission.settings)
    return (commission.start or commission.content).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def inform(note: str, last: str, language: str) -> str:
    """Tells the visitor what has happened to a run, once."""
    if note and note != last:
        gr.Info(words(language)[note], duration=None, title=words(language)["note_title"])
    return note


def finish(request: gr.Request, state: RunState | None, broken_off: bool = False) -> tuple[Any, Any, Any, Any]:
    """Canvas, status line, download and result after a run: finished, stopped or broken off. Safe to call twice."""
    language = language_of(request)
    if state is None or state.frame is None:
        said = words(language)["not_begun" if state else "unpainted"]
        return gr.skip(), status_line.line(said), gr.update(interactive=True), gr.skip()
    picture, line = state.image, ending(state, language, broken_off)
    text = replace(state.record, stopped=0 if state.finished else state.step).text
    path = save(with_alpha(picture, alpha_for(state.content, state.record.settings)), text, request)
    result = result_of(picture, state.content, path, line, Origin(text, state.film, state.step, state.run_id))
    return path, line, gr.update(value=path, interactive=True), result


def ending(state: RunState, language: str, broken_off: bool = False) -> str:
    width, height = state.image.size
    seconds, progress = (state.frame.seconds, state.frame.progress) if state.frame else (0.0, 0.0)
    how = "done" if state.finished else "cut_off" if broken_off else "stopped"
    text = words(language)[how].format(
        step=state.step,
        steps=state.record.settings.steps,
        width=width,
        height=height,
        time=time_in_words(seconds, language),
    )
    return status_line.line(text, progress, state.curves, language)


def record_of(commission: Commission, start: bytes = b"") -> Record:
    """What is needed to paint the same again. `start` is the commission's as a JPEG."""
    content, *styles = (name_of(picture) for picture in (commission.content, *commission.styles))
    masks = tuple(mask_png(mask) for mask in commission.masks or ())
    return Record(
        commission.settings, content, tuple(styles), load_vgg(commission.settings.backbone).checksum, masks, start
    )


def save(image: Image.Image, text: Mapping[str, str], request: gr.Request | None = None) -> str:
    """The path of a new PNG in full quality; it goes with the visit, if it was one, and has a name to find it by."""
    path = fresh_file(f"{name_for(text) if request else 'painting'}.png", request)
    save_png(image, path, text)
    return str(path)


def warm_up() -> None:
    """Load the weights and take one step, so that the first visitor does not wait for either."""
    grey = Image.new("RGB", (64, 64), "grey")
    for _ in frames_of(Commission(grey, [grey], Settings(size=64, steps=1))):
        pass
