"""What a page allows its visitors: declared once, set by environment variables; where none is set, much."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from nst.film.reading import LONG
from nst.settings import KNOBS, Knob, Settings

LONGEST_VISIT = timedelta(hours=6)  # without a sign of life


def limit(variable: str, default: float, least: float, help: str) -> Any:
    return field(default=default, metadata={"variable": variable, "least": least, "help": help})


@dataclass(frozen=True)
class Limits:
    """How much one visitor may ask for."""

    # fmt: off
    size: float = limit("NST_MAX_SIZE", math.inf, 64, "long side of a picture, in pixels")
    steps: float = limit("NST_MAX_STEPS", math.inf, 1, "steps of a painting")
    seconds: float = limit("NST_DEADLINE", math.inf, 1, "seconds of a painting; it then ends with the picture so far")
    film_size: float = limit("NST_MAX_FILM_SIZE", math.inf, 64, "long side of a film, in pixels")
    film_seconds: float = limit("NST_MAX_FILM_SECONDS", math.inf, 1, "seconds of a film that are painted")
    film_frames: float = limit("NST_MAX_FILM_FRAMES", LONG, 2, "frames of a film that are painted")
    photos: float = limit("NST_MAX_PHOTOS", 10, 1, "photos that are painted one after another, as one album")
    waiting: float = limit("NST_QUEUE", 8, 1, "paintings that may wait")
    each: float = limit("NST_QUEUE_EACH", 4, 1, "paintings of one visitor that may wait or be painted")
    disk: float = limit("NST_DISK", 4096, 100, "megabytes that the uploads of all visitors may take up")
    disk_each: float = limit("NST_DISK_EACH", 400, 60, "megabytes that the uploads of one visitor may take up")
    proxies: float = limit(
        "NST_PROXIES", 1 if "SPACE_ID" in os.environ else 0, 0,
        "proxies before this server, whose word on a visitor's address is believed")
    # fmt: on


def limits_of(environment: Mapping[str, str]) -> Limits:
    """
    Raises:
        ValueError: one sentence that names the variable and its value.
    """
    chosen = {one.name: one.metadata for one in fields(Limits) if environment.get(one.metadata["variable"])}
    return Limits(**{name: _number(environment, **about) for name, about in chosen.items()})


def _number(environment: Mapping[str, str], variable: str, least: float, help: str) -> float:
    try:
        number = float(environment[variable])
    except ValueError:
        number = math.nan
    if not least <= number:
        raise ValueError(f"{variable} must be a number from {least:g} up, not {environment[variable]!r}.")
    return number


LIMITS = limits_of(os.environ)
CAPPED = {name: getattr(LIMITS, name) for name in ("size", "steps") if getattr(LIMITS, name) < KNOBS[name].high}


def _capped(knob: Knob, most: float) -> Knob:
    return replace(
        knob, default=min(knob.default, int(most)), high=int(most), help=f"{knob.help} Here, up to {most:g}."
    )


PAGE_KNOBS: Mapping[str, Knob] = MappingProxyType(
    {name: _capped(knob, CAPPED[name]) if name in CAPPED else knob for name, knob in KNOBS.items()}
)
"""Every knob as far as it turns on this page."""


def capped(settings: Settings) -> Settings:
    """Settings within the limits, whatever a recipe says."""
    return replace(settings, **{name: min(getattr(settings, name), int(most)) for name, most in CAPPED.items()})
