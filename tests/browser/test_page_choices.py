"""The page in a real browser: what is decided before a run, and what comes after it."""

# ruff: noqa: RUF001  (the page has its multiplication sign)

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nst.arrows import arrows_from
from nst.image import open_picture, read_text
from nst.recipes import RECIPES
from nst.record import Record, read_record
from nst.settings import KNOBS, Settings
from studio.catalogue import PAINTINGS, PHOTOS
from studio.panels import continue_buttons, variants
from studio.panels.presets import preset_for
from tests.browser.driving import (
    DESK_ONLY,
    Page,
    canvas,
    choose,
    downloaded,
    drop,
    expect,
    open_settings,
    set_knobs,
    status,
)
from tests.painting import noise

pytestmark = pytest.mark.usefixtures("known_machine", "small_network")

SECOND = list(PAINTINGS)[1]
HALF = KNOBS["content_weight"].default / 2
FINISHED = re.compile(r"Finished · .*")
ALL = {"resultTypes": ["violations"]}  # what axe-core is asked for
COLOURS = ALL | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}  # what night changes


def paint(page: Page) -> None:
    page.locator("#paint").click()
    expect(status(page)).to_have_text(FINISHED)
    expect(page.locator("#paint")).to_be_visible()


def go_on(page: Page, way: str) -> None:
    page.get_by_role("button", name=way).click()  # waits until it is enabled


def segment(page: Page, key: str) -> Page:
    return page.locator(f"#presets label:has(input[value={key}])")


def kept(page: Page) -> tuple[tuple[int, int], dict[str, str]]:
    """Size and text of what is downloaded."""
    with downloaded(page) as picture:
        return picture.size, read_text(picture.filename)


@DESK_ONLY
def test_time_is_known_before_the_start_and_no_number_is_cut_off_in_silence(page: Page) -> None:
    expect(segment(page, "sketch").locator("span")).to_have_text(re.compile(r"about \d+ s"))
    before = segment(page, "painting").locator("span").inner_text()
    choose(page, "photos", "portrait-woman")
    expect(segment(page, "painting").locator("span")).not_to_have_text(before)
    segment(page, "painting").locator("input").focus()
    page.keyboard.press("ArrowLeft")
    expect(segment(page, "sketch").locator("input")).to_be_checked()
    about = re.compile(r", about \d+ s$")
    expect(page.locator("#paint")).to_have_text(about)
    expect(page.locator("#onward small")).to_have_text([re.compile(r"^about \d+ s$")] * 4)
    page.locator("#view").get_by_role("radio", name="Variants").check(force=True)  # its label lies above it
    expect(page.locator("#paint-sheet")).to_have_text(about)
    page.locator("#lesson > button").click()
    expect(page.locator("#paint-lesson")).to_have_text(about)
    page.locator("#lesson > button").click()
    set_knobs(page, size=320)
    expect(page.locator("#presets input:checked")).to_have_count(0)
    expect(page.locator("#presets .own")).to_have_text(re.compile(r"Your settings about \d+ s"))
    open_settings(page)
    expect(page.locator("#knob-recipe .time")).to_have_text([re.compile(r"^about \d+ (s|min)$")] * len(RECIPES))
    expect(page.locator("#knob-steps input[type=number]")).to_have_value(str(preset_for("sketch", "painting")["steps"]))

    size, said = page.locator("#knob-size input[type=number]"), page.locator("#limits")
    for name, number in (("size", "4096"), ("steps", "5000")):
        page.locator(f"#knob-{name} input[type=number]").fill(number)
        page.keyboard.press("Tab")
        expect(page.locator(f"#knob-{name} input[type=range]")).to_have_attribute("max", number)
        expect(page.locator(f"#knob-{name} input[type=number]")).to_have_value(number)
        expect(said).to_have_text("")
    size.fill("20000")
    page.keyboard.press("Tab")
    expect(size).to_have_value("8192")
    expect(said).to_have_text("Size: from 16 to 8192 here.")
    page.get_by_label("Tutorial").check(force=True)
    expect(page.locator("#knob-steps input[type=number]")).to_have_value(str(RECIPES["tutorial"].knobs["steps"]))
    page.get_by_label("Masterpiece").check(force=True)
    steps = preset_for("masterpiece", "tutorial")["steps"]  # more of its own: 9429
    expect(page.locator("#knob-steps input[type=number]")).to_have_value(str(steps))
    expect(page.locator("#paint")).to_have_text(re.compile(r", about \d+ (min|h)$"))
    expect(page.locator("#paint")).to_have_css("background-color", "rgb(180, 83, 9)")


