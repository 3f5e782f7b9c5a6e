"""The page in a real browser: what is shown to a friend, and a link that a friend opens."""

from __future__ import annotations

import re
from pathlib import Path

import av
import pytest
from PIL import Image

from studio.catalogue import PAINTINGS
from tests.browser.driving import DESK_ONLY, PHONE_ONLY, Page, choose, expect, open_settings, set_knobs, status

pytestmark = pytest.mark.usefixtures("small_network")

FIRST, SECOND = list(PAINTINGS)[1:3]
OPENS_WITH = "neuschwanstein-castle--van-gogh-starry-night"
SHARING = """window.shared = []; window.refusal = ""; window.kinds = ["image/jpeg", "image/png", "video/mp4"];
navigator.canShare = ({ files = [] }) => files.every((file) => kinds.includes(file.type));
navigator.share = async ({ files = [], ...rest }) => {
  const name = refusal;
  refusal = "";
  if (name) throw new DOMException("", name);
  const given = files.length ? { files: files.map((file) => [file.name, file.type]), bytes: files[0].size } : {};
  shared.push({ ...given, ...rest });
};"""


def shared(page: Page, way: str) -> Path:
    """The file that the menu gives to who has no other way of sharing."""
    if not page.locator("#share .menu").is_visible():
        page.get_by_role("button", name="Share", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name=way, exact=True).click()
    path = Path(waiting.value.path())
    return path.rename(path.with_name(waiting.value.suggested_filename))


def film_size(path: Path) -> tuple[int, int, float]:
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        return stream.width, stream.height, float(stream.duration * stream.time_base)


@pytest.fixture
def clipboard(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])


@DESK_ONLY
@pytest.mark.usefixtures("clipboard")
def test_what_one_shows_a_friend(page: Page) -> None:
    choose(page, "photos", "barn")
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("barn"))
    set_knobs(page, size=96, steps=6)
    page.locator("#paint").click()
    expect(status(page)).to_have_text(re.compile("^Finished"))
    pair = shared(page, "Photo and painting in one")
    assert pair.name == "barn--van-gogh-starry-night--before-after.jpg"
    with Image.open(pair) as picture:
        assert picture.width == 96 and picture.height > 2 * 60
    expect(page.locator("#share p")).to_have_text(f"Saved: {pair.name}")
    film = shared(page, "The film")
    width, height, seconds = film_size(film)
    assert film.name == "barn--van-gogh-starry-night.mp4"
    assert min(width, height) == 720 and width > height and seconds > 3
    assert film_size(shared(page, "The film, upright"))[:2] == (720, 1280)
    page.get_by_role("button", name="The picture", exact=True).click()
    expect(page.locator("#share p")).to_have_text("The picture is copied.")
    kinds = "async () => (await navigator.clipboard.read()).map((item) => item.types).flat()"
    assert page.evaluate(kinds) == ["image/png"]
    page.keyboard.press("Escape")
    expect(page.locator("#share .menu")).to_be_hidden()


@PHONE_ONLY
@pytest.mark.usefixtures("clipboard")
def test_the_devices_own_sharing_is_used_where_there_is_one(page: Page, server: str) -> None:
    page.add_init_script(SHARING)
    page.goto(server, wait_until="domcontentloaded")
    expect(page.locator("#paint")).to_be_enabled()

    def share(way: str) -> None:
        page.get_by_role("button", name="Share", exact=True).click()
        page.get_by_role("button", name=way, exact=True).click()

    ways = {
        "The picture": {"files": [[f"{OPENS_WITH}.jpg", "image/jpeg"]]},
        "Photo and painting in one": {"files": [[f"{OPENS_WITH}--before-after.jpg", "image/jpeg"]]},
        "The film": {"files": [[f"{OPENS_WITH}.mp4", "video/mp4"]]},
        "A link to these settings": {"url": f"{server}#recipe=painting"},
    }
    for way, what in ways.items():
        share(way)
        page.wait_for_function("shared.length")
        (given,) = page.evaluate("shared.splice(0)")
        assert given.pop("bytes", 1000) >= 1000
        if "url" in what:
            assert given.pop("url").startswith(what.pop("url"))
        assert given == what
        expect(page.locator("#share .menu")).to_be_hidden()

    page.evaluate("refusal = 'AbortError'")  # the visitor closes what the device has opened
    share("The picture")
    page.wait_for_function("!refusal")
    expect(page.locator("#share .menu")).to_be_hidden()
    expect(page.get_by_test_id("toast-text")).to_have_count(0)
    page.evaluate("refusal = 'NotAllowedError'")  # making it took longer than a click counts
    share("The picture")
    expect(page.locator("#share p")).to_have_text("The picture is copied.")
    page.keyboard.press("Escape")
    page.evaluate("kinds = ['image/jpeg']")  # a device that shares no films
    assert shared(page, "The film").name == f"{OPENS_WITH}.mp4"
    assert page.evaluate("shared") == []


@DESK_ONLY
def test_a_link_brings_settings_and_pictures_of_the_gallery(
    page: Page, server: str, clipboard: None, photo: Path
) -> None:
    choose(page, "photos", "barn")
    choose(page, "paintings", FIRST)
    expect(page.locator("#painting img")).to_have_attribute("src", re.compile(FIRST))
    page.get_by_role("button", name="Another painting").click()
    expect(page.locator("#paintings input:checked")).to_have_count(0)  # the place is free before it is taken
    choose(page, "paintings", SECOND)
    expect(page.locator("#mix output")).to_have_text(["50 %", "50 %"])
    page.get_by_label(f"Weight of {PAINTINGS[FIRST].title}").press("Home")
    set_knobs(page, size=96, steps=7)
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("button", name="A link to these settings").click()
    expect(page.locator("#share p")).to_have_text("The link is copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{server}#recipe=painting&photo=barn&painting={FIRST}&painting={SECOND}&size=96&steps=7")

    friend = page.context.browser.new_context(locale="en-US").new_page()
    friend.goto(link, wait_until="domcontentloaded")
    expect(friend.locator("#photo img")).to_have_attribute("src", re.compile("barn"))
    expect(friend.locator("#painting img")).to_have_attribute("src", re.compile(SECOND))
    expect(friend.locator("#mix output")).to_have_text(["17 %", "83 %"])
    expect(friend.locator("#photos input:checked")).to_have_value("barn")
    assert "#" not in friend.url
    open_settings(friend)
    expect(friend.locator("#knob-steps input[type=number]")).to_have_value("7")
    friend.goto(f"{server}#recipe=painting&size=-3")  # in the same tab: nothing is loaded
    expect(friend.get_by_test_id("toast-text")).to_have_text(re.compile("This link is damaged"))
    expect(friend.locator("#knob-size input[type=number]")).to_have_value("96")
    friend.context.close()

    page.locator("#photo input[type=file]").set_input_files(photo)
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("photo"))
    page.get_by_role("button", name="A link to these settings").click()
    expect(page.locator("#share p")).to_have_text(re.compile("Your own pictures are not in it"))
    assert "photo=" not in page.evaluate("navigator.clipboard.readText()")
