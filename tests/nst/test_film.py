"""Films: each frame goes on from the one before; what has been painted is never lost."""

import gc
import weakref
from dataclasses import replace
from itertools import pairwise

import av
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from nst import Settings
from nst.commission import Commission
from nst.film import command
from nst.film.paint import GROWN, Carried, State, laplacian, paint_film
from nst.film.reading import frames, look, part_of
from nst.film.writing import Pieces
from nst.image import to_pixels
from tests.films import flat, moving, write_film
from tests.painting import PAINTING, QUICK, difference, noise
from tests.tiny import CPU, tiny_vgg

SETTINGS = Settings(**(QUICK | {"steps": 35}))


def painted(photos, state=None, **knobs):
    commission = Commission(photos[0], [PAINTING], replace(SETTINGS, **knobs))
    return list(paint_film(photos, len(photos), commission, tiny_vgg(), CPU, state))


@pytest.fixture(scope="module")
def film():
    """Of `moving(3)`."""
    return painted(moving(3))


def test_frames_are_counted_and_as_large_as_the_film(film):
    assert [(one.number, one.frames) for one in film] == [(1, 3), (2, 3), (3, 3)]
    assert [one.is_first for one in film] == [True, False, False]
    assert all(one.image.size == (64, 48) for one in film)
    assert film[-1].seconds_left == 0 and film[0].seconds_left > 0


def test_the_first_frame_is_the_painting_of_that_photo(film):
    from nst import stylize

    *_, alone = stylize(moving(3)[0], PAINTING, SETTINGS, tiny_vgg(), CPU)
    assert difference(film[0].image, alone.image) == 0


@pytest.mark.slow
def test_a_film_flickers_less_than_its_frames_painted_alone():
    photos = moving(4)
    film, alone = painted(photos), [painted([photo])[0] for photo in photos]

    def flicker(pictures):
        """Of what the camera saw two pixels further to the left."""
        pairs = pairwise(pictures)
        moved = [(one.image.crop((2, 0, 64, 48)), other.image.crop((0, 0, 62, 48))) for one, other in pairs]
        return np.mean([difference(one, other) for one, other in moved])

    assert flicker(film) < 0.7 * flicker(alone)


def test_a_still_picture_is_painted_once():
    photo = moving(1)[0]
    film = painted([photo, photo, photo])
    assert film[1].state is film[0].state and film[2].state is film[0].state


@pytest.mark.slow
def test_a_cut_begins_anew():
    other = noise(64, 48, 9)
    film = painted([*moving(2), other])
    assert [one.is_first for one in film] == [True, False, True]
    assert difference(film[-1].image, painted([other])[0].image) == 0


def test_the_same_film_has_the_same_pixels(film):
    assert torch.equal(painted(moving(3))[-1].state.painted, film[-1].state.painted)


def test_what_has_come_into_view_is_young_and_grows():
    photos = moving(4, step=4)
    ages = [one.state.age for one in painted(photos)]
    assert ages[0].min() == GROWN
    assert ages[1][..., 62:].mean() < 1 and ages[1][..., 8:48].mean() > GROWN - 1
    assert ages[3][..., 62:].mean() < 1


@pytest.mark.parametrize("color", ["luminance", "match", "match_photo", "match_finished"])
def test_colours_are_kept_in_every_frame(color):
    film = painted(moving(3), color=color)
    assert torch.isfinite(film[-1].state.painted).all()
    if color == "luminance":  # the chroma is the photo's
        from nst.image import luma

        photo = to_pixels(moving(3)[-1], (64, 48))
        mean = (film[-1].state.painted - luma(film[-1].state.painted)).mean((2, 3))
        torch.testing.assert_close(mean, (photo - luma(photo)).mean((2, 3)), atol=0.05, rtol=0)


def test_a_frame_is_made_as_sharp_as_what_the_key_frame_shows():
    sharp, nothing = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(5)), torch.zeros(1, 3, 48, 64)
    blurred = F.avg_pool2d(F.pad(sharp, (1, 1, 1, 1), mode="replicate"), 3, 1)
    left = torch.ones(1, 1, 48, 64)
    left[..., 32:] = 0

    def edges(pixels):
        return laplacian(pixels).square()

    there = Carried(blurred, GROWN * torch.ones_like(left), blurred, 3 * edges(blurred), left)
    more = there.sharpened(blurred)
    ratio = (left * edges(more)).mean() / (left * edges(blurred)).mean()
    assert ratio == pytest.approx(3, rel=0.02)
    blunt = replace(there, edges=edges(blurred) / 2)
    assert torch.equal(blunt.sharpened(blurred), blurred), "never blurred"
    new = replace(there, share=0 * left)
    assert torch.equal(new.sharpened(blurred), blurred), "a key frame that shows nothing says nothing"
    assert torch.equal(there.sharpened(nothing), nothing)


