"""Photos, paintings and finished pictures that the page offers: what lies in `examples/`, read from its lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
LINK_PREVIEW = EXAMPLES / "link-preview.jpg"  # what is shown of a link to the page
ICON = EXAMPLES / "icon.png"


@dataclass(frozen=True)
class Photo:
    key: str
    title: str

    @property
    def path(self) -> Path:
        return EXAMPLES / "content" / f"{self.key}.jpg"


@dataclass(frozen=True)
class Painting:
    key: str
    title: str
    artist: str
    year: str
    known_as: str = ""  # the artist in short, where that is less

    @property
    def path(self) -> Path:
        return EXAMPLES / "style" / f"{self.key}.jpg"

    @property
    def label(self) -> str:
        """As on the plate beside it in a museum."""
        return f"{self.title}, {self.artist}, {self.year}"


@dataclass(frozen=True)
class Finished:
    """A picture that was painted before, and the settings that differ from the defaults."""

    content: Photo
    style: Painting
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.content.key}--{self.style.key}"

    @property
    def path(self) -> Path:
        return EXAMPLES / "results" / f"{self.key}.jpg"

    @property
    def film(self) -> Path | None:
        """How it was painted, if that was kept."""
        path = self.path.with_suffix(".mp4")
        return path if path.exists() else None

    @property
    def film_steps(self) -> tuple[int, ...]:
        """The step of each picture of the film."""
        return tuple(_read("films.json", {}).get(self.key, ()))

    @property
    def label(self) -> str:
        return f"{self.content.title} · {self.style.label}"


def _read(name: str, otherwise: Any = ()) -> Any:
    path = EXAMPLES / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else otherwise


_LISTS = _read("catalogue.json")
PHOTOS = {entry["key"]: Photo(**entry) for entry in _LISTS["photos"]}
PAINTINGS = {entry["key"]: Painting(**entry) for entry in _LISTS["paintings"]}


def finished() -> dict[str, Finished]:
    """Those pictures of the index whose file is there."""
    pictures = (
        Finished(PHOTOS[entry["photo"]], PAINTINGS[entry["painting"]], entry.get("settings", {}))
        for entry in _read("results.json")
    )
    return {picture.key: picture for picture in pictures if picture.path.exists()}


FINISHED = finished()
OPENING = next((picture for picture in FINISHED.values() if not picture.settings), None)
"""What hangs there as the page opens."""
