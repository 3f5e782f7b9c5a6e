"""Share: the picture, before and after in one, the film, or a link to the settings. Nothing is kept on the server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import gradio as gr

from nst.adjust import Adjustment
from nst.export import time_lapse
from nst.settings import mix_shares
from studio.catalogue import PAINTINGS, PHOTOS
from studio.components.page_components import PageComponents, named
from studio.components.thumbnails import url
from studio.components.updates import Updates
from studio.components.widget_files import widget_files
from studio.errors import in_the_users_words, without_a_trace
from studio.events import QUIET
from studio.i18n import for_browser, language_of, words
from studio.panels import adjust, restore
from studio.runs import keepsakes
from studio.runs.choices import Choices
from studio.runs.result import Result
from studio.runs.settings_link import fragment, record_in

WAYS = ("picture", "pair", "film", "upright", "link")
WORDS = (*WAYS, "making", "copied", "saved", "link_copied", "own")
PAIR_QUALITY = 90
HOLD = 2.0  # seconds that the painting stays at the end of a film


def share() -> gr.HTML:
    """A button with a menu. What the visitor chooses is the event `select`, a link that was opened `input`."""
    return gr.HTML(
        {},
        **widget_files(__file__),
        items=list(WAYS),
        made={},
        words={one: {"share": words(one)["share"], **texts} for one, texts in for_browser(WORDS, "share_").items()},
        disabled=False,
        elem_id="share",
        elem_classes=["bare"],
    )


def join(page: PageComponents) -> None:
    def make(values: dict[Any, Any], request: gr.Request) -> Updates:
        way = values[page.share].get("way")
        if way == "link":
            return {page.share: _told(link(Choices.of(named(page.inputs, values))))}
        adjustment = Adjustment(*(values[one] for one in page.adjusting))
        return {page.share: _told(made(way, values[page.result], adjustment, request))}

    def open_link(value: Mapping[str, Any], request: gr.Request) -> Updates:
        return opened(page, str(value.get("link")), request)

    asked = page.share.select(
        make, {page.share, page.result, *page.adjusting, *page.inputs.values()}, page.share, **QUIET
    )
    asked.failure(lambda: _told({}), None, page.share, **QUIET)
    page.share.input(open_link, page.share, restore.brought_back_outputs(page), **QUIET)


def _told(made: Mapping[str, Any]) -> Any:
    """Never the same twice: a browser does not hear of what has not changed, and the same may be asked for again."""
    return gr.update(made={**made, "at": monotonic()})


def made(way: Any, result: Result | None, adjustment: Adjustment, request: gr.Request) -> dict[str, str]:
    """A file, as the browser is told of it: how it is to be handed over, where it is, and its name.

    Raises:
        gr.Error: if there is no picture yet.
    """
    language = language_of(request)
    if result is None or way not in WAYS:
        raise gr.Error(words(language)["share_nothing"], print_exception=False)
    with without_a_trace(language):
        path = _file(way, result, adjustment, request)
    return {"way": way, "url": url(path), "name": path.name}


def _file(way: str, result: Result, adjustment: Adjustment, request: gr.Request) -> Path:
    if way == "picture":
        return Path(adjust.full_size(request, result, *vars(adjustment).values()) or result.path)
    if way == "pair":
        path = result.beside(f"{result.file_name}--before-after.jpg", request, way)
        keepsakes.pair(result, adjustment).save(path, quality=PAIR_QUALITY)
        return path
    ending = "--upright.mp4" if way == "upright" else ".mp4"
    path = result.beside(f"{result.file_name}{ending}", request, way)
    time_lapse(keepsakes.film(result, adjustment, way == "upright"), path, hold=HOLD)
    return path


def link(choices: Choices) -> dict[str, Any]:
    """The controls as they stand, and those of the pictures that are the gallery's; `own` if some are not."""
    photos = {str(photo.path): photo.key for photo in PHOTOS.values()}
    paintings = {str(painting.path): painting.key for painting in PAINTINGS.values()}
    files = [one.file for one in choices.extra_styles]
    files += [str(choices.style.info["file"])] if choices.style else []
    photo = str(choices.content.info["file"]) if choices.content else ""
    keys = tuple(paintings[file] for file in files if file in paintings)
    some_are_missing = len(keys) < len(files)
    settings = choices.settings if some_are_missing else choices.paintings[1]
    own = some_are_missing or (bool(photo) and photo not in photos)
    return {"link": fragment(settings, photos.get(photo), keys), "own": own}


def opened(page: PageComponents, fragment: str, request: gr.Request) -> Updates:
    """What a link says, on the page.

    Raises:
        gr.Error: if it is damaged; nothing changes then.
    """
    try:
        record = record_in(fragment)
        mix_shares(record.settings.style_mix, len(record.paintings))
    except ValueError:
        raise gr.Error(words(language_of(request))["link_broken"], print_exception=False) from None
    with in_the_users_words():
        return restore.put_back(page, restore.of_gallery(record), request)
