"""Several paintings: one in the box and extra ones, each with its weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from PIL import Image, ImageOps

from nst.image import open_picture
from nst.mistakes import Mistake
from studio.catalogue import PAINTINGS
from studio.components.images import data_url, name_of
from studio.components.thumbnails import HEADS
from studio.components.widget_files import widget_files
from studio.errors import in_the_users_words
from studio.files import NOT_HERE, own_file
from studio.i18n import for_browser, words

MOST = 4  # paintings
EVEN = 5  # a weight, of 1 to 10
THUMB = (102, 102)
KEYS = {painting.path.name: key for key, painting in PAINTINGS.items()}
WORDS = ("add", "next", "weight", "away")


@dataclass(frozen=True)
class ExtraStyle:
    """A painting to be mixed in, besides that in the box. A visit keeps its small picture, and the file by name."""

    file: str
    name: str
    thumb: str

    @property
    def item(self) -> dict[str, str]:
        """For the browser, which knows what a painting of the gallery is called in the visitor's language."""
        return {"src": self.thumb, "title": self.name, "key": KEYS.get(self.name, "")}

    @property
    def picture(self) -> Image.Image:
        """
        Raises:
            gr.Error: if the file has gone meanwhile.
        """
        with in_the_users_words():
            file = own_file(self.file)
            if file is None:
                raise Mistake(NOT_HERE)
            picture = open_picture(file, "painting")
        picture.info["name"] = self.name
        return picture


def extra_style(picture: Image.Image, file: str) -> ExtraStyle:
    return ExtraStyle(file, name_of(picture), data_url(ImageOps.fit(picture, THUMB, centering=HEADS)))


def painting_mix() -> gr.HTML:
    """Empty at first but for the words "another painting"; then a row with a slider for each."""
    return gr.HTML(
        {"weights": [EVEN], "away": None},
        **widget_files(__file__),
        items=[],
        most=MOST,
        words={one: {"own": words(one)["own_painting"], **text} for one, text in for_browser(WORDS, "mix_").items()},
        elem_id="mix",
        elem_classes=["bare"],
    )


def add_style(
    style: Image.Image | None, extra_styles: Sequence[ExtraStyle], value: Mapping[str, Any]
) -> tuple[Any, ...]:
    """The box becomes free for another painting. Returns the extra styles, the rows, the box and its gallery."""
    if style is None or len(extra_styles) >= MOST - 1:
        return tuple([gr.skip()] * 4)
    extra_styles = (*extra_styles, extra_style(style, style.info["file"]))
    return extra_styles, rows(extra_styles, [*value["weights"], EVEN]), None, None


def remove_style(extra_styles: Sequence[ExtraStyle], value: Mapping[str, Any]) -> tuple[Any, Any]:
    places = [place for place in range(len(extra_styles)) if place != value["away"]]
    left = tuple(extra_styles[place] for place in places)
    return left, rows(left, [value["weights"][place] for place in (*places, len(extra_styles))])


def rows(extra_styles: Sequence[ExtraStyle], weights: Sequence[float]) -> Any:
    """The update that shows them. The last weight is that of the painting in the box."""
    return gr.update(items=[one.item for one in extra_styles], value={"weights": list(weights), "away": None})


def mixed(
    style: Image.Image | None, extra_styles: Sequence[ExtraStyle], value: Mapping[str, Any]
) -> tuple[list[Image.Image | None], str]:
    """The paintings and their `style_mix`. An empty box only counts where there are no others."""
    styles = [*(one.picture for one in extra_styles), *([style] if style or not extra_styles else [])]
    weights = value["weights"][: len(styles)]
    return styles, "" if len(set(weights)) == 1 else " ".join(f"{weight:g}" for weight in weights)
