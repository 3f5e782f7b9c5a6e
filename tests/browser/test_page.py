"""The page in a real browser: what a visitor does, and what must never happen."""

# ruff: noqa: RUF001  (the page has its multiplication sign)

from __future__ import annotations

import re
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from nst.recipes import RECIPES
from nst.settings import KNOBS
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS
from studio.components.images import CANVAS_SIDE
from studio.i18n import PREFIX, TRANSLATIONS, words
from tests.browser.driving import (
    DESK,
    DESK_ONLY,
    PATIENCE,
    PHONE,
    PHONE_ONLY,
    Browser,
    Page,
    answers_come_late,
    canvas,
    choose,
    downloaded,
    expect,
    hand_in,
    open_settings,
    set_knobs,
    status,
)


def test_paint_watch_stop_and_keep(page: Page, photo: Path, painting: Path) -> None:
    """Paint, and then Stop, are always in reach."""
    expect(page.locator("#paint")).to_be_in_viewport(ratio=1)
    hand_in(page, photo, painting)
    set_knobs(page, size=128, steps=900)
    frame = canvas(page).bounding_box()
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile(r"Step \d+ of 900 · \d+ px · .* left"))
    for _ in range(3):
        expect(canvas(page)).not_to_have_attribute("src", canvas(page).get_attribute("src"))
    growing = canvas(page).bounding_box()
    assert (growing["width"], growing["height"]) == (frame["width"], frame["height"])
    assert page.evaluate("document.activeElement.id") == "stop"
    expect(page.locator("#stop")).to_be_in_viewport(ratio=1)

    page.get_by_role("button", name="Stop").click()
    expect(status(page)).to_have_text(re.compile(r"Stopped at step \d+ of 900 · 128 × 96 px"))
    expect(page.locator("#paint")).to_be_enabled()
    expect(page.locator("#download")).to_be_enabled()
    assert canvas(page).evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])") == [
        128,
        96,
    ]
    with downloaded(page) as picture:
        assert (picture.format, picture.size) == ("PNG", (128, 96))


@DESK_ONLY
def test_to_the_end_with_a_painting_from_the_wall(page: Page) -> None:
    chosen = list(PAINTINGS)[3]
    choose(page, "photos", "barn")
    choose(page, "paintings", chosen)
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile(r"content/barn"))
    expect(page.locator("#painting img")).to_have_attribute("src", re.compile(chosen))
    set_knobs(page, size=64, steps=3)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile(r"Finished · 64 × 43 px · 3 steps in \d+ s"))
    with downloaded(page) as picture:
        assert (picture.format, picture.size) == ("PNG", (64, 43))
    assert page.locator("#finished input:checked").count() == 0


@DESK_ONLY
@pytest.mark.skipif(len(FINISHED) < 2, reason="no finished pictures here")
def test_a_finished_picture_brings_everything_back(page: Page) -> None:
    picture = next((one for one in FINISHED.values() if one.settings), list(FINISHED.values())[-1])
    choose(page, "finished", picture.key)
    expect(status(page)).to_have_text(picture.label)
    expect(canvas(page)).to_have_attribute("src", re.compile(f"results/{picture.key}"))
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile(picture.content.key))
    expect(page.locator("#painting img")).to_have_attribute("src", re.compile(picture.style.key))
    expect(page.locator(f"#photos input[value='{picture.content.key}']")).to_be_checked()
    expect(page.locator(f"#paintings input[value='{picture.style.key}']")).to_be_checked()
    with downloaded(page) as got, Image.open(picture.path) as kept:
        assert got.tobytes() == kept.tobytes()
    open_settings(page)
    for name, value in picture.settings.items():
        shown = TRANSLATIONS.translations["en"].get(f"{PREFIX}{name}_{value}", str(value))
        expect(page.locator(f"#knob-{name} input").first).to_have_value(shown)


@DESK_ONLY
def test_mistakes_are_one_sentence(page: Page) -> None:
    page.locator("#photo .icon-button-wrapper button").click()
    expect(page.locator("#photo img")).to_have_count(0)
    expect(page.locator("#photos input:checked")).to_have_count(0)
    page.locator("#paint").click()
    expect(page.get_by_test_id("toast-text")).to_have_text("Please choose a photo.")
    expect(page.locator("#paint")).to_be_enabled()


