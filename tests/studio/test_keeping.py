"""Nothing of a visit survives it on disk, and nothing of anybody else goes with it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from gradio_client import Client
from PIL import Image

from nst import Settings
from nst.film.reading import look
from studio.components.images import folder_of
from studio.runs import film
from studio.runs.choices import Choices
from studio.runs.sketch import BOOK, sketch
from studio.server import cleanup
from studio.server.temp_dir import FOLDER
from tests.films import moving, write_film
from tests.painting import noise
from tests.serving import PATIENCE, until
from tests.studio.submitting import submit


@pytest.fixture
def cleaner(server: str) -> cleanup.VisitCleaner:
    import app

    return app.visits


@pytest.fixture
def selfie(tmp_path: Path) -> Path:
    """A photo that no other test hands in."""
    path = tmp_path / "selfie.png"
    noise(40, 30, seed=int.from_bytes(os.urandom(4), "big")).save(path)
    return path


class Visitor:
    """The page in a browser, as far as the server can tell."""

    def __init__(self, server: str) -> None:
        self.http = httpx.Client(base_url=f"{server}gradio_api/", timeout=240)
        self.session = uuid4().hex

    def upload(self, photo: Path) -> Path:
        (path,) = self.http.post("upload", files={"files": (photo.name, photo.read_bytes())}).json()
        return Path(path)

    def hand_in(self, photo: Path) -> Path:
        """What the page does when a photo is dropped on it."""
        path = self.upload(photo)
        self.choose(path)
        return path

    def choose(self, path: Path) -> None:
        file = {"path": str(path), "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}
        number, inputs = dropped()
        data = [{"box": "photo", "file": file} if name == "inbox" else None for name in inputs]
        event = {"fn_index": number, "session_hash": self.session, "data": data}
        assert self.http.post("queue/join", json=event).status_code == 200
        with self.http.stream("GET", "queue/data", params={"session_hash": self.session}) as said:
            assert any('"process_completed"' in line and '"success":true' in line for line in said.iter_lines())

    @contextmanager
    def here(self) -> Iterator[None]:
        """Keeps the line open that a page keeps open."""
        with self.http.stream("GET", f"heartbeat/{self.session}") as line:
            heard = line.iter_lines()
            assert next(heard) == "data: ALIVE"
            yield
            del heard  # httpx hangs up when nobody listens


def dropped() -> tuple[int, list[Any]]:
    """The event of a photo that is dropped on the page, and what its inputs are called."""
    import app

    (inbox,) = (number for number, block in app.demo.blocks.items() if getattr(block, "elem_id", None) == "inbox")
    number, event = next((number, fn) for number, fn in app.demo.fns.items() if (inbox, "upload") in fn.targets)
    return number, [getattr(one, "elem_id", None) for one in event.inputs]


def later(minutes: int) -> datetime:
    return datetime.now() + timedelta(minutes=minutes)


def files() -> list[Path]:
    return [path for path in FOLDER.rglob("*") if path.is_file()]


class TestVisit:
    def test_what_was_handed_in_goes_with_the_visitor(
        self, server: str, cleaner: cleanup.VisitCleaner, selfie: Path
    ) -> None:
        visitor, other = Visitor(server), Visitor(server)
        with other.here():
            with visitor.here():
                theirs = visitor.hand_in(selfie)
                noise(40, 30, seed=5).save(selfie)
                others = other.hand_in(selfie)
                room = folder_of(visitor.session)
                room.mkdir(exist_ok=True)
                cleaner.sweep(later(minutes=300))
                assert theirs.exists() and others.exists() and room.exists(), "both are here"
            until(lambda: bool(cleaner.visits[visitor.session].left))
            cleaner.sweep(later(minutes=9))
            assert theirs.exists() and room.exists(), "may come back"
            handed_in = Image.open(others)
            assert list(sketch(Choices(handed_in, handed_in, Settings()), lambda: True)) and BOOK.remembered
            cleaner.sweep(later(minutes=11))
            assert not theirs.exists() and not room.exists()
            assert others.exists()
            assert not BOOK.remembered, "nor does anything stay in memory"

    def test_who_is_back_in_time_is_not_forgotten(
        self, server: str, cleaner: cleanup.VisitCleaner, selfie: Path
    ) -> None:
        visitor = Visitor(server)
        with visitor.here():
            photo = visitor.hand_in(selfie)
        until(lambda: bool(cleaner.visits[visitor.session].left))
        visitor.choose(photo)
        cleaner.sweep(later(minutes=300))
        assert photo.exists()
        cleaner.sweep(later(minutes=361))
        assert not photo.exists(), "without a sign of life"

    def test_who_watches_a_painting_is_here(
        self, server: str, cleaner: cleanup.VisitCleaner, photo: Path, painting: Path
    ) -> None:
        watching = Client(server, verbose=False, analytics_enabled=False)
        cleaner.hear(watching.session_hash, [])
        long = submit(watching, photo, painting, steps=10_000)
        next(iter(long))
        cleaner.visits[watching.session_hash].left = datetime.now()  # says a line that broke
        cleaner.sweep(later(minutes=11))
        assert watching.session_hash in cleaner.visits
        long.cancel()
        until(lambda: not cleaner.page._queue.paintings())
        cleaner.sweep(later(minutes=11))
        assert watching.session_hash not in cleaner.visits
        watching.close()

    def test_the_same_photo_of_two_goes_with_the_second(
        self, server: str, cleaner: cleanup.VisitCleaner, selfie: Path
    ) -> None:
        first, second = Visitor(server), Visitor(server)
        with second.here():
            with first.here():
                photo = first.hand_in(selfie)
                assert second.hand_in(selfie) == photo
            until(lambda: bool(cleaner.visits[first.session].left))
            cleaner.sweep(later(minutes=11))
            assert photo.exists()
        until(lambda: bool(cleaner.visits[second.session].left))
        cleaner.sweep(later(minutes=11))
        assert not photo.exists()

    def test_what_somebody_has_just_handed_in_again_is_not_taken_away(
        self, server: str, cleaner: cleanup.VisitCleaner, selfie: Path
    ) -> None:
        first, second = Visitor(server), Visitor(server)
        with first.here():
            photo = first.hand_in(selfie)
            assert second.upload(selfie) == photo  # and has not said yet what it is for
        until(lambda: bool(cleaner.visits[first.session].left))
        cleaner.sweep(later(minutes=11))
        second.choose(photo)

    def test_who_reloads_the_page_has_handed_in_the_same(self, cleaner: cleanup.VisitCleaner) -> None:
        cleaner.visits["before"] = cleanup.Visit(datetime.now(), uploads={"mine.jpg": 1})
        cleaner.hear("after", [{"resumes": "before", "choices": {}}])
        cleaner.hear("stranger", [{"resumes": "unknown"}, {"resumes": None}, 7])
        assert cleaner.visits.pop("after").uploads == {"mine.jpg": 1}
        assert not cleaner.visits.pop("stranger").uploads
        del cleaner.visits["before"]

    @pytest.mark.parametrize(
        "named", ["/etc/hostname", "../secret", pytest.param(str(FOLDER), id="our folder"), "", 7, None]
    )
    def test_only_uploads_can_be_handed_in(self, cleaner: cleanup.VisitCleaner, named: Any) -> None:
        cleaner.hear("stranger", [{"path": named}, {"deep": [{"path": named}]}])
        assert not cleaner.visits.pop("stranger").uploads


class TestAlone:
    def test_what_a_program_sends_and_gets_stays_for_an_hour(
        self, server: str, cleaner: cleanup.VisitCleaner, selfie: Path
    ) -> None:
        program = Client(server, verbose=False, analytics_enabled=False)
        before = set(files())
        submit(program, selfie, selfie).result()
        program.close()
        sent_and_got = set(files()) - before
        assert {path.name for path in sent_and_got} >= {"selfie.png", "painting.png"}
        cleaner.sweep(later(minutes=59))
        assert sent_and_got <= set(files())
        cleaner.sweep(later(minutes=61))
        assert not sent_and_got & set(files())
        assert not any(path.parent.exists() for path in sent_and_got if path.name == "image.jpeg")
        assert not any(str(path) in files for path in sent_and_got for files in cleaner.page.temp_file_sets)

    def test_a_broken_off_upload_goes_too(self, cleaner: cleanup.VisitCleaner) -> None:
        broken = FOLDER / "tmp0broken"
        broken.write_bytes(b"half of a photo")
        cleaner.sweep(later(minutes=61))
        assert not broken.exists()

    def test_a_film_may_take_longer_than_its_files_are_kept(
        self, cleaner: cleanup.VisitCleaner, painting: Path, tmp_path: Path
    ) -> None:
        clip = look(write_film(tmp_path / "clip.mp4", moving(14)))
        with Image.open(painting) as style:
            asked = film.of_clip(
                clip, film.part_for(clip, 48, None, 0, None), [style.convert("RGB")], Settings(steps=2)
            )
        with closing(film.shoot(asked, "film")) as states:
            state = next(one for one in states if one.done == 12)
            cleaner.sweep(later(minutes=300))
            assert len(list(state.target.parent.rglob("*.mp4"))) == 2, "a piece of the film, and one of the clip"
        cleaner.sweep(later(minutes=61))
        assert not state.target.parent.exists()

    def test_who_waits_for_a_turn_will_be_painted(
        self, server: str, cleaner: cleanup.VisitCleaner, selfie: Path, photo: Path, painting: Path
    ) -> None:
        program = Client(server, verbose=False, analytics_enabled=False)
        long = submit(program, photo, painting, steps=10_000)
        next(iter(long))
        waiting = submit(program, selfie, painting)
        until(lambda: any(event.data for event in cleaner.page._queue.event_queue_per_concurrency_id["painting"].queue))
        cleaner.sweep(later(minutes=61))
        long.cancel()
        assert waiting.result()
        program.close()


class TestRounds:
    def test_follow_each_other_whatever_happens(
        self, cleaner: cleanup.VisitCleaner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        swept: list[datetime] = []

        def sweep(now: datetime) -> None:
            swept.append(now)
            raise OSError("no disk")

        async def three_rounds() -> None:
            gone = ThreadPoolExecutor()
            gone.shutdown()  # as all are when the interpreter is about to end
            asyncio.get_running_loop().set_default_executor(gone)
            async with cleaner.lifespan(None):
                while len(swept) < 3:
                    await asyncio.sleep(0.01)
                    assert "cannot schedule" not in caplog.text

        monkeypatch.setattr(cleanup, "ROUND", 0)
        monkeypatch.setattr(cleaner, "sweep", sweep)
        others = set(threading.enumerate())
        asyncio.run(three_rounds())
        assert "no disk" in caplog.text
        for thread in set(threading.enumerate()) - others:
            thread.join(PATIENCE)
            assert not thread.is_alive()
