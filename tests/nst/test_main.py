"""The shell: its exit code, its streams and its file. Once for real, as a process; else within this one."""

import errno
import io
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
import tifffile
from huggingface_hub.utils import _cache_assets
from PIL import Image

from nst import faces
from nst.__main__ import main
from nst.batch import photos_in
from nst.files import WRITERS
from nst.image import read_text
from nst.record import read_record
from nst.settings import KNOBS
from nst.transfer import paint
from tests.fakes.faces import detector, photo_of
from tests.painting import interrupt, noise

ROOT = Path(__file__).parents[2]


def process(*arguments):
    command = [sys.executable, "-m", "nst", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=240)


def shell(*arguments):
    """The same without the seconds that a process takes to import."""
    here, out, err = Path.cwd(), io.StringIO(), io.StringIO()
    os.chdir(ROOT)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(list(map(str, arguments)))
    except SystemExit as exit:
        code = exit.code
    finally:
        os.chdir(here)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def same(real, here):
    """Whether a process ended as the same command did within this one, but for the seconds that it took."""
    words = [[line for line in run.stderr.splitlines() if "step" not in line] for run in (real, here)]
    return (real.returncode, real.stdout) == (here.returncode, here.stdout) and words[0] == words[1]


@pytest.mark.slow
def test_a_picture_is_painted_and_written_with_what_painted_it(photo, painting, tmp_path):
    out = tmp_path / "out.png"
    command = (photo, painting, "-o", out, "--size", 64, "--steps", 4, "--content-weight", 0.3, "--seed", 7)
    run = process(*command)
    assert (run.returncode, run.stdout) == (0, "")
    assert "step 4/4" in run.stderr and "s left" in run.stderr
    with Image.open(out) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (64, 48))
    settings = read_record(read_text(out)).settings
    assert (settings.size, settings.steps, settings.content_weight, settings.seed) == (64, 4, 0.3, 7)
    assert [file.name for file in tmp_path.iterdir()] == ["out.png"], "nothing partial stays behind"
    assert same(run, shell(*command))


@pytest.mark.usefixtures("small_network")
def test_a_cut_out_from_a_telephone_gets_its_transparency_back(painting, tmp_path):
    cut_out = noise(96, 72, 4).convert("RGBA")
    cut_out.paste((0, 0, 0, 0), (0, 0, 48, 72))
    pillow_heif.from_pillow(cut_out).save(tmp_path / "cut-out.HEIC", quality=-1)
    pictures, asked = (tmp_path / "cut-out.HEIC", painting), ("--size", 64, "--steps", 2, "--transparency")
    assert main([*map(str, (*pictures, "-o", tmp_path / "out.png", *asked, "kept"))]) == 0
    assert main([*map(str, (*pictures, "-o", tmp_path / "white.png", *asked, "white"))]) == 0
    with Image.open(tmp_path / "out.png") as kept, Image.open(tmp_path / "white.png") as white:
        assert (kept.mode, kept.size, white.mode) == ("RGBA", (64, 48), "RGB")
        assert kept.convert("RGB").tobytes() == white.tobytes(), "painted alike"
        assert (kept.getpixel((8, 24))[3], kept.getpixel((56, 24))[3]) == (0, 255)
    assert main([*map(str, (painting, painting, "-o", tmp_path / "opaque.png", *asked, "kept"))]) == 0
    with Image.open(tmp_path / "opaque.png") as opaque:
        assert opaque.mode == "RGB"


def test_photos_of_a_folder_are_known_by_their_endings(tmp_path):
    for name in ("a.HEIC", "b.heif", "c.jpg", "d.avif", "e.txt", ".f.heic"):
        (tmp_path / name).touch()
    assert [photo.name for photo in photos_in([tmp_path])] == ["a.HEIC", "b.heif", "c.jpg", "d.avif"]


