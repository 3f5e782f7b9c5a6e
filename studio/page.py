"""How the rooms are joined: what stands where, and what happens on a click."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from nst import Settings
from nst.settings import KNOBS
from studio.api import mcp
from studio.api.stylize import offer
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS, Finished
from studio.components import mask_brush, start_picture, status_line
from studio.components.controls import FIRST, control, hidden_control, moved_by, moved_to
from studio.components.gallery import Tile, wall
from studio.components.images import Canvas, PictureBox, for_browsers
from studio.components.painting_mix import EVEN, mix, put_aside, rows, take_away
from studio.events import AT_ONCE, FOCUS, ONE_AT_A_TIME, QUIET
from studio.i18n import label, language_of, words
from studio.panels import adjust, continue_buttons, history, how_it_works, restore, variants, viewer
from studio.panels.presets import SET, TIMED, foretold, presets, set_by
from studio.runs.result import result_of_finished
from studio.runs.run import More, finish, paint
from studio.server.blocks import Blocks

SHOW_CANVAS = "() => { document.getElementById('canvas').scrollIntoView({behavior: 'smooth', block: 'nearest'}) }"


@dataclass(frozen=True)
class Desk:
    """What stands on the page, by name. `knobs` are in the order of KNOBS."""

    photo: Component
    painting: Component
    photos: Component
    paintings: Component
    knobs: list[Component]
    mix: Component
    brush: Component
    where: Component
    begun: Component
    presets: Component
    paint: Component
    stop: Component
    canvas: Component
    status: Component
    finished: Component
    download: Component
    onward: Component
    python: Component
    code: Component
    view: Component
    stage: Component
    adjusting: list[Component]
    as_painted: Component
    taken: Component
    sheet: Component
    paint_sheet: Component
    lesson: Component
    lesson_text: Component
    paint_lesson: Component
    lesson_strips: Component
    visit: Component
    painted: gr.State
    aside: gr.State
    start: gr.State
    onto: gr.State
    result: gr.State
    asked: gr.State
    kept: gr.State

    @property
    def choices(self) -> list[Component]:
        """All that a visitor chooses for a run."""
        pictures = [self.photo, self.photos, self.painting, self.paintings, self.aside]
        return [*pictures, self.brush, self.start, *self.knobs]

    @property
    def resting(self) -> list[Component]:
        """What rests while something is painted."""
        return [self.view, *self.adjusting, self.as_painted, self.paint_sheet, self.paint_lesson]


def build() -> gr.Blocks:
    with Blocks(title=words("en")["title"], fill_width=True) as page:
        desk = furnish()
        choosing(desk)
        marking(desk)
        mixing(desk)
        saying_in_python(desk)
        revisiting(desk)
        looking(desk)
        runs = [painting(desk), going_on(desk)]
        forecasting(desk, runs)
        beside = [variants.join(desk), how_it_works.join(desk)]
        program = offer(ONE_AT_A_TIME)
        programs = [program, *([mcp.offer(ONE_AT_A_TIME)] if mcp.available() else [])]
        stopping(desk, [*runs, *beside, *programs])
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
    states = {"painted": gr.State(None), "result": gr.State(opening and result_of_finished(opening.key))}
    states |= {"aside": gr.State(()), "start": gr.State(b""), "onto": gr.State(b"")}
    taught = how_it_works.panel()
    return Desk(**taken, **made, **taught, **states, asked=gr.State(()), kept=history.kept())


def _what_goes_in(opening: Finished | None) -> dict[str, Any]:
    photo, painting = (opening.photo, opening.painting) if opening else (None, None)
    with gr.Row(elem_id="pair"):
        boxes = {
            name: PictureBox(
                str(chosen.path) if chosen else None,
                label=label(name),
                placeholder=label(f"drop_{name}"),
                sources=["upload", "clipboard", "webcam"] if name == "photo" else ["upload"],
                webcam_options=gr.WebcamOptions(mirror=False),
                buttons=[],
                elem_id=name,
            )
            for name, chosen in (("photo", photo), ("painting", painting))
        }
    photos = [Tile(one.key, one.path, one.title) for one in PHOTOS.values()]
    paintings = [Tile(one.key, one.path, one.title, f"{one.artist}, {one.year}") for one in PAINTINGS.values()]
    walls = {
        "photos": wall("photos", photos, photo and photo.key, (180, 180)),
        "mix": mix(),
        "paintings": wall("paintings", paintings, painting and painting.key, (180, 180)),
    }
    with gr.Accordion(label("brush"), open=False, elem_id="where") as where:
        marks = mask_brush.brush(photo.path.name if photo else "")
    with gr.Accordion(label("settings"), open=False, elem_id="settings"):
        knobs = {name: control(KNOBS[name]) for name in FIRST}
        knobs["style_mix"] = hidden_control(KNOBS["style_mix"])  # its sliders stand beside the paintings
        with gr.Accordion(label("expert"), open=False, elem_id="expert"):
            knobs |= {name: control(knob) for name, knob in KNOBS.items() if name not in knobs}
    begun, steps = start_picture.begun(), presets()
    with gr.Row(elem_id="go"):
        buttons = {
            "paint": gr.Button(label("paint"), variant="primary", size="lg", elem_id="paint"),
            "stop": gr.Button(label("stop"), size="lg", visible=False, elem_id="stop"),
        }
    walls |= {"brush": marks, "where": where, "begun": begun, "presets": steps}
    return {**boxes, **walls, **buttons, "knobs": [knobs[name] for name in KNOBS]}


def _what_comes_out(opening: Finished | None) -> dict[str, Any]:
    with gr.Column(elem_id="easel"):
        canvas = Canvas(
            str(opening.path) if opening else None,
            label=label("painting"),
            alt_text="The painting so far",
            show_label=False,
            interactive=False,
            buttons=["fullscreen"],
            elem_id="canvas",
        )
        stage = viewer.stage()
    line = gr.HTML(status_line.line(opening.label if opening else ""), elem_id="status", elem_classes=["bare"])
    with gr.Row(elem_id="below"):
        view = viewer.switch()
        path = str(opening.path) if opening else None
        download = gr.DownloadButton(label("download"), value=path, size="md", elem_id="download")
    ways = continue_buttons.onward()
    adjustments = adjust.panel()
    tiles = [Tile(one.key, one.path, one.photo.title, one.painting.label) for one in FINISHED.values()]
    finished = wall("finished", tiles, opening and opening.key, (240, 180))
    earlier, sheet = history.strip(), variants.panel()
    with gr.Accordion(label("as_python"), open=False, elem_id="python") as python:
        code = gr.Textbox(show_label=False, lines=9, max_lines=24, buttons=["copy"], interactive=False, elem_id="code")
    looks = {"stage": stage, "view": view, **adjustments, "visit": earlier, **sheet}
    looks |= {"onward": ways, "python": python, "code": code}
    return {"canvas": canvas, "status": line, "finished": finished, "download": download, **looks}


def choosing(desk: Desk) -> None:
    """A photo or a painting from the wall, or one of the visitor's own."""

    def own(request: gr.Request, picture: Any) -> tuple[None, Any]:
        return None, for_browsers(request, picture)

    for box, its_wall, pictures in ((desk.photo, desk.photos, PHOTOS), (desk.painting, desk.paintings, PAINTINGS)):
        its_wall.select(lambda key, pictures=pictures: str(pictures[key].path), its_wall, box, **AT_ONCE)
        box.clear(lambda: None, None, its_wall, **AT_ONCE)
        opened = box.upload(own, box, [its_wall, box], **QUIET)  # only a queued event can show a toast
        opened.failure(lambda: (None, None), None, [box, its_wall], **AT_ONCE)  # a broken file does not stay
        marked = [box, desk.brush] if box is desk.photo else [box]
        brought = opened.success(restore.restored, marked, [*desk.choices, desk.mix], **QUIET)  # our own are no photos
        start_picture.tell(desk, brought.success)
    recipe = desk.knobs[list(KNOBS).index("recipe")]
    recipe.input(moved_by, recipe, desk.knobs, **AT_ONCE)


