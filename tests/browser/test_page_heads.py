"""Small pictures of portraits, in a real browser: whatever is cut off of them, the heads are whole."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.catalogue import FINISHED, PHOTOS
from tests.browser.driving import Page, choose, downloaded, drop, expect, set_knobs, status

pytestmark = pytest.mark.usefixtures("small_network")

Box = tuple[float, float, float, float]  # left, top, right and bottom, in shares of a picture's sides
HEADS = {  # as seen in the gallery's photos, hair and ears included
    "portrait-woman": (0.30, 0.07, 0.80, 0.65),
    "astronaut": (0.30, 0.03, 0.59, 0.37),
    "red-panda": (0.295, 0.05, 0.765, 0.80),
    "kingfisher": (0.365, 0.10, 0.63, 0.32),
}
UPRIGHT = (0.2, 0.0, 0.95, 1.0)  # of the portrait: as telephones take them
VISIBLE = """async (image) => {
    await image.decode();
    const style = getComputedStyle(image), [wide, high] = [image.clientWidth, image.clientHeight];
    const ratios = [wide / image.naturalWidth, high / image.naturalHeight];
    const scale = Math[{ cover: "max", contain: "min" }[style.objectFit]](...ratios);
    return [wide, high].map((room, axis) => {
        const size = scale * [image.naturalWidth, image.naturalHeight][axis];
        const first = (room - size) * parseFloat(style.objectPosition.split(" ")[axis]) / 100;
        return [Math.max(0, -first / size), Math.min(1, (room - first) / size)];
    });
}"""


def within(inner: Box, outer: Box) -> Box:
    """A share of a share."""
    left, top, wide, high = outer[0], outer[1], outer[2] - outer[0], outer[3] - outer[1]
    return left + inner[0] * wide, top + inner[1] * high, left + inner[2] * wide, top + inner[3] * high


def seen_from(head: Box, crop: Box) -> Box:
    """Where the head of a picture is in a part of it."""
    wide, high = crop[2] - crop[0], crop[3] - crop[1]
    left, top, right, bottom = head
    return (left - crop[0]) / wide, (top - crop[1]) / high, (right - crop[0]) / wide, (bottom - crop[1]) / high


def visible(page: Page, image: str) -> Box:
    """What a browser shows of an image's file, which says nothing about what is missing in the file."""
    (left, right), (top, bottom) = page.locator(image).evaluate(VISIBLE)
    return left, top, right, bottom


def crop_of(small: Image.Image, whole: Image.Image) -> Box:
    """Which part of the whole a small picture has: the one that resembles it most, however far it was shrunk."""
    scale = max(small.width / whole.width, small.height / whole.height)
    shrunk = whole.convert("RGB").resize((round(whole.width * scale), round(whole.height * scale)))
    wide, high = min(small.width, shrunk.width), min(small.height, shrunk.height)
    pixels, wanted = np.asarray(shrunk, float), np.asarray(small.convert("RGB").crop((0, 0, wide, high)), float)
    places = [(x, y) for x in range(shrunk.width - wide + 1) for y in range(shrunk.height - high + 1)]
    x, y = min(places, key=lambda at: np.abs(pixels[at[1] :, at[0] :][:high, :wide] - wanted).mean())
    return x / shrunk.width, y / shrunk.height, (x + wide) / shrunk.width, (y + high) / shrunk.height


def file_of(page: Page, image: str) -> Image.Image:
    """The image's file, wherever it comes from."""
    text = page.locator(image).evaluate(
        """async (image) => {
            const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
            return btoa(String.fromCharCode(...bytes));
        }"""
    )
    return Image.open(io.BytesIO(base64.b64decode(text)))


def is_whole(head: Box, page: Page, image: str, picture: Image.Image) -> None:
    seen = within(visible(page, image), crop_of(file_of(page, image), picture))
    hidden = [
        max(seen[0] - head[0], 0),
        max(seen[1] - head[1], 0),
        max(head[2] - seen[2], 0),
        max(head[3] - seen[3], 0),
    ]
    assert max(hidden) < 0.01, f"{image} shows {seen} of a picture whose head is at {head}"


@pytest.fixture
def upright(tmp_path: Path) -> Path:
    with Image.open(PHOTOS["portrait-woman"].path) as photo:
        sides = (photo.width, photo.height) * 2
        box = tuple(round(share * side) for share, side in zip(UPRIGHT, sides, strict=True))
        photo.crop(box).save(tmp_path / "selfie.jpg", quality=95)
    return tmp_path / "selfie.jpg"


def test_heads_in_the_gallery_are_whole(page: Page) -> None:
    for key, head in HEADS.items():
        with Image.open(PHOTOS[key].path) as photo:
            choose(page, "photos", key)
            is_whole(head, page, f"#photos label:has([value='{key}']) img", photo)
            expect(page.locator("#photo img")).to_have_attribute("src", re.compile(key))
            is_whole(head, page, "#photo img", photo)
        for picture in FINISHED.values():
            if picture.content.key == key:
                choose(page, "finished", picture.key)
                expect(page.locator("#canvas img")).to_have_attribute("src", re.compile(picture.key))
                with Image.open(picture.path) as finished:
                    is_whole(head, page, f"#finished label:has([value='{picture.key}']) img", finished)


def test_the_head_of_an_upright_photo_is_whole_wherever_it_is_small(page: Page, upright: Path, tmp_path: Path) -> None:
    head = seen_from(HEADS["portrait-woman"], UPRIGHT)
    page.locator("#photo input[type=file]").set_input_files(upright)
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("selfie"))
    with Image.open(upright) as photo:
        is_whole(head, page, "#photo img", photo)
        set_knobs(page, size=128, steps=2)
        page.locator("#paint").click()
        expect(status(page)).to_have_text(re.compile("^Finished"))
        page.locator("#visit img").scroll_into_view_if_needed()
        with downloaded(page) as painted:
            is_whole(head, page, "#visit img", painted)
        (second := tmp_path / "second.jpg").write_bytes(upright.read_bytes())
        drop(page, "#photo", upright, second)
        expect(page.locator("#album-box .photos img")).to_have_count(2)
        is_whole(head, page, "#album-box .photos li:first-child img", photo)