def test_tiles_and_their_memory_are_said_before_the_run(photo, painting, tmp_path, capsys):
    assert (
        main([str(photo), str(painting), "-o", str(tmp_path / "out.png"), "--size=96", "--steps=1", "--tile=64"]) == 0
    )
    assert capsys.readouterr().err.startswith("nst: Worked on in tiles of 64 pixels, with about 0.3 GB of memory.")


@pytest.mark.usefixtures("small_network")
def test_several_paintings_and_another_format(photo, painting, tmp_path):
    out = tmp_path / "out.jpg"
    assert shell(photo, painting, photo, "-o", out, "--size", 64, "--steps", 2, "--style-mix", "2 1").returncode == 0
    with Image.open(out) as image:
        assert image.format == "JPEG"


@pytest.mark.usefixtures("small_network")
def test_a_film_of_the_painting(photo, painting, tmp_path):
    film = tmp_path / "film.mp4"
    run = shell(photo, painting, "-o", tmp_path / "out.png", "--size", 64, "--steps", 5, "--timelapse", film)
    assert run.returncode == 0
    with av.open(str(film)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert len(list(container.decode(video=0))) > 5


@pytest.mark.slow
def test_a_process_that_paints_nothing_ends_as_the_same_command_within_this_one(photo, tmp_path):
    command = (photo, "missing.jpg", "-o", tmp_path / "out.png", "--size=64", "--steps=2")
    assert same(process(*command), shell(*command))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing.jpg", "PAINTING", "-o", "OUT"], "photo"),
        (["PHOTO", "missing.jpg", "-o", "OUT"], "painting"),
        ([__file__, "PAINTING", "-o", "OUT"], "The photo is not a picture that can be read"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--size", "12"], "size must be a whole number from 16 to"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--size", "big"], "big"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--recipe", "soup"], "recipe must be one of painting, tutorial"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--style-layers", "relu9_1"], "'relu9_1' is not a layer of vgg19"),
        (["PHOTO", "PAINTING", "-o", "OUT.bmp"], "The output must end in .png or"),
        (["PHOTO", "PAINTING", "-o", "nowhere/out.png"], "There is no folder"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--timelapse", "film.gif"], "The output must end in .mp4"),
        (["PHOTO", "PAINTING"], "-o"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--zebra", "1"], "zebra"),
    ],
)
def test_bad_input_is_one_line_exit_2_and_no_file(arguments, sentence, photo, painting, tmp_path):
    places = {"PHOTO": photo, "PAINTING": painting, "OUT": tmp_path / "out.png", "OUT.bmp": tmp_path / "out.bmp"}
    run = shell(*(places.get(word, word) for word in arguments))
    assert run.returncode == 2
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert sentence in line and "Traceback" not in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["PHOTO", "PAINTING", "-o", "OUT", "--depth", "24"], "24"),
        (
            ["PHOTO", "PAINTING", "-o", "OUT.jpg", "--transparency", "kept"],
            "JPEG has no transparency: write one of .png",
        ),
        (["PHOTO", "PAINTING", "-o", "OUT.jpg", "--depth", "16"], "16 bits a channel need .png or .tif"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--dpi", "0"], "dpi must be a whole number from 1 to 65535, not 0"),
        (["PHOTO", "PAINTING", "-o", "PHOTO"], "is a picture to paint from"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--mask", "missing.png"], "The mask was not found"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--mask", "subject"], "Nothing stands out in this photo"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--mask", "subject", "--mask", "PHOTO"], "--mask subject stands alone"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--mask-feather", "2"], "--mask-feather needs --mask"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--mask", "PHOTO", "--mask-feather", "21"], "must be from 0 to 20 percent"),
        (["PAINTING", "-o", "OUT", "--content-weight", "0", "--size", "photo"], "--size photo needs a photo"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--tileable", "z"], "tileable must be one of no, x, y, both, not 'z'"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--mask", "PHOTO", "--mask", "PHOTO"], "one mask for each painting"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--start", "missing.png"], "The picture to start from was not found"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--weights", "missing.pth"], "missing.pth"),
        (["PHOTO", "PAINTING", "-o", "OUT", "--format", "tif"], "--format is for a folder"),
        (["PHOTO", "-o", "OUT"], "PAINTING"),
        (["PHOTO", "PAINTING", "--style", "PAINTING", "-o", "OUT"], "the output must be a folder"),
        (["PHOTO", "elsewhere/photo.jpg", "--style", "PAINTING", "-o", "FOLDER"], "would both become"),
        (["FOLDER", "--style", "PAINTING", "-o", "FOLDER"], "There is no picture in the folder"),
        (["missing.jpg", "--style", "PAINTING", "-o", "FOLDER"], "missing.jpg: The photo was not found"),
        (["LARGE", "PAINTING", "-o", "OUT", "--size", "photo"], "size must be a whole number from 16 to"),
    ],
)
def test_more_bad_input(arguments, sentence, photo, painting, tmp_path, tmp_path_factory, capsys):
    large = tmp_path_factory.getbasetemp() / "large.png"
    Image.new("RGB", (20_000, 100)).save(large)
    places = {"PHOTO": photo, "PAINTING": painting, "OUT": tmp_path / "out.png", "OUT.jpg": tmp_path / "out.jpg"}
    places |= {"FOLDER": tmp_path, "LARGE": large}
    try:
        code = main([str(places.get(word, word)) for word in arguments])
    except SystemExit as exit:
        code = exit.code
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    (line,) = said.err.splitlines()
    assert line.startswith("nst: ") and sentence in line
    assert list(tmp_path.iterdir()) == []


