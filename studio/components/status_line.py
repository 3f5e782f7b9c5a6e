"""One line about the run: what is happening, how far it is, how the errors fall."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import log

import gradio as gr

from nst import Frame
from studio.components.widget_files import widget_files
from studio.i18n import for_browser, time_in_words, words

WIDTH, HEIGHT, POINTS = 150, 28, 120  # of the curves, each on its own logarithmic scale

WORDS = ("waiting_one", "waiting_many", "about", "seconds", "round_minutes")

Curves = Sequence[tuple[float, float, float]]  # progress in (0, 1], style error, content error


def status_line(text: str) -> gr.HTML:
    """Where the line stands on the page."""
    return gr.HTML(
        line(text), **widget_files(__file__), words=for_browser(WORDS), elem_id="status", elem_classes=["bare"]
    )


def running(frame: Frame, left: float | None, curves: Curves, language: str) -> str:
    """`left` are the seconds to go, if anybody can say."""
    text = words(language)["running" if left is None else "running_left"].format(
        step=frame.step, steps=frame.steps, side=frame.long_side, left=time_in_words(left or 0.0, language)
    )
    return line(text, frame.progress, curves, language, busy=True)


def line(text: str, progress: float = 0, curves: Curves = (), language: str = "en", busy: bool = False) -> str:
    """The whole line as HTML. While busy it is not announced: three times a second is too often to be read out."""
    quiet = "" if busy else ' role="status"'
    percent = f"{100 * progress:.1f}"
    return (
        f'<div class="status"><p{quiet}>{escape(text)}</p>{_legend(curves, language)}{_drawing(curves)}</div>'
        f'<div class="bar" role="progressbar" aria-label="{escape(text)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent}"><i style="width:{percent}%"></i></div>'
    )


def _legend(curves: Curves, language: str) -> str:
    if not curves:
        return ""
    _, style, content = curves[-1]
    texts = words(language)
    return (
        f'<span class="errors"><b class="style">{escape(texts["style_error"])} {style:.2g}</b>'
        f'<b class="content">{escape(texts["content_error"])} {content:.2g}</b></span>'
    )


def _drawing(curves: Curves) -> str:
    lines = "".join(
        _polyline(name, [(progress, log(errors[i])) for progress, *errors in curves if errors[i] > 0])
        for i, name in enumerate(("style", "content"))
    )
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">{lines}</svg>'


def _polyline(name: str, points: Sequence[tuple[float, float]]) -> str:
    if len(points) < 2:
        return ""
    stride = -(-len(points) // POINTS)
    points = points[(len(points) - 1) % stride :: stride]  # the newest is always among them
    low, high = min(y for _, y in points), max(y for _, y in points)
    scale = (HEIGHT - 4) / ((high - low) or 1)
    drawn = " ".join(f"{x * WIDTH:.1f},{HEIGHT - 2 - (y - low) * scale:.1f}" for x, y in points)
    return f'<polyline class="{name}" points="{drawn}"/>'
