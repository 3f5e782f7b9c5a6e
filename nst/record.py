"""The picture is the project: what painted it, as text that travels in the PNG."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import torch

from nst.settings import KNOBS, Settings
from nst.vgg import VGG

KEYWORD = "neural-style-transfer"


def record(settings: Settings, network: VGG, photo: str, paintings: Sequence[str]) -> dict[str, str]:
    """Texts for `save_png`: all that is needed to paint the same picture again.

    Args:
        photo, paintings: What the pictures are called. Names only: nothing else of the visitor's.
    """
    recipe = {
        "settings": asdict(settings),
        "photo": photo,
        "paintings": list(paintings),
        "weights": network.checksum,
        "torch": torch.__version__,
    }
    return {KEYWORD: json.dumps(recipe, ensure_ascii=False)}


def recorded_settings(text: Mapping[str, str]) -> Settings | None:
    """The settings in the texts of a PNG; None if it was not painted here.

    Raises:
        ValueError: if a recorded value is out of range, or the record is damaged.
    """
    if KEYWORD not in text:
        return None
    try:
        said = json.loads(text[KEYWORD])["settings"]
        known = {name: said[name] for name in KNOBS if name in said}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError("The settings in this picture are damaged.") from error
    return Settings(**known)
