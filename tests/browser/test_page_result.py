"""What a visitor does with a picture on the wall, in a real browser and as plain functions."""

# ruff: noqa: RUF001  (the page has its own punctuation)

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import av
import gradio as gr
import pytest
from PIL import Image

from nst.adjust import UNCHANGED, Adjustment, adjusted
from nst.image import read_text, with_alpha
from nst.record import KEYWORD, Record, read_record
from nst.settings import Settings
from studio.catalogue import FINISHED, Finished
from studio.components.images import folder_of
from studio.i18n import LANGUAGES, words
from studio.panels import adjust, history, how_it_works, variants, viewer
from studio.runs import run
from studio.runs.choices import Choices
from studio.runs.result import Origin, Result, name_for, result_of, result_of_finished
from studio.runs.timelapse import LONGEST, SHOT_SIDE, Film, opened
from tests.browser.driving import (
    DESK_ONLY,
    canvas,
    choose,
    downloaded,
    expect,
    hand_in,
    open_panel,
    open_settings,
    set_knobs,
    status,
)
from tests.painting import noise

pytestmark = pytest.mark.usefixtures("small_network")

VISITOR: Any = SimpleNamespace(headers={}, session_hash="somebody")


def look_at(page: Any, view: str) -> None:
    page.locator("#view").get_by_role("radio", name=view, exact=True).check(force=True)  # its label lies above it


def places(page: Any) -> list[Any]:
    return [page.locator(name).bounding_box() for name in ("#canvas", "#status", "#below", "#finished", "#paint")]


def paint(page: Any, steps: int = 6) -> None:
    set_knobs(page, size=64, steps=steps)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("Finished"))
    expect(page.locator("#visit input:checked")).to_have_count(1)


