"""What is shared: a link says all settings and nothing of a visitor's; films have the size that phones expect."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from nst import Settings
from nst.adjust import UNCHANGED
from nst.recipes import RECIPES
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS
from studio.panels import share
from studio.runs import keepsakes
from studio.runs.choices import Choices
from studio.runs.result import result_of_finished
from studio.runs.settings_link import fragment, record_in

PHOTO, PAINTING = next(iter(PHOTOS.values())), next(iter(PAINTINGS.values()))


def picture(file: str) -> Image.Image:
    picture = Image.new("RGB", (8, 6))
    picture.info["file"] = file
    return picture


class TestLink:
    @pytest.mark.parametrize("recipe", RECIPES)
    def test_says_every_setting(self, recipe: str) -> None:
        settings = Settings(recipe=recipe, size=300, style_scale=1.25, style_layers="relu1_1:2 relu3_1", seed=9)
        record = record_in(fragment(settings, PHOTO.key, (PAINTING.key,)))
        assert record.settings == settings
        assert (record.photo, record.paintings) == (PHOTO.path.name, (PAINTING.path.name,))

    @pytest.mark.parametrize(
        "broken",
        [
            "recipe=painting&photo=../etc/passwd",
            "recipe=painting&size=100000000",
            "recipe=none",
            "recipe=painting&size",
            "recipe=painting&tile=1.5",
            "recipe=painting&wall=1",
            "recipe=painting&size=100&size=200",
            "recipe=painting" + "&painting=" + PAINTING.key + ("&painting=" + PAINTING.key) * 4,
        ],
    )
    def test_a_damaged_one_is_refused(self, broken: str) -> None:
        with pytest.raises(ValueError):
            record_in(broken)

    def test_names_no_picture_of_a_visitor_s(self) -> None:
        own = Choices(picture(f"/tmp/visit/{PHOTO.path.name}"), picture(str(PAINTING.path)))
        assert share.link(own) == {"link": f"recipe=painting&painting={PAINTING.key}", "own": True}
        ours = Choices(picture(str(PHOTO.path)), picture(str(PAINTING.path)))
        assert share.link(ours) == {"link": f"recipe=painting&photo={PHOTO.key}&painting={PAINTING.key}", "own": False}


class TestKeepsakes:
    result = result_of_finished(next(iter(FINISHED)))

    def test_a_wide_photo_stands_above_its_painting_with_a_gap(self) -> None:
        pair = keepsakes.pair(self.result, UNCHANGED)
        width, height = self.result.size
        assert pair.width == width and pair.height == 2 * height + round(width * keepsakes.GAP)
        assert pair.getpixel((5, height + 2)) == (255, 255, 255)

    def test_a_film_goes_from_photo_to_painting(self) -> None:
        first, *_, last = keepsakes.film(self.result, UNCHANGED, upright=False)
        assert first.size == last.size and min(last.size) == keepsakes.SHORT_SIDES[0]
        assert first.tobytes() != last.tobytes()

    def test_an_upright_one_is_nine_to_sixteen_whatever_the_picture(self) -> None:
        tall = replace(self.result, path=str(PHOTOS["portrait-woman"].path))
        for result in (self.result, tall):
            assert {frame.size for frame in keepsakes.film(result, UNCHANGED, upright=True)} == {(720, 1280)}
