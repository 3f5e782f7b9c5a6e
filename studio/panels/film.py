"""A film: a clip that is painted, or a photo that goes through the paintings of the mix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
from gradio.events import Dependency

from nst import Settings
from nst.film.reading import RATE, Film, Part, frames, look
from nst.mistakes import Mistake
from studio.components import inbox
from studio.components.clip_box import clip_box, showing
from studio.components.clip_file import clip_of
from studio.components.images import inline, name_of
from studio.components.page_components import PageComponents, named
from studio.components.thumbnails import url
from studio.components.updates import Updates
from studio.components.widget_files import widget_files
from studio.errors import in_the_users_words, without_a_trace
from studio.events import AT_ONCE, EACH, LATEST, QUIET, RAW
from studio.i18n import for_browser, label, language_of, time_in_words, words
from studio.limits import LIMITS, PAGE_KNOBS
from studio.panels import prices, turns, viewer
from studio.runs import estimate
from studio.runs.backend import ONE_AT_A_TIME
from studio.runs.choices import Choices
from studio.runs.film import FilmState, finished, of_clip, of_morph, part_for, shoot
from studio.runs.result import name_after
from studio.runs.takes import Shooting
from studio.runs.timelapse import jpeg

SIZES, USUAL_SIZE = (256, 384, 512), 384  # long side of a frame
USUAL_SECONDS = 3.0
SHOWN_SIDE, SHOWN_QUALITY = 384, 80  # of the frames that are shown while the film grows
POSTER = (144, 144)
WORDS = ("sound", "compare", "mp4", "webp", "newest", "play", "pause", "compare_share")


def panel() -> dict[str, Any]:
    sizes = [size for size in SIZES if size <= min(LIMITS.film_size, PAGE_KNOBS["size"].high)] or [SIZES[0]]
    with gr.Accordion(label("film"), open=False, elem_id="film") as fold:
        clip = clip_box()
        with gr.Row(elem_id="film-part"):
            begin = gr.Number(0, label=label("film_begin"), minimum=0, step=0.5, elem_id="film-begin")
            length = gr.Number(
                min(USUAL_SECONDS, LIMITS.film_seconds),
                label=label("film_length"),
                minimum=0.2,
                step=0.5,
                elem_id="film-length",
            )
            size = gr.Radio(
                [(f"{size} px", size) for size in sizes],
                value=max(size for size in sizes if size <= max(USUAL_SIZE, sizes[0])),
                show_label=False,
                interactive=True,
                elem_id="film-size",
                elem_classes=["segments"],
            )
        with gr.Row(elem_id="film-go"):
            paint = gr.Button(label("film_paint"), size="md", elem_id="paint-film")
            morph = gr.Button(label("film_morph"), size="md", elem_id="paint-morph")
        player = _player()
    return {
        "film_panel": fold,
        "clip": clip,
        "film_part": {"begin": begin, "length": length, "size": size},
        "paint_film": paint,
        "paint_morph": morph,
        "film_player": player,
        "clip_film": gr.State(None),
        "film_state": gr.State(None),
    }


NOTHING: dict[str, Any] = {
    "frame": {"run": "", "number": 0, "src": ""},
    "done": 0.0,
    "line": "",
    "film": "",
    "before": "",
    "webp": "",
    "name": "",
    "sound": False,
}


def _player() -> gr.HTML:
    """It frames a film as the stage does."""
    files = widget_files(__file__)
    files["css_template"] = widget_files(viewer.__file__)["css_template"] + files["css_template"]
    texts = for_browser(WORDS, "film_")
    return gr.HTML(**files, **NOTHING, ratio=0, rate=RATE, words=texts, elem_id="player", elem_classes=["bare"])


def join(page: PageComponents) -> list[Dependency]:
    """Returns the runs, for Stop."""

    def arrived(values: dict[Any, Any], request: gr.Request) -> Updates:
        return clip_arrived(page, values, request)

    def price(values: dict[Any, Any], request: gr.Request) -> Updates:
        return priced(page, values, request)

    def of_a_clip(values: dict[Any, Any], request: gr.Request) -> Shooting:
        choices, part = _choices(page, values, {"content": None, "strokes": ""}), _part(page, values)
        clip = _clip(values[page.clip_film], request)
        given = {"rate": None, "begin": part["begin"], "end": part["begin"] + part["length"]}
        asked = part_for(clip, choices.settings.size, **given)
        return of_clip(clip, asked, *choices.paintings)

    def of_a_morph(values: dict[Any, Any], request: gr.Request) -> Shooting:
        return of_morph(_choices(page, values).commission, _part(page, values)["length"])

    needed = {*page.film_part.values(), page.clip_film, page.extra_styles, page.style_gallery, *page.knobs.values()}
    shown = [page.film_panel, page.clip, page.clip_film, *_priced(page)]
    page.inbox.submit(arrived, {page.inbox, *needed}, shown, **EACH, **QUIET)  # only a queued event shows a refusal
    changes = [page.film_panel.expand, *(one.change for one in page.film_part.values())]
    gr.on(changes, price, needed, _priced(page), **LATEST, **RAW)
    chosen = {*page.inputs.values(), *page.film_part.values(), page.clip_film}
    return [
        _run(page, page.paint_film, of_a_clip, chosen - {page.content, page.mask_brush}),
        _run(page, page.paint_morph, of_a_morph, chosen - {page.mask_brush}),
    ]


def _choices(page: PageComponents, values: Mapping[Any, Any], but: Mapping[str, Any] | None = None) -> Choices:
    """What stands on the page, without what is not for films, in the size of this panel."""
    given = {name: values.get(component) for name, component in page.inputs.items()}
    choices = Choices.of({**given, **(but or {}), "mask_brush": None, "start": b""})
    return replace(choices, settings=replace(choices.settings, size=_part(page, values)["size"]))


def _part(page: PageComponents, values: Mapping[Any, Any]) -> dict[str, Any]:
    usual = {"begin": 0.0, "length": USUAL_SECONDS, "size": USUAL_SIZE}
    found = named(page.film_part, values)
    return {name: value if found[name] is None else found[name] for name, value in usual.items()}


def _clip(clip: Film | None, request: gr.Request) -> Film:
    if clip is None:
        raise Mistake("Please choose a clip.")
    return clip


# A clip comes, and what it will take


def clip_arrived(page: PageComponents, values: Mapping[Any, Any], request: gr.Request) -> Updates:
    """
    Raises:
        gr.Error: if it could not be sent, or is no film.
    """
    language = language_of(request)
    _, file = inbox.arrived(values[page.inbox], language)
    path, name = clip_of(file.get("path"), file.get("orig_name"))
    with in_the_users_words():
        film = look(path)
        poster = _poster(film)
    about = words(language)["film_about"].format(width=film.size[0], height=film.size[1], seconds=f"{film.seconds:.1f}")
    return {
        page.film_panel: gr.update(open=True),
        page.clip: showing(file, poster, name, about),
        page.clip_film: film,
        **priced(page, {**values, page.clip_film: film}, request),
    }


def _poster(film: Film) -> str:
    """Its first picture, small."""
    scale = min(1.0, min(POSTER) / min(film.size))
    size = tuple(max(1, round(side * scale)) for side in film.size)
    with closing(frames(film, Part(0.0, film.seconds, film.rate, (size[0], size[1])))) as pictures:
        return inline(jpeg(next(pictures), max(size), SHOWN_QUALITY))


def _priced(page: PageComponents) -> list[Any]:
    return [page.paint_film, page.paint_morph]


def priced(page: PageComponents, values: Mapping[Any, Any], request: gr.Request) -> Updates:
    """Both buttons, with the time that they will take; without one where nothing can be said."""
    language, part, clip = language_of(request), _part(page, values), values[page.clip_film]
    names = {page.paint_film: words(language)["film_paint"], page.paint_morph: words(language)["film_morph"]}
    with suppress(ValueError, TypeError):
        settings = Settings(**{name: values[page.knobs[name]] for name in ("steps", "recipe")}, size=int(part["size"]))
        paintings = len(values[page.extra_styles]) + 1
        if clip is not None:
            asked = part_for(clip, settings.size, None, part["begin"], part["begin"] + part["length"])
            seconds = estimate.predicted_film(settings, asked.size, len(asked), paintings)
            names[page.paint_film] = _with_time(names[page.paint_film], seconds, language)
        if paintings > 1:
            count = paintings * round(RATE * part["length"])
            seconds = estimate.predicted_morph(settings, count)
            names[page.paint_morph] = _with_time(names[page.paint_morph], seconds, language)
    return {button: gr.update(value=name) for button, name in names.items()}


def _with_time(name: str, seconds: float | None, language: str) -> str:
    return name if seconds is None else f"{name}, {prices.in_words(seconds, language)}"


# The run


def _run(
    page: PageComponents,
    button: gr.Button,
    shooting_of: Callable[[dict[Any, Any], gr.Request], Shooting],
    inputs: set[Any],
) -> Dependency:
    """One call before, the run, and one after, which makes files of all that was painted."""

    def before(request: gr.Request) -> Updates:
        line = words(language_of(request))["starting"]
        return {**turns.busy(page), page.film_player: gr.update(**NOTHING | {"line": line}), page.film_state: None}

    def run(values: dict[Any, Any], request: gr.Request) -> Iterator[Any]:
        with in_the_users_words():
            shooting = shooting_of(values, request)
        yield from paint(request, shooting, values.get(page.clip))

    def after(state: FilmState | None, request: gr.Request) -> Updates:
        return {**turns.idle(page), page.film_player: ended(request, state), page.film_state: None}

    start = button.click(before, None, [*turns.switched(page), page.film_player, page.film_state], **AT_ONCE)
    turns.focus(start.then, "stop")
    event: Dependency = start.then(
        run, inputs | {page.clip}, [page.film_player, page.film_state], **ONE_AT_A_TIME, **QUIET
    )
    changed = [*turns.switched(page), page.film_player, page.film_state]
    for end in (event.success, event.failure):  # a stop counts as a failure
        over = end(after, page.film_state, changed, **AT_ONCE)
        turns.focus(over.then, str(button.elem_id))
    return event


def paint(request: gr.Request, shooting: Shooting, clip: Mapping[str, Any] | None) -> Iterator[tuple[Any, FilmState]]:
    """The player, and what is kept when the run ends, whyever it ends."""
    language, run_id = language_of(request), uuid4().hex
    width, height = shooting.size
    first = str((clip or {}).get("orig_name")) if shooting.clip else name_of(shooting.commission.content)
    name = name_after([first, *map(name_of, shooting.commission.styles)])
    with without_a_trace(language), in_the_users_words(), closing(shoot(shooting, name, request)) as states:
        for state in states:
            take = state.take
            assert take is not None
            shown = {"run": run_id, "number": take.number, "src": inline(jpeg(take.picture, SHOWN_SIDE, SHOWN_QUALITY))}
            done = take.number / shooting.count if take.number else take.progress / shooting.count
            if take.is_cut:
                gr.Info(words(language)["deadline"], duration=None, title=words(language)["note_title"])
            yield gr.update(frame=shown, done=done, line=running(state, language), ratio=width / height), state


def running(state: FilmState, language: str) -> str:
    """What is told while it is painted."""
    take, texts = state.take, words(language)
    if take is None or not take.number:
        return texts["film_first"]
    key = "film_running" if take.seconds_left is None else "film_running_left"
    left = time_in_words(take.seconds_left or 0.0, language)
    return texts[key].format(frame=take.number, frames=state.shooting.count, left=left)


def ended(request: gr.Request, state: FilmState | None) -> Any:
    """The player after a run: finished, stopped or broken off."""
    language = language_of(request)
    texts = words(language)
    if state is None:
        return gr.update(**NOTHING, ratio=0)
    with without_a_trace(language):
        files = finished(state)
    if not files or state.take is None:
        return gr.update(**NOTHING | {"line": texts["film_none"]})
    key = "film_done" if state.done == state.shooting.count else "film_stopped"
    time = time_in_words(state.take.seconds, language)
    line = texts[key].format(frame=state.done, frames=state.shooting.count, time=time)
    told = {kind: url(file) for kind, file in files.items()} | {"line": line, "name": Path(files["film"]).stem}
    clip = state.shooting.clip
    sound = clip is not None and clip[0].has_sound
    return gr.update(**NOTHING | told | {"sound": sound})
