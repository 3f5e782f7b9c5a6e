"""A gallery of pictures to choose from: one tab stop, arrow keys, a ring around the chosen one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import gradio as gr

from studio.components.thumbnails import thumb, url
from studio.components.widget_files import widget_files
from studio.i18n import LANGUAGES, names_for_browser, words


@dataclass(frozen=True)
class Tile:
    """One picture in a gallery. `value` of the gallery is the `key` of the chosen tile, or None."""

    key: str
    path: Path
    title: str
    line: str = ""


def gallery(
    name: str,
    tiles: Sequence[Tile],
    chosen: str | None,
    size: tuple[int, int],
    names: Mapping[str, tuple[str, str]] | None = None,
) -> gr.HTML:
    """`names` are the pictures' keys and English names, by the tiles' keys, where they are translated.

    `name` is the gallery's id on the page and the key of its heading in `words`.

    A choice by the visitor is the event `select`; a value from Python only moves the ring.
    """
    items = [asdict(tile) | {"path": "", "src": url(thumb(tile.path, size))} for tile in tiles]
    return gr.HTML(
        chosen,
        **widget_files(__file__),
        items=items,
        name=name,
        width=size[0],
        height=size[1],
        names=names_for_browser(names or {}),
        headings={language: words(language)[name] for language in LANGUAGES},
        disabled=False,
        elem_id=name,
        elem_classes=["bare"],
    )
