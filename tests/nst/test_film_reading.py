"""A stranger's film becomes upright pictures at evenly spaced moments, or one sentence."""

import numpy as np
import pytest
from PIL import Image

from nst.film.reading import frames, look, part_of
from nst.gate import films
from nst.gate.wire import Refused, Why
from tests.films import flat, moving, sound_alone, write_film

RED, GREEN, BLUE = (200, 40, 40), (40, 180, 40), (40, 40, 200)


def read(path, long_side=64, **part):
    film = look(path)
    return list(frames(film, part_of(film, long_side, **part)))


def middle(picture):
    return np.asarray(picture)[picture.height // 2, picture.width // 2].astype(int)


def test_every_frame_is_seen_once_at_its_own_rate(tmp_path):
    pictures = moving(6)
    seen = read(write_film(tmp_path / "a.mp4", pictures))
    assert len(seen) == 6
    away = [[np.abs(np.asarray(one, float) - np.asarray(other, float)).mean() for other in pictures] for one in seen]
    assert np.argmin(away, axis=1).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_film_says_what_it_is(tmp_path):
    film = look(write_film(tmp_path / "a.mp4", moving(6), rate=12, sound=0.5))
    assert film.size == (64, 48) and film.has_sound
    assert film.seconds == pytest.approx(0.5, abs=0.01) and film.rate == pytest.approx(12, rel=0.02)


def test_of_a_variable_rate_each_picture_is_shown_as_long_as_it_was(tmp_path):
    pictures = [*flat(RED, 1), *flat(GREEN, 1), *flat(BLUE, 1)]
    film = look(write_film(tmp_path / "a.mp4", pictures, times=[0, 100, 400]))
    seen = list(frames(film, part_of(film, 64, rate=10)))
    names = [int(middle(one).argmax()) for one in seen]
    assert names[:5] == [0, 1, 1, 1, 2] and set(names[5:]) <= {2}
    assert seen[1] is seen[2]


def test_a_part_begins_and_ends_where_it_is_asked_to(tmp_path):
    pictures = [*flat(RED, 12), *flat(GREEN, 12), *flat(BLUE, 12)]
    film = look(write_film(tmp_path / "a.mp4", pictures, rate=12))
    seen = list(frames(film, part_of(film, 64, begin=1, end=2)))
    assert len(seen) == 12 and all(middle(one).argmax() == 1 for one in seen)
    last = list(frames(film, part_of(film, 64, begin=2.5, rate=6)))
    assert len(last) == 3 and all(middle(one).argmax() == 2 for one in last)


def test_a_film_that_was_held_upright_is_upright(tmp_path):
    picture = Image.new("RGB", (64, 48), RED)
    picture.paste(BLUE, (0, 0, 64, 24))  # above
    path = write_film(tmp_path / "a.mp4", [picture] * 3, rotation=90)
    assert look(path).size == (48, 64)
    seen = np.asarray(read(path)[0])
    assert seen.shape[:2] == (64, 48)
    assert seen[32, 6].argmax() == 2 and seen[32, 42].argmax() == 0  # counter-clockwise: what was above is on the left


def test_odd_sizes_and_smaller_ones(tmp_path):
    path = write_film(tmp_path / "a.mp4", [one.resize((66, 50)) for one in moving(3)])
    assert [one.size for one in read(path, 33)] == [(33, 25)] * 3


def test_ten_bits_become_eight(tmp_path):
    path = write_film(tmp_path / "a.mp4", flat((150, 120, 90)), pix_fmt="yuv420p10le")
    assert np.abs(middle(read(path)[0]) - (150, 120, 90)).max() <= 4


@pytest.mark.parametrize(("light", "paper"), [(16, 148), (18, 191)])  # of white paper: 58 % of PQ, 75 % of HLG
def test_high_dynamic_range_has_a_bright_white_a_grey_and_a_black(tmp_path, light, paper):
    white, black = (
        read(write_film(tmp_path / f"{level}.mp4", flat((level,) * 3), pix_fmt="yuv420p10le", light=light))[0]
        for level in (paper, 0)
    )
    assert middle(white).min() > 215 and np.ptp(middle(white)) <= 4
    assert middle(black).max() <= 2


def test_a_gif_and_a_webp_move(tmp_path):
    pictures = [*flat(RED, 2), *flat(BLUE, 2)]
    for name in ("a.gif", "a.webp"):
        pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:], duration=100)
        seen = read(tmp_path / name, rate=10)
        assert [int(middle(one).argmax()) for one in (seen[0], seen[-1])] == [0, 2]


def test_a_film_that_breaks_off_is_as_long_as_it_goes(tmp_path):
    whole = write_film(tmp_path / "a.mkv", moving(24), codec="mpeg4").read_bytes()
    (tmp_path / "b.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    assert 4 < len(read(tmp_path / "b.mkv")) < 24


def test_what_is_no_film_is_one_sentence(tmp_path):
    sound_alone(tmp_path / "sound.mp4")
    write_film(tmp_path / "one.mp4", moving(1))
    Image.new("RGB", (64, 48)).save(tmp_path / "still.webp")
    Image.new("RGB", (64, 48)).save(tmp_path / "still.gif")
    Image.new("RGB", (64, 48)).save(tmp_path / "photo.jpg")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\none.mp4\n")
    whole = write_film(tmp_path / "whole.mp4", moving(6)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    for name, words in {
        "sound.mp4": "only sound",
        "one.mp4": "a single frame",
        "still.webp": "a single frame",
        "still.gif": "a single frame",
        "photo.jpg": "cannot be read",
        "empty.mp4": "is an empty file",
        "noise.mp4": "cannot be read",
        "list.mp4": "cannot be read",
        "cut.mp4": "cannot be read",
        "missing.mp4": "was not found",
        ".": "is a folder",
    }.items():
        with pytest.raises(ValueError, match=words) as raised:
            look(tmp_path / name)
        assert str(raised.value).startswith("The film ") and "\n" not in str(raised.value), name


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"rate": 0}, "fps"),
        ({"rate": 1000}, "fps"),
        ({"begin": 9}, "from"),
        ({"begin": -1}, "from"),
        ({"begin": 0.3, "end": 0.2}, "to"),
        ({"end": 0.01}, "single frame"),
        ({"rate": float("nan")}, "fps"),
    ],
)
def test_a_part_beyond_the_film_is_named(tmp_path, asked, word):
    film = look(write_film(tmp_path / "a.mp4", moving(6)))
    with pytest.raises(ValueError, match=word):
        part_of(film, 64, **asked)


def test_huge_frames_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    path = write_film(tmp_path / "a.mp4", moving(3))
    monkeypatch.setattr(films, "MAX_MEGAPIXELS", 0.001)
    with path.open("rb") as file, pytest.raises(Refused) as caught:
        list(films.look(file))
    assert caught.value.why == Why.TOO_LARGE
