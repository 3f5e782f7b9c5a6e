"""Films: one painting after the other, without flicker.

reading  strangers' films, opened safely: upright pictures in sRGB at evenly spaced moments
flow     where each pixel of a frame was in an earlier one
fill     what has come into view is begun in the colours of the rest
matches  what a spot was like in the last frame, it is like in this one
paint    frames that go on from each other
morph    a photo that goes from painting to painting
writing  pieces of a film, which a later run goes on with; sound
command  all of it from a shell
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from PIL import Image

from nst.commission import Commission
from nst.device import Device
from nst.film.morph import morph
from nst.film.paint import FilmFrame, paint_film
from nst.film.reading import frames, look, part_of
from nst.settings import Settings
from nst.vgg import VGG

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["FilmFrame", "morph", "paint_film", "stylize_film"]


class Asked(TypedDict, total=False):
    """Which part of a film is painted; see `part_of`."""

    rate: float | None
    begin: float
    end: float | None


def stylize_film(
    clip: str | os.PathLike[str],
    styles: Image.Image | Sequence[Image.Image],
    settings: Settings,
    network: VGG,
    device: Device | None = None,
    **part: Unpack[Asked],
) -> Generator[FilmFrame, None, None]:
    """Paint a film in the manner of one or more paintings.

    Args:
        clip: The file of a film, a GIF or an animated WebP.
        styles, settings, network, device: As for `stylize`.
        part: `rate`, frames a second, 12 if not said; `begin` and `end`, in seconds.

    Yields:
        A `FilmFrame` for each frame. To stop is to close the generator.

    Raises:
        ValueError: if it is no film, if there is no such part, and as `stylize` does.
    """
    film = look(clip)
    asked = part_of(film, settings.size, **part)
    paintings = list(styles) if isinstance(styles, Sequence) else [styles]
    settings = replace(settings, size=max(asked.size))
    commission = Commission(Image.new("RGB", asked.size), paintings, settings)
    return paint_film(frames(film, asked), len(asked), commission, network, device)
