"""A gallery of pictures to choose from: one tab stop, arrow keys, a ring around the chosen one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from studio.components.thumbnails import thumb, url
from studio.components.widget_files import widget_files
from studio.i18n import LANGUAGES, words


@dataclass(frozen=True)
class Tile:
    """One picture in a gallery. `value` of the gallery is the `key` of the chosen tile, or None."""

    key: str
    path: Path
    title: str
    line: str = ""
    whole: str = ""

    @property
    def texts(self) -> dict[str, str]:
        """What stands under it; and all there is to say, where that is more."""
        return {
            "title": self.title,
            "line": self.line,
            "whole": self.whole or ", ".join(filter(None, (self.title, self.line))),
        }


def gallery(name: str, tiles_in: Callable[[str], Sequence[Tile]], chosen: str | None, size: tuple[int, int]) -> gr.HTML:
    """`tiles_in` says what hangs there, in each language.

    `name` is the gallery's id on the page and the key of its heading in `words`.

    A choice by the visitor is the event `select`; a value from Python only moves the ring.
    """
    items = [{"key": tile.key, "src": url(thumb(tile.path, size))} for tile in tiles_in("en")]
    return gr.HTML(
        chosen,
        **widget_files(__file__),
        items=items,
        name=name,
        width=size[0],
        height=size[1],
        texts={language: {tile.key: tile.texts for tile in tiles_in(language)} for language in LANGUAGES},
        headings={language: words(language)[name] for language in LANGUAGES},
        disabled=False,
        elem_id=name,
        elem_classes=["bare"],
    )