def folder_of(tmp_path, *names):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number, name in enumerate(names):
        noise(80, 60, number).save(photos / name)
    return photos


def listed(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.usefixtures("small_network")
def test_a_folder_of_photos_is_painted_one_by_one_and_a_broken_one_costs_one_line(painting, tmp_path):
    photos, out = folder_of(tmp_path, "a.jpg", "b.png"), tmp_path / "out"
    (photos / "broken.jpg").write_text("no picture")
    (photos / "notes.txt").write_text("no picture either")
    arguments = (photos, "--style", painting, "--style", photos / "a.jpg", "-o", out, "--size", 64, "--steps", 2)
    run = shell(*arguments)
    assert run.returncode == 1
    (line,) = (line for line in run.stderr.replace("\r", "\n").splitlines() if line.startswith("nst:"))
    assert line == (
        f"nst: {photos / 'broken.jpg'}: The photo is not a picture that can be read; "
        "please use a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC file."
    )
    assert "2/3 photos, " not in run.stderr and "1/3 photos, step 2/2" in run.stderr and "s left" in run.stderr
    assert listed(out) == ["a.png", "b.png"]
    (photos / "broken.jpg").unlink()
    (out / "b.png").unlink()
    kept = (out / "a.png").read_bytes()
    (out / "a.png").write_bytes(kept + b"and more")
    again = shell(*arguments)
    assert again.returncode == 0 and "1 of 2 pictures were there already" in again.stderr
    assert listed(out) == ["a.png", "b.png"]
    assert (out / "a.png").read_bytes() == kept + b"and more", "it was left as it was"
    assert shell(*arguments).returncode == 0


BYTES = os.fsdecode(b"caf\xe9.png")  # no UTF-8


@pytest.mark.usefixtures("small_network")
@pytest.mark.slow
def test_twenty_photos_of_which_three_are_broken(painting, tmp_path):
    photos, out = folder_of(tmp_path, *(f"{number:02}.png" for number in range(16)), BYTES), tmp_path / "out"
    broken = {"cut.png": (photos / "00.png").read_bytes()[:300], "words.jpg": b"no picture"}
    for name, content in broken.items():
        (photos / name).write_bytes(content)
    (photos / "loop.png").symlink_to("loop.png")
    run = shell(photos, "--style", painting, "-o", out, "--size", 32, "--steps", 1)
    assert run.returncode == 1
    lines = [line for line in run.stderr.replace("\r", "\n").splitlines() if line.startswith("nst:")]
    assert [line.partition(": The photo ")[0] for line in lines] == [
        f"nst: {photos / name}" for name in ("cut.png", "loop.png", "words.jpg")
    ]
    assert listed(out) == sorted([*(f"{number:02}.png" for number in range(16)), BYTES])


@pytest.mark.usefixtures("small_network")
def test_names_that_are_no_text_are_painted_and_remembered_as_text(painting, tmp_path):
    photo, style, out = tmp_path / BYTES, tmp_path / os.fsdecode(b"p\xe9.png"), tmp_path / os.fsdecode(b"o\xe9.png")
    noise(80, 60, 1).save(photo)
    noise(80, 60, 2).save(style)
    assert shell(photo, style, "-o", out, "--size", 32, "--steps", 1).returncode == 0
    record = read_record(read_text(out))
    assert (record.photo, record.paintings) == ("caf\N{REPLACEMENT CHARACTER}.png", ("p\N{REPLACEMENT CHARACTER}.png",))


@pytest.mark.parametrize("what", ["photo", "painting", "mask", "start", "weights", "out", "timelapse"])
@pytest.mark.parametrize("name", ["x" * 300, "loop"])
def test_a_name_that_leads_nowhere_is_one_line(what, name, photo, painting, tmp_path):
    place = tmp_path / f"{name}.{'mp4' if what == 'timelapse' else 'png'}"
    if name == "loop":
        place.symlink_to(place.name)
        if what in ("out", "timelapse"):
            place /= f"inside{place.suffix}"
    places = {"photo": photo, "painting": painting, "out": tmp_path / "out.png"} | {what: place}
    more = () if what in ("photo", "painting", "out") else (f"--{what}", place)
    run = shell(places["photo"], places["painting"], "-o", places["out"], *more, "--size", 32, "--steps", 1)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith("nst: ") and "Traceback" not in line
    assert not (tmp_path / "out.png").exists()


@pytest.mark.usefixtures("small_network")
def test_a_name_as_long_as_names_may_be(photo, painting, tmp_path):
    out = tmp_path / f"{'x' * 251}.png"
    assert shell(photo, painting, "-o", out, "--size", 32, "--steps", 1).returncode == 0
    assert listed(tmp_path) == [out.name]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--timelapse", "FOLDER.mp4"), "is a folder"),
        (("--dpi", "70000"), "dpi must be a whole number from 1 to 65535, not 70000"),
        (("--dpi", "5000000000"), "dpi must be a whole number from 1 to 65535"),
        (("-o", "FOLDER.mp4/folder.png"), "is a folder"),
    ],
)
def test_what_would_fail_after_the_work_is_refused_before_it(more, sentence, photo, painting, tmp_path, monkeypatch):
    monkeypatch.setattr("nst.__main__.paint", lambda *_: pytest.fail("it was painted"))
    (tmp_path / "FOLDER.mp4" / "folder.png").mkdir(parents=True)
    more = [str(tmp_path / word) if word.startswith("FOLDER") else word for word in more]
    run = shell(photo, painting, "-o", tmp_path / "out.tif", *more)
    assert run.returncode == 2 and sentence in run.stderr
    assert listed(tmp_path) == ["FOLDER.mp4"]