class TestOnThePage:
    def test_every_view_has_the_whole_easel_and_no_picture_moves_anything(self, page: Any) -> None:
        before, frame = places(page), page.evaluate(PICTURE_FRAME)
        easel = page.locator("#easel").bounding_box()
        width = page.viewport_size["width"]
        least = width - 2 * 16 if width <= 900 else width - 384 - 40 - 2 * 32  # beside the column of what goes in
        assert easel["width"] == pytest.approx(least, abs=1)

        def fills_the_easel(place: str) -> None:
            expect(page.locator(place)).to_be_visible()
            box = page.locator(place).bounding_box()
            assert (box["x"], box["width"]) == pytest.approx((easel["x"], easel["width"]), abs=2), place

        look_at(page, "Compare")
        expect(page.locator("#stage img")).to_have_count(2)
        fills_the_easel("#stage .stage")
        assert places(page) == before
        compared = page.locator("#stage .frame").bounding_box()
        assert [compared["width"], compared["height"]] == pytest.approx(frame, abs=1)
        look_at(page, "Replay")
        expect(page.locator("#stage video")).to_have_count(1)  # the gallery's own film
        fills_the_easel("#stage .stage")
        assert places(page) == before
        look_at(page, "Painting")
        expect(page.locator("#stage .stage")).to_have_count(0)
        fills_the_easel("#canvas")
        assert places(page) == before
        look_at(page, "Variants")
        fills_the_easel("#sheet .variants")

    def test_compare_with_pointer_and_keys(self, page: Any) -> None:
        look_at(page, "Compare")
        slider = page.get_by_role("slider", name="How much of the photo is shown")
        frame = page.locator("#stage .frame")
        box = frame.bounding_box()
        page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + 40)
        share = float(slider.input_value())
        assert 20 <= share <= 30
        slider.focus()
        page.keyboard.press("ArrowRight")
        expect(slider).to_have_value(f"{share + 1:g}")
        assert frame.evaluate("frame => getComputedStyle(frame).getPropertyValue('--at')") == f"{share + 1:g}%"
        expect(page.locator("#stage").get_by_alt_text("Photo", exact=True)).to_be_visible()
        assert slider.evaluate("slider => getComputedStyle(slider).touchAction") == "pan-y"

    @DESK_ONLY
    def test_a_run_can_be_leafed_through_and_kept(self, page: Any) -> None:
        paint(page)
        look_at(page, "Replay")
        video = page.locator("#stage video")
        expect(page.locator("#stage .reel output")).to_have_text(re.compile(r"Step \d"))
        page.wait_for_function("document.querySelector('#stage video')?.currentTime > 0.05")  # plays by itself
        assert video.evaluate("video => [video.muted, video.loop, video.playsInline]") == [True, True, True]
        scrubber = page.get_by_role("slider", name="Step of the painting")
        scrubber.focus()
        page.keyboard.press("End")
        expect(page.locator("#stage .reel output")).to_have_text("Step 6")
        page.keyboard.press("Home")
        expect(page.locator("#stage .reel output")).to_have_text("Step 0")
        assert video.evaluate("video => video.paused")
        page.get_by_role("button", name="Play", exact=True).click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Save as film").click()
        assert waiting.value.suggested_filename == "neuschwanstein-castle--van-gogh-starry-night.mp4"
        with av.open(str(waiting.value.path())) as film:
            assert film.streams.video[0].codec_context.name == "h264"

    @DESK_ONLY
    def test_the_download_is_what_is_seen(self, page: Any) -> None:
        paint(page)
        with downloaded(page) as picture:
            painted = picture.copy()
        open_panel(page, "Adjust", "#adjust-strength input[type=number]")
        strength = page.locator("#adjust-strength input[type=number]")
        before = canvas(page).get_attribute("src")
        strength.fill("0")
        page.keyboard.press("Tab")
        expect(canvas(page)).not_to_have_attribute("src", before)
        expect(canvas(page)).to_have_attribute("src", re.compile("^data:"))
        with downloaded(page) as photo:
            assert (photo.format, photo.size) == ("PNG", painted.size)
            assert photo.tobytes() != painted.tobytes()
            assert f"{KEYWORD}-adjusted" in photo.info
        page.get_by_role("button", name="As painted").click()
        expect(strength).to_have_value("1")
        expect(canvas(page)).not_to_have_attribute("src", re.compile("^data:"))
        with downloaded(page) as again:
            assert again.tobytes() == painted.tobytes()

    @DESK_ONLY
    def test_adjusting_can_be_compared(self, page: Any) -> None:
        look_at(page, "Compare")
        after = page.get_by_alt_text("Painting", exact=True).last
        before = after.get_attribute("src")
        page.get_by_role("button", name="Adjust").click()
        page.get_by_role("radio", name="The photo’s, under painted light").check(force=True)
        expect(after).not_to_have_attribute("src", before)

    @DESK_ONLY
    def test_an_earlier_picture_comes_back(self, page: Any, photo: Path, painting: Path) -> None:
        hand_in(page, photo, painting)
        paint(page, steps=3)
        first = canvas(page).get_attribute("src")
        handed = page.locator("#photo img").get_attribute("src")
        choose(page, "photos", "barn")
        expect(page.locator("#photo img")).to_have_attribute("src", re.compile("barn"))
        paint(page, steps=2)
        expect(page.locator("#visit input")).to_have_count(2)
        page.locator("#visit input").nth(1).check(force=True)
        expect(canvas(page)).to_have_attribute("src", first)
        expect(status(page)).to_have_text(re.compile("3 steps"))
        expect(page.locator("#photo img")).to_have_attribute("src", handed)
        expect(page.locator("#knob-steps input[type=number]")).to_have_value("3")
        expect(page.locator("#photos input:checked")).to_have_count(0)
        look_at(page, "Replay")
        expect(page.locator("#stage .reel output")).to_be_visible()

    def test_nine_variants_set_the_controls(self, page: Any, quick: None) -> None:
        set_knobs(page, size=64, steps=3)
        look_at(page, "Variants")
        page.evaluate(FOLLOW_PROGRESS, "#sheet")
        page.locator("#paint-sheet").click()
        page.wait_for_function(SEES_PROGRESS, arg="#sheet")
        expect(page.locator("#sheet img")).to_have_count(9)
        expect(page.locator("#sheet [role=progressbar]")).to_have_count(0)
        grows(page, 9)
        expect(page.locator("#paint")).to_be_visible()
        tile = page.get_by_role("radio", name="Content weight 0.5, brush size 0.5")
        tile.check(force=True)
        expect(page.locator("#sheet .set")).to_have_text("Set: Content weight 0.5, brush size 0.5.")
        go = page.get_by_role("button", name="Paint it large")
        expect(go).to_be_enabled()
        easel, room = (page.locator(one).bounding_box() for one in ("#easel", "#sheet .sheet"))
        assert room["y"] > easel["y"] and room["y"] + room["height"] < easel["y"] + easel["height"]
        open_settings(page)
        expect(page.locator("#knob-content_weight input").first).to_have_value("0.5")
        expect(page.locator("#knob-style_scale input[type=number]")).to_have_value("0.5")
        go.click()
        expect(page.locator("#view .selected")).to_have_text("Painting")
        expect(status(page)).to_have_text(re.compile("^Finished"))

    @DESK_ONLY
    def test_a_visit_ends_with_its_page(self, page: Any, browser: Any, server: str, tmp_path: Path) -> None:
        import app

        visits = app.visits.visits
        selfie = tmp_path / "selfie.png"
        noise(60, 40, seed=77).save(selfie)
        context = browser.new_context()
        theirs = context.new_page()
        theirs.goto(server, wait_until="domcontentloaded")
        before = set(visits)
        hand_in(theirs, selfie, selfie)
        paint(theirs, steps=1)
        new = set(visits) - before  # the other page may make itself known meanwhile
        (visit,) = [one for one in new if any("selfie" in path for path in visits[one].uploads)]
        files = [folder_of(visit), *map(Path, visits[visit].uploads)]
        assert len(files) == 2 and all(file.exists() for file in files)
        context.close()
        for _ in range(100):
            if visits[visit].left:
                break
            page.wait_for_timeout(100)
        app.visits.sweep(datetime.now() + timedelta(minutes=11))
        assert not any(file.exists() for file in files)

    @DESK_ONLY
    def test_stop_keeps_the_variants_so_far(self, page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(variants.QUICK, "steps", 200)
        look_at(page, "Variants")
        page.locator("#paint-sheet").click()
        expect(page.locator("#sheet img")).not_to_have_count(0)
        page.locator("#stop").click()
        expect(page.locator("#paint")).to_be_enabled()
        expect(page.locator("#paint-sheet")).to_be_enabled()
        assert 1 <= page.locator("#sheet img").count() < 9

    @DESK_ONLY
    def test_how_it_works_with_the_visitors_pictures(self, page: Any, quick: None) -> None:
        page.get_by_role("button", name="How it works").click()
        expect(page.locator("#lesson math")).to_have_count(5)
        page.evaluate(FOLLOW_PROGRESS, "#lesson-strips")
        page.locator("#paint-lesson").click()
        page.wait_for_function(SEES_PROGRESS, arg="#lesson-strips")
        strips = "() => document.querySelector('#lesson-strips section').getBoundingClientRect().top + scrollY"
        place = page.evaluate(strips)
        expect(page.locator("#lesson-strips section").first).to_be_in_viewport()
        expect(page.locator("#lesson-strips img")).to_have_count(16)
        expect(page.locator("#lesson-strips [role=progressbar]")).to_have_count(0)
        grows(page, 11)
        assert page.evaluate(strips) == place, "the strips stay where they are as the bar goes"
        expect(page.get_by_alt_text("What each layer keeps of the photo: relu4_2")).to_be_visible()
        expect(page.locator("#paint")).to_be_visible()


def grows(page: Any, count: int) -> None:
    """The progress that was followed, and by as much the length of its bar."""
    now, most, lengths = zip(*page.evaluate("window.followed"), strict=True)
    assert set(most) == {count} and len(set(now)) > count // 2
    assert list(now) == sorted(now) and now[0] == 0 and now[-1] < count
    assert lengths == pytest.approx([done / count for done in now], abs=0.01)


FOLLOW_PROGRESS = """(place) => {
    window.followed = [];
    const follow = () => {
        const bar = document.querySelector(`${place} [role=progressbar]`);
        if (!bar) return;
        const length = bar.firstElementChild.getBoundingClientRect().width / bar.getBoundingClientRect().width;
        window.followed.push([Number(bar.ariaValueNow), Number(bar.ariaValueMax), length]);
    };
    const changes = { childList: true, subtree: true, attributes: true };
    new MutationObserver(follow).observe(document.querySelector(place), changes);
}"""
SEES_PROGRESS = """(place) => {  // nothing covers it
    const bar = document.querySelector(`${place} [role=progressbar]`);
    if (!bar || !bar.checkVisibility()) return false;
    const { left, top, width, height } = bar.getBoundingClientRect();
    return height > 2 && [0.1, 0.9].every((at) => bar.contains(document.elementFromPoint(left + at * width, top + 1)));
}"""
PICTURE_FRAME = """async () => {
    const image = document.querySelector('#canvas img');
    await image.decode();
    const pad = 2 * parseFloat(getComputedStyle(image).paddingLeft);
    const [width, height] = [image.clientWidth - pad, image.clientHeight - pad];
    const ratio = image.naturalWidth / image.naturalHeight;
    return [Math.min(width, height * ratio), Math.min(height, width / ratio)];
}"""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small runs become tiny ones."""
    monkeypatch.setattr(variants, "QUICK", {"size": 64, "steps": 16, "start_size": 64})
    monkeypatch.setattr(how_it_works, "SIDE", 64)
    monkeypatch.setattr(how_it_works, "STEPS", 16)  # it takes a second: one looks at its progress meanwhile


@pytest.fixture
def result(tmp_path: Path) -> Result:
    """A picture of the shape 3:2, and its photo."""
    path = tmp_path / "kept" / "painting.png"
    path.parent.mkdir()
    picture = noise(96, 64, 1)
    picture.save(path)
    film = Film()
    film.add(0, noise(96, 64, 2))
    return result_of(picture, noise(192, 128, 2), str(path), "line", Origin({}, film.shots, 7, "first"))


def painted(steps: int = 3) -> Result:
    choices = Choices(noise(96, 64, 1), noise(64, 64, 2), Settings(size=64, steps=steps))
    *_, (_, _, last) = run.paint(VISITOR, choices)
    return run.finish(VISITOR, last)[-1]


class TestFilm:
    @pytest.mark.parametrize("count", [1, LONGEST, LONGEST + 1, 7 * LONGEST])
    def test_is_short_and_even(self, count: int) -> None:
        film, picture = Film(), Image.new("RGB", (8, 8))
        for step in range(count):
            film.add(step, picture)
        steps = [shot.step for shot in film.shots]
        assert steps[0] == 0
        assert min(count, LONGEST // 2) <= len(steps) <= LONGEST
        assert len({later - earlier for earlier, later in pairwise(steps)}) <= 1
        assert count - steps[-1] <= max(1, 2 * count // LONGEST + 1)

    def test_is_small(self) -> None:
        film = Film()
        film.add(1, Image.new("RGB", (1000, 500)))
        assert film.shots[0].picture.size == (SHOT_SIDE, SHOT_SIDE // 2)

    def test_ends_with_the_finished_picture(self) -> None:
        film = painted().film
        assert (film[0].step, film[-1].step) == (0, 3)
        assert len({shot.picture.size for shot in film}) == 1


class TestResult:
    def test_of_a_run(self) -> None:
        result = painted()
        assert read_record(read_text(result.path)).settings.steps == 3
        assert opened(result.content).size == result.picture.size == (64, 43)
        assert result.run_id != painted().run_id

    def test_files_have_names_that_one_finds_again(self) -> None:
        names = (("IMG_1 my selfie.HEIC", ("../starry-night.jpg",)), ("", ()), ("a" * 90, ("${x}.png", "b.png")))
        found = [name_for(Record(Settings(), photo, paintings).text) for photo, paintings in names]
        assert found == ["IMG_1-my-selfie--starry-night", "painting", f"{'a' * 40}--x--b"]

    def test_small_and_whole_are_adjusted_alike(self, result: Result) -> None:
        change = Adjustment(strength=0.5, contrast=1.2)
        small, whole = opened(result.small(change)), result.whole(change)
        assert whole.size == small.size
        assert whole.tobytes() == adjusted(result.picture, opened(result.content), change).tobytes()
        assert result.small(UNCHANGED) is result.after

    @pytest.mark.skipif(not FINISHED, reason="no finished pictures here")
    def test_of_a_picture_painted_before(self) -> None:
        result = result_of_finished(next(iter(FINISHED)))
        assert not result.film
        assert result.ratio == pytest.approx(result.picture.width / result.picture.height, rel=0.01)


class TestViews:
    def test_compares_what_is_adjusted(self, result: Result) -> None:
        plain = viewer.show(VISITOR, "compare", result, 1.0, "painting", 1.0)
        changed = viewer.show(VISITOR, "compare", result, 0.0, "painting", 1.0)
        assert plain["before"] == changed["before"]
        assert plain["after"] != changed["after"]
        assert plain["ratio"] == 1.5

    def test_replays_the_film(self, result: Result) -> None:
        shown = viewer.show(VISITOR, "replay", result, 1.0, "painting", 1.0)
        assert shown["steps"] == [0, 7]
        with av.open(shown["film"].partition("=")[2]) as film:
            assert film.streams.video[0].width == 96

    @pytest.mark.skipif(not FINISHED, reason="no finished pictures here")
    def test_replays_the_film_of_a_picture_that_was_painted_before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = next(iter(FINISHED))
        monkeypatch.setattr(Finished, "film", tmp_path / "film.mp4")
        monkeypatch.setattr(Finished, "film_steps", (0, 3, 9))
        shown = viewer.show(VISITOR, "replay", result_of_finished(key), 1.0, "painting", 1.0)
        assert shown["film"].endswith("film.mp4")
        assert shown["steps"] == [0, 3, 9]

    def test_nothing_hangs_there(self) -> None:
        assert viewer.show(VISITOR, "compare", None)["view"] == "painting"


class TestAdjusting:
    def test_as_painted_is_the_file_itself(self, result: Result) -> None:
        shown, _, download = adjust.look(VISITOR, result, "painting", *adjust.as_painted())
        assert shown == download["value"] == result.path
        assert adjust.full_size(VISITOR, result, *adjust.as_painted()) is None

    def test_is_made_in_full_when_it_is_taken(self, result: Result) -> None:
        _, _, download = adjust.look(VISITOR, result, "painting", 0.3, "match", 1.1)
        assert download["value"] is None
        path = adjust.full_size(VISITOR, result, 0.3, "match", 1.1)
        with Image.open(path) as taken:
            assert taken.tobytes() == result.whole(Adjustment(0.3, "match", 1.1)).tobytes()
        assert taken.mode == "RGB"
        assert '"strength": 0.3' in read_text(path)[f"{KEYWORD}-adjusted"]

    def test_what_is_clear_stays_clear(self, result: Result) -> None:
        alpha = Image.linear_gradient("L").resize(result.picture.size)
        with_alpha(result.picture, alpha).save(result.path)
        with Image.open(adjust.full_size(VISITOR, result, 0.3, "painting", 1.1)) as taken:
            assert taken.getchannel("A").tobytes() == alpha.tobytes()
            assert (
                taken.convert("RGB").tobytes()
                == result.whole(Adjustment(0.3, "painting", 1.1)).convert("RGB").tobytes()
            )


class TestVisit:
    def test_the_newest_is_in_front_and_no_run_is_there_twice(self, result: Result) -> None:
        kept, strip = history.joined(result, [])
        kept, strip = history.joined(replace(result, line="again"), kept)
        assert kept == [result]
        assert [tile["key"] for tile in strip["items"]] == ["first"] and strip["value"] == "first"

    def test_the_oldest_goes_with_its_file(self, result: Result) -> None:
        kept = [painted(1) for _ in range(history.MOST)]
        oldest = Path(kept[-1].path)
        kept, strip = history.joined(result, kept)
        assert len(kept) == len(strip["items"]) == history.MOST
        assert not oldest.parent.exists()
        assert Path(kept[-1].path).exists()

    def test_nothing_survives_the_visit(self, result: Result) -> None:
        film = viewer.show(VISITOR, "replay", result, 1.0, "painting", 1.0)["film"].partition("=")[2]
        taken = adjust.full_size(VISITOR, result, 0.5, "painting", 1.0)
        assert Path(film).exists() and Path(taken).exists()
        history.forget([result])
        assert not Path(film).exists() and not Path(taken).exists()
        assert not Path(result.path).parent.exists()

    def test_what_is_gone_is_said(self) -> None:
        with pytest.raises(gr.Error, match="no longer here"):
            history.found(VISITOR, "gone", [])

    def test_a_session_is_no_path(self) -> None:
        assert folder_of("../../secret").parent == folder_of("somebody").parent

    def test_what_was_not_painted_here_does_not_join(self, result: Result) -> None:
        kept, strip = history.joined(None, [])
        assert (kept, strip["items"], strip["value"]) == ([], [], None)


class TestVariants:
    def test_the_one_in_the_middle_is_as_asked(self) -> None:
        asked = Settings(content_weight=0.2, style_scale=0.8)
        sheet = variants.variants(asked)
        assert len(sheet) == 9
        assert sheet[4] == asked
        assert [one.style_scale for one in sheet[:3]] == [0.4, 0.8, 1.6]
        assert [one.content_weight for one in sheet[::3]] == [0.08, 0.2, 0.5]

    def test_stay_within_the_limits(self) -> None:
        sheet = variants.variants(Settings(style_scale=4, content_weight=0))
        assert {one.style_scale for one in sheet} == {2, 4}
        assert {one.content_weight for one in sheet} == {0}

    def test_a_cell_knows_its_controls(self) -> None:
        key = variants.cell(Settings(content_weight=0.375, style_scale=2), "en")["key"]
        assert [move["value"] for move in variants.chosen(key)] == [0.375, 2]

    @pytest.mark.slow
    def test_appear_one_by_one(self, quick: None) -> None:
        shown = list(variants.paint(VISITOR, Choices(noise(96, 64, 1), noise(64, 64, 2))))
        filled = [sum(bool(cell["src"]) for cell in one["cells"]) for one in shown]
        assert filled == sorted(filled)
        assert set(filled) == set(range(10))


class TestLesson:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_is_well_formed_in_every_language(self, language: str) -> None:
        visitor: Any = SimpleNamespace(headers={"accept-language": language})
        told = ElementTree.fromstring(f"<article>{how_it_works.text(visitor)}</article>")
        assert len(told.findall(".//math")) == 5
        assert words(language)["lesson_idea"] == told.find("p").text

    @pytest.mark.slow
    def test_fills_its_strips(self, quick: None, result: Result) -> None:
        *_, last = how_it_works.paint(VISITOR, noise(96, 64, 1), noise(64, 64, 2), result)
        assert [len(strip["cells"]) for strip in last["strips"]] == [5, 5, 3, 3]
        assert all(cell["src"] for strip in last["strips"] for cell in strip["cells"])

    def test_needs_pictures(self) -> None:
        with pytest.raises(gr.Error, match="Please choose a photo"):
            next(how_it_works.paint(VISITOR, None, noise(64, 64, 2), None))
