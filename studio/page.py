"""How the rooms are joined: what stands where, and what happens on a click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from nst import Settings
from nst.settings import KNOBS
from studio import status
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS, Finished
from studio.controls import FIRST, control, moved_by, moved_to
from studio.endpoint import offer
from studio.pictures import Canvas, PictureBox
from studio.sitting import finish, paint
from studio.wall import Tile, wall
from studio.words import label, language_of, words

ONE_AT_A_TIME = {"concurrency_id": "painting", "concurrency_limit": 1}
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE: dict[str, Any] = {"queue": False, **QUIET}

SHOW_CANVAS = "() => { document.getElementById('canvas').scrollIntoView({behavior: 'smooth', block: 'nearest'}) }"
FOCUS = "() => { setTimeout(() => document.getElementById('%s')?.focus(), 80) }"  # a hidden button loses it


@dataclass(frozen=True)
class Desk:
    """What stands on the page, by name. `knobs` are in the order of KNOBS."""

    photo: Component
    painting: Component
    photos: Component
    paintings: Component
    knobs: list[Component]
    paint: Component
    stop: Component
    canvas: Component
    status: Component
    finished: Component
    download: Component
    painted: gr.State


def build() -> gr.Blocks:
    with gr.Blocks(title=words("en")["title"], fill_width=True, delete_cache=(600, 6 * 3600)) as page:
        desk = furnish()
        choosing(desk)
        revisiting(desk)
        run = painting(desk)
        program = offer(ONE_AT_A_TIME)
        stopping(desk, [run, program])
    return page


def furnish() -> Desk:
    """The page as it opens: on a finished picture, with the settings at their defaults."""
    opening = next((picture for picture in FINISHED.values() if not picture.settings), None)
    with gr.Column(elem_id="head"):
        gr.HTML(f"<h1>{label('title')}</h1>", elem_classes=["bare"])  # one word to translate in each
        gr.HTML(f"<p>{label('tagline')}</p>", elem_classes=["bare"])
    with gr.Row(elem_id="studio"):
        with gr.Column(elem_id="left"):
            taken = _what_goes_in(opening)
        with gr.Column(elem_id="right"):
            made = _what_comes_out(opening)
    return Desk(**taken, **made, painted=gr.State(None))


def _what_goes_in(opening: Finished | None) -> dict[str, Any]:
    photo, painting = (opening.photo, opening.painting) if opening else (None, None)
    with gr.Row(elem_id="pair"):
        boxes = {
            name: PictureBox(
                str(chosen.path) if chosen else None,
                label=label(name),
                placeholder=label(f"drop_{name}"),
                sources=["upload"],
                buttons=[],
                elem_id=name,
            )
            for name, chosen in (("photo", photo), ("painting", painting))
        }
    photos = [Tile(one.key, one.path, one.title) for one in PHOTOS.values()]
    paintings = [Tile(one.key, one.path, one.title, f"{one.artist}, {one.year}") for one in PAINTINGS.values()]
    walls = {
        "photos": wall("photos", photos, photo and photo.key, (180, 180)),
        "paintings": wall("paintings", paintings, painting and painting.key, (180, 180)),
    }
    with gr.Accordion(label("settings"), open=False, elem_id="settings"):
        knobs = {name: control(KNOBS[name]) for name in FIRST}
        with gr.Accordion(label("expert"), open=False, elem_id="expert"):
            knobs |= {name: control(knob) for name, knob in KNOBS.items() if name not in FIRST}
    with gr.Row(elem_id="go"):
        buttons = {
            "paint": gr.Button(label("paint"), variant="primary", size="lg", elem_id="paint"),
            "stop": gr.Button(label("stop"), size="lg", visible=False, elem_id="stop"),
        }
    return {**boxes, **walls, **buttons, "knobs": [knobs[name] for name in KNOBS]}


def _what_comes_out(opening: Finished | None) -> dict[str, Any]:
    canvas = Canvas(
        str(opening.path) if opening else None,
        label=label("painting"),
        alt_text="The painting so far",
        show_label=False,
        interactive=False,
        buttons=["fullscreen"],
        elem_id="canvas",
    )
    with gr.Row(elem_id="below"):
        line = gr.HTML(status.line(opening.label if opening else ""), elem_id="status", elem_classes=["bare"])
        path = str(opening.path) if opening else None
        download = gr.DownloadButton(label("download"), value=path, size="md", elem_id="download")
    tiles = [Tile(one.key, one.path, one.photo.title, one.painting.label) for one in FINISHED.values()]
    finished = wall("finished", tiles, opening and opening.key, (240, 180))
    return {"canvas": canvas, "status": line, "finished": finished, "download": download}


def choosing(desk: Desk) -> None:
    """A photo or a painting from the wall, or one of the visitor's own."""
    for box, its_wall, pictures in ((desk.photo, desk.photos, PHOTOS), (desk.painting, desk.paintings, PAINTINGS)):
        its_wall.select(lambda key, pictures=pictures: str(pictures[key].path), its_wall, box, **AT_ONCE)
        box.clear(lambda: None, None, its_wall, **AT_ONCE)
        opened = box.upload(lambda picture: None, box, its_wall, **QUIET)  # only a queued event can show a toast
        opened.failure(lambda: (None, None), None, [box, its_wall], **AT_ONCE)  # a broken file does not stay
    recipe = desk.knobs[list(KNOBS).index("recipe")]
    recipe.input(moved_by, recipe, desk.knobs, **AT_ONCE)


