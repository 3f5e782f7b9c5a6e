"""Several paintings: some put aside, one in the box, each with its weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image, ImageOps

from nst.image import open_picture
from studio.catalogue import PAINTINGS
from studio.components.images import data_url, name_of
from studio.errors import in_the_users_words
from studio.files import NOT_HERE, own_file
from studio.i18n import LANGUAGES, words

HERE = Path(__file__).parent
MOST = 4  # paintings
EVEN = 5  # a weight, of 1 to 10
THUMB = (102, 102)
SPOKEN = ("add", "current", "next", "weight", "away")


@dataclass(frozen=True)
class Aside:
    """A painting that was put aside to be mixed in. A visit keeps its small picture, and the file by name."""

    file: str
    title: str
    name: str
    thumb: str

    @property
    def item(self) -> dict[str, str]:
        return {"src": self.thumb, "title": self.title}

    @property
    def picture(self) -> Image.Image:
        """
        Raises:
            gr.Error: if the file has gone meanwhile.
        """
        with in_the_users_words():
            file = own_file(self.file)
            if file is None:
                raise ValueError(NOT_HERE)
            picture = open_picture(file, "painting")
        picture.info["name"] = self.name
        return picture


def aside(picture: Image.Image, file: str, title: str) -> Aside:
    return Aside(file, title, name_of(picture), data_url(ImageOps.fit(picture, THUMB)))


def mix() -> gr.HTML:
    """Empty at first but for the words "another painting"; then a row with a slider for each."""
    return gr.HTML(
        {"weights": [EVEN], "away": None},
        html_template=(HERE / "painting_mix.html").read_text(encoding="utf-8"),
        css_template=(HERE / "painting_mix.css").read_text(encoding="utf-8"),
        js_on_load=(HERE / "painting_mix.js").read_text(encoding="utf-8"),
        items=[],
        most=MOST,
        words={language: {key: words(language)[f"mix_{key}"] for key in SPOKEN} for language in LANGUAGES},
        elem_id="mix",
        elem_classes=["bare"],
    )


def put_aside(
    painting: Image.Image | None, key: str | None, extra: Sequence[Aside], value: Mapping[str, Any]
) -> tuple[Any, ...]:
    """The box becomes free for another painting. Returns what is aside, the rows, the box and its wall."""
    if painting is None or len(extra) >= MOST - 1:
        return tuple([gr.skip()] * 4)
    title = PAINTINGS[key].title if key in PAINTINGS else name_of(painting)
    extra = (*extra, aside(painting, painting.info["file"], title))
    return extra, rows(extra, [*value["weights"], EVEN]), None, None


def take_away(aside: Sequence[Aside], value: Mapping[str, Any]) -> tuple[Any, Any]:
    kept = [place for place in range(len(aside)) if place != value["away"]]
    left = tuple(aside[place] for place in kept)
    return left, rows(left, [value["weights"][place] for place in (*kept, len(aside))])


def rows(aside: Sequence[Aside], weights: Sequence[float]) -> Any:
    return gr.update(items=[one.item for one in aside], value={"weights": list(weights), "away": None})


def mixed(
    painting: Image.Image | None, aside: Sequence[Aside], value: Mapping[str, Any]
) -> tuple[list[Image.Image | None], str]:
    """The paintings and their `style_mix`. An empty box only counts where nothing is aside."""
    paintings = [*(one.picture for one in aside), *([painting] if painting or not aside else [])]
    weights = value["weights"][: len(paintings)]
    return paintings, "" if len(set(weights)) == 1 else " ".join(f"{weight:g}" for weight in weights)
