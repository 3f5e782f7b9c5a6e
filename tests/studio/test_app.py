"""The public endpoint through gradio_client, and the handlers as plain functions."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from huggingface_hub.utils import _cache_assets
from PIL import Image, ImageChops, ImageStat

from nst import Settings, faces
from nst.image import read_text
from nst.recipes import RECIPES
from nst.record import KEYWORD, read_record
from nst.settings import KNOBS
from studio.api import mcp, stylize
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS
from studio.components import controls
from studio.components.images import PREVIEW_SIDE, preview
from studio.components.status_line import line
from studio.i18n import LANGUAGES, TRANSLATIONS, language_of, time_in_words, words
from studio.runs import run
from studio.runs.choices import Choices, settings_of
from studio.runs.throttle import SLOWEST, paced
from tests.fakes.faces import detector, photo_of
from tests.painting import noise
from tests.studio.submitting import SMALL, submit

pytestmark = pytest.mark.usefixtures("small_network")


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    client = Client(server, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def visitor(language: str = "en") -> Any:
    return SimpleNamespace(headers={"accept-language": language}, session_hash=None)


class TestEndpoint:
    @pytest.mark.usefixtures("unpaced")
    def test_streams_pictures_and_ends_with_the_whole_one(self, client: Client, photo: Path, painting: Path) -> None:
        job = submit(client, photo, painting, size=96, steps=6, start_size=64)
        outputs = list(job)
        pictures = [Path(picture) for picture, _ in outputs]
        assert len({picture.read_bytes() for picture in pictures}) == len(pictures) == 6
        assert [progress["step"] for _, progress in outputs] == [1, 2, 3, 4, 5, 6]
        assert outputs[-1][1] | {"seconds": 0, "losses": 0} == {
            "step": 6, "steps": 6, "seconds": 0, "seconds_left": 0.0, "long_side": 96, "losses": 0,
        }  # fmt: skip
        assert outputs[-1][1]["losses"]["style"] < outputs[0][1]["losses"]["style"]
        with Image.open(pictures[-1]) as final:
            assert (final.format, final.size, final.mode) == ("PNG", (96, 72), "RGB")
        for picture in pictures[:-1]:
            with Image.open(picture) as early:
                assert early.size == (96, 72)

    def test_the_png_carries_its_settings(self, client: Client, photo: Path, painting: Path) -> None:
        picture, _ = submit(client, photo, painting, style_weight=2.5).result()
        text = read_text(picture)
        assert read_record(text).settings == Settings(**SMALL, style_weight=2.5)
        assert {"photo.png", "painting.jpg"} < set(text[KEYWORD].split('"'))

    def test_transparency_comes_back_if_asked(self, client: Client, painting: Path, tmp_path: Path) -> None:
        photo = noise(96, 72, 1).convert("RGBA")
        photo.paste((0, 0, 0, 0), (0, 0, 48, 72))
        photo.save(tmp_path / "cut-out.webp", lossless=True)
        modes = {}
        for transparency in KNOBS["transparency"].choices:
            picture, _ = submit(client, tmp_path / "cut-out.webp", painting, transparency=transparency).result()
            with Image.open(picture) as painted:
                modes[transparency] = painted.mode
                last = painted.copy()
        assert modes == {"white": "RGB", "kept": "RGBA"}
        assert (last.getpixel((8, 24))[3], last.getpixel((56, 24))[3]) == (0, 255)

    def test_every_knob_is_optional_with_its_range(self, client: Client) -> None:
        endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
        assert list(endpoints) == [
            "/stylize",
            "/stylize_video",
            *(["/paint_photo"] if mcp.available() else []),
            "/subject",
            "/faces",
        ]
        told = {one["parameter_name"]: one for one in endpoints["/stylize"]["parameters"]}
        assert list(told) == ["content", "style", *KNOBS, *stylize.EXTRA_STYLES, "mask", "start", *stylize.MASKS[1:]]
        assert not told["content"]["parameter_has_default"]
        assert not told["style"]["parameter_has_default"]
        for knob in KNOBS.values():
            assert told[knob.name]["parameter_default"] == knob.default
            assert told[knob.name]["type"] == controls.schema(knob)
        assert all(told[name]["parameter_has_default"] for name in stylize.EXTRA_STYLES)

    def test_more_paintings_are_blended_in(self, client: Client, photo: Path, painting: Path) -> None:
        one, _ = submit(client, photo, painting).result()
        two, _ = submit(client, photo, painting, style_2=handle_file(photo)).result()
        assert Path(one).read_bytes() != Path(two).read_bytes()

    @pytest.mark.parametrize("knobs", [{"size": 15}, {"steps": 0}, {"style_weight": -1}, {"color": "blue"}])
    def test_refuses_what_is_out_of_range(
        self, client: Client, photo: Path, painting: Path, knobs: dict[str, Any]
    ) -> None:
        with pytest.raises(ValueError, match=next(iter(knobs))) as said:
            Settings(**knobs)
        with pytest.raises(AppError) as refused:
            submit(client, photo, painting, **knobs).result()
        assert str(refused.value) == str(said.value)

    def test_says_which_picture_is_missing(self, client: Client, photo: Path) -> None:
        with pytest.raises(AppError, match=r"^Please choose a photo\.$"):
            client.predict(content=None, style=handle_file(photo), api_name="/stylize")
        with pytest.raises(AppError, match=r"^Please choose a painting\.$"):
            client.predict(content=handle_file(photo), style=None, api_name="/stylize")

    def test_a_painting_alone_becomes_a_seamless_texture(self, client: Client, painting: Path) -> None:
        knobs = {"size": 64, "steps": 3, "content_weight": 0, "tileable": "both"}
        picture, _ = client.predict(content=None, style=handle_file(painting), **knobs, api_name="/stylize")
        with Image.open(picture) as texture:
            assert texture.size == (64, 64)

    def test_the_subject_of_a_photo_is_a_mask_to_paint_with(self, client: Client, painting: Path) -> None:
        photo = handle_file(PHOTOS["kingfisher"].path)
        mask = client.predict(content=photo, api_name="/subject")
        with Image.open(mask) as marked:
            assert marked.size == (512, 288) and 10 < ImageStat.Stat(marked.convert("L")).mean[0] < 60
        other = client.predict(content=photo, invert=True, feather=4, api_name="/subject")
        with Image.open(mask) as marked, Image.open(other) as rest:
            edges = [np.asarray(one.convert("L"), float) for one in (marked, rest)]
        assert edges[1].mean() == pytest.approx(255 - edges[0].mean(), abs=2)
        assert np.abs(np.diff(edges[1])).max() < np.abs(np.diff(edges[0])).max() / 3
        with pytest.raises(AppError, match=r"^The feather of a mask must be from 0 to 20 percent"):
            client.predict(content=photo, feather=50, api_name="/subject")
        knobs = {"size": 64, "steps": 2, "mask": handle_file(mask)}
        picture, _ = client.predict(content=photo, style=handle_file(painting), **knobs, api_name="/stylize")
        assert Path(picture).exists()
        with pytest.raises(AppError, match=r"^Nothing stands out in this photo"):
            client.predict(content=handle_file(PHOTOS["japanese-street"].path), api_name="/subject")
        with pytest.raises(AppError, match=r"^Please choose a photo\.$"):
            client.predict(content=None, api_name="/subject")

    def test_the_faces_of_a_photo_are_a_mask_or_kept_as_they_are_painted(
        self, client: Client, painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        photo_of((9, 6)).save(tmp_path / "somebody.png")
        photo = handle_file(tmp_path / "somebody.png")
        knobs = {"size": 64, "steps": 2, "keep_faces": "yes"}
        faces._detector.cache_clear()
        monkeypatch.setattr(_cache_assets, "HF_ASSETS_CACHE", str(tmp_path / "empty"))
        for call in (
            lambda: client.predict(content=photo, api_name="/faces"),
            lambda: client.predict(content=photo, style=handle_file(painting), **knobs, api_name="/stylize"),
        ):
            with pytest.raises(AppError, match=r"^opencv/.* offline .*the brush or the mask .* does instead"):
                call()
        monkeypatch.setattr(faces, "fetch_whole", lambda *_: detector())
        mask = client.predict(content=photo, api_name="/faces")
        rest = client.predict(content=photo, invert=True, api_name="/faces")
        with Image.open(mask) as one, Image.open(rest) as other:
            assert one.size == (512, 384) and 5 < ImageStat.Stat(one.convert("L")).mean[0] < 30
            assert ImageStat.Stat(ImageChops.add(one.convert("L"), other.convert("L"))).extrema == [(255, 255)]
        picture, _ = client.predict(content=photo, style=handle_file(painting), **knobs, api_name="/stylize")
        record = read_record(read_text(picture))
        assert record is not None and record.settings.keep_faces == "yes"
        faces._detector.cache_clear()

    def test_says_what_is_wrong_with_a_picture(
        self, client: Client, photo: Path, painting: Path, tmp_path: Path
    ) -> None:
        broken = tmp_path / "broken.jpg"
        broken.write_bytes(painting.read_bytes()[:200])
        for pictures, subject in (((broken, painting), "The photo "), ((photo, broken), "The painting ")):
            with pytest.raises(AppError) as refused:
                submit(client, *pictures).result()
            sentence = str(refused.value)
            assert sentence.startswith(subject)
            assert not {"/", "\n", "Traceback"} & set(sentence.split())
            assert str(tmp_path) not in sentence
        assert submit(client, photo, painting).result()  # and goes on

    @pytest.mark.parametrize(
        "instead",
        ["/etc/hostname", "iVBORw0KGgo=", "data:image/png;base64,iVBORw0KGgo=", 7, ["a.png"], {"b64": "iVBO"}],
    )
    def test_says_that_a_picture_must_be_a_file(
        self, client: Client, painting: Path, instead: Any, caplog: pytest.LogCaptureFixture, capfd: Any
    ) -> None:
        with pytest.raises(AppError, match="A picture must be a file: upload it first"):
            client.predict(content=instead, style=handle_file(painting), api_name="/stylize")
        assert caplog.text == "" and "Traceback" not in capfd.readouterr().err

    def test_two_at_once_paint_what_each_paints_alone(
        self, server: str, client: Client, photo: Path, painting: Path
    ) -> None:
        alone, _ = submit(client, photo, painting, seed=3).result()
        other = Client(server, verbose=False, analytics_enabled=False)
        jobs = [submit(client, photo, painting, seed=3), submit(other, painting, photo), submit(other, photo, painting)]
        ours, theirs, same = (job.result()[0] for job in jobs)
        other.close()
        with Image.open(alone) as expected, Image.open(ours) as got:
            assert expected.tobytes() == got.tobytes()
        with Image.open(theirs) as picture:
            assert picture.size == (64, 64)
        assert same

    def test_a_cancelled_run_makes_room(self, client: Client, photo: Path, painting: Path) -> None:
        job = submit(client, photo, painting, steps=10_000)
        next(iter(job))
        job.cancel()
        try:
            job.result()
        except (CancelledError, KeyError):  # the client has two ways to say so,
            pass
        except ValueError as error:  # and a third where both of its threads end at once
            assert "2 tasks to be done" in str(error)
        assert submit(client, photo, painting).result()  # one at a time: it would wait for ever


class TestRecipes:
    def test_an_untouched_knob_is_the_recipes(self) -> None:
        said = {name: knob.default for name, knob in KNOBS.items()} | {"recipe": "tutorial", "steps": 7}
        assert stylize.settings_for(said) == Settings(recipe="tutorial", steps=7)

    def test_without_a_recipe_every_value_is_meant(self) -> None:
        said = {name: knob.default for name, knob in KNOBS.items()} | {"steps": 7}
        assert stylize.settings_for(said) == Settings(steps=7)

    def test_the_pages_controls_follow_the_recipe(self) -> None:
        moves = controls.moved_by("tutorial")
        assert {name: moves[name]["value"] for name in RECIPES["tutorial"].knobs} == dict(RECIPES["tutorial"].knobs)
        assert moves["steps"]["maximum"] == 6000
        assert "size" not in moves

    def test_the_controls_of_the_page_say_all_that_settings_holds(self) -> None:
        settings = Settings(recipe="tutorial", size=128)
        moves = {name: move["value"] for name, move in controls.moved_to(settings).items()}
        assert settings_of(moves) == settings


class TestRun:
    def paint(self, size: int = 64, steps: int = 3, language: str = "en") -> Iterator[Any]:
        photo, painting = Image.new("RGB", (120, 80), "teal"), Image.linear_gradient("L").convert("RGB")
        return run.paint(visitor(language), Choices(photo, painting, Settings(size=size, steps=steps)))

    def test_begins_with_the_photo_and_keeps_its_shape(self) -> None:
        shown = [canvas for canvas, _, _ in self.paint()]
        assert {canvas.size for canvas in shown} == {(64, 43)}
        assert shown[0].getpixel((30, 20)) == (0, 128, 128)

    def test_finishes_with_a_file(self) -> None:
        *_, (_, _, painted) = self.paint()
        canvas, status, download, _ = run.finish(visitor(), painted)
        assert canvas == download["value"]
        assert download["interactive"]
        assert "Finished" in status
        with Image.open(canvas) as picture:
            assert picture.size == (64, 43)

    def test_a_stop_keeps_what_is_on_the_canvas(self) -> None:
        painting = self.paint(steps=500)
        next(painting)
        canvas, _, painted = next(painting)
        painting.close()
        path, status, *_ = run.finish(visitor("de-AT,de;q=0.9"), painted)
        assert "Angehalten bei Schritt 1 von 500" in status
        with Image.open(path) as picture:
            assert picture.tobytes() == canvas.tobytes()

    def test_nothing_painted_changes_nothing(self) -> None:
        canvas, _, download, _ = run.finish(visitor(), None)
        assert canvas == gr.skip()
        assert download["interactive"]

    def test_our_own_mistakes_are_no_stack(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(*_: Any) -> Iterator[Any]:
            yield from ()
            raise RuntimeError("secret")

        monkeypatch.setattr(run, "frames_of", failing)
        with pytest.raises(gr.Error) as apology:
            list(self.paint(language="fr"))
        assert apology.value.message == words("fr")["broken"]

    def test_refuses_before_anything_is_shown(self) -> None:
        with pytest.raises(gr.Error, match=r"Please choose a painting\."):
            next(run.paint(visitor(), Choices(Image.new("RGB", (64, 64)), None)))


class TestPace:
    def frames(self, count: int, closed: list[bool]) -> Iterator[Any]:
        try:
            for step in range(1, count + 1):
                yield SimpleNamespace(step=step, steps=count)
        finally:
            closed.append(True)

    def test_the_first_and_the_last_are_always_shown(self) -> None:
        clock = iter(range(10**6))
        shown = [frame.step for frame in paced(self.frames(50, []), lambda: next(clock) / 1000)]
        assert shown == [1, 50]

    def test_dear_pictures_are_shown_twice_a_second(self) -> None:
        now = [0.0]
        times = []
        for _ in paced(self.tick(now, 0.01), lambda: now[0]):
            times.append(now[0])
            now[0] += 0.2  # what showing it costs
        gaps = [later - earlier for earlier, later in pairwise(times[:-1])]
        assert all(gap == pytest.approx(SLOWEST, abs=0.011) for gap in gaps)

    def tick(self, now: list[float], seconds: float) -> Iterator[Any]:
        for frame in self.frames(300, []):
            now[0] += seconds
            yield frame

    def test_closing_it_closes_the_painting(self) -> None:
        closed: list[bool] = []
        shown = paced(self.frames(50, closed))
        next(shown)
        shown.close()
        assert closed == [True]


class TestPieces:
    def test_previews_are_small_and_keep_the_shape(self) -> None:
        assert preview(Image.new("RGB", (2048, 1365))).size == (PREVIEW_SIDE, 512)
        small = Image.new("RGB", (100, 50))
        assert preview(small) is small

    def test_status_is_escaped(self) -> None:
        assert "<b>" not in line("<b>")

    def test_every_language_says_everything(self) -> None:
        keys = [set(TRANSLATIONS.translations[language]) for language in LANGUAGES]
        assert all(one == keys[0] for one in keys)
        for language in LANGUAGES:
            for key, said in words(language).items():
                assert {part[:1] for part in said.split("{")} and said.count("{") == words("en")[key].count("{")

    @pytest.mark.parametrize(("asked", "spoken"), [("", "en"), ("pt-BR,fr;q=0.8", "fr"), ("zh-CN", "zh"), ("nl", "en")])
    def test_the_browsers_language(self, asked: str, spoken: str) -> None:
        assert language_of(visitor(asked)) == spoken

    def test_time_is_said_in_words(self) -> None:
        assert [time_in_words(seconds, "en") for seconds in (0.2, 65, 130)] == ["1 s", "65 s", "2 min 10 s"]

    def test_everything_in_the_catalogue_is_there(self) -> None:
        assert all(one.path.exists() for one in (*PHOTOS.values(), *PAINTINGS.values(), *FINISHED.values()))
        for picture in FINISHED.values():
            Settings(**picture.settings)
