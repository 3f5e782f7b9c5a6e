"""Films for programs, as a visitor's program sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from nst.film.reading import look
from studio import limits
from studio.components.clip_file import clip_of
from studio.runs import film as film_runs
from tests.films import flat, moving, sound_alone, write_film

SMALL = {"size": 48, "steps": 2, "start_size": 32}


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    client = Client(server, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def submit(client: Client, clip: Path, painting: Path, **more: Any) -> Any:
    files = {"clip": handle_file(clip), "style": handle_file(painting)}
    return client.submit(**files, **(SMALL | more), api_name="/stylize_video")


def tracks(path: str) -> list[str]:
    with av.open(path) as film:
        return sorted(stream.type for stream in film.streams)


@pytest.mark.usefixtures("small_network", "unpaced")
def test_a_film_grows_frame_by_frame_and_ends_with_its_file(client: Client, painting: Path, tmp_path: Path) -> None:
    clip = write_film(tmp_path / "my clip.mp4", moving(8), sound=2)
    outputs = list(job := submit(client, clip, painting))
    film, picture, progress = job.result()
    assert [told["frame"] for _, _, told in outputs if told["frame"]] == list(range(1, 9))
    assert outputs[0][2]["frame"] == 0 and {told["frames"] for _, _, told in outputs} == {8}
    assert all(early is None for early, _, _ in outputs[:-1])
    with Image.open(picture) as last:
        assert last.size == (48, 36)
    assert progress["frame"] == 8 and progress["seconds_left"] == 0
    assert Path(film).name == "my-clip--painting.mp4" and tracks(film) == ["audio", "video"]
    assert look(film).size == (48, 36) and look(film).seconds == pytest.approx(8 / 12, abs=0.05)
    assert not film_runs.under_way()


@pytest.mark.usefixtures("small_network")
def test_a_part_at_another_rate_with_two_paintings(client: Client, painting: Path, photo: Path, tmp_path: Path) -> None:
    clip = write_film(tmp_path / "a.mp4", moving(24))
    times = {"begin": 0.5, "end": 1.5, "fps": 4}
    film, _, progress = submit(client, clip, painting, style_2=handle_file(photo), **times).result()
    assert progress["frames"] == 4 and look(film).seconds == pytest.approx(1, abs=0.05)


@pytest.mark.usefixtures("small_network")
def test_what_cannot_be_painted_is_one_sentence(
    client: Client, painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write_film(tmp_path / "a.mp4", moving(6))
    (broken := tmp_path / "broken.mp4").write_bytes(whole.read_bytes()[:900])
    (text := tmp_path / "text.mp4").write_text("no film at all")
    long = write_film(tmp_path / "long.mp4", flat((90, 90, 90), 2), times=[0, 7_200_000])
    for clip, more, sentence in [
        (sound_alone(tmp_path / "sound.mp4"), {}, "The film has no picture in it, only sound; please .*"),
        (write_film(tmp_path / "one.mp4", moving(1)), {}, "The film has a single frame; please paint it as a photo."),
        (long, {"fps": 12}, r"This would be a film of \d{5,} frames, and up to 3600 are painted here; please .*"),
        (broken, {}, "The film cannot be read; please export it again as an MP4."),
        (text, {}, "The film cannot be read; please export it again as an MP4."),
        (whole, {"begin": 7}, "from must be within the film's 0.5 seconds, not 7."),
        (whole, {"fps": 100}, "fps must be above 0 and at most 60 frames a second, not 100."),
        (whole, {"steps": 0}, "steps must be .*"),
    ]:
        with pytest.raises(AppError) as refused:
            submit(client, clip, painting, **more).result()
        assert re.fullmatch(sentence, str(refused.value)), refused.value
    monkeypatch.setattr(limits, "LIMITS", limits.limits_of({"NST_MAX_FILM_SECONDS": "1", "NST_MAX_FILM_SIZE": "64"}))
    longer = write_film(tmp_path / "b.mp4", moving(18, (96, 72)))
    with pytest.raises(AppError, match="up to 1 are painted here"):
        submit(client, longer, painting, size=96).result()
    film, _, _ = submit(client, longer, painting, size=96, end=0.25).result()
    assert look(film).size == (64, 48)


def test_what_is_missing_is_said(client: Client, painting: Path, tmp_path: Path) -> None:
    clip = write_film(tmp_path / "a.mp4", moving(3))
    with pytest.raises(AppError, match="Please choose a clip"):
        client.predict(clip=None, style=handle_file(painting), api_name="/stylize_video")
    with pytest.raises(AppError, match="Please choose a painting"):
        client.predict(clip=handle_file(clip), style=None, api_name="/stylize_video")
    with pytest.raises(gr.Error, match="not on this server"):
        clip_of("/etc/passwd", "a.mp4")


@pytest.mark.usefixtures("unpaced")
def test_when_the_time_is_up_the_film_so_far_is_there(
    client: Client, painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LIMITS", limits.limits_of({"NST_DEADLINE": "1"}))
    clip = write_film(tmp_path / "a.mp4", moving(120))
    film, _, progress = submit(client, clip, painting, steps=20).result()
    assert 1 <= progress["frame"] < progress["frames"] == 120
    assert "time for a painting is up" in progress["note"]
    with av.open(film) as painted:
        assert sum(1 for _ in painted.decode(video=0)) == progress["frame"]
