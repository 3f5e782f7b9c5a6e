"""A small picture follows the knobs, and gives way to whoever paints."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from PIL import Image

import app
from nst import Settings
from nst.recipes import RECIPES
from nst.sketch import Sketchbook
from studio.catalogue import PAINTINGS, PHOTOS
from studio.components.images import boxed, folder_of, small_copy
from studio.panels import sketch as panel
from studio.runs import sketch as runs
from studio.runs.choices import Choices
from studio.runs.sketch import SIDE, sketch, sketched
from studio.server.queue import PAINTING
from studio.server.temp_dir import FOLDER
from tests.painting import PAINTING as STYLE
from tests.painting import PHOTO, difference, half, noise
from tests.studio.submitting import submit
from tests.tiny import tiny_vgg

NETWORK = tiny_vgg()


class TestSettings:
    def test_only_what_makes_it_small_differs(self) -> None:
        chosen = Settings(size=512, steps=300, content_weight=3.0, motifs=0.0, style_scale=1.5, color="luminance")
        assert sketched(chosen) == replace(chosen, size=SIDE, steps=10)

    def test_strokes_for_a_size_are_as_broad_as_they_will_be(self) -> None:
        small = sketched(Settings(size=512, style_size=256))
        assert small is not None and small.style_size == SIDE // 2

    @pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe != "painting"])
    def test_recipes_that_take_long_have_none(self, recipe: str) -> None:
        assert sketched(Settings(recipe=recipe)) is None

    def test_nor_have_dear_losses_nor_a_network_that_is_not_here(self) -> None:
        assert sketched(Settings(style_loss="relaxed_emd", samples=8192)) is None
        assert sketched(Settings(backbone="vgg16-tv")) is None


class TestPicture:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(runs, "load_vgg", lambda backbone: NETWORK)
        monkeypatch.setattr(runs, "BOOK", Sketchbook())

    @staticmethod
    def drawn(**choices: Any) -> Image.Image:
        half_way, finished = sketch(Choices(**{"content": noise(192, 144, 1), "style": STYLE} | choices), lambda: True)
        assert half_way.size == finished.size and difference(half_way, finished) > 0
        return finished

    def test_it_has_the_shape_of_the_photo_and_follows_the_weights(self) -> None:
        weights = 0.2, 100.0  # without motifs, which are chance to a network of random weights
        plain, faithful = (self.drawn(settings=Settings(content_weight=one, motifs=0.0)) for one in weights)
        assert plain.size == faithful.size == (SIDE, SIDE * 3 // 4)
        photo = noise(192, 144, 1).resize(plain.size, Image.Resampling.LANCZOS)
        assert difference(faithful, photo) < 0.2 * difference(plain, photo)

    def test_marks_count(self) -> None:
        mask = io.BytesIO()
        half(0, 255).save(mask, "PNG")
        address = "data:image/png;base64," + base64.b64encode(mask.getvalue()).decode()
        marked = self.drawn(marks={"mask": address, "where": "here", "photo": "", "regions": [], "feather": 0.0})
        left, photo = (0, 0, SIDE // 3, marked.height), noise(192, 144, 1).resize(marked.size, Image.Resampling.LANCZOS)
        kept, painted = (difference(one.crop(left), photo.crop(left)) for one in (marked, self.drawn()))
        assert kept < 0.001 < painted

    def test_it_ends_as_soon_as_it_is_not_wanted(self) -> None:
        asked: list[bool] = []

        def wanted() -> bool:
            asked.append(len(asked) < 5)
            return asked[-1]

        assert not list(sketch(Choices(PHOTO, STYLE), wanted))
        assert asked == [True] * 5 + [False]

    def test_a_large_photo_is_not_opened_again(self) -> None:
        visitor: Any = type("Request", (), {"session_hash": uuid4().hex})
        large = noise(900, 600, 3)
        large.info |= {"file": "/somewhere/large.png", "name": "large.png"}
        assert small_copy("/somewhere/large.png", visitor.session_hash) == "/somewhere/large.png"
        boxed(large, visitor)
        copy = Path(small_copy("/somewhere/large.png", visitor.session_hash))
        assert copy.is_relative_to(folder_of(visitor.session_hash))
        with Image.open(copy) as small:
            assert small.size == (384, 256)


def _value(component: Any) -> Any:
    """As the browser has it when the page opens; of what the server keeps, it has nothing."""
    return None if isinstance(component, gr.State) else component.value


@pytest.mark.usefixtures("small_network")
class TestOnThePage:
    @pytest.fixture
    def http(self, server: str) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=f"{server}gradio_api/", timeout=60) as http:
            yield http

    def moved(self, http: httpx.Client, sent: list[Any] | None = None, **knobs: Any) -> Any:
        """What the place is told in the end as a knob moves: new properties, or none. `sent` takes all messages."""
        ((number, event),) = [(number, one) for number, one in app.demo.fns.items() if one.concurrency_id == "sketch"]
        pictures = {"photo": PHOTOS["barn"].path, "painting": next(iter(PAINTINGS.values())).path}
        values = {name: {"path": str(path), "meta": {"_type": "gradio.FileData"}} for name, path in pictures.items()}
        values |= {f"knob-{name}": value for name, value in knobs.items()}
        data = [values.get(str(one.elem_id), _value(one)) for one in event.inputs]
        session = uuid4().hex
        http.post("queue/join", json={"fn_index": number, "data": data, "session_hash": session}).raise_for_status()
        with http.stream("GET", "queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line.removeprefix("data:")) if line else {}
                if sent is not None and message:
                    sent.append(message)
                if message.get("msg") == "process_completed":
                    assert message["success"], message
                    return message["output"]["data"][0]
        raise AssertionError("no answer")

    @staticmethod
    def picture(update: Any) -> Image.Image:
        source = update.get("props", update)["src"]
        return Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))

    def test_a_knob_that_moves_and_arrows_bring_other_pictures_and_nothing_stays(self, http: httpx.Client) -> None:
        before = set(FOLDER.rglob("*"))
        painted, kept = (self.picture(self.moved(http, content_weight=weight)) for weight in (0.01, 30.0))
        led = self.picture(self.moved(http, content_weight=0.01, strokes="0.1,0.1 0.9,0.9"))
        assert painted.size == kept.size and max(kept.size) == SIDE
        with Image.open(PHOTOS["barn"].path) as photo:
            assert difference(kept, photo.convert("RGB")) < difference(painted, photo.convert("RGB"))
        assert difference(led, painted) > 0.005
        assert set(FOLDER.rglob("*")) == before

    @pytest.mark.parametrize("knobs", [{"content_weight": -1}, {"motifs": None, "style_layers": "relu"}])
    def test_half_a_number_brings_none_and_no_complaint(self, http: httpx.Client, knobs: dict[str, Any]) -> None:
        assert "src" not in str(self.moved(http, **knobs))

    def test_what_takes_too_long_is_told_as_such(self, http: httpx.Client) -> None:
        update = self.moved(http, recipe="gatys2016", steps=500)
        assert (update.get("props", update)["src"], update.get("props", update)["possible"]) == ("", False)

    def test_while_somebody_paints_there_is_none(
        self, http: httpx.Client, server: str, photo: Path, painting: Path
    ) -> None:
        client = Client(server, verbose=False, analytics_enabled=False, download_files=False)
        running = submit(client, photo, painting, steps=10_000)
        next(iter(running))
        assert "src" not in str(self.moved(http))
        running.cancel()
        while app.demo._queue.paintings():
            pass
        assert "src" in str(self.moved(http))
        client.close()

    def test_a_painting_that_comes_meanwhile_ends_it(self, http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        def how_many(kind: str) -> Any:
            return lambda: (asked.append(kind) or len(asked) > 2) if kind == PAINTING else 0  # type: ignore[func-returns-value]

        monkeypatch.setattr(panel, "how_many", how_many)
        assert "src" not in str(self.moved(http))
        assert asked == [PAINTING] * 3

    def test_a_long_line_of_sketches_is_left_out(self, http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(panel, "how_many", lambda kind: lambda: panel.MOST + 1 if kind == "sketch" else 0)
        assert "src" not in str(self.moved(http))

    @pytest.mark.parametrize(("line", "shown"), [(1, 2), (2, 1)])
    def test_it_is_shown_half_way_too_unless_others_wait(
        self, http: httpx.Client, monkeypatch: pytest.MonkeyPatch, line: int, shown: int
    ) -> None:
        monkeypatch.setattr(panel, "how_many", lambda kind: lambda: line if kind == "sketch" else 0)
        sent: list[Any] = []
        self.moved(http, sent, content_weight=0.5)
        assert [message["msg"] for message in sent].count("process_generating") == shown

    def test_they_are_drawn_one_by_one_and_programs_do_not_see_them(self) -> None:
        (event,) = [one for one in app.demo.fns.values() if one.concurrency_id == "sketch"]
        assert (event.concurrency_limit, event.api_visibility, event.trigger_mode) == (1, "private", "always_last")


@pytest.mark.parametrize(("place", "name", "value"), [("backend", "ADDRESS", "ray://x"), ("zerogpu", "ZERO_GPU", True)])
def test_there_is_none_where_others_paint(monkeypatch: pytest.MonkeyPatch, place: str, name: str, value: Any) -> None:
    assert runs.is_possible()
    monkeypatch.setattr(getattr(runs, place), name, value)
    assert not runs.is_possible()
