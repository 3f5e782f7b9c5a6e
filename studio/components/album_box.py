"""Where many photos come in at once, and where their paintings come to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from studio.components.widget_files import widget_files
from studio.i18n import for_browser

WORDS = ("hint", "choose", "clear", "remove", "save")
NOTHING: dict[str, Any] = {"turn": "", "live": "", "place": -1, "done": 0.0, "line": "", "zip": "", "name": ""}


def album_box(most: int) -> gr.HTML:
    """Its value says which photos are to be removed, by their places: the event `delete`.

    While an album is painted, each change of `turn` is answered by the event `submit`, or by `end` if the visitor
    has pressed Stop meanwhile.
    """
    properties = _properties(most) | NOTHING
    return gr.HTML(None, **widget_files(__file__), **properties, elem_id="album-box", elem_classes=["bare"])


def showing(most: int, photos: Sequence[Mapping[str, str]], troubles: Sequence[str] = (), **more: Any) -> Any:
    """The update that shows photos. A widget in a panel that has never been open would lose what is not said again.

    Args:
        photos: Each with `name`, `src` and `state`, which is empty, "painted" or "failed".
        troubles: One sentence for each photo that has one.
        more: Of NOTHING, and `busy`.
    """
    return gr.update(**_properties(most) | {"photos": list(photos), "troubles": list(troubles)} | more)


def _properties(most: int) -> dict[str, Any]:
    return {"most": most, "photos": [], "troubles": [], "busy": False, "words": for_browser(WORDS, "album_")}