@DESK_ONLY
def test_several_paintings_each_with_its_weight(page: Page, painting: Path) -> None:
    choose(page, "paintings", SECOND)
    expect(page.locator("#painting img")).to_have_attribute("src", re.compile(SECOND))
    add = page.get_by_role("button", name="Another painting")
    add.click()
    expect(page.locator("#mix .row .title")).to_have_text([PAINTINGS[SECOND].title, "Now choose another painting"])
    expect(page.locator("#paintings input:checked")).to_have_count(0)
    page.locator("#painting input[type=file]").set_input_files(painting)
    expect(page.locator("#mix output")).to_have_text(["50 %", "50 %"])
    page.get_by_label(f"Weight of {PAINTINGS[SECOND].title}").press("Home")
    expect(page.locator("#mix output")).to_have_text(["17 %", "83 %"])
    set_knobs(page, size=64, steps=3)
    paint(page)
    _, text = kept(page)
    assert read_record(text).settings.style_mix == "1 5"
    assert f"{SECOND}.jpg" in str(text)
    page.get_by_role("button", name=f"Take away {PAINTINGS[SECOND].title}").click()
    expect(page.locator("#mix .row:visible")).to_have_count(0)


@DESK_ONLY
def test_losses_and_layers_are_mixed_with_weights(page: Page) -> None:
    set_knobs(page, size=64, steps=3)
    open_settings(page)
    page.get_by_role("button", name="For experts").click()
    losses = page.locator("#knob-style_loss input")
    losses.click()
    page.get_by_role("option", name="nearest").click()
    losses.type("histogram:0.5")
    losses.press("Enter")
    losses.press("Tab")
    layers = page.locator("#knob-style_layers :is(input, textarea)")
    layers.fill("relu1_1:2 relu3_1")
    layers.press("Tab")
    page.locator("#knob-pooling input").click()
    page.get_by_role("option", name="average").click()
    paint(page)
    _, text = kept(page)
    settings = read_record(text).settings
    assert (settings.style_loss, settings.style_layers) == ("moments nearest histogram:0.5", "relu1_1:2 relu3_1")
    assert settings.pooling == "average"


@DESK_ONLY
def test_goes_on_from_the_picture(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continue_buttons, "LEAST_STEPS", 4)

    def go_on_and_stop(way: str, size: str) -> None:
        with monkeypatch.context() as patient:
            patient.setattr(continue_buttons, "LEAST_STEPS", 9000)  # the run does not end before it is stopped
            go_on(page, way)
            expect(status(page)).to_have_text(re.compile(r"Step \d+ of 9000"))
            page.get_by_role("button", name="Stop").click()
            expect(status(page)).to_have_text(re.compile(rf"Stopped at step \d+ of 9000 · {size} px"))

    page.get_by_role("button", name="Paint only here").click()
    draw(page, (0.2, 0.15), (0.2, 0.85))
    expect(page.locator("#brush .marked")).to_be_visible()
    set_knobs(page, size=64, steps=3)
    paint(page)
    other = page.locator("#onward .other")
    expect(other).to_be_hidden()
    choose(page, "photos", "barn")  # to which those marks do not belong
    expect(page.locator("#brush .marked")).to_have_count(0)
    expect(other).to_be_visible()
    go_on_and_stop("Continue", "64 × 43")
    for count, way in enumerate(("More photo", "More style", "More style"), 3):
        go_on(page, way)
        expect(page.locator("#visit .tile")).to_have_count(count)
        expect(status(page)).to_have_text(re.compile("Finished · 64 × 43 px · 4 steps"))
    go_on_and_stop("Sharper", "256 × 171")
    size, text = kept(page)
    record = read_record(text)
    assert size == (256, 171)
    assert record.settings.content_weight == pytest.approx(HALF)
    assert (record.photo, len(record.masks)) == ("neuschwanstein-castle.jpg", 1)
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("barn"))
    open_settings(page)  # no control has moved
    expect(page.locator("#knob-size input[type=number]")).to_have_value("64")
    expect(page.locator("#knob-content_weight input")).to_have_value(f"{2 * HALF:g}")


