"""What a visitor decides before and after a run: how far, which paintings, where, and what comes next."""

from __future__ import annotations

import base64
import io
import math
import os
import pickle
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from PIL import Image, ImageChops, ImageStat

from nst import Settings, load_vgg
from nst.image import open_picture, read_text
from nst.plan import in_tiles
from nst.recipes import RECIPES
from nst.record import Record, mask_png, read_record, start_jpeg
from nst.settings import KNOBS
from nst.tiles import NoRoom
from studio.api import stylize
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS
from studio.components import mask_brush, painting_mix
from studio.components.images import fresh_file
from studio.components.painting_mix import EVEN
from studio.components.start_picture import opened
from studio.i18n import roughly, sentence, time_in_words, words
from studio.page import furnish
from studio.panels import continue_buttons, painting, presets, prices, restore
from studio.runs import estimate
from studio.runs.album import Photo
from studio.runs.as_python import as_python, differing
from studio.runs.choices import Choices
from studio.runs.result import result_of_finished
from studio.runs.run import finish, paint
from tests.painting import noise

pytestmark = pytest.mark.usefixtures("small_network")

GREY = Image.new("RGB", (96, 64), "grey")


def visitor(language: str = "en", **headers: str) -> Any:
    return SimpleNamespace(headers={"accept-language": language, **headers}, session_hash=None)


