"""Many photos and one choice of paintings: painted one after the other, each in a turn of its own, into one ZIP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from html import unescape
from pathlib import Path
from time import monotonic
from typing import Any

import gradio as gr
from gradio.events import Dependency

from studio import limits
from studio.components import album_box, inbox
from studio.components.album_box import NOTHING
from studio.components.images import inline, name_of
from studio.components.page_components import PageComponents
from studio.components.thumbnails import url
from studio.components.updates import Updates
from studio.errors import in_language, in_the_users_words, without_a_trace
from studio.events import AT_ONCE, EACH, QUIET
from studio.gradio_internals import opened_by
from studio.i18n import label, language_of, time_in_words, words
from studio.panels import presets, prices, turns
from studio.runs.album import SMALL_QUALITY, SMALL_SIDE, Album, Photo, begun, paint_next, taken_over
from studio.runs.backend import ONE_AT_A_TIME
from studio.runs.choices import Choices
from studio.runs.run import inform
from studio.runs.timelapse import jpeg

TIMED = ("size", "steps", "start_size", "recipe")


def panel() -> dict[str, Any]:
    with gr.Accordion(label("album"), open=False, elem_id="album") as fold:
        box = album_box.album_box(_most())
        paint = gr.Button(label("album_paint"), size="md", elem_id="paint-album")
    states = {"album_photos": gr.State(()), "album_state": gr.State(None)}
    return {"album_panel": fold, "album_box": box, "paint_album": paint, **states}


def _most() -> int:
    return int(limits.LIMITS.photos)


def join(page: PageComponents) -> Dependency:
    """Returns the run, for Stop."""

    def arrived(values: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        for photos, troubles in _taken(page, values, request):
            yield {page.album_panel: gr.update(open=True), **shown(page, photos, values, request, troubles)}

    def removed(values: dict[Any, Any], request: gr.Request) -> Updates:
        gone = values[page.album_box].get("remove", ())
        photos = tuple(one for place, one in enumerate(values[page.album_photos]) if place not in gone)
        return shown(page, photos, values, request)

    def begin(values: dict[Any, Any], request: gr.Request) -> Updates:
        album = begun_by(page, values, request)
        box = _cells(album, **NOTHING | _next(album, language_of(request)))
        return {**turns.busy(page), page.album_state: album, page.album_box: box}

    def paint(album: Album | None, request: gr.Request) -> Iterator[tuple[Any, Album]]:
        if album is not None and not album.is_over:
            yield from painted(page, album, request)

    def after(album: Album | None, request: gr.Request) -> Updates:
        """The next photo asks for its turn, or all is over."""
        if album is None or album.is_over:
            return over(album, request)
        return {page.album_box: gr.update(**_next(album, language_of(request)))}

    def over(album: Album | None, request: gr.Request) -> Updates:
        box = gr.skip() if album is None else ended(album, request)  # None: it has been told already
        return {**turns.idle(page), page.album_box: box, page.album_state: None}

    needed = {page.album_photos, *presets.inputs(page)}
    changed = [page.album_photos, page.album_box, page.paint_album]
    page.inbox.select(arrived, {page.inbox, page.album_state, *needed}, [page.album_panel, *changed], **EACH, **QUIET)
    page.album_box.delete(removed, {page.album_box, *needed}, changed, **QUIET)
    switched = [*turns.switched(page), page.album_box, page.album_state]
    chosen: set[Any] = {*page.inputs.values(), page.album_photos} - {page.content, page.mask_brush}
    start = page.paint_album.click(begin, chosen, switched, **QUIET)  # queued: only there a refusal can be shown
    turns.focus(start.success, "stop")
    shows = [page.album_box, page.album_state]
    run: Dependency = page.album_box.submit(paint, page.album_state, shows, **ONE_AT_A_TIME, **QUIET)
    run.success(after, page.album_state, switched, **AT_ONCE)
    for end in (run.failure, page.album_box.end):  # a stop counts as a failure, or came between two photos
        end(over, page.album_state, switched, **AT_ONCE)
    return run


# Photos come and go


def _taken(
    page: PageComponents, values: Mapping[Any, Any], request: gr.Request
) -> Iterator[tuple[tuple[Photo, ...], list[str]]]:
    """The photos with one more each time, and what was wrong with others.

    Raises:
        gr.Error: while an album is being painted.
    """
    language = language_of(request)
    texts, photos, troubles = words(language), values[page.album_photos], []
    if values[page.album_state] is not None:
        raise gr.Error(texts["album_busy"], print_exception=False)
    too_many = [texts["album_too_many"].format(most=_most())] if values[page.inbox].get("more") else []
    for name, file in inbox.several(values[page.inbox], language):
        if len(photos) >= _most():
            too_many = [texts["album_too_many"].format(most=_most())]
            break
        try:
            photos = (*photos, _photo(page, file))
        except gr.Error as error:
            troubles.append(f"{name}: {_sentence(error, language)}")
        yield photos, troubles
    yield photos, [*troubles, *too_many]


def _photo(page: PageComponents, file: Mapping[str, Any] | str) -> Photo:
    """
    Args:
        file: Or one sentence on why it is not here.

    Raises:
        gr.Error: if it is no photo.
    """
    if isinstance(file, str):
        raise gr.Error(file)
    picture = opened_by(page.content, file)
    thumb = inline(jpeg(picture, SMALL_SIDE, SMALL_QUALITY))
    return Photo(file, name_of(picture), picture.size, thumb)


def _sentence(error: gr.Error, language: str) -> str:
    return unescape(str(in_language(error, language).message))


def shown(
    page: PageComponents,
    photos: Sequence[Photo],
    values: Mapping[Any, Any],
    request: gr.Request,
    troubles: Sequence[str] = (),
) -> Updates:
    """Photos that wait to be painted, and what that will take."""
    cells = _waiting(photos)
    settings = presets.timed_settings(page, values)
    first = {} if values[page.album_photos] else NOTHING  # later on, the ZIP of the last album is still to be had
    return {
        page.album_photos: tuple(photos),
        page.album_box: album_box.showing(_most(), cells, troubles, **first),
        **prices.of_album(page, photos, settings, presets.paintings_of(page, values), language_of(request)),
    }


def resumed_outputs(page: PageComponents) -> list[Any]:
    return [page.album_panel, page.album_photos, page.album_box]


def resumed(page: PageComponents, photos: Sequence[Photo], cut: Album | None, request: gr.Request) -> Updates:
    """The photos of an earlier session, and what there is of an album that was cut off with it."""
    here = tuple(one for one in photos if Path(one.file["path"]).exists())
    if not here:
        return {}
    box = album_box.showing(_most(), _waiting(here), **NOTHING)
    if cut is not None and cut.photos == here:
        box = ended(taken_over(cut, request), request)
    return {page.album_panel: gr.update(open=True), page.album_photos: here, page.album_box: box}


# The run


def begun_by(page: PageComponents, values: Mapping[Any, Any], request: gr.Request) -> Album:
    """
    Raises:
        gr.Error: if there are no photos, or something does not go together.
    """
    photos = values[page.album_photos]
    if not photos:
        raise gr.Error(words(language_of(request))["album_none"], print_exception=False)
    given = {name: values.get(component) for name, component in page.inputs.items()}
    return begun(photos, Choices.of({**given, "start": b""}), request)


def _next(album: Album, language: str) -> dict[str, Any]:
    """Tells the browser whose turn it is; no two are the same."""
    line = words(language)["album_next"].format(photo=album.turn + 1, photos=len(album.photos))
    return {"turn": f"{album.target.parent.name} {album.turn}", "line": line}


def painted(page: PageComponents, album: Album, request: gr.Request) -> Iterator[tuple[Any, Album]]:
    """One photo, while its painting comes to be. What goes wrong with it costs the others nothing."""
    language, place, note = language_of(request), album.turn, ""
    try:
        with without_a_trace(language), in_the_users_words():
            photo = opened_by(page.content, album.photos[place].file)
            with closing(paint_next(album, photo, str(request.session_hash))) as steps:
                for frame, left, album in steps:
                    note = inform(frame.note, note, language)
                    live = inline(jpeg(frame.preview(SMALL_SIDE), SMALL_SIDE, SMALL_QUALITY))
                    done = (place + frame.progress) / len(album.photos)
                    line = running(album, place, left, language)
                    yield gr.update(live=live, place=place, done=done, line=line), album
    except gr.Error as error:
        album = album.failed(_sentence(error, language))
    yield _cells(album), album


def running(album: Album, place: int, left: float | None, language: str) -> str:
    """What is told while it is painted."""
    key = "album_running" if left is None else "album_running_left"
    time = time_in_words(left or 0.0, language)
    return words(language)[key].format(photo=place + 1, photos=len(album.photos), left=time)


def _waiting(photos: Sequence[Photo]) -> list[dict[str, str]]:
    """Photos that nothing has become of yet."""
    return [{"name": one.name, "src": one.thumb, "state": ""} for one in photos]


def _cells(album: Album, **more: Any) -> Any:
    """Every photo, or what became of it."""
    cells = _waiting(album.photos)
    for place, small in album.painted.items():
        cells[place] |= {"src": inline(small), "state": "painted"}
    for place in album.troubles:
        cells[place]["state"] = "failed"
    troubles = [f"{album.photos[place].name}: {sentence}" for place, sentence in album.troubles.items()]
    return album_box.showing(_most(), cells, troubles, **{"busy": True, "live": "", "place": -1, **more})


def ended(album: Album, request: gr.Request) -> Any:
    """The photos after a run, finished or stopped, and the ZIP of those that were painted."""
    language, done = language_of(request), len(album.painted)
    if not done:
        return _cells(album, busy=False, **NOTHING | {"line": words(language)["album_unpainted"]})
    key = "album_done" if album.is_over else "album_stopped"
    time = time_in_words(monotonic() - album.began, language)
    line = words(language)[key].format(done=done, photos=len(album.photos), time=time)
    file = {"zip": url(album.target), "name": album.target.stem}
    return _cells(album, busy=False, **NOTHING | file | {"line": line})
