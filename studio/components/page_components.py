"""Everything that stands on the page, by name. Every panel is given it; it knows none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component


@dataclass(frozen=True)
class PageComponents:
    """Components and the state of one visitor.

    Attributes:
        knobs: Components, in the order of PAGE_KNOBS.
        adjusting: Components, in the order of `Adjustment`'s fields.
        run_state: What the run has to show so far.
        extra_styles: Paintings to be mixed in, besides that in the box.
        start: A picture to begin from, as a JPEG; it came with a project.
        continue_from: The picture that is gone on from, as a JPEG.
        result: What hangs on the wall.
        album_photos: Those that are to be painted one after another.
        album_state: What there is of the album that is being painted.
        film_part: Components: from which second on, how many seconds, which size.
        clip_film: What is known of the clip.
        film_state: What there is of the film that is being painted.
        chosen: What the controls held when the run began.
        results: The pictures of this visit.
    """

    inbox: gr.HTML
    memory: gr.HTML
    content: gr.Image
    style: gr.Image
    content_gallery: gr.HTML
    style_gallery: gr.HTML
    knobs: dict[str, Any]
    sketch: gr.HTML
    expert: gr.Accordion
    mix: gr.HTML
    mask_brush: gr.HTML
    mask_panel: gr.Accordion
    arrows_panel: gr.Accordion
    start_row: gr.HTML
    presets: gr.HTML
    paint: gr.Button
    stop: gr.Button
    canvas: gr.Image
    status: gr.HTML
    finished_gallery: gr.HTML
    download: gr.DownloadButton
    share: gr.HTML
    continue_buttons: gr.HTML
    python_panel: gr.Accordion
    code: gr.Textbox
    view: gr.Radio
    stage: gr.HTML
    adjusting: list[Any]
    adjust_reset: gr.Button
    adjusted_file: gr.DownloadButton
    variants: gr.HTML
    paint_variants: gr.Button
    lesson: gr.Accordion
    lesson_text: gr.HTML
    paint_lesson: gr.Button
    lesson_strips: gr.HTML
    album_panel: gr.Accordion
    album_box: gr.HTML
    paint_album: gr.Button
    album_photos: gr.State
    album_state: gr.State
    film_panel: gr.Accordion
    clip: gr.HTML
    film_part: dict[str, Any]
    paint_film: gr.Button
    paint_morph: gr.Button
    film_player: gr.HTML
    clip_film: gr.State
    film_state: gr.State
    history: gr.HTML
    run_state: gr.State
    extra_styles: gr.State
    start: gr.State
    continue_from: gr.State
    result: gr.State
    chosen: gr.State
    results: gr.State

    @property
    def choices(self) -> dict[str, Component]:
        """All that a visitor chooses for a run, by name: what goes in, and every knob."""
        return {
            "content": self.content,
            "content_gallery": self.content_gallery,
            "style": self.style,
            "style_gallery": self.style_gallery,
            "extra_styles": self.extra_styles,
            "mask_brush": self.mask_brush,
            "start": self.start,
            **self.knobs,
        }

    @property
    def inputs(self) -> dict[str, Component]:
        """What a run needs: the choices, and how several paintings are mixed."""
        return {**self.choices, "mix": self.mix}

    @property
    def resting(self) -> list[Component]:
        """What rests while something is painted."""
        buttons = [self.paint_variants, self.paint_lesson, self.paint_album, self.paint_film, self.paint_morph]
        return [self.view, *self.adjusting, self.adjust_reset, *buttons]


def named(components: Mapping[str, Component], values: Mapping[Any, Any]) -> dict[str, Any]:
    """The values of those components under their names, from all that an event was given."""
    return {name: values[component] for name, component in components.items()}