def project_of(settings: Settings, photo: str, *paintings: str, **more: Any) -> Image.Image:
    """A picture that carries this."""
    picture = Image.new("RGB", (8, 8))
    picture.info["text"] = Record(settings, photo, paintings, **more).text
    return picture


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose every step of a million pixels takes a second."""
    monkeypatch.setattr(estimate, "_machine", estimate.Machine(0.0, 1e-6))
    monkeypatch.setattr(estimate, "_paces", OrderedDict(probe=estimate.Pace(1.0, math.inf)))


LARGE = {name: presets.PAGE_KNOBS[name].default for name in presets.LARGE}


def timed(size: int, steps: int) -> dict[str, Any]:
    return {"size": size, "steps": steps, "start_size": 96, "recipe": "painting", **LARGE}


class TestPresets:
    def test_each_is_a_settings(self) -> None:
        each = [presets.preset_for(name, "painting") for name in presets.PRESETS]
        assert each == [{"size": 256, "steps": 40}, {"size": 512, "steps": 70}, {"size": 768, "steps": 110}]
        assert presets.matching({"size": 512, "steps": 70, "recipe": "painting"}) == "painting"
        assert presets.matching({"size": 512, "steps": 71, "recipe": "painting"}) is None

    @pytest.mark.usefixtures("machine")
    def test_a_time_is_a_range_where_the_machine_changed_its_pace(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert prices.in_words(12, "en") == "about 12 s"
        monkeypatch.setattr(estimate, "spread", lambda: (1.0, 3.0))
        assert prices.in_words(12, "en") == "12 s to 35 s"
        assert prices.in_words(0.2, "en") == "about 1 s", "both ends are the same in words"

    @pytest.mark.parametrize("recipe", RECIPES)
    def test_takes_more_or_fewer_of_the_recipe_s_own_steps(self, recipe: str) -> None:
        steps = Settings(recipe=recipe).steps
        sketch, painting, masterpiece = (presets.preset_for(name, recipe)["steps"] for name in presets.PRESETS)
        assert painting == steps
        assert sketch == pytest.approx(steps * 4 / 7, abs=1)
        assert masterpiece == pytest.approx(steps * 11 / 7, abs=1)
        assert presets.matching({"size": 512, "steps": steps, "recipe": recipe}) == "painting"

    @pytest.mark.usefixtures("machine")
    def test_says_the_time_of_each_and_of_settings_of_ones_own(self) -> None:
        shown = presets.forecast(visitor(), {"preset": None, "photo": [768, 512]}, timed(512, 70))
        assert shown["value"]["preset"] == "painting"
        assert shown["own"] == ""
        assert set(shown["times"]) == set(presets.PRESETS)
        assert all(time.startswith("about ") for time in shown["times"].values())
        shown = presets.forecast(visitor("de"), {"preset": None, "photo": None}, timed(512, 20))
        assert shown["own"].startswith("Deine Regler etwa ")

    def test_says_from_and_to_while_the_machine_is_now_slow_and_now_fast(
        self, machine: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paces = {"a run": estimate.Pace(3.0, math.inf), "a glance": estimate.Pace(1.0, math.inf)}
        monkeypatch.setattr(estimate, "_paces", OrderedDict(paces))
        shown = presets.forecast(visitor(), {"preset": None, "photo": [768, 512]}, timed(512, 70))
        figures = re.fullmatch(r"(\d+) s to (\d+) s", shown["times"]["painting"])
        assert figures and int(figures[2]) == pytest.approx(3 * int(figures[1]), abs=3)

    @pytest.mark.usefixtures("machine")
    def test_knows_what_matching_takes(self) -> None:
        slow, quick = ({**timed(768, 110), "match_rounds": rounds} for rounds in (50, 1))
        texts = [presets.forecast(visitor(), {"photo": [768, 512]}, knobs)["times"] for knobs in (slow, quick)]
        assert texts[0]["masterpiece"] != texts[1]["masterpiece"]

    @pytest.mark.usefixtures("machine")
    def test_each_button_says_what_it_takes(self) -> None:
        with gr.Blocks():
            page = furnish()

        def said(size: int, steps: int) -> dict[Any, Any]:
            knobs = timed(size, steps)
            values = {page.knobs[name]: value for name, value in knobs.items()}
            values |= {page.presets: {"preset": None, "photo": [4096, 2730]}, page.result: None}
            return presets.forecasts(page, values, visitor())

        short, long = said(512, 70), said(2048, 4000)
        assert re.fullmatch(r"Paint, about \d+ s", short[page.paint]["value"])
        assert short[page.paint]["elem_classes"] == []
        assert re.fullmatch(r"Paint, about \d+ min", long[page.paint]["value"])
        assert long[page.paint]["elem_classes"] == ["long"]
        assert re.search(r", about \d+ s$", short[page.paint_variants]["value"])
        assert re.search(r", about \d+ s$", short[page.paint_lesson]["value"])
        assert said(9000, 1)[page.paint]["value"] == "Paint"  # out of range: no time

    @pytest.mark.usefixtures("machine")
    def test_an_album_takes_as_long_as_paint_for_each_of_its_photos_with_all_paintings(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(prices, "in_words", lambda seconds, language: repr(seconds))  # as they are
        with gr.Blocks():
            page = furnish()
        size, seconds = (1000, 700), {}
        for paintings in (1, 3):
            values = {page.knobs[name]: value for name, value in timed(512, 70).items()}
            values |= {page.presets: {"preset": None, "photo": list(size)}, page.result: None}
            values |= {page.mix: {"weights": [5] * paintings, "away": None}}
            values |= {page.album_photos: [Photo({}, f"{number}.jpg", size, "") for number in range(4)]}
            said = presets.forecasts(page, values, visitor())
            for button, runs in ((page.paint, 1), (page.paint_album, 4)):
                seconds[paintings, runs] = float(said[button]["value"].partition(", ")[2])
        assert seconds[3, 1] > seconds[1, 1]
        assert all(seconds[paintings, 4] == pytest.approx(4 * seconds[paintings, 1]) for paintings in (1, 3))

    @pytest.mark.usefixtures("machine")
    def test_each_way_of_going_on_says_what_it_takes(self) -> None:
        ways = prices.of_going_on(result_of_finished(next(iter(FINISHED))), "en")
        assert set(ways) == set(continue_buttons.WAYS)
        seconds = {way: int(re.search(r"\d+", text)[0]) for way, text in ways.items()}
        assert seconds["sharper"] > seconds["continue"] == seconds["more_photo"]

    @pytest.mark.usefixtures("machine")
    @pytest.mark.parametrize(
        "more", [{"mix": {"weights": [5, 5, 5], "away": None}}, {"match_layers": ["relu1_1", "relu3_1"]}]
    )
    def test_going_on_counts_all_paintings_and_all_knobs(
        self, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
    ) -> None:
        monkeypatch.setattr(prices, "in_words", lambda seconds, language: repr(seconds))  # as they are
        result = result_of_finished(next(iter(FINISHED)))
        one, other = (
            {way: float(text) for way, text in prices.of_going_on(each, "en").items()}
            for each in (result, replace(result, chosen={**result.chosen, **more}))
        )
        assert all(other[way] > one[way] for way in continue_buttons.WAYS)

    @pytest.mark.usefixtures("machine")
    @pytest.mark.parametrize("keep_faces", [False, True])
    def test_going_on_has_a_price_from_the_values_that_a_browser_sends(self, keep_faces: bool) -> None:
        with gr.Blocks():
            page = furnish()
        sent = {name: page.knobs[name].value for name in presets.PAGE_KNOBS} | {"keep_faces": keep_faces}
        result = result_of_finished(next(iter(FINISHED)))
        ways = prices.of_going_on(replace(result, chosen={**result.chosen, **sent}), "en")
        assert set(ways) == set(continue_buttons.WAYS) and all(ways.values())

    @pytest.mark.usefixtures("machine")
    @pytest.mark.parametrize("typed", ["relu", "relu9_1", "relu3_"])
    def test_half_a_name_of_a_layer_has_no_price_and_is_no_error(self, typed: str) -> None:
        for knob in ("style_layers", "content_layers", "match_layers"):
            settings = Settings(**{knob: typed})
            assert prices.about([settings], (768, 512), "en") == ""
            knobs = timed(512, 20) | {knob: typed}
            assert presets.forecast(visitor(), {"preset": None, "photo": [768, 512]}, knobs)["times"]["sketch"] == ""

    def test_no_time_is_more_precise_than_it_is(self) -> None:
        for seconds, text in ((0.4, "1 s"), (43, "45 s"), (187, "3 min"), (34_157, "9 h")):
            assert roughly(seconds, "en") == text
        assert time_in_words(187, "en") == "3 min 7 s"
        assert time_in_words(34_157, "en") == "9 h"

    @pytest.mark.usefixtures("machine")
    def test_says_when_a_picture_will_be_worked_on_in_tiles_and_with_what_memory(self, monkeypatch: Any) -> None:
        monkeypatch.setattr("nst.plan.free_memory", lambda device: 4 * 2**30)
        large = presets.forecast(visitor(), {"preset": None, "photo": [6000, 4000]}, timed(3072, 20))
        fit = in_tiles(6000, 4000, Settings(size=3072), load_vgg())
        assert large["large"] == words("en")["in_tiles"].format(side=fit.side, memory=f"{fit.memory / 2**30:.1f}")
        assert 64 <= fit.side < 3072 and 1 < fit.memory / 2**30 < 4
        small = presets.forecast(visitor(), {"preset": None, "photo": [600, 400]}, timed(3072, 20))
        assert small["large"] == ""
        monkeypatch.setattr("nst.plan.free_memory", lambda device: 2**20)
        never = presets.forecast(visitor("fr"), {"photo": None}, timed(1024, 20))
        with pytest.raises(NoRoom) as refused:
            in_tiles(*estimate.ANY_PHOTO, Settings(size=1024), load_vgg())
        assert never["large"] == sentence(refused.value, "fr") != str(refused.value)

    @pytest.mark.usefixtures("machine")
    @pytest.mark.parametrize("photo", [None, [0, 5], ["a", 1], [1, 10**9], 7])
    def test_believes_no_impossible_photo(self, photo: Any) -> None:
        shown = presets.forecast(visitor(), {"preset": None, "photo": photo}, timed(5, 20))
        assert shown["own"].endswith(" ")  # a size out of range has no time


def one_more(picture: Image.Image, name: str) -> painting_mix.ExtraStyle:
    """A further painting, as it was uploaded."""
    file = fresh_file(f"{name}.png")
    picture.save(file)
    picture.info["name"] = f"{name}.png"
    return painting_mix.extra_style(picture, str(file))


class TestMix:
    def put(self, *names: str) -> tuple[painting_mix.ExtraStyle, ...]:
        return tuple(one_more(Image.new("RGB", (64, 64), name), name) for name in names)

    def test_weights_follow_the_paintings(self) -> None:
        aside = self.put("red", "green")
        paintings, said = painting_mix.mixed(GREY, aside, {"weights": [5, 5, 5]})
        assert (len(paintings), said) == (3, "")
        assert painting_mix.mixed(GREY, aside, {"weights": [2, 5, 1]})[1] == "2 5 1"
        assert painting_mix.mixed(None, aside, {"weights": [2, 5, 1]})[1] == "2 5"
        assert painting_mix.mixed(None, (), {"weights": [5]}) == ([None], "")

    def test_put_aside_and_taken_away(self) -> None:
        grey = GREY.copy()
        path = PAINTINGS["gauguin-arearea"].path
        grey.info |= {"file": str(path), "name": path.name}
        aside, shown, box, ring = painting_mix.add_style(grey, (), {"weights": [5]})
        assert [one.item["key"] for one in aside] == ["gauguin-arearea"]
        assert (box, ring, shown["value"]["weights"]) == (None, None, [5, 5])
        left, shown = painting_mix.remove_style(aside, {"weights": [2, 7], "away": 0})
        assert (left, shown["value"]["weights"]) == ((), [7])

    def test_a_visit_keeps_little_of_a_large_painting(self) -> None:
        large = one_more(Image.new("RGB", (4096, 4096), "red"), "large")
        assert len(pickle.dumps(large)) < 20_000

    def test_a_painting_whose_file_has_gone_is_one_sentence(self) -> None:
        gone = one_more(Image.new("RGB", (64, 64), "red"), "gone")
        os.remove(gone.file)
        with pytest.raises(gr.Error, match="not on this server"):
            painting_mix.mixed(GREY, (gone,), {"weights": [5, 5]})

    def test_four_at_most(self) -> None:
        full = self.put("red", "green", "blue")
        assert full[0].picture.getpixel((0, 0)) == (255, 0, 0)
        assert painting_mix.add_style(GREY, full, {"weights": [5] * 4})[0] == gr.skip()


class TestOnward:
    def result(self, side: int) -> Any:
        return SimpleNamespace(picture=Image.new("RGB", (side, side * 2 // 3)))

    def go(self, way: str, side: int = 256, photo: Image.Image | None = None, weight: float = 0.15) -> tuple[Any, ...]:
        photo = photo or Image.new("RGB", (600, 400))
        start, moves = continue_buttons.go_on(
            visitor(), continue_buttons.Start(way, self.result(side), photo, 256, weight)
        )
        assert opened(start).size == (side, side * 2 // 3)
        return moves["size"], moves["content_weight"]

    def test_each_way_moves_its_knob(self) -> None:
        assert self.go("continue") == (256, 0.15)
        assert self.go("sharper") == (384, 0.15)
        assert self.go("more_style") == (256, 0.075)
        assert self.go("more_photo") == (256, 0.3)
        assert self.go("more_photo", weight=0) == (256, 0.01)

    def test_refuses_in_one_sentence(self) -> None:
        with gr.Blocks():
            page = furnish()
        nothing = {page.continue_buttons: "continue", page.result: None}
        for ask in (lambda: self.go("sharper", side=600), lambda: painting.begin_to_go_on(page, nothing, visitor())):
            with pytest.raises(gr.Error) as refused:
                ask()
            assert refused.value.message.endswith(".")

    def test_paints_at_the_last_size_alone(self) -> None:
        settings = Settings(size=64, steps=continue_buttons.steps_to_go(10))
        red = start_jpeg(Image.new("RGB", (64, 43), "red"))
        frames = list(paint(visitor(), Choices(GREY, GREY, settings, start=red)))
        assert frames[0][0].getpixel((30, 20)) == (254, 0, 0)
        assert frames[-1][2].frame.steps == continue_buttons.LEAST_STEPS

    def test_uses_what_the_picture_was_painted_from(self) -> None:
        """Whatever stands in the boxes now: and no control of the next painting moves."""
        finished = next(iter(FINISHED.values()))
        with gr.Blocks():
            page = furnish()
        result = result_of_finished(finished.key)
        weight = result.chosen["content_weight"]
        updates = painting.begin_to_go_on(page, {page.continue_buttons: "more_style", page.result: result}, visitor())
        assert updates[page.chosen] == {**result.chosen, "content_weight": weight / 2}
        assert not set(updates) & set(page.inputs.values())
        assert opened(updates[page.continue_from]).size == result.picture.size
        choices = Choices.of(painting.opened(page, updates[page.chosen]))
        assert choices.content.info["name"] == finished.content.path.name
        assert choices.style.info["name"] == finished.style.path.name
        assert choices.settings == Settings(**{**finished.settings, "content_weight": weight / 2})

    def test_knows_which_pictures_are_its_own(self) -> None:
        finished = next(iter(FINISHED.values()))
        with gr.Blocks():
            page = furnish()
        box = page.content.postprocess(str(finished.content.path))
        assert box["url"].endswith(f"-{continue_buttons.own(result_of_finished(finished.key))['photo']}")
        assert continue_buttons.own(None) is None


class TestProject:
    def test_brings_back_what_is_in_the_gallery(self) -> None:
        names = ("gauguin-arearea.jpg", "goyo-ducks.jpg")
        picture = project_of(Settings(size=128, style_mix="3 1"), "barn.jpg", *names)
        chosen = restore.restored(visitor(), picture)
        assert (chosen["mask_brush"], chosen["start"]) == (mask_brush.unmarked("barn.jpg"), b"")
        assert (chosen["content"]["path"], chosen["content_gallery"]) == (str(PHOTOS["barn"].path), "barn")
        assert (chosen["style"]["path"], chosen["style_gallery"]) == (str(PAINTINGS["goyo-ducks"].path), "goyo-ducks")
        assert [one.item["key"] for one in chosen["extra_styles"]] == ["gauguin-arearea"]
        assert chosen["mix"]["value"]["weights"] == [10, 3]
        assert chosen["size"]["value"] == 128
        assert set(KNOBS) < set(chosen)

    def test_says_which_pictures_are_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said: list[str] = []
        monkeypatch.setattr(gr, "Info", lambda text, **_: said.append(text))
        picture = project_of(Settings(), "<me>.jpg", "mine.png")
        chosen = restore.restored(visitor(), picture)
        assert not {"content", "style", "mix"} & set(chosen)  # their boxes stay
        assert "&lt;me&gt;.jpg, mine.png" in said[0]
        mine = {"path": str(PHOTOS["barn"].path), "orig_name": "<me>.jpg"}
        result = SimpleNamespace(chosen={"content": mine, "style": None})
        chosen = restore.restored(visitor(), picture, restore.in_visit([result]))
        assert (chosen["content"], chosen["content_gallery"]) == (mine, None)
        assert said[1].endswith("Please add mine.png.")

    def test_shows_its_own_picture(self) -> None:
        picture = project_of(Settings(size=128), "barn.jpg", "goyo-ducks.jpg")
        picture.info["file"] = str(FINISHED[next(iter(FINISHED))].path)
        chosen = restore.restored(visitor(), picture)
        result = restore.its_own_result(picture, chosen, visitor())
        assert result.title == "barn · goyo ducks"
        assert (result.chosen["size"], result.chosen["mix"]["weights"]) == (128, [EVEN])
        assert result.before != result.after
        alone = restore.its_own_result(picture, {"size": chosen["size"]}, visitor())
        assert alone.chosen == {}

    def test_any_other_picture_is_a_photo(self) -> None:
        assert restore.restored(visitor(), Image.new("RGB", (8, 8))) is None

    def test_marks_stay_with_their_photo(self) -> None:
        marks = mask_brush.unmarked("mine.jpg") | {"mask": TestBrush().marked()}
        for name, kept in (("mine.jpg", marks), ("other.jpg", mask_brush.unmarked("other.jpg"))):
            assert mask_brush.marks_for(name, marks) == kept

    def test_says_only_what_differs(self) -> None:
        record = Record(Settings(size=128, style_mix="3 1"), "a b.jpg", ("one.jpg", "two.jpg"))
        code = as_python(record, "http://here/")
        assert 'content=handle_file("a b.jpg")' in code
        assert 'style_2=handle_file("two.jpg")' in code
        assert "size=128" in code
        assert 'style_mix="3 1"' in code
        assert "steps" not in code

    def test_a_stranger_names_no_file_elsewhere(self) -> None:
        record = Record(Settings(), "/etc/passwd", ("..\\..\\secret.txt",))
        code = as_python(record, "http://here/")
        assert 'handle_file("passwd")' in code
        assert 'handle_file("secret.txt")' in code

    def test_says_what_a_stopped_picture_is(self) -> None:
        code = as_python(Record(Settings(), "a.jpg", ("b.jpg",), stopped=7), "http://here/")
        assert "# The picture was stopped after step 7 of 70" in code

    def test_the_call_paints_the_very_same_picture(
        self, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two paintings, each in its own region, from a picture that was gone on from."""
        files = {"photo.png": noise(96, 64, 1), "one.png": noise(64, 64, 2), "two.png": noise(64, 64, 3)}
        for name, picture in files.items():
            picture.save(tmp_path / name)
            picture.info["name"] = name
        photo, one, two = files.values()
        marks = {"regions": [None, TestBrush().marked()], "where": "own"}
        start = start_jpeg(noise(96, 64, 4))
        extra = (one_more(one, "one"),)
        choices = Choices(photo, two, Settings(size=96, steps=3), extra, {"weights": [2, 5]}, marks, start)
        *_, (_, _, painted) = paint(visitor(), choices)
        path, *_, result = finish(visitor(), painted)
        (tmp_path / "painting.png").write_bytes(Path(path).read_bytes())
        monkeypatch.chdir(tmp_path)
        told: dict[str, Any] = {}
        exec(restore.code_of(visitor(host=server.removeprefix("http://").strip("/")), result), told)
        told["client"].close()
        assert open_picture(told["picture"]).tobytes() == open_picture(path).tobytes()
        assert read_record(read_text(told["picture"])).masks == read_record(read_text(path)).masks

    def test_marks_and_start_come_back(self) -> None:
        start, marked = start_jpeg(noise(96, 64, 4)), TestBrush().marked()
        made = {"mask": marked, "regions": [None, None, marked]}
        for where, paintings in (("here", 1), ("keep", 2), ("own", 3)):
            masks = mask_brush.masks(made | {"where": where}, paintings)
            names = list(restore.OUR_PAINTINGS)[:paintings]
            enclosed = {"masks": tuple(mask_png(mask) for mask in masks), "start": start}
            chosen = restore.restored(visitor(), project_of(Settings(), "barn.jpg", *names, **enclosed))
            marks = chosen["mask_brush"]
            assert marks["photo"] == "barn.jpg"
            assert chosen["start"] == start
            again = mask_brush.masks(marks, paintings)
            assert [mask.tobytes() for mask in again] == [mask.tobytes() for mask in masks]

    @pytest.mark.parametrize("enclosed", [{"masks": (b"?",)}, {"start": b"?"}])
    def test_what_is_no_picture_inside_is_one_sentence(self, enclosed: dict[str, Any]) -> None:
        with pytest.raises(gr.Error) as refused:
            restore.restored(visitor(), project_of(Settings(), "barn.jpg", **enclosed))
        assert refused.value.message.endswith(".")

    def test_the_api_understands_it_with_any_recipe(self) -> None:
        from studio.api.stylize import settings_for

        for settings in (Settings(recipe="tutorial", steps=7), Settings(recipe="tutorial", steps=100)):
            said = {name: knob.default for name, knob in KNOBS.items()} | differing(settings)
            got = settings_for(said)
            assert all(getattr(got, name) == getattr(settings, name) for name in KNOBS if name != "recipe")

    def test_the_address_is_the_visitors(self, monkeypatch: pytest.MonkeyPatch) -> None:
        there = visitor(host="paint.example", **{"x-forwarded-proto": "https"})
        assert restore.address_of(there) == "https://paint.example"
        monkeypatch.setenv("SPACE_ID", "we/paint")
        assert restore.address_of(there) == "we/paint"


