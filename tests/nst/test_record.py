import io

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageStat

from nst.image import open_picture, read_text, save_png
from nst.record import KEYWORD, Record, mask_png, read_record, record, start_jpeg
from nst.settings import Settings
from tests.painting import noise
from tests.tiny import tiny_vgg


def test_settings_come_back_from_the_picture_they_painted(tmp_path):
    settings = Settings(recipe="tutorial", steps=77, style_weight=1.0, color="match", seed=5)
    text = record(settings, tiny_vgg(), "Grüße.jpg", ["ночь.png"])
    save_png(noise(8, 8, 0), tmp_path / "a.png", text)
    assert read_record(read_text(tmp_path / "a.png")).settings == settings


def test_the_record_names_pictures_and_weights_and_nothing_else_of_the_visitors():
    (text,) = record(Settings(), tiny_vgg(), "me.jpg", ["sky.png", "sea.png"]).values()
    assert all(
        word in text for word in ("me.jpg", "sky.png", "sea.png", '"weights": "none"', "torch", "pillow", "project")
    )


def test_a_picture_from_elsewhere_has_no_settings():
    assert read_record({"Title": "holiday"}) is None


DAMAGED = (
    "",
    "{}",
    "[1]",
    "[" * 10_000,
    '{"settings": 3}',
    '{"settings": {"size": "huge"}}',
    '{"settings"',
    '{"settings": {}, "masks": ["?"]}',
    '{"settings": {}, "stopped": Infinity}',
)


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_record_is_one_sentence(text):
    with pytest.raises(ValueError, match=r"damaged|size must be"):
        read_record({KEYWORD: text})


def test_knobs_of_another_version_are_left_out():
    assert read_record({KEYWORD: '{"settings": {"size": 128, "sparkle": 3}}'}).settings == Settings(size=128)


def test_masks_and_start_come_back(tmp_path):
    masks = tuple(mask_png(noise(64, 48, seed)) for seed in range(3))
    painted = Record(Settings(size=96), "a.jpg", ("b.jpg",), "sum", masks, start_jpeg(noise(96, 64, 4)), 7)
    save_png(noise(8, 8, 0), tmp_path / "a.png", painted.text)
    assert read_record(read_text(tmp_path / "a.png")) == painted


def test_a_mask_is_enclosed_without_loss():
    mask = noise(512, 384, 1).convert("L")
    assert open_picture(io.BytesIO(mask_png(mask))).convert("L").tobytes() == mask.tobytes()


def test_a_picture_to_go_on_from_is_hardly_changed():
    picture = noise(512, 384, 1)
    back = open_picture(io.BytesIO(start_jpeg(picture)))
    assert max(ImageStat.Stat(ImageChops.difference(picture, back)).mean) < 1


def test_the_most_that_can_be_enclosed_can_be_read(tmp_path):
    snow = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), dtype=np.uint8))
    masks = (mask_png(snow.resize((400, 300))),) * 4
    painted = Record(Settings(), "a" * 255, ("b" * 255,) * 4, "sum" * 20, masks, start_jpeg(snow))
    save_png(noise(8, 8, 0), tmp_path / "a.png", painted.text)
    assert read_record(read_text(tmp_path / "a.png")) == painted
