"""The picture is the project: one of our own PNGs brings back all that painted it, or says it in Python."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from nst import Settings
from nst.image import open_picture
from nst.mistakes import Mistake
from nst.record import KEYWORD, Record, read_record
from nst.settings import mix_shares
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS
from studio.components import arrow_brush, mask_brush, start_picture, status_line
from studio.components.controls import moved, moved_to
from studio.components.images import boxed_again
from studio.components.mask_brush import marks_from, unmarked
from studio.components.page_components import PageComponents
from studio.components.painting_mix import EVEN, MOST, ExtraStyle, extra_style, rows
from studio.components.updates import Updates
from studio.errors import in_the_users_words
from studio.files import NOT_HERE, own_file
from studio.i18n import language_of, words
from studio.runs.as_python import as_python
from studio.runs.result import Origin, Result, result_of

OUR_PHOTOS = {photo.path.name: photo for photo in PHOTOS.values()}
OUR_PAINTINGS = {painting.path.name: painting for painting in PAINTINGS.values()}
HEAVIEST = 10  # of the sliders


File = Mapping[str, Any]  # of a picture, as the browser sends it: its path, and what it is called


def restored(
    request: gr.Request, picture: Image.Image | None, visit: Mapping[str, File] | None = None
) -> dict[str, Any] | None:
    """All that was chosen for a picture, under the names of `PageComponents.inputs`; None if it is no project.

    Its photo and its paintings are sought in the gallery and in the visit, by name. What is not found is said, and
    left out: its box stays as it is.
    """
    with in_the_users_words():
        record = read_record(picture.info.get("text", {})) if picture else None
        if record is None:
            return None
        marks = marks_from(record.masks, record.photo)
    start_picture.opened(record.start)  # a damaged one is refused before anything is taken over
    files = _files(record, visit or {})
    _inform([name for name in _names(record) if name not in files], words(language_of(request)))
    return {**_chosen(record, files), "mask_brush": marks}


def of_gallery(record: Record) -> dict[str, Any]:
    """The same from a record that names no visitor's picture."""
    return _chosen(record, _files(record, {}))


def _names(record: Record) -> list[str]:
    """Of the photo, which a texture does not have, and of the paintings."""
    return [name for name in (record.photo, *record.paintings[:MOST]) if name]


def _files(record: Record, visit: Mapping[str, File]) -> dict[str, File]:
    """Of those that are here."""
    return {name: file for name in _names(record) if (file := _found(name, visit))}


def _chosen(record: Record, files: Mapping[str, File]) -> dict[str, Any]:
    names = record.paintings[:MOST]
    return {
        **_content(record.photo, files),
        **_styles([files[name] for name in names if name in files], _weights(record.settings, names)),
        "mask_brush": unmarked(record.photo),
        "start": record.start,
        **moved_to(record.settings),
    }


def in_visit(results: Sequence[Result]) -> dict[str, File]:
    """The files of a visit's pictures by what they are called; of those that share a name, the newest."""
    files: dict[str, File] = {}
    for result in reversed(results):
        chosen = result.chosen
        for file in (chosen.get("content"), chosen.get("style")):
            if file:
                files[str(file.get("orig_name") or Path(file["path"]).name)] = file
        files |= {one.name: {"path": one.file, "orig_name": one.name} for one in chosen.get("extra_styles", ())}
    return files


def _found(name: str, visit: Mapping[str, File]) -> File | None:
    ours = OUR_PHOTOS.get(name) or OUR_PAINTINGS.get(name)
    if ours:
        return {"path": str(ours.path), "orig_name": name}
    return visit.get(name)


def _inform(missing: Sequence[str], texts: Mapping[str, str]) -> None:
    names = ", ".join(escape(name) for name in missing)  # a stranger wrote them
    text = texts["restored_but"].format(names=names) if missing else texts["restored"]
    gr.Info(text, title=texts["restored_title"])


def _content(name: str, files: Mapping[str, File]) -> dict[str, Any]:
    photo = OUR_PHOTOS.get(name)
    if not name:
        return {"content": None, "content_gallery": None}
    if name not in files:
        return {}
    return {"content": files[name], "content_gallery": photo.key if photo else None}


def _styles(styles: Sequence[File], weights: Mapping[str, float]) -> dict[str, Any]:
    if not styles:
        return {}
    *others, last = styles
    extra_styles = tuple(_extra(one) for one in others)
    painting = OUR_PAINTINGS.get(last["orig_name"])
    return {
        "style": last,
        "style_gallery": painting.key if painting else None,
        "extra_styles": extra_styles,
        "mix": rows(extra_styles, [weights[one["orig_name"]] for one in styles]),
    }


def _extra(file: File) -> ExtraStyle:
    """
    Raises:
        gr.Error: if a visitor's own file has gone meanwhile.
    """
    name = str(file["orig_name"])
    found = own_file(file["path"])
    with in_the_users_words():
        if found is None:
            raise Mistake(NOT_HERE)
        picture = open_picture(found, "painting")
    picture.info["name"] = name
    return extra_style(picture, str(found))


def _weights(settings: Settings, paintings: Sequence[str]) -> dict[str, float]:
    """Name -> where its slider stands."""
    shares = mix_shares(settings.style_mix, len(paintings)) if settings.style_mix else [1.0] * len(paintings)
    factor = HEAVIEST / max(shares) if settings.style_mix else EVEN
    return {name: max(1, round(share * factor)) for name, share in zip(paintings, shares, strict=True)}


def its_own_result(picture: Image.Image, chosen: Mapping[str, Any], request: gr.Request) -> Result:
    """The picture itself, for the wall. Its photo is compared with it, where that was found."""
    content = opened_content(chosen.get("content")) or picture
    text = {name: value for name, value in picture.info["text"].items() if name.startswith(KEYWORD)}
    result = result_of(picture, content, str(picture.info["file"]), "", Origin(text))
    complete = {"content", "style"} <= chosen.keys()
    return replace(result, line=status_line.line(result.title), chosen=_raw(chosen) if complete else {})


def opened_content(file: File | None) -> Image.Image | None:
    found = own_file(file["path"]) if file else None
    with in_the_users_words():
        return open_picture(found, "photo") if found else None


def _raw(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """As the browser would have sent it."""
    return {
        name: value["value"] if isinstance(value, dict) and value.get("__type__") == "update" else value
        for name, value in chosen.items()
    }


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
        page.arrows_panel: arrow_brush.panel_label(chosen["strokes"]),
        page.start_row: start_picture.shown(chosen["start"]),
    }


def put_back(page: PageComponents, chosen: Mapping[str, Any], request: gr.Request) -> Updates:
    """What was restored of a picture stands in the boxes and controls; what is missing stays as it is."""
    boxes = {name: box for name, box in _boxes(page).items() if name in chosen}
    held: Updates = {box: boxed_again(box, chosen[name], request) for name, box in boxes.items()}
    return {
        **{page.inputs[name]: value for name, value in chosen.items()},
        **held,
        page.mask_panel: mask_brush.panel_label(chosen["mask_brush"]),
        page.arrows_panel: arrow_brush.panel_label(chosen["strokes"]["value"]),
        page.start_row: start_picture.shown(chosen["start"]),
    }


def brought_back_outputs(page: PageComponents) -> list[Any]:
    return [*page.inputs.values(), page.mask_panel, page.arrows_panel, page.start_row]


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
