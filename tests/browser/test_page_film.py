"""What a visitor does with a clip, in a real browser."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from nst.film.reading import look
from tests.browser.driving import DESK_ONLY, PATIENCE, Calls, choose, expect, open_settings
from tests.films import moving, write_film

pytestmark = pytest.mark.usefixtures("small_network")

IN_STEP = """() => {
  const [before, after] = document.querySelectorAll("#player video");
  return Math.abs(before.currentTime - after.currentTime) < 0.3;
}"""


DROP = """([element, name, bytes]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([new Uint8Array(bytes)], name, { type: "video/mp4" }));
  for (const what of ["dragover", "drop"])
    element.dispatchEvent(new DragEvent(what, { bubbles: true, cancelable: true, dataTransfer: carried }));
}"""


def drop(page: Any, clip: Path) -> None:
    """On the photo."""
    box = page.locator("#photo").element_handle()
    page.evaluate(DROP, [box, clip.name, list(clip.read_bytes())])


def open_films(page: Any) -> None:
    page.get_by_role("button", name="Paint a film").click()
    expect(page.locator("#clip .file")).to_be_visible()


def set_steps(page: Any, steps: int) -> None:
    open_settings(page)
    page.locator("#knob-steps input[type=number]").fill(str(steps))
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Settings").click()


def hand_in_clip(page: Any, clip: Path) -> None:
    page.locator("#clip input[type=file]").set_input_files(clip)
    expect(page.locator("#clip .about b")).to_have_text(clip.name)
    expect(page.locator("#clip img")).to_be_visible()


def line(page: Any) -> Any:
    return page.locator("#player .line")


def frames_in(path: Path) -> int:
    with av.open(str(path)) as film:
        return sum(1 for _ in film.decode(video=0))


def saved(page: Any, link: str) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=link).click()
    path = Path(waiting.value.path())
    return path.rename(path.with_name(waiting.value.suggested_filename))


@DESK_ONLY
@pytest.mark.usefixtures("known_machine")
def test_a_clip_becomes_by_three_calls_a_film_that_can_be_compared_and_kept(page: Any, tmp_path: Path) -> None:
    clip = write_film(tmp_path / "walk.mp4", moving(8, (160, 120)), sound=1)
    set_steps(page, 3)
    open_films(page)
    hand_in_clip(page, clip)
    expect(page.locator("#paint-film")).to_have_text(re.compile(r"Paint the film, about \d+ s"))
    calls = Calls(page)
    calls.settled()
    page.locator("#paint-film").click()
    expect(page.locator("#stop")).to_be_visible()
    expect(page.locator("#player img.growing")).to_be_visible()
    expect(line(page)).to_have_text(re.compile(r"^Finished · 8 frames"))
    expect(page.locator("#paint")).to_be_visible()
    assert calls.settled() == ["run/predict", "queue/join", "run/predict"]
    page.wait_for_function("document.querySelector('#player .after').currentTime > 0.1")  # plays by itself
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#player .both")).to_be_visible()
    slider = page.get_by_role("slider", name="How much of the clip is shown")
    slider.focus()
    page.keyboard.press("Home")
    assert page.locator("#player .frame").evaluate("one => one.style.getPropertyValue('--at')") == "0%"
    page.wait_for_function(IN_STEP)
    film = saved(page, "Save as MP4")
    assert film.name == "walk--van-gogh-starry-night.mp4"
    assert frames_in(film) == 8 and look(film).has_sound


@DESK_ONLY
def test_a_clip_that_is_dropped_on_the_photo_opens_the_panel_and_stop_keeps_the_film_so_far(
    page: Any, tmp_path: Path
) -> None:
    clip = write_film(tmp_path / "long.mp4", moving(120, (160, 120)))
    set_steps(page, 140)  # four for each frame: it is not finished before Stop
    drop(page, clip)
    expect(page.locator("#clip .about b")).to_have_text("long.mp4")
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("neuschwanstein"))
    page.locator("#film-length input").fill("10")
    page.locator("#paint-film").click()
    expect(line(page)).to_have_text(re.compile(r"^Frame ([3-9]|\d\d+) of 120 · .* left$"))
    page.locator("#stop").click()
    expect(line(page)).to_have_text(re.compile(r"^Stopped at frame \d+ of 120 · yours to keep$"))
    told = int(line(page).inner_text().split()[3])
    expect(page.locator("#paint-film")).to_be_enabled()
    assert frames_in(saved(page, "Save as MP4")) == told >= 3


@DESK_ONLY
def test_what_is_no_film_is_said(page: Any, tmp_path: Path) -> None:
    open_films(page)
    (broken := tmp_path / "broken.mp4").write_bytes(b"no film at all")
    page.locator("#clip input[type=file]").set_input_files(broken)
    expect(page.get_by_test_id("toast-text")).to_have_text("The film cannot be read; please export it again as an MP4.")
    expect(page.locator("#clip .about")).to_have_count(0)
    page.get_by_test_id("toast-close").click()
    page.locator("#paint-film").click()
    expect(page.get_by_test_id("toast-text")).to_have_text("Please choose a clip.")
    expect(page.locator("#paint")).to_be_visible()


@DESK_ONLY
def test_a_photo_goes_through_the_paintings_of_the_mix(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["nst.film.morph"], "STEPS", 1)
    set_steps(page, 2)
    open_films(page)
    page.locator("#paint-morph").click()
    expect(page.get_by_test_id("toast-text")).to_have_text(re.compile("two paintings or more"))
    page.get_by_role("button", name="Another painting").click()
    expect(page.locator("#paintings input:checked")).to_have_count(0)  # the place is free before it is taken
    choose(page, "paintings", "hokusai-great-wave")
    page.locator("#film-length input").fill("0.25")
    page.get_by_role("radio", name="256 px").check(force=True)
    page.locator("#paint-morph").click()
    expect(line(page)).to_have_text(re.compile(r"^Finished · 6 frames"), timeout=4 * PATIENCE)
    name = "neuschwanstein-castle--van-gogh-starry-night--hokusai-great-wave"
    assert (film := saved(page, "Save as MP4")).name == f"{name}.mp4" and frames_in(film) == 6
    with Image.open(saved(page, "Save as WebP")) as loop:
        assert (loop.n_frames, max(loop.size), loop.info["loop"]) == (6, 256, 0)


@DESK_ONLY
def test_the_camera_films(page: Any) -> None:
    open_films(page)
    page.locator("#clip .camera").click()
    expect(page.locator("#clip video")).to_be_visible()
    expect(page.locator("#clip .about b")).to_have_text(re.compile(r"^camera\.(webm|mp4)$"))
    seconds = float(re.search(r"([\d.]+) s$", page.locator("#clip .about span").inner_text())[1])
    assert 2 < seconds < 8