@DESK_ONLY
@pytest.mark.usefixtures("small_network")
def test_a_cut_out_from_a_telephone(page: Page, tmp_path: Path) -> None:
    """Only Safari shows HEIC, so the box shows the same in another format; what was clear becomes so again."""
    cut_out = Image.new("RGBA", (128, 96), "teal")
    cut_out.paste((0, 0, 0, 0), (0, 0, 64, 96))
    pillow_heif.from_pillow(cut_out).save(tmp_path / "IMG_1.HEIC", quality=-1)
    page.locator("#photo input[type=file]").set_input_files(tmp_path / "IMG_1.HEIC")
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile(r"IMG_1\.png#128x96-"))
    expect(page.locator("#photo img")).to_have_js_property("naturalWidth", 128)
    set_knobs(page, size=64, steps=3)
    page.get_by_role("button", name="Settings").click()
    page.locator("#expert button").first.click()
    page.locator("#knob-transparency input").click()
    page.get_by_role("option", name="As in the photo").click()
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("^Finished"))
    with downloaded(page) as got:
        assert (got.mode, got.size) == ("RGBA", (64, 48))
        assert (got.getpixel((8, 24))[3], got.getpixel((56, 24))[3]) == (0, 255)


@DESK_ONLY
def test_a_recipe_is_chosen_by_its_picture_and_shows_the_knobs_that_it_uses(page: Page) -> None:
    photo = page.locator("#photo img")
    before = photo.get_attribute("src")
    page.locator("#finished input").nth(1).check(force=True)  # settings come before their panel is opened
    expect(photo).not_to_have_attribute("src", before)
    open_settings(page)
    expect(page.locator("#knob-recipe label:has(input:checked) b")).to_have_text("Painting")
    expect(page.locator("#knob-recipe img")).to_have_count(len(RECIPES))
    expect(page.locator("#knob-recipe .line")).to_have_text([recipe.summary for recipe in RECIPES.values()])
    page.get_by_role("button", name="For experts").click()
    expect(page.locator("#expert .block.group")).to_have_text(["Brush", "Colour", "Detail", "Solver"])
    matches, tiles = page.locator("#knob-match_layers"), page.locator("#knob-tile")
    expect(matches).to_be_visible()
    page.get_by_label("Tutorial").check(force=True)  # its picture lies above it
    expect(page.locator("#knob-steps input[type=number]")).to_have_value("6000")
    expect(page.locator("#knob-size input[type=number]")).to_have_value(str(KNOBS["size"].default))
    expect(matches).to_be_hidden()
    expect(tiles).to_be_visible()
    page.get_by_label("Also what this recipe does not use").check()
    expect(matches).to_be_visible()
    page.locator("#knob-match_rounds input").fill("3")
    page.keyboard.press("Tab")
    page.get_by_label("Also what this recipe does not use").uncheck()
    expect(matches).to_be_hidden()
    expect(page.locator("#knob-match_rounds")).to_be_visible()  # it was turned

    answers_come_late(page)
    choose(page, "finished", list(FINISHED)[2])
    page.get_by_label("Gatys 2016").check(force=True)  # before the settings of that picture have come
    expect(photo).to_have_attribute("src", re.compile(FINISHED[list(FINISHED)[2]].content.key))
    expect(page.locator("#knob-recipe label:has(input:checked) b")).to_have_text("Painting")
    expect(page.locator("#knob-steps input[type=number]")).to_have_value(str(KNOBS["steps"].default))
    expect(matches).to_be_visible()
    for name in ("Johnson 2015", "Tutorial", "Gatys 2016"):
        page.get_by_label(name).check(force=True)
    expect(page.locator("#knob-steps input[type=number]")).to_have_value(str(RECIPES["gatys2016"].knobs["steps"]))
    expect(matches).to_be_hidden()


@DESK_ONLY
@pytest.mark.usefixtures("small_network")
def test_with_the_keyboard_alone(page: Page) -> None:
    answers_come_late(page)
    for wall, box, pictures in (("photos", "photo", PHOTOS), ("paintings", "painting", PAINTINGS)):
        page.locator(f"#{wall} input").nth(0).focus()
        for _ in range(3):  # faster than the answers
            page.keyboard.press("ArrowRight")
        expect(page.locator(f"#{wall} input:checked")).to_have_value(list(pictures)[3])
        expect(page.locator(f"#{box} img")).to_have_attribute("src", re.compile(list(pictures)[3]))
    set_knobs(page, size=64, steps=9000)
    page.locator("#paint").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#stop")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#paint")).to_be_focused()


