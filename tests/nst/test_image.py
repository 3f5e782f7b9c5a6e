"""The gate for pictures, and what is done with them behind it."""

from __future__ import annotations

import io
import re
import struct
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import torch
from PIL import Image, ImageCms, ImageFile
from pillow_heif.as_plugin import HeifImageFile

from nst.gate import pictures as reader
from nst.gate import pool
from nst.gate.wire import Refused, Why
from nst.image import (
    FORMATS,
    WORKING_SIDE,
    fitted_size,
    luma,
    match_colors,
    open_picture,
    read_text,
    save_png,
    to_image,
    to_pixels,
    with_alpha,
    with_alpha_values,
    with_luma,
)
from nst.image import decode as gate
from tests import pictures
from tests.pictures import encoded, noise, quarters

LOSSLESS = {"PNG": {}, "WEBP": {"lossless": True}, "BMP": {}, "TIFF": {"compression": "tiff_lzw"}}
LOSSY = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "AVIF": {"quality": 95, "subsampling": "4:4:4"},
    "HEIF": {"quality": 95, "chroma": 444},
}


def opened(file: bytes) -> np.ndarray:
    """(H, W, 3) of int, of what the gate lets through: always clean RGB."""
    picture = open_picture(io.BytesIO(file), "photo")
    assert type(picture) is Image.Image
    assert picture.mode == "RGB" and picture.info == {} and not picture.getexif()
    return np.asarray(picture).astype(int)


def refused(source: bytes | str | Path | io.BytesIO) -> str:
    """The sentence with which the gate refuses."""
    with pytest.raises(ValueError) as caught:
        open_picture(io.BytesIO(source) if isinstance(source, bytes) else source, "photo")
    return plain(str(caught.value))


def plain(sentence: str) -> str:
    """One sentence in a user's words, which says what to do; no path, no class, no second line."""
    assert re.fullmatch(r"The photo [^./\\\n<>\[\]_]+; please [^./\\\n<>\[\]_]+\.", sentence), sentence
    return sentence


def assert_close(pixels: np.ndarray, expected: np.ndarray | tuple[int, ...] | int, within: float = 0) -> None:
    assert np.abs(pixels - np.asarray(expected).astype(int)).max() <= within


class TestFormats:
    @pytest.mark.parametrize("format", LOSSLESS)
    def test_keeps_every_pixel(self, format: str) -> None:
        pixels = noise(31, 17)
        assert_close(opened(encoded(Image.fromarray(pixels), format, **LOSSLESS[format])), pixels)

    @pytest.mark.parametrize("format", LOSSY)
    def test_keeps_flat_colours_nearly(self, format: str) -> None:
        assert_close(opened(encoded(quarters(), format, **LOSSY[format])), np.asarray(quarters()), within=3)

    def test_gif_keeps_its_palette(self) -> None:
        picture = quarters().quantize(4, dither=Image.Dither.NONE)
        assert_close(opened(encoded(picture, "GIF")), np.asarray(picture.convert("RGB")))

    @pytest.mark.parametrize("format", FORMATS)
    def test_one_pixel_is_a_picture(self, format: str) -> None:
        assert opened(encoded(Image.new("RGB", (1, 1), "white"), format)).shape == (1, 1, 3)

    @pytest.mark.parametrize("format", ["PNG", "GIF", "WEBP"])
    def test_first_frame_of_an_animation(self, format: str) -> None:
        frames = [Image.new("RGB", (16, 16), color) for color in ("red", "lime", "blue")]
        file = encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=100)
        assert_close(opened(file), (255, 0, 0), within=3)

    def test_first_page_of_a_tiff(self) -> None:
        file = encoded(Image.new("RGB", (4, 4), "red"), "TIFF", save_all=True, append_images=[Image.new("L", (9, 9))])
        assert_close(opened(file), np.full((4, 4, 3), (255, 0, 0)))

    def test_first_picture_of_a_camera_with_two_eyes(self) -> None:
        left, right = Image.new("RGB", (16, 16), "white"), Image.new("RGB", (16, 16))
        assert_close(opened(encoded(left, "MPO", save_all=True, append_images=[right])), 255)

    @pytest.mark.parametrize("order", ["<", ">"])
    def test_tiff_of_either_byte_order(self, order: str) -> None:
        depth = np.array([[0, 1000, 40_000, 65_535]], order + "u2")
        entries = [(256, 4, 1, 4), (257, 4, 1, 1), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1)]
        entries += [(273, 4, 1, pictures.content_place(7)), (279, 4, 1, 8)]
        file = pictures.tiff(*entries, order=order, content=depth.tobytes())
        assert_close(opened(file)[..., 0], np.rint(depth / 257.0))

    @pytest.mark.parametrize(
        "file",
        [
            b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
            b"<!DOCTYPE html><title>Not found</title>",
            b"%PDF-1.7\n",
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
            b"P6 2 2 255 " + bytes(12),
            b"II wrote this by hand, says the king.",
            b"BMW",
            b"RIFF\x24\0\0\0WAVEfmt ",
            b"\0" * 1000,
            encoded(quarters(), "ICO"),
            encoded(quarters(), "PPM"),
            encoded(quarters(), "JPEG2000"),
        ],
    )
    def test_refuses_all_else(self, file: bytes) -> None:
        assert "not a picture that can be read" in refused(file)


