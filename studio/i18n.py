"""Every word that the page says, in every language that it speaks: one file for each in `locales/`.

Gradio translates labels in the browser (`label`). What Python composes, such as the status line,
is worded in the language that the browser asks for (`language_of`, `words`). The English words for
knobs have their home in `nst.settings.KNOBS`, and sentences about mistakes come from where they are noticed,
so that page, API and shell say the same; a locale's `mistakes` translates them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.i18n import I18nData
from starlette.requests import Request

from nst.mistakes import Mistake
from nst.recipes import RECIPES
from studio.catalogue import Finished, Painting
from studio.limits import CAPPED, PAGE_KNOBS

LOCALES = Path(__file__).parent / "locales"
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "zh": "中文"}
LANGUAGES = tuple(LANGUAGE_NAMES)  # each is a file in `locales/`
COOKIE = "language"  # what a visitor has chosen on the page
FOOTER = "errors.use_via_api_or_mcp"  # as Gradio calls it, which has it in English alone
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
    """The one that was chosen on the page, else the first that the browser asks for and that we speak, else English."""
    headers = request.headers if request else {}
    chosen = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    accepted = (tag.strip()[:2].lower() for tag in headers.get("accept-language", "").split(","))
    wanted = (chosen.value if chosen else "", *accepted)
    return next((language for language in wanted if language in LANGUAGES), "en")


def name_of(key: str, name: str, language: str) -> str:
    """What a picture of the catalogue is called; `name` is the English."""
    return str(_LOCALES[language].get("names", {}).get(key, name))


def plate_of(painting: Painting, language: str) -> str:
    """As beside it in a museum: what it is called, by whom it is and from when."""
    return f"{name_of(painting.key, painting.title, language)}, {origin_of(painting, painting.artist, language)}"


def origin_of(painting: Painting, artist: str, language: str) -> str:
    """By whom it is, in full or in short, and from when."""
    about, number = painting.year.startswith("c. "), painting.year.removeprefix("c. ")
    year = words(language)["circa"].format(year=number) if about else number
    return f"{_LOCALES[language].get('artists', {}).get(artist, artist)}, {year}"


def label_of(finished: Finished, language: str) -> str:
    """What hangs there, and after which painting it was made."""
    photo = name_of(finished.content.key, finished.content.title, language)
    return f"{photo} · {plate_of(finished.style, language)}"


def recipe_texts(language: str) -> dict[str, tuple[str, str]]:
    """Recipe -> its title and its summary. The English ones have their home in `nst.recipes`."""
    own = _LOCALES[language].get("recipes", {})
    english = {name: (recipe.title, recipe.summary) for name, recipe in RECIPES.items()}
    return {name: (own[name]["title"], own[name]["summary"]) if name in own else english[name] for name in RECIPES}


@cache
def _mistakes(language: str) -> dict[str, str]:
    """English sentence -> the same in another language. Some are words of the page as well."""
    if "mistakes" not in _LOCALES[language]:
        return {}
    page = {text: words(language)[key] for key, text in words("en").items()}
    return {**page, **_LOCALES[language]["mistakes"]}


def sentence(mistake: ValueError, language: str) -> str:
    """A mistake in the visitor's language; in the engine's own English where it is not translated."""
    own = _mistakes(language)
    if not own or not isinstance(mistake, Mistake):
        return str(mistake)
    values = dict(mistake.values)
    if "name" in values:
        values["name"] = own.get(values["name"], values["name"])
    if "knob" in values:
        values["knob"] = _LOCALES[language]["knobs"].get(values["knob"], {"label": values["knob"]})["label"]
    return str(own.get(mistake.sentence, mistake.sentence).format(**values))


def _dictionary(language: str) -> dict[str, str]:
    texts = {**words(language), **_LOCALES[language]["choices"]}
    texts |= {f"recipe_{name}": f"{title} · {line}" for name, (title, line) in recipe_texts(language).items()}
    translated = _LOCALES[language].get("knobs", {})
    for name, knob in PAGE_KNOBS.items():
        own = translated.get(name, {"label": knob.label, "help": knob.help})
        texts[f"knob_{name}"], texts[f"help_{name}"] = own["label"], own["help"]
        if name in CAPPED and name in translated:
            texts[f"help_{name}"] += " " + texts["up_to"].format(most=f"{CAPPED[name]:g}")
    return {f"{PREFIX}{key}": text for key, text in texts.items()} | {FOOTER: texts["gradio_api"]}


TRANSLATIONS = gr.I18n(**{language: _dictionary(language) for language in LANGUAGES})


def label(key: str) -> I18nData:
    """A word that the browser translates."""
    return TRANSLATIONS(PREFIX + key)


def choice_label(knob: str, choice: str) -> I18nData | str:
    """What a choice is called; a technical name is the same in every language."""
    key = f"{knob}_{choice}"
    return label(key) if key in _LOCALES["en"]["choices"] else choice


def time_in_words(seconds: float, language: str) -> str:
    """As precise as is good to read: seconds up to ten minutes."""
    whole = max(1, round(seconds))
    if whole < 100:
        return words(language)["seconds"].format(seconds=whole)
    if whole < 600:
        return words(language)["minutes"].format(minutes=whole // 60, seconds=whole % 60)
    return roughly(seconds, language)


def roughly(seconds: float, language: str) -> str:
    """No more precise than a forecast is: to 1 second, 5 seconds, a minute or an hour."""
    if seconds >= 90 * 60:
        return words(language)["round_hours"].format(hours=round(seconds / 3600))
    if seconds >= 97.5:
        return words(language)["round_minutes"].format(minutes=round(seconds / 60))
    unit = 1 if seconds < 15 else 5
    return time_in_words(unit * round(seconds / unit), language)
