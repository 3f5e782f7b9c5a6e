"""Finished pictures on disk, read back by others' decoders."""

from __future__ import annotations

import io
import json
from pathlib import Path

import av
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from nst.files import DEPTHS, check, save
from nst.image import open_picture, read_text
from nst.settings import Settings
from nst.transfer import stylize
from tests.painting import noise
from tests.tiny import CPU, tiny_vgg

PIXELS = np.random.default_rng(0).random((31, 45, 3), dtype=np.float32)  # values that 8 bits cannot hold
PIXELS[0, 0], PIXELS[0, 1] = 0, 1
TEXT = {"neural-style-transfer": '{"photo": "Müller 山.jpg"}'}


def by_ffmpeg(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray()


def profile_of(image: Image.Image) -> str:
    return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])))


def in_levels(depth: int) -> np.ndarray:
    return np.rint(PIXELS.astype(float) * (2**depth - 1)).astype(int)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.TIFF"])
def test_sixteen_bits_are_sixteen_bits(name, tmp_path):
    save(PIXELS, tmp_path / name, TEXT, 16)
    read = by_ffmpeg(tmp_path / name)
    assert read.dtype == np.uint16
    assert np.abs(read.astype(int) - in_levels(16)).max() <= 1  # float32 has 24 bits, and rounds half to even
    assert len(np.unique(read)) > 10 * 256


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_eight_bits_are_the_nearest(ending, tmp_path):
    path = tmp_path / f"a{ending}"
    save(PIXELS, path, TEXT, 8)
    assert np.array_equal(by_ffmpeg(path), in_levels(8))
    assert np.array_equal(np.asarray(open_picture(path)), in_levels(8)), "the gate reads our own"


def test_a_frame_in_sixteen_bits_rounds_to_its_picture():
    (frame,) = stylize(noise(64, 48, 1), noise(64, 48, 2), Settings(size=64, steps=1), tiny_vgg(), CPU)
    assert (frame.pixels.shape, frame.pixels.dtype) == ((48, 64, 3), np.float32)
    assert np.array_equal(np.rint(frame.pixels * 255), np.asarray(frame.image))
    assert not np.array_equal(np.rint(frame.pixels * 65535) % 257, np.zeros((48, 64, 3))), "more than 8 bits"


@pytest.mark.parametrize("ending", list(DEPTHS))
def test_every_file_says_that_its_colours_are_srgb_and_how_large_it_is_on_paper(ending, tmp_path):
    path = tmp_path / f"a{ending}"
    for depth in DEPTHS[ending]:
        save(PIXELS, path, TEXT, depth, dpi=240)
        with Image.open(path) as image:
            assert "sRGB" in profile_of(image)
            assert (image.mode, image.size) == ("RGB", (45, 31))
            if ending != ".webp":  # which has no field for it
                assert image.info["dpi"] == pytest.approx((240, 240), abs=0.03)


def test_the_profile_is_the_one_of_these_numbers():
    """sRGB to sRGB changes nothing: what a colour-managed program shows is what was painted."""
    from nst.files import SRGB

    picture = noise(64, 48, 1)
    profile, srgb = ImageCms.ImageCmsProfile(io.BytesIO(SRGB)), ImageCms.createProfile("sRGB")
    shown = ImageCms.profileToProfile(picture, profile, srgb)
    assert np.abs(np.asarray(shown, int) - np.asarray(picture, int)).max() <= 1


@pytest.mark.parametrize("depth", [8, 16])
def test_png_and_tiff_carry_what_painted_them(depth, tmp_path):
    save(PIXELS, tmp_path / "a.png", TEXT, depth)
    assert read_text(tmp_path / "a.png").items() >= TEXT.items()
    save(PIXELS, tmp_path / "a.tif", TEXT, depth)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert json.loads(file.pages[0].description) == TEXT


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg", "a.webp"])
def test_the_same_picture_is_the_same_file(name, tmp_path):
    once, again = tmp_path / name, tmp_path / f"again-{name}"
    save(PIXELS, once, TEXT)
    save(PIXELS, again, TEXT)
    assert once.read_bytes() == again.read_bytes()


def test_the_usual_depth_is_that_of_the_ending():
    usual = {ending: check(Path(f"a{ending}")) for ending in DEPTHS}
    assert usual == {".png": 8, ".jpg": 8, ".jpeg": 8, ".webp": 8, ".tif": 16, ".tiff": 16}


@pytest.mark.parametrize(("name", "depth"), [("a.png", 8), ("a.png", 16), ("a.tif", 8), ("a.tif", 16), ("a.webp", 8)])
def test_alpha_is_kept_and_is_not_multiplied_in(name, depth, tmp_path):
    levels = np.random.default_rng(1).random((31, 45, 4), dtype=np.float32)
    levels[:8, :, 3] = 0
    save(levels, tmp_path / name, TEXT, depth)
    with Image.open(tmp_path / name) as image:
        assert (image.mode, image.size) == ("RGBA", (45, 31)) and "sRGB" in profile_of(image)
        assert np.array_equal(image.getchannel("A"), np.rint(levels[..., 3] * 255)) or depth == 16
    if name != "a.webp":
        expected = np.rint(levels.astype(float) * (2**depth - 1)).astype(int)
        assert np.abs(by_ffmpeg(tmp_path / name).astype(int) - expected).max() <= 1


def test_jpeg_has_no_alpha(tmp_path):
    with pytest.raises(ValueError, match=r"^JPEG has no transparency: write one of \.png, \.webp, \.tif, \.tiff, or"):
        save(np.ones((4, 4, 4), np.float32), tmp_path / "a.jpg", {})


@pytest.mark.parametrize(
    ("name", "depth", "sentence"),
    [("a.bmp", None, "must end in .png or"), ("a.jpg", 16, "16 bits a channel need .png or .tif or .tiff, not .jpg")],
)
def test_what_cannot_be_written_is_said(name, depth, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        save(PIXELS, tmp_path / name, TEXT, depth)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_breaks_off_leaves_the_old_one(tmp_path, monkeypatch):
    save(PIXELS, tmp_path / "a.png", TEXT)
    old = (tmp_path / "a.png").read_bytes()

    def full(path, content):
        with path.open("wb") as file:
            file.write(content[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        save(1 - PIXELS, tmp_path / "a.png", TEXT)
    assert [(file.name, file.read_bytes() == old) for file in tmp_path.iterdir()] == [("a.png", True)]


def test_others_may_read_it(tmp_path):
    (tmp_path / "usual").touch()
    save(PIXELS, tmp_path / "a.png", TEXT)
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "usual").stat().st_mode