class TestSources:
    def test_path_stream_and_string_are_alike(self, tmp_path: Path) -> None:
        path = tmp_path / "photo.gif"  # the name says nothing
        quarters().save(path, "PNG")
        stream = io.BytesIO(path.read_bytes())
        stream.seek(0, io.SEEK_END)
        with path.open("rb") as file:
            for source in (path, str(path), stream, file):
                assert open_picture(source) == quarters()

    def test_stream_stays_open(self) -> None:
        stream = io.BytesIO(encoded(quarters(), "PNG"))
        assert open_picture(stream) == open_picture(stream)

    def test_says_what_is_wrong(self, tmp_path: Path) -> None:
        assert "was not found" in refused(tmp_path / "nothing.jpg")
        assert "was not found" in refused("")
        assert "is a folder" in refused(tmp_path)
        assert "is an empty file" in refused(b"")
        assert "cannot be read from where it is" in refused("a\0b")
        closed = io.BytesIO(b"x")
        closed.close()
        assert "cannot be read from where it is" in refused(closed)

    def test_says_whose_picture(self) -> None:
        with pytest.raises(ValueError, match=r"^The third painting is not a picture"):
            open_picture(io.BytesIO(b"x"), "third painting")


RAMP = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
TRANSPARENCY = np.mgrid[0:256, 0:256].astype(np.uint8)  # each level of grey under each alpha


def over_white(level: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    alpha = alpha / 255.0
    return np.rint(level * alpha + 255 * (1 - alpha))


class TestModes:
    @pytest.mark.parametrize("format", ["PNG", "TIFF"])
    def test_sixteen_bits_are_scaled(self, format: str) -> None:
        assert_close(opened(encoded(Image.fromarray(RAMP), format))[..., 0], np.rint(RAMP / 257.0))

    def test_floating_point_is_black_at_0_and_white_at_1(self) -> None:
        values = np.linspace(0, 1, 52, dtype=np.float32).reshape(4, 13)
        assert_close(opened(encoded(Image.fromarray(values), "TIFF"))[..., 1], np.rint(values * 255))

    @pytest.mark.parametrize("type", [np.int32, np.float32])
    def test_values_beyond_are_squeezed(self, type: type) -> None:
        values = np.array([[-100_000, 0, 100_000, 300_000]], type)
        assert_close(opened(encoded(Image.fromarray(values), "TIFF"))[..., 2], [[0, 64, 128, 255]])

    def test_what_is_not_a_number_is_black(self) -> None:
        values = np.array([[np.nan, np.inf, -np.inf, 3e38, 0.2, 1]], np.float32)
        assert_close(opened(encoded(Image.fromarray(values), "TIFF"))[..., 0], [[0, 0, 0, 0, 51, 255]])

    def test_grey_and_alpha(self) -> None:
        level, alpha = TRANSPARENCY
        file = encoded(Image.fromarray(np.dstack([level, alpha])), "PNG")
        assert_close(opened(file), over_white(level, alpha)[..., None])

    @pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
    def test_colour_and_alpha(self, format: str) -> None:
        level, alpha = TRANSPARENCY
        file = encoded(
            Image.fromarray(np.dstack([level, level.T, 255 - level, alpha])), format, lossless=True, exact=True
        )
        expected = [over_white(channel, alpha) for channel in (level, level.T, 255 - level)]
        assert_close(opened(file), np.dstack(expected))

    @pytest.mark.parametrize("format", ["PNG", "GIF"])
    def test_transparent_entry_of_a_palette(self, format: str) -> None:
        picture = quarters().quantize(4, dither=Image.Dither.NONE)
        hidden = picture.getpixel((0, 0))
        expected = np.asarray(quarters()).copy()
        expected[:16, :16] = 255
        assert_close(opened(encoded(picture, format, transparency=hidden)), expected)

    def test_palette_with_alphas(self) -> None:
        picture = Image.frombytes("P", (3, 1), bytes([0, 1, 2]))
        picture.putpalette([0, 0, 0, 100, 0, 0, 0, 0, 200])
        file = encoded(picture, "PNG", transparency=bytes([0, 51, 255]))
        assert_close(opened(file), [[[255, 255, 255], [224, 204, 204], [0, 0, 200]]])

    def test_transparent_colour(self) -> None:
        pixels = np.array([[[1, 2, 3], [3, 2, 1]]], np.uint8)
        file = encoded(Image.fromarray(pixels), "PNG", transparency=(1, 2, 3))
        assert_close(opened(file), [[[255, 255, 255], [3, 2, 1]]])

    @pytest.mark.parametrize("bits", [8, 16])
    def test_transparent_grey(self, bits: int) -> None:
        grey = np.array([[0, 100, 200]], f">u{bits // 8}") * (257 if bits == 16 else 1)
        key = pictures.chunk(b"tRNS", int(grey[0, 1]).to_bytes(2, "big"))
        file = pictures.png(3, 1, bits, 0, b"\0" + grey.astype(f">u{bits // 8}").tobytes(), key)
        assert_close(opened(file)[..., 0], [[0, 255, 200]])

    @pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "GIF"])
    def test_single_bits(self, format: str) -> None:
        bits = Image.fromarray(noise(24, 16, 1)[..., 0] > 128)
        assert_close(opened(encoded(bits, format))[..., 0], np.asarray(bits) * 255)

    @pytest.mark.parametrize("format", ["JPEG", "TIFF"])
    @pytest.mark.parametrize(
        ("ink", "color"),
        [
            ((0, 0, 0, 0), (255, 255, 255)),
            ((255, 0, 0, 0), (0, 255, 255)),
            ((0, 255, 0, 0), (255, 0, 255)),
            ((0, 0, 255, 0), (255, 255, 0)),
            ((0, 255, 255, 0), (255, 0, 0)),
            ((0, 0, 0, 255), (0, 0, 0)),
        ],
    )
    def test_inks(self, format: str, ink: tuple[int, ...], color: tuple[int, ...]) -> None:
        assert_close(opened(encoded(Image.new("CMYK", (16, 16), ink), format)), color, within=3)

    def test_lab(self) -> None:
        file = encoded(quarters().convert("LAB"), "TIFF")
        assert_close(opened(file), np.asarray(quarters()), within=8)

    @pytest.mark.parametrize("mode", ["YCbCr", "HSV", "LAB", "RGBX", "RGBA", "CMYK"])
    def test_pixels_of_any_mode(self, mode: str) -> None:
        pixels = to_pixels(quarters().convert(mode), (48, 32))
        assert_close(np.asarray(to_image(pixels)).astype(int), np.asarray(quarters()), within=8)