@DESK_ONLY
def test_a_pasted_picture_goes_where_the_pointer_is(page: Page, painting: Path) -> None:
    before = page.locator("#painting img").get_attribute("src")
    page.locator("#painting").hover()
    page.evaluate(
        """async () => {
            const blob = await (await fetch(document.querySelector('#photo img').src)).blob();
            const bag = new DataTransfer();
            bag.items.add(new File([blob], 'pasted.jpg', { type: 'image/jpeg' }));
            document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: bag, bubbles: true }));
        }"""
    )
    expect(page.locator("#painting img")).not_to_have_attribute("src", before)
    expect(page.locator("#painting img")).to_have_attribute("src", re.compile("pasted"))


@PHONE_ONLY
def test_the_camera_takes_a_photo(page: Page) -> None:
    page.get_by_role("button", name="Your photo from the camera").click()
    page.get_by_role("button", name="Camera", exact=True).click()
    page.get_by_role("button", name="Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('#photo video')?.videoWidth > 0")
    page.wait_for_function("document.querySelector('#photo video').currentTime > 0")
    page.get_by_role("button", name="capture photo").click()
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("webcam|image|blob|file"))
    expect(page.locator("#photos input:checked")).to_have_count(0)
    set_knobs(page, size=64, steps=2)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile(r"Finished · 64 × \d\d px"))


@pytest.mark.skipif(not any(one.film for one in FINISHED.values()), reason="no films here")
def test_opens_in_motion_once_and_not_for_those_who_want_none(browser: Browser, server: str) -> None:
    assert all(one.film for one in FINISHED.values())
    for motion, count, (width, height) in (("no-preference", 1, PHONE), ("reduce", 0, DESK)):
        page = browser.new_page(reduced_motion=motion, viewport={"width": width, "height": height}, locale="en-US")
        page.goto(server, wait_until="domcontentloaded")
        expect(page.locator("#canvas img")).to_be_visible()
        page.wait_for_timeout(0 if count else 1500)
        expect(page.locator("#opening video")).to_have_count(count)
        if count:
            film, easel = (page.locator(one).bounding_box() for one in ("#opening video", "#easel"))
            assert film == easel
        page.keyboard.press("Tab")
        expect(page.locator("#opening video")).to_have_count(0)
        if not count:
            page.locator("#view").get_by_role("radio", name="Replay").check(force=True)  # its label lies above it
            expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
            assert page.locator("#stage video").evaluate("film => film.paused && film.currentTime === 0")
        page.close()


@pytest.mark.usefixtures("small_network")
def test_nothing_moves_by_itself(blank: Page, server: str) -> None:
    """While the page comes over a slow line, while one chooses, and while it paints, all stays where it is."""
    page = blank
    line, weight = page.context.new_cdp_session(page), [0.0]
    line.on("Network.loadingFinished", lambda file: weight.append(file["encodedDataLength"]))
    line.send("Network.enable")
    slow = 1.5e6 / 8  # bytes a second
    throughput = {"downloadThroughput": slow, "uploadThroughput": slow}
    line.send("Network.emulateNetworkConditions", {"offline": False, "latency": 40, **throughput})
    page.add_init_script(
        """window.moved = 0;
        const own = (one) => (one.hadRecentInput ? 0 : one.value); // what a click opens may move the rest
        new PerformanceObserver((list) => list.getEntries().forEach((one) => (window.moved += own(one))))
            .observe({ type: "layout-shift", buffered: true });"""
    )
    page.goto(server, wait_until="commit")
    expect(page.locator("#canvas img")).to_be_visible()
    expect(page.locator("#visit .hint")).to_be_attached()
    page.wait_for_load_state("load")
    expect(page.locator("#photos img").first).to_have_js_property("complete", True)
    page.wait_for_timeout(1500)
    assert page.evaluate("window.moved") < 0.05
    assert sum(weight) < 900_000
    line.send("Network.emulateNetworkConditions", {"offline": False, "latency": 0, **dict.fromkeys(throughput, -1)})
    choose(page, "finished", list(FINISHED)[1])
    expect(canvas(page)).to_have_attribute("src", re.compile(list(FINISHED)[1]))
    assert page.evaluate("window.moved") < 0.05
    where = """() => ["easel", "status", "pair", "photos", "view", "onward", "finished"].map((id) => {
        return document.getElementById(id).getBoundingClientRect().top + scrollY;
    })"""
    places = page.evaluate(where)
    choose(page, "photos", "barn")
    choose(page, "paintings", list(PAINTINGS)[3])
    expect(page.locator("#onward .other")).to_be_visible()  # which comes with the choice, and has its room
    assert page.evaluate(where) == places
    set_knobs(page, size=64, steps=8)
    before = page.evaluate("window.moved")
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("Finished · "))
    expect(page.locator("#paint")).to_be_enabled()
    page.wait_for_timeout(1000)
    assert page.evaluate("window.moved") - before < 0.05


