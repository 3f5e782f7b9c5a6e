"""The files in `studio/locales`: every language says everything, with the same places to fill in."""

from __future__ import annotations

import json
from string import Formatter
from typing import Any

import pytest

from nst.recipes import RECIPES
from nst.settings import KNOBS
from studio.catalogue import PAINTINGS, PHOTOS
from studio.i18n import LANGUAGES, LOCALES, for_browser, recipe_texts, words


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
    assert not {"knobs", "names", "recipes"} & set(ENGLISH)


def test_a_widget_gets_its_words_without_their_prefix() -> None:
    assert for_browser(["erase"], "brush_")["de"] == {"erase": words("de")["brush_erase"]}