class TestAlpha:
    """What was transparent, for whoever wants it back in the end."""

    def test_is_the_one_of_the_file(self) -> None:
        level, alpha = TRANSPARENCY
        pixels = np.dstack([level, level.T, 255 - level, alpha])
        for mode, format in (("RGBA", "PNG"), ("RGBA", "WEBP"), ("RGBA", "TIFF"), ("LA", "PNG")):
            picture = Image.fromarray(pixels).convert(mode)
            file = encoded(picture, format, lossless=True, exact=True)
            on_white, found = gate.open_with_alpha(io.BytesIO(file))
            assert on_white == open_picture(io.BytesIO(file))
            assert found is not None and (found.mode, found.info) == ("L", {})
            assert np.array_equal(found, alpha), (mode, format)

    def test_of_a_palette_and_of_a_telephone(self) -> None:
        palette = quarters().quantize(4, dither=Image.Dither.NONE)
        hidden = palette.getpixel((0, 0))
        cut_out = quarters().convert("RGBA")
        cut_out.putalpha(Image.fromarray(np.asarray(palette) != hidden).convert("L"))
        for file in (encoded(palette, "GIF", transparency=hidden), encoded(cut_out, "HEIF", quality=-1)):
            _, found = gate.open_with_alpha(io.BytesIO(file))
            assert np.array_equal(found, np.where(np.asarray(palette) == hidden, 0, 255))

    def test_turns_and_shrinks_with_its_picture(self) -> None:
        picture = Image.new("RGBA", (60, 30), (9, 9, 9, 255))
        picture.paste((0, 0, 0, 0), (0, 0, 30, 30))
        file = encoded(picture, "PNG", exif=pictures.oriented(6))
        on_white, found = gate.open_with_alpha(io.BytesIO(file), most=20)
        assert on_white.size == found.size == (10, 20)
        assert (found.getpixel((5, 2)), found.getpixel((5, 17))) == (0, 255)

    @pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA"])
    def test_an_opaque_picture_has_none(self, mode: str) -> None:
        file = encoded(quarters().convert(mode), "PNG")
        assert gate.open_with_alpha(io.BytesIO(file))[1] is None
        assert with_alpha(quarters(), None) == quarters()

    def test_is_given_to_another_picture(self) -> None:
        alpha = Image.fromarray(TRANSPARENCY[1])
        given = with_alpha(Image.new("RGB", (256, 256), "teal"), alpha)
        assert given.getchannel("A") == alpha and given.convert("RGB").getpixel((0, 0)) == (0, 128, 128)
        assert with_alpha(Image.new("RGB", (64, 64)), alpha).size == (64, 64)

    def test_of_a_ring_stays_empty_outside(self) -> None:
        """Whatever it is shrunk by, no veil of nearly nothing spreads over what was clear."""
        alpha = Image.new("L", (300, 300))
        alpha.paste(255, (100, 100, 200, 200))
        given = np.asarray(with_alpha(Image.new("RGB", (77, 77)), alpha).getchannel("A"))
        assert given[:24].max() == 0 and given[38, 38] == 255

    def test_the_same_in_full_precision(self) -> None:
        alpha = Image.fromarray(TRANSPARENCY[1])
        pixels = np.random.default_rng(0).random((256, 256, 3), dtype=np.float32)
        given = with_alpha_values(pixels, alpha)
        assert given.dtype == np.float32 and np.array_equal(given[..., :3], pixels)
        assert np.array_equal(np.rint(given[..., 3] * 255), alpha)
        assert with_alpha_values(pixels, None) is pixels


