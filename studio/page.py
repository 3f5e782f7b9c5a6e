"""What stands where on the page. What happens on a click is in `panels`."""

from __future__ import annotations

from typing import Any, cast

import gradio as gr

from nst.settings import GROUPS
from studio.api import mcp, stylize, stylize_video, subject
from studio.catalogue import FINISHED, OPENING, PAINTINGS, PHOTOS, Finished
from studio.components import (
    arrow_brush,
    gradio_words,
    inbox,
    opening_film,
    page_head,
    picture_names,
    picture_source,
    recipe_choice,
    slider_limits,
    start_picture,
    status_line,
    visit_memory,
)
from studio.components.controls import PLAIN, control, hidden_control
from studio.components.gallery import Tile, gallery
from studio.components.images import Canvas, PictureBox
from studio.components.mask_brush import mask_brush
from studio.components.page_components import PageComponents
from studio.components.painting_mix import painting_mix
from studio.events import AT_ONCE
from studio.i18n import label, name_of, origin_of, plate_of, words
from studio.limits import PAGE_KNOBS
from studio.panels import (
    adjust,
    album,
    choosing,
    continue_buttons,
    film,
    finding,
    history,
    how_it_works,
    painting,
    presets,
    restore,
    resume,
    share,
    sketch,
    variants,
    viewer,
)
from studio.runs.backend import ONE_AT_A_TIME
from studio.runs.result import result_of_finished
from studio.server.blocks import Blocks


def build() -> gr.Blocks:
    blocks = Blocks(title=words("en")["title"], fill_width=True)
    with blocks:
        page = furnish()
        for panel in (choosing, finding, presets, viewer, adjust, share, history, resume, sketch):
            panel.join(page)
        page.python_panel.expand(restore.code_of, page.result, page.code, **AT_ONCE)
        runs = [*painting.join(page), variants.join(page), album.join(page), *film.join(page), how_it_works.join(page)]
        programs = [one.offer(ONE_AT_A_TIME) for one in (stylize, stylize_video, *([mcp] if mcp.available() else []))]
        subject.offer()
        painting.stopping(page, [*runs, *programs])
    return blocks


def furnish() -> PageComponents:
    """The page as it opens: on a finished picture, with the settings at their defaults."""
    with gr.Column(elem_id="head"):
        page_head.page_head()
        picture_names.picture_names()
        gradio_words.gradio_words()
    with gr.Row(elem_id="studio"):
        with gr.Column(elem_id="left"):
            left = _what_goes_in(OPENING)
        with gr.Column(elem_id="right"):
            right = _what_comes_out(OPENING)
    return PageComponents(
        **left,
        **right,
        **how_it_works.panel(),
        inbox=inbox.inbox(),
        memory=visit_memory.visit_memory(),
        run_state=gr.State(None),
        result=gr.State(OPENING and result_of_finished(OPENING.key)),
        extra_styles=gr.State(()),
        start=gr.State(b""),
        continue_from=gr.State(b""),
        chosen=gr.State({}),
        results=history.results(),
    )


def _what_goes_in(opening: Finished | None) -> dict[str, Any]:
    content, style = (opening.content, opening.style) if opening else (None, None)
    with gr.Row(elem_id="pair"):
        boxes = {
            name: PictureBox(
                str(chosen.path) if chosen else None,
                label=label(elem_id),
                placeholder=cast(str, label(f"drop_{elem_id}")),
                sources=["upload", "webcam"] if name == "content" else ["upload"],
                webcam_options=gr.WebcamOptions(mirror=False),
                buttons=[],
                elem_id=elem_id,
            )
            for name, elem_id, chosen in (("content", "photo", content), ("style", "painting", style))
        }
        picture_source.picture_source()
    galleries = {
        "content_gallery": gallery("photos", _photos, content.key if content else None, (120, 120)),
        "mix": painting_mix(),
        "style_gallery": gallery("paintings", _paintings, style.key if style else None, (180, 180)),
    }
    with gr.Accordion(label("brush"), open=False, elem_id="where") as mask_panel:
        marks = mask_brush(content.path.name if content else "")
        keep_faces = control("keep_faces")
    start_row, steps = start_picture.start_row(), presets.presets()
    knobs, expert, small = _settings()
    with gr.Accordion(label("arrows"), open=False, elem_id="arrows") as arrows_panel:
        knobs |= {"keep_faces": keep_faces, "strokes": arrow_brush.arrow_brush()}
    with gr.Row(elem_id="go"):
        buttons = {
            "paint": gr.Button(label("paint"), variant="primary", size="lg", elem_id="paint"),
            "stop": gr.Button(label("stop"), size="lg", visible=False, elem_id="stop"),
        }
    rest = {
        "mask_brush": marks,
        "mask_panel": mask_panel,
        "arrows_panel": arrows_panel,
        "start_row": start_row,
        "presets": steps,
        "expert": expert,
        "sketch": small,
    }
    return {**boxes, **galleries, **rest, **buttons, "knobs": {name: knobs[name] for name in PAGE_KNOBS}}


