"""A wall of pictures to choose from: one tab stop, arrow keys, a ring around the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import gradio as gr

from studio.components.thumbnails import thumb, url
from studio.i18n import LANGUAGES, words

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Tile:
    """One picture on a wall. `value` of the wall is the `key` of the chosen tile, or None."""

    key: str
    path: Path
    title: str
    line: str = ""


def wall(name: str, tiles: Sequence[Tile], chosen: str | None, size: tuple[int, int]) -> gr.HTML:
    """`name` is the wall's id on the page and the key of its heading in `words`.

    A choice by the visitor is the event `select`; a value from Python only moves the ring.
    """
    items = [asdict(tile) | {"path": "", "src": url(thumb(tile.path, size))} for tile in tiles]
    return gr.HTML(
        chosen,
        html_template=(HERE / "gallery.html").read_text(encoding="utf-8"),
        css_template=(HERE / "gallery.css").read_text(encoding="utf-8"),
        js_on_load=(HERE / "gallery.js").read_text(encoding="utf-8"),
        items=items,
        name=name,
        width=size[0],
        height=size[1],
        headings={language: words(language)[name] for language in LANGUAGES},
        disabled=False,
        elem_id=name,
        elem_classes=["bare"],
    )
