import pytest

from nst.image import read_text, save_png
from nst.record import KEYWORD, record, recorded_settings
from nst.settings import Settings
from tests.conftest import noise
from tests.tiny import tiny_vgg


def test_settings_come_back_from_the_picture_they_painted(tmp_path):
    settings = Settings(recipe="tutorial", steps=77, style_weight=1.0, color="match", seed=5)
    text = record(settings, tiny_vgg(), "Grüße.jpg", ["ночь.png"])
    save_png(noise(8, 8, 0), tmp_path / "a.png", text)
    assert recorded_settings(read_text(tmp_path / "a.png")) == settings


def test_the_record_names_pictures_and_weights_and_nothing_else_of_the_visitors():
    (text,) = record(Settings(), tiny_vgg(), "me.jpg", ["sky.png", "sea.png"]).values()
    assert all(word in text for word in ("me.jpg", "sky.png", "sea.png", '"weights": "none"', "torch"))


def test_a_picture_from_elsewhere_has_no_settings():
    assert recorded_settings({"Title": "holiday"}) is None


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"settings": 3}', '{"settings": {"size": "huge"}}', '{"settings"'])
def test_a_damaged_record_is_one_sentence(text):
    with pytest.raises(ValueError, match=r"damaged|size must be"):
        recorded_settings({KEYWORD: text})


def test_knobs_of_another_version_are_left_out():
    assert recorded_settings({KEYWORD: '{"settings": {"size": 128, "sparkle": 3}}'}) == Settings(size=128)