def test_sharpness_does_not_wear_off_from_one_key_frame_to_the_next(monkeypatch):
    monkeypatch.setattr("nst.film.paint.KEY_FRAMES", 1)
    photo = moving(1)[0]
    first, *_, last = (one.state for one in painted([photo, *(photo.copy() for _ in range(3))]))
    assert last.earlier is None, "a key frame"
    assert not torch.equal(last.painted, first.painted)
    torch.testing.assert_close(last.sharpness, laplacian(first.painted).square(), rtol=0.01, atol=0)


@pytest.mark.slow
def test_all_optimisers_paint_films():
    for optimizer in ("adam", "sgd"):
        assert len(painted(moving(2), optimizer=optimizer, learning_rate=0.01)) == 2


def test_what_is_remembered_does_not_grow_with_the_film(monkeypatch):
    monkeypatch.setattr("nst.film.paint.KEY_FRAMES", 3)
    photos = moving(8)
    commission = Commission(photos[0], [PAINTING], SETTINGS)
    living = []
    states = weakref.WeakSet()
    for frame in paint_film(photos, len(photos), commission, tiny_vgg(), CPU):
        states.add(frame.state)
        del frame
        gc.collect()
        living.append(len(states))
    assert max(living) <= 3 < len(living)


# Files


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Runs the command with a tiny network."""
    import nst.__main__ as main

    PAINTING.save(tmp_path / "painting.png")
    monkeypatch.setattr(main, "load_vgg", lambda _: tiny_vgg())

    def run(clip, out, *more):
        knobs = ["--size", "64", "--steps", "35", "--start-size", "32"]
        return main.main([str(clip), str(tmp_path / "painting.png"), "-o", str(out), *knobs, *map(str, more)])

    return run


def shown(path):
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def seconds(path, kind):
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return float(stream.duration * stream.time_base)


@pytest.mark.slow
def test_a_clip_becomes_a_film_with_its_sound(shell, tmp_path):
    clip = write_film(tmp_path / "clip.mp4", moving(15), rate=12, sound=2)
    assert shell(clip, tmp_path / "out.mp4") == 0
    film = shown(tmp_path / "out.mp4")
    assert len(film) == 15 and film[0].size == (64, 48)
    assert seconds(tmp_path / "out.mp4", "video") == pytest.approx(15 / 12, abs=0.02)
    assert seconds(tmp_path / "out.mp4", "audio") == pytest.approx(15 / 12, abs=0.2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "out.mp4", "painting.png"]


@pytest.mark.slow
def test_a_film_file_shows_what_was_painted(shell, tmp_path):
    clip = write_film(tmp_path / "clip.mp4", moving(3))
    assert shell(clip, tmp_path / "out.mp4") == 0
    film = look(clip)
    photos = list(frames(film, part_of(film, 64)))
    assert difference(shown(tmp_path / "out.mp4")[-1], painted(photos)[-1].image) < 0.04


def test_a_part_of_an_odd_size_as_webp(shell, tmp_path):
    clip = write_film(tmp_path / "clip.mp4", moving(12))
    assert shell(clip, tmp_path / "out.webp", "--from", "0.25", "--to", "0.5", "--size", "47", "--fps", "12") == 0
    with Image.open(tmp_path / "out.webp") as film:
        assert (film.n_frames, film.size, film.info["loop"]) == (3, (46, 34), 0)


@pytest.mark.slow
def test_a_moving_webp_is_painted_as_a_film_and_a_still_one_is_not(shell, tmp_path):
    pictures = moving(3)
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], duration=80)
    pictures[0].save(tmp_path / "b.webp")
    assert shell(tmp_path / "a.webp", tmp_path / "out.webp") == 0
    assert shell(tmp_path / "b.webp", tmp_path / "still.webp") == 0
    with Image.open(tmp_path / "out.webp") as film, Image.open(tmp_path / "still.webp") as still:
        assert (film.n_frames, getattr(still, "n_frames", 1)) == (3, 1)


def interrupted_after(count, monkeypatch):
    """Ctrl-C after so many frames."""
    paint = command.paint_film

    def stopping(*arguments, **more):
        for number, frame in enumerate(paint(*arguments, **more), 1):
            yield frame
            if number == count:
                raise KeyboardInterrupt

    monkeypatch.setattr(command, "paint_film", stopping)


@pytest.mark.slow
def test_ctrl_c_keeps_a_film_and_the_same_command_goes_on(shell, tmp_path, monkeypatch):
    clip = write_film(tmp_path / "clip.mp4", moving(17))
    with monkeypatch.context() as patch:
        interrupted_after(14, patch)
        assert shell(clip, tmp_path / "out.mp4") == 130
    assert len(shown(tmp_path / "out.unfinished.mp4")) == 14
    with monkeypatch.context() as patch:
        interrupted_after(4, patch)  # there are only three left
        assert shell(clip, tmp_path / "out.mp4") == 0
    film = shown(tmp_path / "out.mp4")
    assert len(film) == 17
    assert not (tmp_path / "out.unfinished.mp4").exists() and not list(tmp_path.glob(".*"))


def test_another_order_begins_anew(tmp_path):
    photo = moving(1)[0]
    state = State(photo, to_pixels(photo, photo.size), torch.ones(1, 1, 48, 64), photo)
    pieces = Pieces(tmp_path / "out.mp4", {"size": 64})
    pieces.add([photo, photo], 2, 12, state)
    assert Pieces(tmp_path / "out.mp4", {"size": 64}).state()[0] == 2
    assert Pieces(tmp_path / "out.mp4", {"size": 65}).state() == (0, None)


def test_after_a_power_cut_the_film_goes_on_from_the_last_whole_piece(tmp_path):
    photos = moving(4)
    pieces = Pieces(tmp_path / "out.mp4", {})
    states = [State(one, to_pixels(one, one.size), torch.full((1, 1, 48, 64), 2.0), photos[0]) for one in photos]
    pieces.add(photos[:2], 2, 12, states[1])
    kept = (pieces.folder / "state.npz").read_bytes()
    pieces.add(photos[2:], 4, 12, states[3])
    (pieces.folder / "state.npz").write_bytes(kept)  # the power cut came between the piece and its state
    (pieces.folder / ".00000004.mp4").write_bytes(b"half a piece")
    again = Pieces(tmp_path / "out.mp4", {})
    done, state = again.state()
    assert done == 2 and [file.name for file in again.files] == ["00000000.mp4"]
    assert torch.equal(state.painted, states[1].painted) and torch.equal(state.age, states[1].age)
    assert difference(state.photo, photos[1]) == 0 and difference(state.first, photos[0]) == 0


def test_what_cannot_be_painted_is_one_line_and_leaves_nothing(shell, tmp_path, capsys):
    clip = write_film(tmp_path / "clip.mp4", moving(3))
    narrow = write_film(tmp_path / "narrow.mp4", moving(3, (64, 16)))
    (tmp_path / "noise.mp4").write_bytes(b"no film" * 100)
    (folder := tmp_path / "folder.mp4").mkdir()
    before = sorted(tmp_path.iterdir())
    for arguments, words in {
        (clip, tmp_path / "out.png"): "must end in .mp4 or .webp",
        (clip, tmp_path / "none" / "out.mp4"): "no folder",
        (clip, folder): "is a folder",
        (clip, clip): "is to be painted from",
        (tmp_path / "noise.mp4", tmp_path / "out.mp4"): "cannot be read",
        (tmp_path / "missing.mov", tmp_path / "out.mp4"): "was not found",
        (clip, tmp_path / "out.mp4", "--from", 9): "from must be",
        (clip, tmp_path / "out.mp4", "--fps", 0): "fps must be",
        (clip, tmp_path / "out.mp4", "--mask", clip): "--mask is for photos",
        (narrow, tmp_path / "out.mp4", "--size", 16): "short side needs",
    }.items():
        assert shell(*arguments) == 2, words
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.slow
def test_nobody_paints_for_days_by_mistake(shell, tmp_path, capsys, monkeypatch):
    clip = write_film(tmp_path / "clip.mp4", flat((90, 80, 70), 30))
    monkeypatch.setattr(command, "LONG", 20)
    assert shell(clip, tmp_path / "out.mp4") == 2
    assert "--from and --to" in capsys.readouterr().err
    assert shell(clip, tmp_path / "out.mp4", "--to", 3) == 0