@DESK_ONLY
def test_goes_on_from_the_picture_s_own_photo(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continue_buttons, "LEAST_STEPS", 9000)  # the run does not end before it is stopped
    other = page.locator("#onward .other")
    expect(other).to_be_hidden()
    choose(page, "photos", "barn")
    choose(page, "paintings", SECOND)
    expect(other).to_be_visible()
    page.locator("#painting .icon-button-wrapper button").click()
    set_knobs(page, size=64)
    go_on(page, "Continue")
    expect(status(page)).to_have_text(re.compile(r"Step \d+ of"))
    expect(other).to_be_hidden()  # of what is on the wall now it would not be true
    page.get_by_role("button", name="Stop").click()
    expect(status(page)).to_have_text(re.compile("Stopped"))
    _, text = kept(page)
    record = read_record(text)
    assert (record.photo, record.paintings) == ("neuschwanstein-castle.jpg", ("van-gogh-starry-night.jpg",))
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("barn"))
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("neuschwanstein"))
    expect(page.locator("#painting img")).to_have_attribute("src", re.compile("starry"))
    expect(page.locator("#photos input:checked")).to_have_value("neuschwanstein-castle")
    expect(other).to_be_hidden()


@DESK_ONLY
def test_the_picture_is_the_project(page: Page, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(page, "photos", "barn")
    choose(page, "paintings", SECOND)
    expect(page.locator("#painting img")).to_have_attribute("src", re.compile(SECOND))
    set_knobs(page, size=64, steps=3)
    paint(page)
    with downloaded(page) as picture:
        ours = tmp_path / "ours.png"
        ours.write_bytes(Path(picture.filename).read_bytes())
        painted = picture.tobytes()

    page.get_by_role("button", name="Copy as Python").click()
    expect(page.locator("#code textarea")).to_have_value(re.compile("steps=3"))
    for path in (PHOTOS["barn"].path, PAINTINGS[SECOND].path):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    told: dict[str, object] = {}
    exec(page.locator("#code textarea").input_value(), told)
    with Image.open(str(told["picture"])) as same:
        assert same.tobytes() == painted

    page.reload(wait_until="domcontentloaded")
    expect(page.locator("#photo img")).to_be_visible()
    before = page.locator("#photo img").get_attribute("src")
    page.locator("#photo input[type=file]").set_input_files(ours)
    expect(page.get_by_test_id("toast-text")).to_have_text(re.compile("painted here"))
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("content/barn"))
    expect(canvas(page)).to_have_js_property("naturalWidth", 64)  # the picture itself
    assert before
    expect(page.locator("#photos input[value=barn]")).to_be_checked()
    expect(page.locator(f"#paintings input[value={SECOND}]")).to_be_checked()
    open_settings(page)
    expect(page.locator("#knob-size input[type=number]")).to_have_value("64")
    expect(page.locator("#knob-steps input[type=number]")).to_have_value("3")

    page.get_by_test_id("toast-close").click()
    text = PngInfo()
    for key, value in Record(Settings(size=96), "my holiday.jpg", (f"{SECOND}.jpg",)).text.items():
        text.add_text(key, value)
    noise(90, 60, 5).save(ours, pnginfo=text)
    drop(page, "#photo", ours)  # its photo is nowhere here
    expect(page.get_by_test_id("toast-text")).to_have_text(
        re.compile(r"its settings are back\. Please add my holiday\.jpg\.$")
    )
    expect(canvas(page)).to_have_js_property("naturalWidth", 90)
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("content/barn"))
    expect(page.locator("#knob-size input[type=number]")).to_have_value("96")


