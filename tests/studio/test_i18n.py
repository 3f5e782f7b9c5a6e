"""The files in `studio/locales`: every language says everything, with the same places to fill in."""

from __future__ import annotations

import ast
import json
from functools import cache
from importlib import import_module
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from nst.mistakes import Mistake
from nst.recipes import RECIPES
from nst.settings import KNOBS, NOT_WHOLE
from studio.catalogue import PAINTINGS, PHOTOS
from studio.components.images import SUBJECTS
from studio.files import NOT_HERE
from studio.i18n import LANGUAGES, LOCALES, for_browser, recipe_texts, sentence, words

ROOT = Path(__file__).parents[2]


def locale(language: str) -> Any:
    return json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


ENGLISH = locale("en")


def test_each_language_is_a_file() -> None:
    assert sorted(path.name for path in LOCALES.iterdir()) == sorted(f"{language}.json" for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", ["page", "choices"])
def test_keys_and_placeholders_are_the_english_ones(language: str, part: str) -> None:
    texts = locale(language)[part]
    assert list(texts) == list(ENGLISH[part])
    assert {key: placeholders(text) for key, text in texts.items()} == {
        key: placeholders(text) for key, text in ENGLISH[part].items()
    }
    assert all(text.strip() == text != "" for text in texts.values())


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_knob_has_its_label_and_help(language: str) -> None:
    knobs = locale(language)["knobs"]
    assert set(knobs) == set(KNOBS)
    assert all(set(texts) == {"label", "help"} and all(texts.values()) for texts in knobs.values())


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_picture_and_recipe_has_its_name(language: str) -> None:
    assert set(locale(language)["names"]) == {*PHOTOS, *PAINTINGS}
    assert all(all(texts) for texts in recipe_texts(language).values())
    assert recipe_texts(language).keys() == RECIPES.keys() == locale(language)["recipes"].keys()


def test_english_texts_of_the_engine_have_one_home() -> None:
    assert not {"artists", "knobs", "mistakes", "names", "recipes"} & set(ENGLISH)


def test_a_widget_gets_its_words_without_their_prefix() -> None:
    assert for_browser(["erase"], "brush_")["de"] == {"erase": words("de")["brush_erase"]}


def sentences(node: ast.expr, module: str) -> set[str]:
    """What the first argument of a `Mistake` may say: a text, a constant of that module, or one of several."""
    match node:
        case ast.Constant():
            return {str(node.value)}
        case ast.IfExp():
            return sentences(node.body, module) | sentences(node.orelse, module)
        case ast.Subscript():
            return set(getattr(import_module(module), ast.unparse(node.value)).values())
        case _:
            return {getattr(import_module(module), ast.unparse(node))}


@cache
def mistakes() -> set[str]:
    """All that somebody may have got wrong, as it is written in the code."""
    found = set()
    for path in [*(ROOT / "nst").rglob("*.py"), *(ROOT / "studio").rglob("*.py")]:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Mistake", "NoRoom"):
                found |= sentences(node.args[0], module)
    return found


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_mistake_has_its_sentence(language: str) -> None:
    translated = locale(language)["mistakes"]
    page = set(ENGLISH["page"].values())  # some are words of the page as well
    assert mistakes() - page <= set(translated) <= mistakes() | {*SUBJECTS, "picture"}
    for english, own in translated.items():
        assert placeholders(own) == placeholders(english)


def test_a_mistake_is_said_with_the_words_of_the_page() -> None:
    size = Mistake(NOT_WHOLE, knob="size", low=16, high=64, value=9)
    assert sentence(size, "de") == "Größe muss eine ganze Zahl von 16 bis 64 sein, nicht 9."
    assert sentence(size, "en") == str(size)
    assert sentence(Mistake("The {name} is an empty file; please choose another one.", name="photo"), "fr") == (
        "Photo : le fichier est vide. Choisissez-en un autre."
    )
    assert sentence(ValueError("As it is."), "zh") == "As it is."
    assert sentence(Mistake(NOT_HERE), "es") == words("es")["not_here"]
