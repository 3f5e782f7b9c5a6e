"""What goes in: photos and paintings from a gallery or of one's own, finished pictures, marks, and the mix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from nst import Settings
from nst.recipes import RECIPES
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS
from studio.components import arrow_brush, inbox, mask_brush, recipe_choice, slider_limits, start_picture, status_line
from studio.components.controls import SLIDERS, moved_by, moved_to
from studio.components.images import boxed, name_of
from studio.components.page_components import PageComponents
from studio.components.painting_mix import EVEN, add_style, remove_style, rows
from studio.components.updates import Updates, merged
from studio.events import AT_ONCE, EACH, LATEST, QUIET
from studio.gradio_internals import opened_by
from studio.i18n import label_of, language_of
from studio.panels import adjust, history, presets, prices, restore, viewer
from studio.runs.result import result_of_finished


def join(page: PageComponents) -> None:
    _pictures(page)
    _mix(page)
    _finished(page)
    recipe = page.knobs["recipe"]
    moved = [page.knobs[name] for name in moved_by(next(iter(RECIPES)))]
    recipe.input(None, recipe, moved, js=recipe_choice.moving(_moves(page)), **AT_ONCE)
    used = [page.expert.expand, *(knob.change for knob in page.knobs.values())]
    show = recipe_choice.show_used(page.knobs)
    gr.on(used, None, list(page.knobs.values()), js=show, **EACH, **AT_ONCE)
    for name in SLIDERS:
        slider = page.knobs[name]
        slider.release(None, None, slider, js=slider_limits.growing(name), **AT_ONCE)
    page.mask_brush.change(mask_brush.panel_label, page.mask_brush, page.mask_panel, **AT_ONCE)
    arrows = page.knobs["strokes"]
    arrows.change(arrow_brush.panel_label, arrows, page.arrows_panel, **AT_ONCE)
    away = [page.start, page.start_row]
    page.start_row.delete(lambda: _without_start(page), None, away, **AT_ONCE)


def _by_name(page: PageComponents, updates: Mapping[str, Any]) -> Updates:
    return {page.inputs[name]: update for name, update in updates.items()}


def _moves(page: PageComponents) -> dict[str, list[Any]]:
    """Recipe -> the updates of its knobs, as the browser understands them."""

    def sent(name: str, move: dict[str, Any]) -> dict[str, Any]:
        return {**move, "value": page.knobs[name].postprocess(move["value"])}

    return {recipe: [sent(*move) for move in moved_by(recipe).items()] for recipe in RECIPES}


def _without_start(page: PageComponents) -> Updates:
    return {page.start: b"", page.start_row: start_picture.shown(b"")}


def _pictures(page: PageComponents) -> None:
    """A photo or a painting from its gallery, or one of the visitor's own, which may be a project of ours."""

    def arrived(values: dict[Any, Any], request: gr.Request) -> Any:
        name, file = inbox.arrived(values[page.inbox], language_of(request))
        box = page.content if name == "photo" else page.style
        return taken(box, opened_by(box, file), values, request)

    def photographed(values: dict[Any, Any], request: gr.Request) -> Any:
        return taken(page.content, values[page.content], values, request)

    def taken(box: gr.Image, picture: Any, values: Mapping[Any, Any], request: gr.Request) -> Any:
        """Our own pictures are no photos: they bring back what they were painted from."""
        marks = values[page.mask_brush] if box is page.content else None
        chosen = restore.restored(request, picture, restore.in_visit(values[page.results]))
        if chosen is None:
            gallery = page.content_gallery if box is page.content else page.style_gallery
            its_marks = _marks_for(page, name_of(picture), marks) if marks else {}
            return {box: boxed(picture, request), gallery: None, **its_marks}
        result = restore.its_own_result(picture, chosen, request)
        return {**history.hung(page, result, language_of(request)), **restore.put_back(page, chosen, request)}

    def photo(key: str, marks: Mapping[str, Any]) -> Updates:
        path = PHOTOS[key].path
        return {page.content: str(path), **_marks_for(page, path.name, marks)}

    changed = [*restore.brought_back_outputs(page), *history.hung_outputs(page)]
    needed: set[Any] = {page.inbox, page.mask_brush, page.results}
    page.inbox.upload(arrived, needed, changed, **EACH, **QUIET)  # only a queued event shows a toast
    by_camera: set[Any] = {page.content, page.mask_brush, page.results}
    page.content.upload(photographed, by_camera, changed, **QUIET)
    for box, gallery in ((page.content, page.content_gallery), (page.style, page.style_gallery)):
        box.clear(lambda: None, None, gallery, **AT_ONCE)
    shown = [page.content, page.mask_brush, page.mask_panel, page.knobs["strokes"], page.arrows_panel]
    page.content_gallery.select(photo, [page.content_gallery, page.mask_brush], shown, **LATEST, **AT_ONCE)
    painting = page.style_gallery.select
    painting(lambda key: str(PAINTINGS[key].path), page.style_gallery, page.style, **LATEST, **AT_ONCE)