class TestOrientation:
    """A picture of each orientation is stored so that it looks the same when it is turned upright."""

    BACK = (  # from 2 on, as EXIF 2.3 describes where the first row and the first column are seen
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.ROTATE_180,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_270,
    )

    def stored(self, orientation: int) -> Image.Image:
        return quarters() if orientation == 1 else quarters().transpose(self.BACK[orientation - 2])

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("format", sorted(LOSSLESS.keys() - {"BMP", "TIFF"}))
    def test_all_are_equal(self, format: str, orientation: int) -> None:
        exif = pictures.oriented(orientation)
        assert_close(
            opened(encoded(self.stored(orientation), format, exif=exif, **LOSSLESS[format])), np.asarray(quarters())
        )

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
    def test_all_tiffs_are_equal(self, compression: str, orientation: int) -> None:
        options = {"tiffinfo": {pictures.ORIENTATION: orientation}, "compression": compression}
        assert_close(opened(encoded(self.stored(orientation), "TIFF", **options)), np.asarray(quarters()))

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("format", LOSSY)
    def test_all_are_nearly_equal(self, format: str, orientation: int) -> None:
        exif = b"Exif\0\0" + pictures.oriented(orientation, order=">")
        file = encoded(self.stored(orientation), format, exif=exif, **LOSSY[format])
        assert_close(opened(file), np.asarray(quarters()), within=3)

    @pytest.mark.parametrize(
        "exif",
        [b"", b"x", b"Exif\0\0", b"II*\0", b"II*\0\xff\xff\xff\xff", pictures.oriented(6)[:12], pictures.oriented(9)],
    )
    def test_broken_exif_is_no_reason_to_refuse(self, exif: bytes) -> None:
        plain_jpeg = encoded(quarters(), "JPEG")
        file = plain_jpeg[:2] + pictures.segment(0xE1, b"Exif\0\0" + exif) + plain_jpeg[2:]
        assert_close(opened(file), opened(plain_jpeg))

    def test_panorama_on_its_side_is_reduced_and_turned(self) -> None:
        file = encoded(Image.new("L", (6000, 60)), "PNG", exif=pictures.oriented(6))
        assert opened(file).shape == (WORKING_SIDE, 41, 3)


class TestProfiles:
    @pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
    def test_srgb_changes_nothing(self, format: str) -> None:
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        pixels = noise(64, 64)
        file = encoded(Image.fromarray(pixels), format, icc_profile=srgb, **LOSSLESS[format])
        assert_close(opened(file), pixels)

    def test_exchanged_primaries_exchange_the_channels(self) -> None:
        red, green, blue = pictures.SRGB
        pixels = noise(64, 64)
        file = encoded(Image.fromarray(pixels), "PNG", icc_profile=pictures.rgb_profile(green, blue, red))
        assert_close(opened(file), pixels[..., [2, 0, 1]], within=1)

    def test_red_of_srgb_seen_from_display_p3(self) -> None:
        picture = Image.new("RGB", (2, 2), (234, 51, 35))  # CSS Color 4: color(display-p3 0.9175 0.2003 0.1386)
        file = encoded(picture, "PNG", icc_profile=pictures.rgb_profile(*pictures.DISPLAY_P3))
        assert_close(opened(file), (255, 0, 0), within=4)

    def test_alpha_and_palette_have_profiles_too(self) -> None:
        red, green, blue = pictures.SRGB
        profile = pictures.rgb_profile(green, blue, red)
        picture = Image.new("RGBA", (2, 2), (200, 100, 0, 51))
        assert_close(opened(encoded(picture, "PNG", icc_profile=profile)), (204, 244, 224), within=1)
        palette = Image.new("RGB", (2, 2), (200, 100, 0)).quantize(2)
        assert_close(opened(encoded(palette, "PNG", icc_profile=profile)), (0, 200, 100), within=1)

    @pytest.mark.parametrize("mode", ["L", "LA"])
    def test_grey_of_another_gamma(self, mode: str) -> None:
        ramp = np.arange(256, dtype=np.uint8)[None]
        picture = Image.fromarray(ramp).convert(mode)
        light = (ramp / 255) ** 1.8
        expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
        file = encoded(picture, "PNG", icc_profile=pictures.grey_profile(1.8))
        assert_close(opened(file)[..., 0], np.rint(255 * expected), within=2)

    def test_ink(self) -> None:
        ink = Image.new("CMYK", (16, 16), (0, 0, 0, 128))
        file = encoded(ink, "JPEG", icc_profile=pictures.black_ink_profile())
        assert_close(opened(file), 118, within=2)  # L* 50; without the profile it would be 127

    @pytest.mark.parametrize("profile", [b"x", b"\0" * 200, pictures.black_ink_profile(), pictures.grey_profile(1)])
    def test_broken_or_unfit_profile_is_ignored(self, profile: bytes) -> None:
        pixels = noise(8, 8)
        assert_close(opened(encoded(Image.fromarray(pixels), "PNG", icc_profile=profile)), pixels)

    def test_damaged_profiles_are_harmless(self) -> None:
        for profile in (pictures.rgb_profile(*pictures.DISPLAY_P3), pictures.black_ink_profile()):
            for _, broken in pictures.damaged(profile, seed=1):
                assert opened(encoded(quarters(), "PNG", icc_profile=broken)).shape == (32, 48, 3)
                assert opened(encoded(quarters().convert("CMYK"), "JPEG", icc_profile=broken)).shape == (32, 48, 3)