def revisiting(desk: Desk) -> None:
    """A finished picture brings back its photo, its painting and its settings."""

    def revisit(key: str) -> list[Any]:
        picture = FINISHED[key]
        return [
            str(picture.photo.path),
            picture.photo.key,
            str(picture.painting.path),
            picture.painting.key,
            str(picture.path),
            status.line(picture.label),
            gr.update(value=str(picture.path), interactive=True),
            None,
            *moved_to(Settings(**picture.settings)),
        ]

    brought = [desk.photo, desk.photos, desk.painting, desk.paintings, desk.canvas, desk.status, desk.download]
    desk.finished.select(revisit, desk.finished, [*brought, desk.painted, *desk.knobs], **AT_ONCE)


def painting(desk: Desk) -> Dependency:
    """Paint. However the run ends, `finish` follows once and keeps what is on the canvas."""

    def busy(request: gr.Request) -> list[Any]:
        said = words(language_of(request))["starting"]
        hung = gr.update(value=None, disabled=True)
        return [*_buttons(running=True), hung, gr.update(interactive=False), status.line(said, busy=True), None]

    def idle() -> list[Any]:
        return [*_buttons(running=False), gr.update(disabled=False)]

    switched = [desk.paint, desk.stop, desk.finished]
    start = desk.paint.click(
        busy, None, [*switched, desk.download, desk.status, desk.painted], js=SHOW_CANVAS, **AT_ONCE
    )
    start.then(None, js=FOCUS % "stop", **AT_ONCE)
    run = start.then(
        paint,
        [desk.photo, desk.painting, *desk.knobs],
        [desk.canvas, desk.status, desk.painted],
        **ONE_AT_A_TIME,
        **QUIET | {"show_progress": "minimal"},  # shows the place in the queue, then nothing
        show_progress_on=desk.canvas,
    )
    for ended in (run.success, run.failure):  # a stop counts as a failure
        kept = ended(finish, desk.painted, [desk.canvas, desk.status, desk.download], **AT_ONCE)
        for after in (kept.success, kept.failure):
            after(idle, None, switched, **AT_ONCE).then(None, js=FOCUS % "paint", **AT_ONCE)
    return run


def _buttons(running: bool) -> list[Any]:
    return [gr.update(visible=not running), gr.update(visible=running, interactive=True)]


def stopping(desk: Desk, runs: list[Dependency]) -> None:
    """Stop closes the run's generator; whatever was painted stays."""
    desk.stop.click(lambda: gr.update(interactive=False), None, desk.stop, cancels=runs, **AT_ONCE)
