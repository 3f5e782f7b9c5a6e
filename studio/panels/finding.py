"""One click instead of a brush: the photo's subject is marked, to be kept or to be painted. Another one moves the edges
of any marks to where those of the photo are. A tick keeps the features of faces.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from PIL import Image

from nst.faces import NO_FACE, find_faces
from nst.mistakes import Mistake
from nst.record import mask_png
from nst.subject import NoSubject, refined_mask, subject_mask
from studio.components.images import inline, name_of
from studio.components.mask_brush import opened, panel_label, unmarked
from studio.components.page_components import PageComponents
from studio.components.updates import Updates
from studio.errors import in_the_users_words, without_a_trace
from studio.events import AT_ONCE, QUIET
from studio.i18n import language_of, words

WHERE = {"subject": "keep", "background": "here"}  # what is to stay as it is -> what the marked subject becomes


def join(page: PageComponents) -> None:
    def marked(photo: Image.Image | None, marks: Mapping[str, Any], request: gr.Request) -> Updates:
        find = refined if marks.get("keep") == "refine" else found
        new = find(photo, marks, language_of(request))
        return {page.mask_brush: new, page.mask_panel: panel_label(new)}

    shown = [page.mask_brush, page.mask_panel]
    event = page.mask_brush.select(marked, [page.content, page.mask_brush], shown, **QUIET)
    event.failure(_as_it_was, page.mask_brush, page.mask_brush, **AT_ONCE)
    tick = page.knobs["keep_faces"]
    looked = tick.input(look_for_faces, [page.content, tick], None, **QUIET)
    looked.failure(lambda: "no", None, tick, **AT_ONCE)


def found(photo: Image.Image | None, marks: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The value of the brush with the subject marked.

    Raises:
        gr.Error: if there is no photo, or nothing stands out in it.
    """
    photo = _there(photo, language)
    with without_a_trace(language):
        try:
            mask = subject_mask(photo)
        except NoSubject:
            raise gr.Error(words(language)["no_subject"], print_exception=False) from None
    subject = {"mask": inline(mask_png(mask), "png"), "where": WHERE.get(str(marks.get("keep")), "here"), "soft": True}
    return unmarked(name_of(photo)) | {"regions": marks.get("regions") or []} | subject


def look_for_faces(photo: Image.Image | None, keep_faces: str, request: gr.Request) -> None:
    """Says how many faces a run would keep, as soon as that is asked for.

    Raises:
        gr.Error: if there is none, or the network that finds them is not to be had.
    """
    if keep_faces == "no" or photo is None:
        return
    language = language_of(request)
    with without_a_trace(language), in_the_users_words():
        count = len(find_faces(photo))
        if not count:
            raise Mistake(NO_FACE)
    gr.Info(words(language)["faces_found"].format(count=count))


def refined(photo: Image.Image | None, marks: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The value of the brush with finer edges.

    Raises:
        gr.Error: if there is no photo, or there are no marks.
    """
    photo = _there(photo, language)
    if not marks.get("mask"):
        raise gr.Error(words(language)["no_marks"], print_exception=False)
    mask, strokes = opened(marks["mask"]), opened(marks.get("strokes"))
    with without_a_trace(language), in_the_users_words():
        mask = refined_mask(photo, mask, strokes)
    return {**_as_it_was(marks), "mask": inline(mask_png(mask), "png"), "soft": True}


def _there(photo: Image.Image | None, language: str) -> Image.Image:
    if photo is None:
        raise gr.Error(words(language)["brush_photo"], print_exception=False)
    return photo


def _as_it_was(marks: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in marks.items() if name not in ("keep", "strokes")}