def _settings() -> tuple[dict[str, Any], gr.Accordion, Any]:
    """Knobs by name, the fold of those for experts, and the small picture beside the first ones."""
    with gr.Accordion(label("settings"), open=False, elem_id="settings"):
        knobs: dict[str, Any] = {"recipe": recipe_choice.recipe_choice()}
        knobs["style_mix"] = hidden_control("style_mix")  # its sliders stand beside the paintings
        knobs |= {name: control(name) for name in presets.SET}
        with gr.Row(elem_id="looks"):
            with gr.Column():
                knobs |= {name: control(name) for name in sketch.BESIDE}
            small = sketch.panel()
        elsewhere = {*knobs, "keep_faces", "strokes"}
        knobs |= {name: control(name) for name in PLAIN if name not in elsewhere}
        slider_limits.slider_limits()
        with gr.Accordion(label("expert"), open=False, elem_id="expert") as expert:
            for group in GROUPS:
                gr.HTML(label(f"group_{group}"), elem_classes=["group", "bare"])
                knobs |= {name: control(name) for name, knob in PAGE_KNOBS.items() if knob.group == group}
            gr.Checkbox(label=label("all_knobs"), container=False, elem_id="all-knobs")
    return knobs, expert, small


def _photos(language: str) -> list[Tile]:
    return [Tile(one.key, one.path, name_of(one.key, one.title, language)) for one in PHOTOS.values()]


def _paintings(language: str) -> list[Tile]:
    return [
        Tile(
            one.key,
            one.path,
            name_of(one.key, one.title, language),
            origin_of(one, one.known_as or one.artist, language),
            plate_of(one, language),
        )
        for one in PAINTINGS.values()
    ]


def _finished(language: str) -> list[Tile]:
    return [
        Tile(one.key, one.path, name_of(one.content.key, one.content.title, language), plate_of(one.style, language))
        for one in FINISHED.values()
    ]


def _what_comes_out(opening: Finished | None) -> dict[str, Any]:
    path = str(opening.path) if opening else None
    with gr.Column(elem_id="easel"):
        canvas = Canvas(
            path,
            label=label("painting"),
            alt_text="The painting so far",
            show_label=False,
            interactive=False,
            buttons=["fullscreen"],
            elem_id="canvas",
        )
        stage = viewer.stage()
        opening_film.opening_film(opening)
        sheet = variants.panel()
    status = status_line.status_line(opening)
    with gr.Row(elem_id="below"):
        view = viewer.switch()
        download = gr.DownloadButton(cast(str, label("download")), value=path, size="md", elem_id="download")
        sharing = share.share()
    with gr.Column(elem_id="beside"):  # of the picture, where there is room
        buttons = continue_buttons.continue_buttons(result_of_finished(opening.key) if opening else None)
        adjustments = adjust.panel()
        finished = gallery("finished", _finished, opening.key if opening else None, (224, 168))
        earlier, albums, films = history.strip(), album.panel(), film.panel()
        with gr.Accordion(label("as_python"), open=False, elem_id="python") as python_panel:
            code = gr.Textbox(
                show_label=False, lines=9, max_lines=24, buttons=["copy"], interactive=False, elem_id="code"
            )
    shown = {"canvas": canvas, "stage": stage, "status": status, "view": view, "download": download, "share": sharing}
    shown |= {"continue_buttons": buttons, "finished_gallery": finished, "history": earlier}
    return {**shown, **adjustments, **sheet, **albums, **films, "python_panel": python_panel, "code": code}