def draw(page: Page, *points: tuple[float, float]) -> None:
    """A stroke over the photo of the brush; both coordinates from 0 to 1."""
    sheet = page.locator("#brush canvas")
    expect(sheet).to_be_visible()
    sheet.evaluate("sheet => sheet.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = sheet.bounding_box()
    (x, y), *more = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in more:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def changed(picture: Image.Image, photo: Path) -> np.ndarray:
    """How much each pixel of the picture differs from the photo, (H, W)."""
    with Image.open(photo) as original:
        before = np.asarray(original.convert("RGB").resize(picture.size, Image.Resampling.LANCZOS), dtype=float)
    return np.abs(np.asarray(picture, dtype=float) - before).max(-1)


@DESK_ONLY
def test_each_painting_has_its_own_region(page: Page) -> None:
    """Four paintings, each in its colour on the photo and by its name, and each in its quarter of the picture."""
    titles = [PAINTINGS[key].title for key in list(PAINTINGS)[:4]]
    for count, key in enumerate(list(PAINTINGS)[1:4], 1):
        page.get_by_role("button", name="Another painting").click()
        expect(page.locator("#mix .row .title").last).to_have_text("Now choose another painting")
        choose(page, "paintings", key)
        expect(page.locator("#mix .row .title")).to_have_text(titles[: count + 1])
    page.get_by_role("button", name="Paint only here").click()
    page.get_by_label("A region each").check(force=True)
    expect(page.locator("#brush .inks span")).to_have_text(titles)
    places = [0.125, 0.375, 0.625, 0.875]
    for number, x in enumerate(places):
        page.locator("#brush .inks input").nth(number).check(force=True)
        draw(page, (x, 0.0), (x, 1.0))
    colours = """(sheet, places) => places.map((x) => [...sheet.getContext("2d")
          .getImageData(x * sheet.width, sheet.height / 2, 1, 1).data.slice(0, 3)])"""
    own = [[213, 94, 0], [0, 114, 178], [240, 228, 66], [0, 158, 115]]
    assert page.locator("#brush canvas").evaluate(colours, places) == own
    page.locator("#brush button[value=subject]").click()  # which is one mask for all paintings
    expect(page.get_by_label("A region each")).not_to_be_checked()
    expect(page.locator("#brush button[value=refine]")).to_be_visible()
    page.get_by_label("A region each").check(force=True)
    assert page.locator("#brush canvas").evaluate(colours, places) == own, "they are still there"
    expect(page.get_by_role("button", name="marks in force")).to_be_visible()
    set_knobs(page, size=64, steps=2)
    paint(page)
    _, text = kept(page)
    masks = [open_picture(io.BytesIO(mask)).convert("L") for mask in read_record(text).masks]
    here = [[mask.getpixel((int(x * mask.width), mask.height // 2)) > 200 for x in places] for mask in masks]
    assert here == np.eye(4, dtype=bool).tolist()
    page.get_by_role("button", name=f"Take away {titles[0]}").click()
    expect(page.locator("#brush .inks span")).to_have_text(titles[1:])


def test_paints_only_where_it_is_marked(page: Page) -> None:
    page.get_by_role("button", name="Paint only here").click()
    expect(page.get_by_label("Paint here")).to_be_checked()
    draw(page, (0.2, 0.15), (0.2, 0.85))
    expect(page.locator("#brush .marked")).to_be_visible()
    set_knobs(page, size=128, steps=6)
    paint(page)
    with downloaded(page) as picture:
        here = changed(picture, PHOTOS["neuschwanstein-castle"].path)
    assert here[:, 23:29].mean() > 4 * here[:, 70:].mean()

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#brush .marked")).to_have_count(0)
    page.locator("#brush canvas").focus()
    page.keyboard.press("Space")
    expect(page.locator("#brush .marked")).to_be_visible()
    page.get_by_role("button", name="Clear marks").click()
    expect(page.locator("#brush .marked")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#brush .marked")).to_be_visible()
    choose(page, "photos", "barn")
    expect(page.locator("#brush .marked")).to_have_count(0)  # it was another photo's


@DESK_ONLY
def test_keeps_the_marked_part_as_photo(page: Page) -> None:
    page.get_by_role("button", name="Paint only here").click()
    page.get_by_label("Keep as photo").check(force=True)
    draw(page, (0.2, 0.0), (0.2, 1.0))
    set_knobs(page, size=128, steps=6)
    paint(page)
    with downloaded(page) as picture:
        here = changed(picture, PHOTOS["neuschwanstein-castle"].path)
    assert here[:, 70:].mean() > 4 * here[:, 23:29].mean()


def test_what_is_said_about_presets_covers_none_and_nothing_moves_while_it_paints(page: Page) -> None:
    set_knobs(page, size=64, steps=9000)
    expect(page.locator("#presets .own")).to_have_text(re.compile("Your settings"))
    own, options = (page.locator(f"#presets {one}").bounding_box() for one in (".own", ".options"))
    assert own["y"] + own["height"] <= options["y"]

    def places() -> list[object]:
        expect(page.locator("#presets .options span").first).to_have_text(re.compile("about"))
        return page.evaluate(  # all in one moment: the page may be scrolling to the canvas
            """() => {
                const top = id => document.getElementById(id).getBoundingClientRect().top;
                return ["status", "below", "onward", "presets", "mix"].map(id => top(id) - top("canvas"));
            }"""
        )

    before = places()
    page.locator("#paint").click()
    expect(page.get_by_role("button", name="Continue")).to_be_disabled()
    expect(status(page)).to_have_text(re.compile("Step"))
    assert places() == before
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Continue")).to_be_enabled()


@DESK_ONLY
def test_marks_are_said_while_folded_and_come_back(page: Page, photo: Path, tmp_path: Path) -> None:
    """From the visit, and from the picture itself."""
    where = page.locator("#where > button")
    where.click()
    draw(page, (0.2, 0.15), (0.2, 0.85))
    where.click()
    expect(where).to_have_text(re.compile("marks in force"))
    set_knobs(page, size=64, steps=3)
    paint(page)
    with downloaded(page) as picture:
        ours, painted = tmp_path / "ours.png", picture.tobytes()
        ours.write_bytes(Path(picture.filename).read_bytes())

    page.locator("#photo input[type=file]").set_input_files(photo)
    expect(where).not_to_have_text(re.compile("marks in force"))
    page.locator("#visit input").first.evaluate("tile => { tile.checked = false; tile.click() }")
    expect(where).to_have_text(re.compile("marks in force"))
    where.click()
    expect(page.locator("#brush .marked")).to_be_visible()

    page.locator("#photo input[type=file]").set_input_files(photo)
    expect(page.locator("#brush .marked")).to_have_count(0)
    page.locator("#photo input[type=file]").set_input_files(ours)
    expect(page.locator("#brush .marked")).to_be_visible()
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("neuschwanstein"))
    paint(page)
    with downloaded(page) as again:
        assert again.tobytes() == painted


@DESK_ONLY
def test_a_picture_brings_back_what_it_went_on_from(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(continue_buttons, "LEAST_STEPS", 4)
    set_knobs(page, size=64, steps=3)
    paint(page)
    go_on(page, "More style")
    expect(status(page)).to_have_text(re.compile("4 steps"))
    with downloaded(page) as picture:
        ours, painted = tmp_path / "ours.png", picture.tobytes()
        ours.write_bytes(Path(picture.filename).read_bytes())
    page.locator("#photo input[type=file]").set_input_files(ours)
    expect(page.locator("#begun")).to_have_text(re.compile("Goes on from this picture"))
    paint(page)
    with downloaded(page) as again:
        assert again.tobytes() == painted
    page.get_by_role("button", name="Begin from the photo instead").click()
    expect(page.locator("#begun .row")).to_have_count(0)


def test_nothing_moves_when_a_run_ends(page: Page) -> None:
    set_knobs(page, size=64, steps=3)
    places = """() => ['canvas', 'status', 'below', 'onward', 'visit', 'pair', 'paintings']
        .map(id => Math.round(document.getElementById(id).getBoundingClientRect().top))"""
    page.locator("#paint").click()
    page.evaluate("() => new Promise((done) => setTimeout(done, 1000))")  # it may have scrolled to the canvas
    expect(status(page)).to_have_text(FINISHED)
    expect(page.locator("#visit input")).to_have_count(1)
    first = page.evaluate(places)
    page.locator("#paint").click()
    expect(page.locator("#visit input")).to_have_count(2)
    assert page.evaluate(places) == first
    heights = page.evaluate("() => ['visit', 'begun'].map(id => document.getElementById(id).offsetHeight)")
    page.reload(wait_until="domcontentloaded")
    expect(page.locator("#visit .hint")).to_be_visible()
    assert page.evaluate("() => ['visit', 'begun'].map(id => document.getElementById(id).offsetHeight)") == heights


@DESK_ONLY
def test_what_a_large_picture_takes_is_known_before_the_start(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst.plan.free_memory", lambda device: 4 * 2**30)
    large, size = page.locator("#presets .large"), page.locator("#knob-size input[type=number]")
    expect(large).to_be_hidden()
    open_settings(page)
    page.get_by_role("button", name="For experts").click()
    page.get_by_label("Enlarge").click()
    page.get_by_role("option", name="Yes, as large as asked for").click()
    size.fill("2048")
    page.keyboard.press("Tab")
    expect(large).to_have_text(re.compile(r"^Painted in tiles of \d+ pixels, with about \d\.\d GB of memory\.$"))
    monkeypatch.setattr("nst.plan.free_memory", lambda device: 2**29)
    size.fill("1984")
    page.keyboard.press("Tab")
    refused = re.compile(r"needs \d+\.\d GB of memory, and 0\.5 GB are free.*Please choose a smaller size\.$")
    expect(large).to_have_text(refused)
    page.locator("#paint").click()
    expect(page.get_by_test_id("toast-text")).to_have_text(refused)
    expect(page.locator("#paint")).to_be_visible()
    size.fill("128")
    page.keyboard.press("Tab")
    expect(large).to_be_hidden()


@DESK_ONLY
def test_variants_respect_the_marks(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "QUICK", {"size": 64, "steps": 1, "start_size": 64})
    asked: list[object] = []
    frames_of = variants.frames_of
    monkeypatch.setattr(variants, "frames_of", lambda job: asked.append(job.masks) or frames_of(job))
    page.get_by_role("button", name="Paint only here").click()
    draw(page, (0.2, 0.15), (0.2, 0.85))
    page.locator("#view").get_by_role("radio", name="Variants").check(force=True)  # its label lies above it
    page.locator("#paint-sheet").click()
    expect(page.locator("#sheet img")).to_have_count(9)
    expect(page.locator("#paint")).to_be_visible()
    assert len(asked) == 9
    assert all(masks and masks[0].getextrema()[1] == 255 for masks in asked)


@pytest.mark.slow
def test_anyone_can_use_it(page: Page) -> None:
    """No barrier, as axe-core finds them, by day and night: at rest, with all folds open, in each view, after a run."""

    themes = ["light", "dark"]

    def barriers(*places: str) -> list[tuple[str, str]]:
        found = []
        for theme in themes:
            page.emulate_media(color_scheme=theme)
            page.wait_for_function(f"document.body.classList.contains('dark') === {str(theme == 'dark').lower()}")
            page.wait_for_function("document.getAnimations().every(one => one.playState !== 'running')")  # colours fade
            where = {"include": [[place] for place in places]} if places else None
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it can be pushed sideways"
            found += Axe().run(page, where, ALL if theme == "light" else COLOURS).response["violations"]
        themes.reverse()  # the next look begins in the light of this one's end
        return [(one["id"], node["html"]) for one in found for node in one["nodes"]]

    expect(page.locator("#presets .options span").first).to_have_text(re.compile("about"))
    assert barriers() == []
    for panel in ("where", "arrows", "settings", "expert", "adjust", "album", "film", "python", "lesson"):
        page.locator(f"#{panel} > button").click()
    for late in ("#brush canvas", "#knob-strokes svg", "#knob-tile input", "#lesson .formula >> nth=0"):
        expect(page.locator(late)).to_be_visible()
    page.get_by_role("button", name="Share", exact=True).click()
    assert barriers() == []
    for panel in ("settings", "lesson"):
        page.locator(f"#{panel} > button").click()
    for view in ("Compare", "Replay", "Variants"):
        page.locator("#view").get_by_role("radio", name=view).check(force=True)  # its label lies above it
        expect(page.locator("#sheet .sheet" if view == "Variants" else f"#stage .{view.lower()}")).to_be_visible()
        assert barriers("#easel", "#view") == []  # the rest is as before
    set_knobs(page, size=64, steps=2)
    paint(page)
    expect(page.locator("#visit input")).to_have_count(1)
    expect(page.locator("#view input").first).to_be_enabled()  # what rests during a run is pale
    assert barriers() == []


def test_arrows_over_the_photo_are_painted_with_and_leave_with_the_photo(page: Page) -> None:
    heading, sheet = page.locator("#arrows > button"), page.locator("#knob-strokes svg")
    heading.click()
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.3 * box["height"], steps=8)
    page.mouse.up()
    for key in (" ", *["ArrowRight"] * 5, " "):
        sheet.press(key)
    expect(sheet.locator(".arrow")).to_have_count(2)
    expect(heading).to_contain_text("arrows in force")
    page.locator("#knob-strokes").get_by_role("button", name="Undo").click()
    expect(sheet.locator(".arrow")).to_have_count(1)
    set_knobs(page, size=64, steps=3)
    paint(page)
    (arrow,) = arrows_from(read_record(kept(page)[1]).settings.strokes)
    assert arrow[0] == pytest.approx((0.1, 0.1), abs=0.02) and arrow[-1] == pytest.approx((0.9, 0.3), abs=0.06)
    choose(page, "photos", "portrait-woman")
    expect(sheet.locator(".arrow")).to_have_count(0)
    expect(heading).not_to_contain_text("arrows in force")
