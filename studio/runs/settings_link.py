"""What a picture is painted from as the fragment of an address, which no server is ever sent.

Pictures of the gallery are named by their keys; a visitor's own are left out.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from nst import Settings
from nst.record import Record
from nst.settings import KNOBS
from studio.catalogue import PAINTINGS, PHOTOS
from studio.components.painting_mix import MOST

MOST_FIELDS = len(KNOBS) + MOST + 1


def fragment(settings: Settings, photo: str | None, paintings: tuple[str, ...]) -> str:
    """Such as `recipe=painting&photo=barn&painting=goyo-ducks&size=256`: the recipe, and what differs from it.

    Args:
        photo, paintings: Keys of the gallery's.
    """
    usual = Settings(recipe=settings.recipe)
    values = {name: getattr(settings, name) for name in KNOBS if name != "recipe"}
    turned = [(name, value) for name, value in values.items() if value != getattr(usual, name)]
    pictures = [*([("photo", photo)] if photo else []), *(("painting", one) for one in paintings)]
    return urlencode([("recipe", settings.recipe), *pictures, *turned])


def record_in(fragment: str) -> Record:
    """The same back, with the pictures' file names.

    Raises:
        ValueError: if anything in it is unknown, or out of its range.
    """
    fields = parse_qsl(fragment, strict_parsing=True, max_num_fields=MOST_FIELDS)
    photos = [PHOTOS[value].path.name for name, value in fields if name == "photo" and value in PHOTOS]
    paintings = [PAINTINGS[value].path.name for name, value in fields if name == "painting" and value in PAINTINGS]
    knobs = {name: value for name, value in fields if name not in ("photo", "painting")}
    if len(photos) + len(paintings) + len(knobs) != len(fields) or len(photos) > 1 or len(paintings) > MOST:
        raise ValueError("A picture of the link is not in the gallery, or something is named twice.")
    if not knobs.keys() <= KNOBS.keys():
        raise ValueError("The link names a setting that there is not.")
    values: dict[str, Any] = {name: _read(name, value) for name, value in knobs.items()}
    settings = Settings(**values)
    return Record(settings, photos[0] if photos else "", tuple(paintings))


def _read(name: str, value: str) -> int | float | str:
    default = KNOBS[name].default
    return value if isinstance(default, str) else type(default)(value)
