"""One run as one value: what is to be painted, and how. Page, API, shell, Ray and ZeroGPU hand it to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from nst.faces import mask_if_any
from nst.mistakes import Mistake
from nst.settings import Settings, face_shares, mix_shares

NO_PHOTO = "Please choose a photo."
BARE = "grey"


def ground(content: Image.Image | None, settings: Settings) -> tuple[Image.Image, Settings]:
    """The photo. Without one, where it would weigh nothing: a bare square, begun from noise in the paintings' colours.

    Raises:
        ValueError: if a photo is missed.
    """
    if content is not None:
        return content, settings
    if settings.content_weight:
        raise Mistake(NO_PHOTO)
    bare = Image.new("RGB", (settings.size, settings.size), BARE)
    bare.info["name"] = ""
    return bare, replace(settings, init="colors" if settings.init in ("content", "detail") else settings.init)


@dataclass(frozen=True, eq=False)
class Commission:
    """What one run paints. It is checked when it is made, as far as it can be without a network.

    Attributes:
        content: The photo.
        styles: The paintings; their statistics are blended where there are several.
        settings: How to paint.
        start: A picture to go on from. Painting then continues at the final size alone.
        masks: One grey picture for each painting, in the photo's shape: white where it applies.
            Where none does, the photo stays. Blended all over if not said.
        faces: Grey, in the photo's shape: white where a face is to keep its features. Where `settings.keep_faces` asks
            for it they are found in the photo, if they are not given; None where it does not.

    Raises:
        ValueError: if a picture is missing, a mask is empty, there are not as many masks or weights as paintings, or
            the network that finds faces is not to be had.
    """

    content: Image.Image
    styles: Sequence[Image.Image]
    settings: Settings
    start: Image.Image | None = None
    masks: Sequence[Image.Image] | None = None
    faces: Image.Image | None = None

    def __post_init__(self) -> None:
        if self.content is None:
            raise Mistake(NO_PHOTO)
        if not self.styles or any(style is None for style in self.styles):
            raise Mistake("Please choose a painting.")
        mix_shares(self.settings.style_mix, len(self.styles))
        if self.masks is not None and len(self.masks) != len(self.styles):
            raise Mistake(
                "There must be one mask for each painting, not {masks} for {paintings}.",
                masks=len(self.masks),
                paintings=len(self.styles),
            )
        if any(mask.convert("L").getextrema()[1] == 0 for mask in self.masks or ()):
            raise Mistake("A mask is empty: nothing would be painted. Please mark where the painting goes.")
        if not face_shares(self.settings):
            object.__setattr__(self, "faces", None)
        elif self.faces is None:
            object.__setattr__(self, "faces", mask_if_any(self.content))