def test_whatever_fails_in_the_end_the_picture_is_saved(photo, painting, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("nst.files.WRITERS", {**WRITERS, ".tif": full})
    out = tmp_path / "out.tif"
    run = shell(photo, painting, "-o", out, "--size", 32, "--steps", 1)
    (line,) = (line for line in run.stderr.replace("\r", "\n").splitlines() if line.startswith("nst:"))
    assert run.returncode == 2
    assert f"{str(out)!r} could not be written: No space left on device. The picture is in " in line
    with Image.open(re.search("is in '(.*)' instead", line)[1]) as rescued:
        assert rescued.size == (32, 24)
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".png"], "nothing partial stays"


def test_a_film_that_fails_costs_no_picture(photo, painting, tmp_path, monkeypatch):
    def fails(frames, target):
        Path(target).write_bytes(b"half a film")
        raise ValueError("The encoder is tired.")

    monkeypatch.setattr("nst.__main__.time_lapse", fails)
    more = ("--size", 32, "--steps", 1, "--timelapse", tmp_path / "film.mp4")
    run = shell(photo, painting, "-o", tmp_path / "out.png", *more)
    assert run.returncode == 1 and "could not be written: The encoder is tired.\n" in run.stderr
    assert listed(tmp_path) == ["out.png"]