class TestBrush:
    def marked(self, left: int = 0, right: int = 80) -> str:
        """The left half, or another part."""
        sheet, stream = Image.new("L", (160, 80)), io.BytesIO()
        sheet.paste(255, (left, 0, right, 80))
        sheet.save(stream, "PNG")
        return mask_brush.HEAD + base64.b64encode(stream.getvalue()).decode()

    def sides(self, where: str, paintings: int, **more: Any) -> list[tuple[int, int]]:
        masks = mask_brush.masks({"mask": self.marked(), "where": where, **more}, paintings)
        return [(mask.getpixel((10, 40)), mask.getpixel((150, 40))) for mask in masks]

    def test_says_where_each_painting_applies(self) -> None:
        assert self.sides("here", 1) == [(255, 0)]
        assert self.sides("keep", 2) == [(0, 255), (0, 255)]

    def test_each_of_four_paintings_has_its_region(self) -> None:
        four = [self.marked(40 * number, 40 * number + 40) for number in range(4)]
        masks = mask_brush.masks({"where": "own", "regions": four}, 4)
        inside = [[mask.getpixel((40 * number + 20, 40)) for number in range(4)] for mask in masks]
        assert inside == [[255 if one == other else 0 for other in range(4)] for one in range(4)]
        edges = [sum(mask.getpixel((x, 40)) for mask in masks) for x in range(160)]
        assert min(edges) > 240 and max(edges) < 265, "no seam and no overlap where two regions meet"

    def test_those_without_a_region_share_the_rest(self) -> None:
        left = self.marked()
        assert self.sides("own", 3, regions=[None, None, left]) == [(0, 255), (0, 255), (255, 0)]
        assert self.sides("own", 2, regions=[left]) == [(255, 0), (0, 255)]
        assert self.sides("own", 1, regions=[left, self.marked(80, 160)]) == [(255, 0)]
        assert mask_brush.masks({"where": "own", "regions": [None, left], "mask": left}, 1) is None

    def test_a_painting_takes_its_region_with_it(self) -> None:
        marks = mask_brush.unmarked("x") | {"where": "own", "regions": ["a", "b", None, "d"]}
        assert mask_brush.without(marks, 1)["regions"] == ["a", None, "d"]
        assert mask_brush.without(mask_brush.unmarked("x"), 0)["regions"] == []

    def test_ends_softly(self) -> None:
        (mask,) = mask_brush.masks({"mask": self.marked(), "where": "here"}, 1)
        assert 100 < mask.getpixel((79, 40)) < 155

    def test_without_marks_all_is_painted(self) -> None:
        assert mask_brush.masks({"mask": None, "where": "keep"}, 1) is None
        assert mask_brush.masks(None, 1) is None

    @pytest.mark.parametrize("mask", ["data:image/png;base64,?", "nonsense", mask_brush.HEAD + "AAAA"])
    def test_refuses_what_is_no_picture(self, mask: str) -> None:
        with pytest.raises(gr.Error) as refused:
            mask_brush.masks({"mask": mask, "where": "here"}, 1)
        assert refused.value.message.endswith(".")


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    client = Client(server, verbose=False, analytics_enabled=False)
    yield client
    client.close()


