"""The picture is the project: one of our own PNGs brings back all that painted it, or says it in Python."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr
from PIL import Image

from nst import Settings
from nst.image import open_picture
from nst.record import Record, read_record
from nst.settings import mix_shares
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS, Painting
from studio.components import mask_brush, start_picture
from studio.components.controls import moved, moved_to
from studio.components.images import boxed_again
from studio.components.mask_brush import marks_from
from studio.components.page_components import PageComponents
from studio.components.painting_mix import EVEN, MOST, extra_style, rows
from studio.components.updates import Updates
from studio.errors import in_the_users_words
from studio.i18n import language_of, words
from studio.runs.as_python import as_python
from studio.runs.result import Result

OUR_PHOTOS = {photo.path.name: photo for photo in PHOTOS.values()}
OUR_PAINTINGS = {painting.path.name: painting for painting in PAINTINGS.values()}
HEAVIEST = 10  # of the sliders


def restored(request: gr.Request, picture: Image.Image | None) -> dict[str, Any] | None:
    """All that was chosen for a picture, under the names of `PageComponents.inputs`; None if it is no project."""
    with in_the_users_words():
        record = read_record(picture.info.get("text", {})) if picture else None
        if record is None:
            return None
        marks = marks_from(record.masks, record.photo)
    start_picture.opened(record.start)  # a damaged one is refused before anything is taken over
    names = record.paintings[:MOST]
    missing = [name for name in (record.photo, *names) if name not in OUR_PHOTOS and name not in OUR_PAINTINGS]
    _inform(missing, words(language_of(request)))
    styles = [OUR_PAINTINGS[name] for name in names if name in OUR_PAINTINGS]
    return {
        **_content(record.photo),
        **_styles(styles, _weights(record.settings, names)),
        "mask_brush": marks,
        "start": record.start,
        **moved_to(record.settings),
    }


def _inform(missing: Sequence[str], texts: Mapping[str, str]) -> None:
    names = ", ".join(escape(name) for name in missing)  # a stranger wrote them
    text = texts["restored_but"].format(names=names) if missing else texts["restored"]
    gr.Info(text, title=texts["restored_title"])


def _content(name: str) -> dict[str, Any]:
    photo = OUR_PHOTOS.get(name)
    return {"content": str(photo.path) if photo else None, "content_gallery": photo.key if photo else None}


def _styles(styles: Sequence[Painting], weights: Mapping[str, float]) -> dict[str, Any]:
    if not styles:
        return {"style": None, "style_gallery": None, "extra_styles": (), "mix": rows((), [EVEN])}
    *others, last = styles
    extra_styles = tuple(extra_style(_with_its_name(one), str(one.path), one.title) for one in others)
    return {
        "style": str(last.path),
        "style_gallery": last.key,
        "extra_styles": extra_styles,
        "mix": rows(extra_styles, [weights[one.path.name] for one in styles]),
    }


def _with_its_name(painting: Painting) -> Image.Image:
    picture = open_picture(painting.path)
    picture.info["name"] = painting.path.name
    return picture


def _weights(settings: Settings, paintings: Sequence[str]) -> dict[str, float]:
    """Name -> where its slider stands."""
    shares = mix_shares(settings.style_mix, len(paintings)) if settings.style_mix else [1.0] * len(paintings)
    factor = HEAVIEST / max(shares) if settings.style_mix else EVEN
    return {name: max(1, round(share * factor)) for name, share in zip(paintings, shares, strict=True)}


def brought_back(page: PageComponents, chosen: Mapping[str, Any], request: gr.Request) -> Updates:
    """All that a picture was painted from stands in the boxes and controls again.

    Raises:
        gr.Error: if a visitor's own file has gone meanwhile.
    """
    boxes = {box: boxed_again(box, chosen[name], request) for name, box in _boxes(page).items()}
    kept = {page.choices[name]: chosen[name] for name in page.choices if name not in {*_boxes(page), *page.knobs}}
    return {
        **boxes,
        **kept,
        **{page.knobs[name]: moved(name, chosen[name]) for name in page.knobs},
        page.mix: rows(chosen["extra_styles"], chosen["mix"]["weights"]),
        page.mask_panel: mask_brush.panel_label(chosen["mask_brush"]),
        page.start_row: start_picture.shown(chosen["start"]),
    }


def brought_back_outputs(page: PageComponents) -> list[Any]:
    return [*page.inputs.values(), page.mask_panel, page.start_row]


def _boxes(page: PageComponents) -> dict[str, gr.Image]:
    return {"content": page.content, "style": page.style}


def address_of(request: gr.Request) -> str:
    """What `gradio_client` needs to find this page."""
    if space := os.environ.get("SPACE_ID"):
        return space
    scheme = request.headers.get("x-forwarded-proto", "http")
    return f"{scheme}://{request.headers.get('host', 'localhost:7860')}"


def code_of(request: gr.Request, result: Result | None) -> str:
    """In Python: the picture on the wall."""
    record = _record_of(result) if result else None
    return as_python(record, address_of(request)) if record else ""


def _record_of(result: Result) -> Record | None:
    """A finished picture of the gallery has its settings in the catalogue, not in its file."""
    finished = next((one for one in FINISHED.values() if str(one.path) == result.path), None)
    if finished is None:
        return read_record(result.text)
    return Record(Settings(**finished.settings), finished.content.path.name, (finished.style.path.name,))
