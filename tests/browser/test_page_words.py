"""What the page says, in each language: nothing in English by mistake, nothing cut off, no name for two buttons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nst.settings import KNOBS
from studio.catalogue import PAINTINGS, PHOTOS
from studio.i18n import LANGUAGES, TRANSLATIONS, name_of, plate_of, words
from studio.runs import estimate
from tests.browser.driving import DESK, DESK_ONLY, PATIENCE, PHONE, Browser, Page, canvas, expect

PANELS = ("where", "settings", "expert", "adjust", "film", "python", "lesson")
GRADIOS = {
    "Fullscreen",
    "Close",
    "Copy",
    "Clear",
    "Reset to default value",
    "Gradio footer navigation",
    "Use via API or MCP",
}
SAID = """() => {
  const said = new Set(), seen = (one) => one?.checkVisibility();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) if (seen(texts.currentNode.parentElement)) said.add(texts.currentNode.textContent.trim());
  for (const name of ["aria-label", "title", "alt", "placeholder"])
    for (const one of document.querySelectorAll(`[${name}]`)) if (seen(one)) said.add(one.getAttribute(name).trim());
  return [...said];
}"""
BUTTONS = """() => [...document.querySelectorAll("button, [role=button], summary")]
  .filter((one) => one.checkVisibility())
  .map((one) => one.getAttribute("aria-label") || one.innerText.trim() || one.title)"""


@pytest.fixture
def speaking(request: pytest.FixtureRequest, browser: Browser, server: str) -> Iterator[Page]:
    context = browser.new_context(viewport=dict(zip(("width", "height"), DESK, strict=True)), locale=request.param)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(server, wait_until="domcontentloaded")
    expect(canvas(page)).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#paintings .title").last).not_to_be_empty(timeout=PATIENCE)
    yield page
    context.close()


def open_all(page: Page) -> None:
    for panel in PANELS:
        page.locator(f"#{panel} > button").click()
    expect(page.locator("#lesson .formula").first).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#knob-tile input").first).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(1000)


CUT = """() => [...document.querySelectorAll("#paintings .tile")].filter((tile) => {
      const texts = [...tile.querySelectorAll("span")];
      const bottom = Math.max(...texts.map((text) => text.getBoundingClientRect().bottom));
      const isWide = texts.some((text) => text.scrollWidth > text.clientWidth + 1);
      return isWide || bottom > tile.getBoundingClientRect().bottom + 1;
    }).map((tile) => tile.title)"""


def english_beside(language: str) -> set[str]:
    """What is said in English and would be said otherwise in that language."""
    english = {text for key, text in words("en").items() if words(language)[key] != text}
    english |= {knob.label for knob in KNOBS.values()} | {knob.help for knob in KNOBS.values()} | GRADIOS
    english |= {one.title for one in [*PHOTOS.values(), *PAINTINGS.values()]} | {
        one.label for one in PAINTINGS.values()
    }
    own = {*words(language).values(), *TRANSLATIONS.translations[language].values()}
    own |= {plate_of(one, language) for one in PAINTINGS.values()}
    own |= {name_of(one.key, one.title, language) for one in [*PHOTOS.values(), *PAINTINGS.values()]}
    return english - own


@pytest.mark.parametrize(
    ("speaking", "language", "paint"),
    [
        ("en-US", "en", "Paint"),
        ("de-AT", "de", "Malen"),
        ("fr-FR", "fr", "Peindre"),
        ("es-MX", "es", "Pintar"),
        ("zh-CN", "zh", "开始绘制"),
    ],
    indirect=["speaking"],
)
def test_speaks_the_visitors_language_throughout(speaking: Page, language: str, paint: str) -> None:
    """No caption is cut, nothing is left in English, and no two buttons are called the same."""
    expect(speaking.locator("#paint")).to_have_text(re.compile(paint), timeout=PATIENCE)
    expect(speaking.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
    expect(speaking).to_have_title(words(language)["title"])
    assert speaking.evaluate(CUT) == []
    open_all(speaking)
    names = Counter(name for name in speaking.evaluate(BUTTONS) if name)
    assert [name for name, count in names.items() if count > 1] == []
    said = speaking.evaluate(SAID)
    if language != "en":
        assert english_beside(language) & set(said) == set()
        odd = re.compile(r"number input|range slider|Unknown weaver|after \w+, 2026")
        assert [text for text in said if odd.search(text)] == []
    speaking.set_viewport_size(dict(zip(("width", "height"), PHONE, strict=True)))
    assert speaking.evaluate(CUT) == []
    speaking.set_viewport_size({"width": 920, "height": 768})  # two columns as narrow as they get
    views = "() => [...document.querySelectorAll('#view label')].filter((one) => one.scrollWidth > one.clientWidth)"
    assert speaking.evaluate(f"{views}.map((one) => one.textContent)") == []


@pytest.mark.parametrize("speaking", LANGUAGES, indirect=True)
def test_the_button_of_the_nine_variants_covers_nothing(
    known_machine: None, monkeypatch: pytest.MonkeyPatch, speaking: Page
) -> None:
    monkeypatch.setattr(estimate, "spread", lambda: (1.0, 30.0))  # a price from and to is the longest
    button = speaking.locator("#paint-sheet")
    speaking.locator("#view input[value=variants]").check(force=True)
    speaking.locator("#photos input[value=barn]").check(force=True)  # all prices are new
    expect(button).to_have_text(re.compile(r"\d.*\d"), timeout=PATIENCE)
    for size in (DESK, PHONE, (1024, 768)):
        speaking.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        assert button.evaluate("one => one.scrollWidth <= one.clientWidth")
        ours, next_to_it = button.bounding_box(), speaking.locator("#sheet .next").bounding_box()
        beside = ours["x"] + ours["width"] <= next_to_it["x"]
        assert beside or next_to_it["y"] + next_to_it["height"] <= ours["y"]
        assert next_to_it["width"] > 250


@pytest.mark.parametrize("speaking", ["de-DE"], indirect=True)
def test_a_mistake_is_said_in_the_visitors_language(speaking: Page, tmp_path: Path) -> None:
    no_picture = tmp_path / "photo.png"
    no_picture.write_text("no picture")
    speaking.locator("#photo input[type=file]").set_input_files(no_picture)
    toast = speaking.locator("[data-testid=toast-body]")
    expect(toast).to_contain_text("Foto: Diese Datei ist kein lesbares Bild.", timeout=PATIENCE)
    expect(toast).to_contain_text(words("de")["gradio_error"])


@DESK_ONLY
def test_the_language_is_chosen_on_the_page_and_stays(page: Any) -> None:
    page.get_by_label("Language").select_option("fr")
    expect(page.locator("#paint")).to_have_text(re.compile("Peindre"))
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.reload(wait_until="domcontentloaded")
    expect(page.locator("#paint")).to_have_text(re.compile("Peindre"))
    page.get_by_label("Langue").select_option("en")
    expect(page.locator("#paint")).to_have_text(re.compile("Paint"))