class TestProgram:
    def test_a_mask_says_where_to_paint(self, client: Client, photo: Path, painting: Path, tmp_path: Path) -> None:
        mask = Image.new("L", (160, 120))
        mask.paste(255, (0, 0, 80, 120))
        mask.save(tmp_path / "mask.png")
        pictures = {"content": handle_file(photo), "style": handle_file(painting)}
        ours = client.predict(
            **pictures, size=160, steps=5, mask=handle_file(tmp_path / "mask.png"), api_name="/stylize"
        )
        with Image.open(ours[0]) as painted, Image.open(photo) as original:
            difference = ImageChops.difference(painted, original)
        assert ImageStat.Stat(difference.crop((0, 0, 70, 120))).mean[0] > 1
        assert ImageStat.Stat(difference.crop((90, 0, 160, 120))).mean[0] == 0

    @pytest.mark.usefixtures("unpaced")
    def test_goes_on_from_a_picture(self, client: Client, photo: Path, painting: Path) -> None:
        pictures = {"content": handle_file(photo), "style": handle_file(painting), "start": handle_file(painting)}
        job = client.submit(**pictures, size=128, steps=3, start_size=32, api_name="/stylize")
        assert [progress["long_side"] for _, progress in job] == [128] * 3  # no small beginning
        painted, _ = job.result()
        with Image.open(painted) as picture, Image.open(photo) as content, Image.open(painting) as start:
            assert picture.size == (128, 96)
            far, near = (
                ImageStat.Stat(ImageChops.difference(picture, other.convert("RGB").resize(picture.size))).sum
                for other in (content, start)
            )
        assert sum(near) < sum(far) / 2

    def test_is_shown_small_pictures_until_the_last(
        self, client: Client, tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stylize, "PREVIEW_SIDE", 48)
        noise(128, 96, 1).save(tmp_path / "photo.png")
        pictures = {"content": handle_file(tmp_path / "photo.png"), "style": handle_file(painting)}
        job = client.submit(**pictures, size=128, steps=2, start_size=128, api_name="/stylize")
        first, *_, last = (open_picture(picture) for picture, _ in job)
        assert (first.size, last.size) == ((48, 36), (128, 96))