def marking(desk: Desk) -> None:
    """Marks belong to one photo, and their panel says that they are in force; a start can be taken away."""
    of_finished = {key: one.photo for key, one in FINISHED.items()}
    for its_wall, photos in ((desk.photos, PHOTOS), (desk.finished, of_finished)):
        kept = its_wall.select(
            lambda key, marks, photos=photos: mask_brush.kept_for(photos[key].path.name, marks),
            [its_wall, desk.brush],
            desk.brush,
            **AT_ONCE,
        )
        start_picture.tell(desk, kept.then)
    desk.brush.change(mask_brush.told, desk.brush, desk.where, **AT_ONCE)
    for without in (desk.begun.delete, desk.finished.select):
        without(lambda: (b"", start_picture.shown(b"")), None, [desk.start, desk.begun], **AT_ONCE)


def saying_in_python(desk: Desk) -> None:
    """The picture on the wall as a call, while the panel is open."""
    desk.python.expand(restore.code_of, desk.result, desk.code, **AT_ONCE)
    desk.finished.select(lambda: gr.update(open=False), None, desk.python, **AT_ONCE)


def mixing(desk: Desk) -> None:
    """Further paintings: put aside, take away; one finished picture has one."""
    desk.finished.select(lambda: ((), rows((), [EVEN])), None, [desk.aside, desk.mix], **AT_ONCE)
    desk.mix.select(
        put_aside,
        [desk.painting, desk.paintings, desk.aside, desk.mix],
        [desk.aside, desk.mix, desk.painting, desk.paintings],
        **AT_ONCE,
    )
    desk.mix.delete(take_away, [desk.aside, desk.mix], [desk.aside, desk.mix], **AT_ONCE)