def test_a_run_that_breaks_leaves_the_picture_so_far(photo, painting, tmp_path, monkeypatch):
    def breaks(commission, network):
        yield next(paint(commission, network))
        raise RuntimeError("The device is gone.")

    monkeypatch.setattr("nst.__main__.paint", breaks)
    with pytest.raises(RuntimeError, match="The device is gone"):
        shell(photo, painting, "-o", tmp_path / "out.png", "--size", 32, "--steps", 5)
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (32, 24)


@pytest.mark.usefixtures("small_network")
def test_in_print_quality_as_large_as_the_photo(photo, painting, tmp_path):
    out = tmp_path / "out"
    arguments = (photo, "--style", painting, "-o", out, "--size", "photo", "--steps", 1, "--format", "tif")
    assert shell(*arguments, "--dpi", 240).returncode == 0
    with tifffile.TiffFile(out / "photo.tif") as file:
        (page,) = file.pages
        assert (page.shape, page.dtype) == ((120, 160, 3), "uint16")
        assert page.get_resolution(unit="INCH") == (240, 240)
        assert '\\"size\\": 160' in page.description


@pytest.mark.slow
def test_the_subject_is_painted_or_all_but_it(painting, tmp_path):
    bird, changed = ROOT / "examples" / "content" / "kingfisher.jpg", {}
    for part in ("subject", "background"):
        out = tmp_path / f"{part}.png"
        assert shell(bird, painting, "-o", out, "--size", 128, "--steps", 2, "--mask", part).returncode == 0
        with Image.open(out) as painted, Image.open(bird) as photo:
            before = np.asarray(photo.resize(painted.size, Image.Resampling.LANCZOS), float)
            changed[part] = np.abs(np.asarray(painted, float) - before).mean(2)
    breast, sky = (slice(30, 42), slice(48, 54)), (slice(5, 40), slice(95, 125))
    assert changed["subject"][breast].mean() > 2 > changed["subject"][sky].mean()
    assert changed["background"][sky].mean() > 2 > changed["background"][breast].mean()


@pytest.mark.usefixtures("small_network")
def test_faces_keep_their_features_in_every_photo_that_has_some(painting, tmp_path, monkeypatch):
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    photo_of((9, 6)).save(photos / "somebody.png")
    photo_of().save(photos / "nobody.png")
    arguments = (photos, "--style", painting, "-o", out, "--size", 64, "--steps", 2, "--keep-faces", "yes")
    faces._detector.cache_clear()
    monkeypatch.setattr(_cache_assets, "HF_ASSETS_CACHE", str(tmp_path / "empty"))
    run = shell(*arguments)
    assert run.returncode == 2 and run.stderr.count("the brush or the mask of the subject does instead.") == 2
    monkeypatch.setattr(faces, "fetch_whole", lambda *_: detector())
    assert shell(*arguments).returncode == 0
    for name in ("somebody", "nobody"):
        assert read_record(read_text(out / f"{name}.png")).settings.keep_faces == "yes"
    faces._detector.cache_clear()


