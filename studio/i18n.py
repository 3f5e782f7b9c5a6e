"""Every word that the page says, in every language that it speaks: one file for each in `locales/`.

Gradio translates labels in the browser (`label`). What Python composes, such as the status line,
is worded in the language that the browser asks for (`language_of`, `words`). The English words for
knobs have their home in `nst.settings.KNOBS`, and sentences about mistakes come from the engine,
so that page, API and shell say the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.i18n import I18nData
from starlette.requests import Request

from studio.limits import CAPPED, PAGE_KNOBS

LOCALES = Path(__file__).parent / "locales"
LANGUAGES = ("en", "de", "fr", "es", "zh")  # each is a file in `locales/`
PREFIX = "studio_"  # Gradio translates any text that equals a key, so no key may be a word


def _locale(language: str) -> Any:
    """`page`: its words. `choices`: what the choices of a knob are called. `knobs`: label and help of each."""
    return json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))


_LOCALES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {language: _locale(language) for language in LANGUAGES}


def words(language: str) -> Mapping[str, str]:
    return _LOCALES[language]["page"]


def for_browser(keys: Iterable[str], prefix: str = "") -> dict[str, dict[str, str]]:
    """Language -> those words of the page, for a widget that chooses its language itself. `prefix` is left out."""
    keys = tuple(keys)
    return {language: {key: words(language)[prefix + key] for key in keys} for language in LANGUAGES}


def language_of(request: gr.Request | Request | None) -> str:
    """The first language that the browser asks for and that we speak, else English."""
    accepted = request.headers.get("accept-language", "") if request else ""
    spoken = (tag.strip()[:2].lower() for tag in accepted.split(","))
    return next((language for language in spoken if language in LANGUAGES), "en")


def _dictionary(language: str) -> dict[str, str]:
    texts = {**words(language), **_LOCALES[language]["choices"]}
    translated = _LOCALES[language].get("knobs", {})
    for name, knob in PAGE_KNOBS.items():
        own = translated.get(name, {"label": knob.label, "help": knob.help})
        texts[f"knob_{name}"], texts[f"help_{name}"] = own["label"], own["help"]
        if name in CAPPED and name in translated:
            texts[f"help_{name}"] += " " + texts["up_to"].format(most=f"{CAPPED[name]:g}")
    return {f"{PREFIX}{key}": text for key, text in texts.items()}


TRANSLATIONS = gr.I18n(**{language: _dictionary(language) for language in LANGUAGES})


def label(key: str) -> I18nData:
    """A word that the browser translates."""
    return TRANSLATIONS(PREFIX + key)


def choice_label(knob: str, choice: str) -> I18nData | str:
    """What a choice is called; a technical name is the same in every language."""
    key = f"{knob}_{choice}"
    return label(key) if key in _LOCALES["en"]["choices"] else choice


def time_in_words(seconds: float, language: str) -> str:
    whole = max(1, round(seconds))
    if whole < 100:
        return words(language)["seconds"].format(seconds=whole)
    return words(language)["minutes"].format(minutes=whole // 60, seconds=whole % 60)