def forecasting(desk: Desk, runs: list[Dependency]) -> None:
    """Presets, and the time that each will take; said anew when something changes, or a run has taught more."""
    knobs = dict(zip(KNOBS, desk.knobs, strict=True))
    desk.presets.select(set_by, desk.presets, [knobs[name] for name in SET], **AT_ONCE)
    timed = [knobs[name] for name in TIMED]
    told: dict[str, Any] = {
        "fn": foretold,
        "inputs": [desk.presets, *timed],
        "outputs": desk.presets,
        "preprocess": False,  # half a number typed is no mistake yet
        "trigger_mode": "always_last",
        **AT_ONCE,
    }
    gr.on([desk.presets.load, *(knob.change for knob in timed)], **told)
    for run in runs:
        run.success(**told)


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
            status_line.line(picture.label),
            gr.update(value=str(picture.path), interactive=True),
            None,
            *moved_to(Settings(**picture.settings)),
        ]

    brought = [desk.photo, desk.photos, desk.painting, desk.paintings, desk.canvas, desk.status, desk.download]
    desk.finished.select(revisit, desk.finished, [*brought, desk.painted, *desk.knobs], **AT_ONCE)


def looking(desk: Desk) -> None:
    """At what hangs on the wall: compared, replayed, adjusted; and at the pictures of this visit."""
    desk.finished.select(result_of_finished, desk.finished, desk.result, **AT_ONCE)
    for room in (viewer, adjust, history):
        room.join(desk)


def painting(desk: Desk) -> Dependency:
    """Paint, from the photo; or from a picture that came with a project."""

    def anew(
        request: gr.Request, photo: Any, painting: Any, aside: Any, mix: Any, brush: Any, start: Any, *values: Any
    ) -> Iterator[Any]:
        yield from paint(request, photo, painting, *values, more=More(aside, mix, brush, start))

    taken = [desk.photo, desk.painting, desk.aside, desk.mix, desk.brush, desk.start, *desk.knobs]
    return _sitting(desk, desk.paint.click, anew, taken)


def going_on(desk: Desk) -> Dependency:
    """Paint on, from the picture on the wall."""
    knobs = dict(zip(KNOBS, desk.knobs, strict=True))

    def on(
        request: gr.Request,
        onto: Any,
        steps: Any,
        photo: Any,
        painting: Any,
        aside: Any,
        mix: Any,
        brush: Any,
        *values: Any,
    ) -> Iterator[Any]:
        more = More(aside, mix, brush, onto, continue_buttons.steps_onward(steps))
        yield from paint(request, photo, painting, *values, more=more)

    moved = [knobs[name] for name in continue_buttons.SET]
    went = desk.onward.select(
        continue_buttons.go_on, [desk.onward, desk.result, desk.photo, *moved], [desk.onto, *moved], **QUIET
    )
    taken = [desk.onto, knobs["steps"], desk.photo, desk.painting, desk.aside, desk.mix, desk.brush, *desk.knobs]
    return _sitting(desk, went.success, on, taken)


def _sitting(
    desk: Desk, begun: Callable[..., Dependency], paint: Callable[..., Any], taken: list[Component]
) -> Dependency:
    """A run. However it ends, `finish` follows once and keeps what is on the canvas."""

    def busy(request: gr.Request) -> list[Any]:
        said = words(language_of(request))["starting"]
        hung, off = gr.update(value=None, disabled=True), gr.update(disabled=True)
        line = status_line.line(said, busy=True)
        return [*_buttons(running=True), hung, off, gr.update(interactive=False), line, None]

    def idle() -> list[Any]:
        return [*_buttons(running=False), gr.update(disabled=False), gr.update(disabled=False)]

    switched = [desk.paint, desk.stop, desk.finished, desk.onward]
    start = begun(busy, None, [*switched, desk.download, desk.status, desk.painted], js=SHOW_CANVAS, **AT_ONCE)
    start.then(None, js=FOCUS % "stop", **AT_ONCE)
    for room in (viewer, adjust, history):
        room.begin(desk, start.then)
    run = start.then(
        paint,
        taken,
        [desk.canvas, desk.status, desk.painted],
        **ONE_AT_A_TIME,
        **QUIET | {"show_progress": "minimal"},  # shows the place in the queue, then nothing
        show_progress_on=desk.canvas,
    )
    for ended in (run.success, run.failure):  # a stop counts as a failure
        kept = ended(finish, desk.painted, [desk.canvas, desk.status, desk.download, desk.result], **AT_ONCE)
        for after in (kept.success, kept.failure):
            adjust.end(desk, after)
            history.end(desk, after)
            after(restore.code_of, desk.result, desk.code, **AT_ONCE)
            after(idle, None, switched, **AT_ONCE).then(None, js=FOCUS % "paint", **AT_ONCE)
    return run


def _buttons(running: bool) -> list[Any]:
    return [gr.update(visible=not running), gr.update(visible=running, interactive=True)]


def stopping(desk: Desk, runs: list[Dependency]) -> None:
    """Stop closes the run's generator; whatever was painted stays."""
    desk.stop.click(lambda: gr.update(interactive=False), None, desk.stop, cancels=runs, **AT_ONCE)