@pytest.mark.slow
def test_a_mask_can_be_given_softer_edges(photo, painting, tmp_path):
    mask, changed = Image.new("L", (160, 120)), {}
    mask.paste(255, (0, 0, 80, 120))
    mask.save(tmp_path / "mask.png")
    for feather in (0, 10):
        out = tmp_path / f"{feather}.png"
        options = ("--size", 64, "--steps", 2, "--mask", tmp_path / "mask.png", "--mask-feather", feather)
        assert shell(photo, painting, "-o", out, *options).returncode == 0
        with Image.open(out) as painted, Image.open(photo) as before:
            smaller = before.convert("RGB").resize(painted.size, Image.Resampling.LANCZOS)
            changed[feather] = np.abs(np.asarray(painted, float) - np.asarray(smaller, float)).mean((0, 2))
    beyond = slice(34, 40)  # columns on the side that stays
    assert changed[10][beyond].mean() > 3 * changed[0][beyond].mean()


@pytest.mark.usefixtures("small_network")
def test_a_painting_alone_becomes_a_texture(painting, tmp_path):
    out, few = tmp_path / "tile.png", ("--size", 64, "--steps", 2, "--tileable", "both")
    assert shell(painting, "-o", out, *few, "--content-weight", 0).returncode == 0
    with Image.open(out) as tile:
        assert tile.size == (64, 64)
    record = read_record(read_text(out))
    assert (record.photo, record.paintings, record.settings.tileable) == ("", (painting.name,), "both")


def test_masks_and_a_picture_to_go_on_from(photo, painting, tmp_path):
    Image.new("L", (160, 120), 0).save(tmp_path / "black.png")
    left = Image.new("L", (160, 120), 0)
    left.paste(255, (0, 0, 80, 120))
    left.save(tmp_path / "left.png")
    start, out = noise(64, 48, 5), tmp_path / "out.png"
    start.save(tmp_path / "start.png")
    more = ("--mask", tmp_path / "left.png", "--start", tmp_path / "start.png", "--learning-rate", 1e-4)
    run = shell(photo, painting, "-o", out, "--size", 64, "--steps", 1, "--optimizer", "sgd", *more)
    assert run.returncode == 0, run.stderr
    with Image.open(photo) as original, Image.open(out) as picture:
        shown, untouched = (
            np.asarray(picture, int),
            np.asarray(original.resize((64, 48), Image.Resampling.LANCZOS), int),
        )
    assert np.abs(shown[:, 36:] - untouched[:, 36:]).max() <= 2, "the photo stays where the mask is black"
    assert np.abs(shown[:, :28] - np.asarray(start, int)[:, :28]).mean() < 20, "and the start is where it is white"


@pytest.mark.usefixtures("small_network")
def test_ctrl_c_in_a_folder_keeps_a_picture_that_is_not_taken_for_a_finished_one(painting, tmp_path, monkeypatch):
    photos, out = folder_of(tmp_path, "a.png", "b.png"), tmp_path / "out"
    arguments = [photos, "--style", painting, "-o", out, "--size", "64", "--steps"]
    with monkeypatch.context() as patch:
        interrupt(3, patch)
        run = shell(*arguments, 10_000)
    assert run.returncode == 130 and "Traceback" not in run.stderr
    assert listed(out) == ["a.unfinished.png"]
    assert shell(*arguments, 2).returncode == 0
    assert listed(out) == ["a.png", "b.png"], "what was left unfinished is painted, and its first try is gone"


@pytest.mark.slow
def test_ctrl_c_keeps_the_picture_so_far(photo, painting, tmp_path):
    out = tmp_path / "out.png"
    command = [sys.executable, "-m", "nst", photo, painting, "-o", out, "--size", "64", "--steps", "10000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as run:
        seen, deadline = "", time.monotonic() + 240
        while "step 3/" not in seen and time.monotonic() < deadline:
            seen += run.stderr.read(1)
        run.send_signal(signal.SIGINT)
        rest = run.stderr.read()
        assert run.wait(240) == 130
    assert "Traceback" not in rest
    with Image.open(out) as image:
        assert image.size == (64, 48)


def test_help_names_every_knob():
    words = shell("--help").stdout
    assert all(f"--{name.replace('_', '-')}" in words for name in KNOBS)