class TestSize:
    def test_largest_that_keeps_its_pixels(self) -> None:
        pixels = noise(WORKING_SIDE, 2)
        assert_close(opened(encoded(Image.fromarray(pixels), "PNG")), pixels)

    @pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF"])
    def test_panorama(self, format: str) -> None:
        picture = Image.new("L", (30_000, 1000))
        picture.paste(255, (15_000, 0, 30_000, 1000))
        options = {"compression": "tiff_adobe_deflate"} if format == "TIFF" else {}
        pixels = opened(encoded(picture, format, **options))
        assert pixels.shape == (137, WORKING_SIDE, 3)
        assert_close(pixels[:, : WORKING_SIDE // 2 - 8], 0, within=1)
        assert_close(pixels[:, WORKING_SIDE // 2 + 8 :], 255, within=1)

    @pytest.mark.slow
    def test_telephone_of_108_megapixels(self) -> None:
        assert opened(encoded(Image.new("L", (12_000, 9000), 128), "JPEG")).shape == (3072, WORKING_SIDE, 3)

    @pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
    def test_reduced_stripes_become_grey(self, mode: str) -> None:
        stripes = np.tile(np.array([0, 255], np.uint8), (2, WORKING_SIDE))
        deep = Image.fromarray(stripes.astype(np.uint16) * 257)
        picture = deep if mode == "I;16" else Image.fromarray(stripes).convert(mode)
        assert_close(opened(encoded(picture, "PNG"))[:, 4:-4], 127, within=2)

    def test_transparent_colours_do_not_bleed_when_reduced(self) -> None:
        picture = Image.new("RGBA", (8192, 2), (255, 0, 0, 0))
        picture.paste((0, 0, 255, 255), (4096, 0, 8192, 2))
        pixels = opened(encoded(picture, "PNG"))
        assert (pixels[..., 0] <= pixels[..., 2]).all()  # white to blue, without the hidden red

    @pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
    @pytest.mark.parametrize("format", [format for format in FORMATS if format != "HEIF"])  # whose header is no oath
    @pytest.mark.parametrize("side", [12_000, 16_000, 65_000])
    def test_header_alone_is_enough_to_refuse(self, format: str, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
        file = pictures.huge(format, side, side)
        assert len(file) < 1000
        absurd = "|is damaged" if side > 16_384 else ""  # as some decoders say themselves
        assert re.search(r"has more than \d+ million pixels" + absurd, refused(file))
        for decoding in (Image.Image, ImageFile.ImageFile):
            monkeypatch.setattr(decoding, "load", lambda *_: pytest.fail("a decoder was asked"))
        with pytest.raises(Refused):
            list(reader.picture(file, WORKING_SIDE))

    def test_twenty_kilobytes_of_black(self) -> None:
        file = pictures.png(13_000, 13_000, 1, 0, bytes(1626 * 13_000))
        assert len(file) < 30_000
        began = time.perf_counter()
        assert "has more than 52 million pixels" in refused(file)
        assert time.perf_counter() - began < 0.5

    @pytest.mark.parametrize(
        ("usual", "instead"),
        [
            (b"\xff\xc0", b"\xff\xc2"),  # progressive
            (b"\xff\xda\0\x0c\x03", b"\xff\xda\0\x06\x01"),  # a scan of one component
        ],
    )
    def test_less_of_a_jpeg_that_comes_in_passes(self, usual: bytes, instead: bytes) -> None:
        file = pictures.huge("JPEG", 10_000, 9000)
        assert "has more than 52 million pixels" in refused(file.replace(usual, instead))

    def test_heavy_file(self) -> None:
        file = encoded(quarters(), "PNG") + bytes(gate.MAX_MEGABYTES * 10**6)
        assert "has more than 50 megabytes" in refused(file)


class TestBombs:
    """Small files that would keep a reader busy, or fill the memory, for as long as they like."""

    def test_exif_that_claims_a_megabyte_again_and_again(self) -> None:
        photo = encoded(quarters(), "JPEG")
        greedy = pictures.with_exif_segments(photo, pictures.greedy_exif(200, 10**6))
        assert_close(opened(greedy), opened(photo))
        avif = encoded(quarters(), "AVIF", exif=pictures.greedy_exif(100, 100_000))
        assert_close(opened(avif), opened(encoded(quarters(), "AVIF")))

    @pytest.mark.slow
    def test_directory_that_claims_more_than_there_is_memory(self) -> None:
        claims = [(40_000 + i, 7, 2 * 10**6, 8) for i in range(2000)]
        file = pictures.grey_tiff(1, 1, *claims, content=bytes(2 * 10**6))
        assert re.search("needs too much memory|takes too long", refused(file))

    def test_tile_larger_than_the_picture(self) -> None:
        entries = [(256, 4, 1, 1), (257, 4, 1, 1), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1)]
        entries += [(322, 4, 1, 32_000), (323, 4, 1, 32_000), (324, 4, 1, 200), (325, 4, 1, 1)]
        assert "has more than 36 million pixels" in refused(pictures.tiff(*entries, content=bytes(100)))

    def test_a_million_strips_of_one_pixel(self) -> None:
        entries = [(256, 4, 1, 1), (257, 4, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
        entries += [(273, 4, 1_000_000, 200), (278, 3, 1, 1)]
        assert "is damaged" in refused(pictures.tiff(*entries, content=bytes(4_000_100)))

    @pytest.mark.parametrize("what", ["passes", "comments"])
    def test_takes_too_long(self, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pool, "SECONDS", 1)
        tiny = encoded(quarters(), "JPEG")
        comments = tiny[:2] + b"\xff\xfe\0\2" * 10_000_000 + tiny[2:]
        file = {"passes": pictures.many_scans(3000, 9000), "comments": comments}[what]
        assert "takes too long to open" in refused(file)


class TestHeif:
    """What the boxes of this format can do that no other format can."""

    def test_pil_does_not_know_it(self) -> None:
        opened(encoded(quarters(), "HEIF"))
        assert "HEIF" not in Image.OPEN and ".heic" not in Image.registered_extensions()
        assert {".heic", ".heif", ".hif", ".jpg", ".avif"} < gate.endings()

    def test_is_not_turned_twice(self) -> None:
        """libheif turns it; the EXIF of a telephone says so too, and must not be heard."""
        file = encoded(quarters(), "HEIF", exif=b"Exif\0\0" + pictures.oriented(6), **LOSSY["HEIF"])
        assert b"irot" in file and pictures.oriented(6) in file
        assert_close(opened(file), np.rot90(np.asarray(quarters()), -1), within=3)

    def test_ten_bits(self) -> None:
        levels = np.asarray(quarters()).astype(np.uint16) * 257
        assert_close(opened(pictures.deep_heif(levels, chroma=444, quality=95)), np.asarray(quarters()), within=3)

    def test_grey_of_ten_bits(self) -> None:
        levels = np.full((32, 32), 40_000, np.uint16)
        assert_close(opened(pictures.deep_heif(levels, "I;16")), 156, within=2)

    def test_alpha_lies_on_white(self) -> None:
        picture = Image.new("RGBA", (64, 48), (200, 0, 0, 255))
        picture.paste((200, 0, 0, 0), (32, 0, 64, 48))
        pixels = opened(encoded(picture, "HEIF", **LOSSY["HEIF"]))
        assert_close(pixels[:, :24], (200, 0, 0), within=4)
        assert_close(pixels[:, 40:], 255, within=4)

    def test_profile(self) -> None:
        red, green, blue = pictures.SRGB
        file = encoded(quarters(), "HEIF", icc_profile=pictures.rgb_profile(green, blue, red), **LOSSY["HEIF"])
        assert_close(opened(file), np.asarray(quarters())[..., [2, 0, 1]], within=4)

    def test_the_first_picture_alone(self) -> None:
        """Neither the other pictures nor the small ones of it are looked at."""
        several = pillow_heif.from_pillow(quarters(96, 64))
        several.add_from_pillow(Image.new("RGB", (600, 400)))
        several.save(stream := io.BytesIO(), thumbnails=[16], **LOSSY["HEIF"])
        assert HeifImageFile(io.BytesIO(stream.getvalue())).n_frames == 2
        assert_close(opened(stream.getvalue()), np.asarray(quarters(96, 64)), within=3)

    def test_many_tiles_are_one_picture(self) -> None:
        file = encoded(quarters(192, 128), "HEIF", tile_size=64, **LOSSY["HEIF"])
        assert_close(opened(file), np.asarray(quarters(192, 128)), within=3)

    def test_one_large_tile_in_every_place(self) -> None:
        file = encoded(Image.new("RGB", (384, 256)), "HEIF", tile_size=64)
        tile = struct.pack(">LLL", 0, 64, 64)
        assert "is damaged" in refused(file.replace(tile, struct.pack(">LLL", 0, 4000, 4000)))

    def test_stream_of_another_size_than_its_header_says(self) -> None:
        file = encoded(Image.new("RGB", (1200, 800)), "HEIF")
        assert "is damaged" in refused(file.replace(struct.pack(">LL", 1200, 800), struct.pack(">LL", 120, 80)))
        huge = file.replace(struct.pack(">LL", 1200, 800), struct.pack(">LL", 65_000, 65_000))
        assert "has more than 52 million pixels" in refused(huge)

    def test_more_than_it_may_have(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(reader.MAX_MEGAPIXELS, "HEIF", 0)
        with pytest.raises(Refused) as caught:
            list(reader.picture(encoded(quarters(), "HEIF"), WORKING_SIDE))
        assert caught.value.why == Why.TOO_LARGE

    @pytest.mark.parametrize("kind", [b"meta", b"pitm", b"iinf", b"iprp", b"ipco", b"ipma"])
    def test_without_a_box_it_is_no_picture(self, kind: bytes) -> None:
        assert "is damaged" in refused(encoded(quarters(), "HEIF").replace(kind, b"free"))

    def test_what_a_camera_appends_is_not_looked_at(self) -> None:
        file = encoded(quarters(), "HEIF")
        assert_close(opened(file + b"\0\0\xff\xffSEFT" + bytes(30)), opened(file))


class TestTraces:
    def test_nothing_of_the_source_survives(self) -> None:
        for name, file in pictures.samples().items():
            picture = open_picture(io.BytesIO(file), name)
            assert picture.info == {} and not picture.getexif(), name
            assert set(vars(picture)) == set(vars(Image.new("RGB", (1, 1)))), name

    def test_place_and_words_are_gone_from_what_is_saved(self) -> None:
        exif = Image.Exif()
        exif[0x010E] = "my garden"
        exif.get_ifd(0x8825)[1] = "N"
        again = encoded(open_picture(io.BytesIO(encoded(quarters(), "JPEG", exif=exif, comment=b"my garden"))), "PNG")
        assert b"my garden" not in again and b"eXIf" not in again and b"iCCP" not in again

    def test_pil_and_warnings_are_left_as_they_were(self) -> None:
        filters, limit = list(warnings.filters), Image.MAX_IMAGE_PIXELS
        refused(pictures.huge("PNG", 10_000, 9000))  # of which PIL warns
        refused(pictures.huge("PNG", 16_000, 16_000))  # at which PIL raises
        assert warnings.filters == filters and limit == Image.MAX_IMAGE_PIXELS

    @pytest.mark.slow
    def test_many_threads_at_once(self) -> None:
        filters, files = list(warnings.filters), list(pictures.samples().values())
        expected = [opened(file) for file in files]
        equal: list[bool] = []

        def visit() -> None:
            equal.extend(np.array_equal(opened(file), pixels) for file, pixels in zip(files, expected, strict=True))

        visitors = [threading.Thread(target=visit) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
        assert len(equal) == 4 * len(files) and all(equal) and warnings.filters == filters


DAMAGED = [
    pytest.param(name, file, id=f"{sample}, {name}")
    for seed, (sample, whole) in enumerate(pictures.samples().items())
    for name, file in pictures.damaged(whole, seed)
]
# Of these the end may be lost: what is left has a whole picture, or the fax decoder leaves the rest white.
ENDLESS = ("mpo", "png-animated", "png-bits", "gif-animated", "tiff-fax")


class TestDamage:
    def test_corpus_is_large(self) -> None:
        assert len(DAMAGED) >= 300

    @pytest.mark.parametrize(("name", "file"), DAMAGED)
    def test_opens_clean_or_says_a_sentence(self, name: str, file: bytes) -> None:
        began = time.perf_counter()
        try:
            opened(file)
        except ValueError as error:
            plain(str(error))
        assert time.perf_counter() - began < 5

    @pytest.mark.parametrize("sample", sorted(pictures.samples().keys() - set(ENDLESS)))
    def test_a_part_is_not_a_picture(self, sample: str) -> None:
        file = pictures.samples()[sample]
        for share in (0.5, 0.75, 0.9):
            assert re.search("is damaged|is not a picture", refused(file[: int(len(file) * share)])), share


SETTINGS = {"nst": '{"size": 512}', "Software": "größer als 日本 🎨", "Comment": ""}


class TestText:
    def test_round_trip(self, tmp_path: Path) -> None:
        path, stream, picture = tmp_path / "painted", io.BytesIO(), Image.fromarray(noise(20, 10))
        for target in (path, stream):
            save_png(picture, target, SETTINGS)
            assert read_text(target) == SETTINGS
            assert open_picture(target) == picture
        assert path.read_bytes() == stream.getvalue()

    def test_without_text(self) -> None:
        save_png(quarters(), stream := io.BytesIO(), {})
        assert read_text(stream) == {} and stream.getvalue() == encoded(quarters(), "PNG")

    def test_text_is_found_in_a_file_of_any_size(self) -> None:
        save_png(quarters(), stream := io.BytesIO(), SETTINGS)
        stream.seek(0, io.SEEK_END)
        stream.write(bytes(gate.MAX_MEGABYTES * 10**6))
        assert read_text(stream) == SETTINGS

    @pytest.mark.parametrize("keyword", ["", "x" * 80, "日本", " x", "a\0b", "a\nb"])
    def test_keyword_that_png_does_not_allow(self, keyword: str) -> None:
        with pytest.raises(ValueError, match="A keyword of a PNG must have 1 to 79 characters"):
            save_png(quarters(), io.BytesIO(), {keyword: "x"})

    def test_odd_files_have_no_text(self, tmp_path: Path) -> None:
        save_png(quarters(), stream := io.BytesIO(), SETTINGS)
        for sources in (pictures.samples().values(), (file for _, file in pictures.damaged(stream.getvalue(), 3))):
            for file in sources:
                assert read_text(io.BytesIO(file)).items() <= SETTINGS.items() | read_text(io.BytesIO(file)).items()
        for odd in (
            tmp_path,
            tmp_path / "nothing",
            "a\0b",
            "",
            io.BytesIO(),
            io.BytesIO(pictures.huge("PNG", 60_000, 60_000)),
        ):
            assert read_text(odd) == {}


class TestPixels:
    def test_fitted_size(self) -> None:
        assert fitted_size(400, 300, 200) == (200, 150)
        assert fitted_size(300, 401, 401) == (300, 401)
        assert fitted_size(10_000, 1, 100) == (100, 1)

    def test_there_and_back(self) -> None:
        picture = Image.fromarray(noise(31, 17))
        pixels = to_pixels(picture, picture.size)
        assert pixels.shape == (1, 3, 17, 31) and pixels.dtype == torch.float32
        assert torch.equal(pixels[0, :, 3, 5] * 255, torch.tensor(picture.getpixel((5, 3))).float())
        assert to_image(pixels) == picture

    def test_beyond_the_range_is_clipped(self) -> None:
        assert to_image(torch.tensor([-1.0, 0.5, 2.0]).view(1, 3, 1, 1)).getpixel((0, 0)) == (0, 128, 255)

    def test_transparency_lies_on_white(self) -> None:
        assert torch.equal(to_pixels(Image.new("RGBA", (4, 4)), (2, 2)), torch.ones(1, 3, 2, 2))

    def test_luma_of_grey_is_grey(self) -> None:
        grey = torch.full((1, 3, 2, 2), 0.3)
        torch.testing.assert_close(luma(grey), grey[:, :1])

    def test_with_luma_has_that_luma_and_the_chroma(self) -> None:
        pixels, other = torch.rand(2, 1, 3, 5, 7, generator=torch.Generator().manual_seed(0))
        lit = with_luma(pixels, luma(other))
        torch.testing.assert_close(luma(lit), luma(other))
        torch.testing.assert_close(lit - luma(lit), pixels - luma(pixels))


def correlated(seed: int, spread: float = 0.05, height: int = 40) -> torch.Tensor:
    """Colours about the middle of the range, so that nothing is clipped."""
    generator = torch.Generator().manual_seed(seed)
    mixture = torch.randn(3, 3, generator=generator)
    colors = mixture @ torch.randn(3, height * 50, generator=generator).clamp(-2, 2)
    return (0.5 + spread * colors / colors.std()).clamp(0, 1).view(1, 3, height, 50)


def moments(pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    flat = pixels[0].flatten(1).double()
    return flat.mean(1), flat.cov(correction=0)


class TestMatchColors:
    def test_mean_and_covariance_are_the_other_s(self) -> None:
        pixels, like = correlated(1), correlated(2, height=24)
        for matched, expected in zip(moments(match_colors(pixels, like)), moments(like), strict=True):
            torch.testing.assert_close(matched, expected, rtol=1e-3, atol=1e-6)

    def test_own_colours_stay(self) -> None:
        pixels = correlated(3)
        torch.testing.assert_close(match_colors(pixels, pixels), pixels, rtol=0, atol=1e-5)

    def test_like_one_colour_becomes_that_colour(self) -> None:
        color = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1)
        matched = match_colors(correlated(4), color.expand(1, 3, 6, 6))
        torch.testing.assert_close(matched, color.expand_as(matched), rtol=0, atol=1e-5)

    @pytest.mark.parametrize("size", [(1, 1), (6, 6)])
    def test_one_colour_becomes_the_mean(self, size: tuple[int, int]) -> None:
        like = correlated(5)
        matched = match_colors(torch.full((1, 3, *size), 0.25), like)
        torch.testing.assert_close(matched, like.mean((2, 3), keepdim=True).expand_as(matched), rtol=0, atol=1e-5)

    def test_grey_becomes_a_line_of_colours_through_the_mean(self) -> None:
        """In rank 1 the covariance cannot be the other's; the colours lie along one axis, none is absurd."""
        grey, like = correlated(6)[:, :1].expand(1, 3, -1, -1), correlated(7)
        matched = match_colors(grey, like)
        mean, covariance = moments(matched)
        torch.testing.assert_close(mean, moments(like)[0], rtol=0, atol=1e-5)
        values = torch.linalg.eigvalsh(covariance)
        assert values[1] < 1e-9 < values[2] <= torch.linalg.eigvalsh(moments(like)[1])[2] * 1.001

    def test_noise_of_a_grey_picture_does_not_become_colour(self) -> None:
        grey = np.asarray(Image.fromarray(noise(64, 64, 1)[..., 0]).convert("RGB")) // 2 + 60
        rounded = grey + np.random.default_rng(1).integers(0, 2, grey.shape, dtype=np.uint8)  # the last bit
        clean, noisy = (to_pixels(Image.fromarray(picture), (64, 64)) for picture in (grey, rounded))
        like = correlated(8, spread=0.15)
        difference = match_colors(noisy, like) - match_colors(clean, like)
        assert difference.std() < 0.05

    def test_grey_stays_grey_like_grey(self) -> None:
        grey, other = (correlated(seed)[:, :1].expand(1, 3, -1, -1) for seed in (9, 10))
        matched = match_colors(grey, other)
        assert (matched.amax(1) - matched.amin(1)).max() < 1e-3


def test_torchvisions_exchange_is_exact_to_the_last_bit() -> None:
    picture = Image.fromarray(noise(40, 30))
    pixels = to_pixels(picture, picture.size)
    levels = np.asarray(picture)
    assert torch.equal(pixels, torch.from_numpy(levels.copy()).permute(2, 0, 1)[None].float() / 255)
    assert pixels.stride() == (3, 1, 3 * 40, 3), "channels last, as the network likes it"
    assert np.array_equal(to_image(pixels), levels) and np.array_equal(to_image(pixels + 0.4 / 255), levels)
