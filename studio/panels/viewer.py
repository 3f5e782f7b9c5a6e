"""Ways to look at a picture, in one frame: as it is, against its photo, as it came to be, as a tile, or else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from nst.adjust import Adjustment
from nst.export import FRAMES_PER_SECOND, time_lapse
from studio.catalogue import FINISHED
from studio.components.images import inline
from studio.components.page_components import PageComponents
from studio.components.thumbnails import url
from studio.components.updates import Updates
from studio.components.widget_files import widget_files
from studio.errors import without_a_trace
from studio.events import AT_ONCE, LATEST
from studio.i18n import for_browser, label, language_of
from studio.runs.result import Result

VIEWS = ("painting", "compare", "replay", "variants")
SHOW_SHEET = (
    "(view) => { if (view === 'variants') document.getElementById('easel').scrollIntoView({ block: 'nearest' }) }"
)
TILES = {"x": (3, 1), "y": (1, 3), "both": (3, 3)}  # how often a seamless picture is shown, across and down
WORDS = (
    "photo",
    "painting",
    "compare_share",
    "replay_none",
    "replay_step",
    "replay_scrub",
    "replay_play",
    "replay_pause",
    "time_lapse",
    "tiled",
)


def stage() -> gr.HTML:
    """Lies over the canvas, and is empty while the canvas itself is to be seen."""
    return gr.HTML(
        **widget_files(__file__),
        view="painting",
        before="",
        after="",
        ratio=1.5,
        across=1,
        down=1,
        film="",
        name="",
        steps=[],
        rate=FRAMES_PER_SECOND,
        words=for_browser(WORDS),
        elem_id="stage",
        elem_classes=["bare"],
    )


def switch() -> gr.Radio:
    return gr.Radio(
        _choices(VIEWS),
        value="painting",
        show_label=False,
        interactive=True,
        elem_id="view",
        elem_classes=["segments"],
    )


def _choices(views: Sequence[str]) -> list[Any]:
    return [(label(f"view_{view}"), view) for view in views]


def join(page: PageComponents) -> None:
    """Looking changes nothing: the canvas stays under the stage."""
    page.view.input(show, [page.view, page.result, *page.adjusting], page.stage, **LATEST, **AT_ONCE)
    page.view.input(None, page.view, js=SHOW_SHEET, **AT_ONCE)


def reset(page: PageComponents) -> Updates:
    """Another picture comes: to the canvas."""
    view = gr.update(value="painting", choices=_choices(VIEWS))
    return {page.view: view, page.stage: gr.update(view="painting", film="")}


def offered(page: PageComponents, result: Result | None) -> Updates:
    """A seamless picture can be looked at among its like, too."""
    tileable = result is not None and result.tileable in TILES
    return {page.view: gr.update(choices=_choices((*VIEWS, "tiled") if tileable else VIEWS))}


def show(request: gr.Request, view: str, result: Result | None, *adjusting: Any) -> Any:
    """The stage for a view of what hangs on the wall."""
    if result is None or view not in ("compare", "replay", "tiled"):  # the variants have a sheet of their own
        return gr.update(view="painting", film="")
    with without_a_trace(language_of(request)):
        if view == "replay":
            return replay(result, request)
        return (tiled if view == "tiled" else compare)(result, Adjustment(*adjusting))


def compare(result: Result, adjustment: Adjustment) -> Any:
    return gr.update(
        view="compare",
        before=inline(result.before),
        after=inline(result.small(adjustment)),
        ratio=result.ratio,
        film="",
    )


def tiled(result: Result, adjustment: Adjustment) -> Any:
    across, down = TILES.get(result.tileable, (1, 1))
    after, ratio = inline(result.small(adjustment)), result.ratio * across / down
    return gr.update(view="tiled", after=after, ratio=ratio, film="", across=across, down=down)


def replay(result: Result, request: gr.Request) -> Any:
    finished = next((one for one in FINISHED.values() if str(one.path) == result.path), None)
    if finished and finished.film:
        film, steps = finished.film, list(finished.film_steps)
        return gr.update(view="replay", film=url(film), name=film.name, steps=steps, ratio=result.ratio)
    if not result.film:
        return gr.update(view="replay", film="", steps=[])
    path = result.beside(f"{result.file_name}.mp4", request)
    time_lapse((shot.picture for shot in result.film), path)
    steps = [shot.step for shot in result.film]
    return gr.update(view="replay", film=url(path), name=path.name, steps=steps, ratio=result.ratio)