def _marks_for(page: PageComponents, photo: str, marks: Mapping[str, Any]) -> Updates:
    """Marks and arrows belong to one photo, and the headings of their panels say whether they are in force."""
    is_new = marks.get("photo") != photo
    arrows = {page.knobs["strokes"]: "", page.arrows_panel: arrow_brush.panel_label("")} if is_new else {}
    marks = mask_brush.marks_for(photo, marks)
    return {page.mask_brush: marks, page.mask_panel: mask_brush.panel_label(marks), **arrows}


def _mix(page: PageComponents) -> None:
    """Further paintings: added, and taken away."""
    added = page.mix.select(
        add_style,
        [page.style, page.extra_styles, page.mix],
        [page.extra_styles, page.mix, page.style, page.style_gallery],
        **AT_ONCE,
    )

    def taken_away(extra_styles: Any, value: Mapping[str, Any], marks: Mapping[str, Any]) -> Updates:
        left, mix = remove_style(extra_styles, value)
        marks = mask_brush.without(marks, value["away"])
        panel = mask_brush.panel_label(marks)
        return {page.extra_styles: left, page.mix: mix, page.mask_brush: marks, page.mask_panel: panel}

    changed = [page.extra_styles, page.mix, page.mask_brush]
    away = page.mix.delete(taken_away, changed, [*changed, page.mask_panel], **AT_ONCE)
    for event in (added, away):
        presets.renew_after(event, page)


def _finished(page: PageComponents) -> None:
    """A finished picture brings back its photo, its painting and its settings."""

    def shown(key: str, marks: Mapping[str, Any], request: gr.Request) -> Updates:
        picture, result = FINISHED[key], result_of_finished(key)
        return merged(
            viewer.reset(page),
            adjust.reset(page),
            _marks_for(page, picture.content.path.name, marks),
            _without_start(page),
            _by_name(page, moved_to(Settings(**picture.settings))),
            {
                page.content: str(picture.content.path),
                page.content_gallery: picture.content.key,
                page.style: str(picture.style.path),
                page.style_gallery: picture.style.key,
                page.extra_styles: (),
                page.mix: rows((), [EVEN]),
                page.canvas: str(picture.path),
                page.status: status_line.line(label_of(picture, language_of(request))),
                **prices.on_the_wall(page, result, language_of(request)),
                page.result: result,
                page.download: gr.update(value=str(picture.path), interactive=True),
                page.history: None,
                page.python_panel: gr.update(open=False),
                page.run_state: None,
            },
        )

    changed: list[Any] = [
        *restore.brought_back_outputs(page),
        page.canvas,
        page.status,
        page.download,
        page.continue_buttons,
        page.result,
    ]
    changed += [page.history, page.python_panel, page.run_state, page.view, page.stage, *page.adjusting]
    page.finished_gallery.select(shown, [page.finished_gallery, page.mask_brush], changed, **LATEST, **AT_ONCE)