def test_own_pictures_come_from_words(page: Page) -> None:
    with page.expect_file_chooser():
        page.get_by_role("button", name="Your photo", exact=True).click()
    with page.expect_file_chooser():
        page.get_by_role("button", name="Your painting", exact=True).click()
    more = page.get_by_role("button", name="Your painting from the clipboard")
    more.click()
    page.get_by_role("button", name="Paste", exact=True).click()
    expect(page.get_by_test_id("toast-text")).to_have_text("There is no picture to paste.")
    expect(page.locator("#painting img")).to_have_count(1)
    more.click()
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    if page.viewport_size["width"] > 900:
        return
    pair, status_line = (page.locator(name).bounding_box() for name in ("#pair", "#status"))
    assert 0 <= pair["y"] - status_line["y"] - status_line["height"] <= 20  # right under the easel
    buttons = page.locator("#sources button:visible, #onward .way, #download, #view label, #go button:visible").all()
    assert [box["height"] for box in (one.bounding_box() for one in buttons) if box["height"] < 44] == []


def test_full_screen_is_full_and_covers_all(page: Page) -> None:
    page.locator("#canvas [aria-label=Fullscreen]").click()
    whole = {"x": 0, "y": 0, **page.viewport_size}
    page.wait_for_function("[innerWidth, innerHeight] + '' === [canvas.offsetWidth, canvas.offsetHeight] + ''")
    assert page.locator("#canvas").bounding_box() == whole
    assert (
        page.evaluate(
            """() => {
            const above = new Set(), stride = 12;
            for (let x = 4; x < innerWidth; x += stride)
                for (let y = 4; y < innerHeight; y += stride) {
                    const one = document.elementFromPoint(x, y);
                    if (!canvas.contains(one)) above.add(one.closest("[id]")?.id);
                }
            return [...above];
        }"""
        )
        == []
    ), "what lies above the picture"
    page.locator("#canvas [aria-label='Exit fullscreen']").click()
    page.wait_for_function("canvas.offsetWidth < innerWidth")


@DESK_ONLY
@pytest.mark.usefixtures("small_network")
def test_who_waits_is_told_how_many_are_before_and_who_leaves_makes_room(
    page: Page, browser: Browser, server: str
) -> None:
    first = browser.new_page(locale="en-US")
    first.goto(server, wait_until="domcontentloaded")
    expect(first.locator("#presets .options span").first).to_have_text(re.compile(r"\d|^$"))
    set_knobs(first, steps=9000)
    first.locator("#paint").click()
    expect(status(first)).to_have_text(re.compile("Step"))
    set_knobs(page, size=64, steps=3)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("^One painting before yours"))
    expect(page.locator("#canvas [data-testid=status-tracker]")).to_be_hidden()
    page.locator("#stop").click()  # before the first step: that is no success
    expect(status(page)).to_have_text(words("en")["unpainted"])
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("^One painting before yours"))
    first.close()  # one paints at a time: without room this would wait for minutes
    expect(status(page)).to_have_text(re.compile("Finished"))


def test_an_unknown_language_is_english_and_another_can_be_chosen(browser: Browser, server: str) -> None:
    context = browser.new_context(locale="ar-EG")
    page = context.new_page()
    page.goto(server, wait_until="domcontentloaded")
    expect(page.locator("#paint")).to_have_text(re.compile("Paint"), timeout=PATIENCE)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.evaluate("getComputedStyle(document.body).direction") == "ltr"
    page.get_by_label("Language").select_option("de")
    expect(page.locator("#paint")).to_have_text(re.compile("Malen"), timeout=PATIENCE)
    expect(page.locator("#photos .title").first).to_have_text("Schloss Neuschwanstein")
    expect(status(page)).to_have_text(re.compile("^Schloss Neuschwanstein · Sternennacht, Vincent van Gogh"))
    context.close()


@pytest.mark.parametrize("blank", [(2560, 1440)], ids=["wide"], indirect=True)
def test_a_wide_screen_is_used(page: Page) -> None:
    """The picture has the height, and what may follow stands beside it."""
    expect(canvas(page)).to_have_js_property("naturalWidth", CANVAS_SIDE)
    picture, beside = page.locator("#easel").bounding_box(), page.locator("#finished").bounding_box()
    assert picture["height"] > 0.8 * 1440 and picture["width"] > 0.5 * 2560
    assert page.locator("#canvas").bounding_box() == picture
    assert beside["x"] > picture["x"] + picture["width"] and beside["y"] < 0.5 * 1440
    assert beside["x"] + beside["width"] > 2560 - 100, "no empty stripe at the edge"
