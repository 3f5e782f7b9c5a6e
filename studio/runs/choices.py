"""What a visitor has chosen for a run, and the run that the engine makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from nst import Commission, Settings
from nst.commission import ground
from studio.components.mask_brush import masks
from studio.components.painting_mix import EVEN, ExtraStyle, mixed
from studio.components.start_picture import opened
from studio.errors import in_the_users_words
from studio.limits import PAGE_KNOBS

EXTRA_STYLES = ("style_2", "style_3", "style_4")  # as programs name the pictures of a run
MASKS = ("mask", "mask_2", "mask_3", "mask_4")


@dataclass(frozen=True)
class Choices:
    """What a visitor has chosen on the page.

    Attributes:
        style: The painting in the box.
        marks: The value of the mask brush.
        start: A picture to go on from, as a JPEG.
    """

    content: Image.Image | None
    style: Image.Image | None
    settings: Settings = field(default_factory=Settings)
    extra_styles: Sequence[ExtraStyle] = ()
    mix: Mapping[str, Any] = field(default_factory=lambda: {"weights": [EVEN]})
    marks: Mapping[str, Any] | None = None
    start: bytes = b""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Choices:
        """From the values of `PageComponents.inputs`."""
        return cls(
            values["content"],
            values["style"],
            settings_of({name: values[name] for name in PAGE_KNOBS}),
            values["extra_styles"],
            values["mix"],
            values["mask_brush"],
            values["start"],
        )

    @property
    def paintings(self) -> tuple[list[Image.Image | None], Settings]:
        """All paintings, and the settings with their weights."""
        styles, style_mix = mixed(self.style, self.extra_styles, self.mix)
        return styles, replace(self.settings, style_mix=style_mix)

    @property
    def commission(self) -> Commission:
        """
        Raises:
            gr.Error: if a picture is missing, or something does not go together.
        """
        styles, settings = self.paintings
        return commission(self.content, styles, settings, opened(self.start), masks(self.marks, len(styles)))


def commission(content: Image.Image | None, styles: Sequence[Any], settings: Settings, *pictures: Any) -> Commission:
    """A run for the engine. What is missing is refused in one sentence."""
    with in_the_users_words():
        content, settings = ground(content, settings)
        return Commission(content, styles, settings, *pictures)


def settings_of(knobs: Mapping[str, Any]) -> Settings:
    """Settings from the controls' values."""
    with in_the_users_words():
        return Settings(**knobs)
