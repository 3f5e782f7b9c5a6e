"""One click instead of a brush: the photo's subject is marked, to be kept or to be painted, and can be corrected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from PIL import Image

from nst.record import mask_png
from nst.subject import NoSubject, subject_mask
from studio.components.images import inline, name_of
from studio.components.mask_brush import panel_label, unmarked
from studio.components.page_components import PageComponents
from studio.components.updates import Updates
from studio.errors import without_a_trace
from studio.events import AT_ONCE, QUIET
from studio.i18n import language_of, words

WHERE = {"subject": "keep", "background": "here"}  # what is to stay as it is -> what the marked subject becomes


def join(page: PageComponents) -> None:
    def marked(photo: Image.Image | None, marks: Mapping[str, Any], request: gr.Request) -> Updates:
        new = marks_of(photo, str(marks.get("keep")), language_of(request))
        return {page.mask_brush: new, page.mask_panel: panel_label(new)}

    shown = [page.mask_brush, page.mask_panel]
    event = page.mask_brush.select(marked, [page.content, page.mask_brush], shown, **QUIET)
    event.failure(_as_it_was, page.mask_brush, page.mask_brush, **AT_ONCE)


def marks_of(photo: Image.Image | None, keep: str, language: str) -> dict[str, Any]:
    """The value of the brush with the subject marked.

    Raises:
        gr.Error: if there is no photo, or nothing stands out in it.
    """
    if photo is None:
        raise gr.Error(words(language)["brush_photo"], print_exception=False)
    with without_a_trace(language):
        try:
            mask = subject_mask(photo)
        except NoSubject:
            raise gr.Error(words(language)["no_subject"], print_exception=False) from None
    where = WHERE.get(keep, "here")
    marks = unmarked(name_of(photo))
    return marks | {"mask": inline(mask_png(mask), "png"), "where": where, "soft": True}


def _as_it_was(marks: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in marks.items() if name != "keep"}
