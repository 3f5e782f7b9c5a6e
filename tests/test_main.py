"""The shell, for real: a process, its exit code, its streams and its file."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest
from PIL import Image

from nst.image import read_text
from nst.record import read_record
from nst.settings import KNOBS

ROOT = Path(__file__).parents[1]


def shell(*arguments, **more):
    command = [sys.executable, "-m", "nst", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=240, **more)


def test_a_picture_is_painted_and_written_with_what_painted_it(photo, painting, tmp_path):
    out = tmp_path / "out.png"
    run = shell(photo, painting, "-o", out, "--size", 64, "--steps", 4, "--content-weight", 0.3, "--seed", 7)
    assert (run.returncode, run.stdout) == (0, "")
    assert "step 4/4" in run.stderr and "s left" in run.stderr
    with Image.open(out) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (64, 48))
    settings = read_record(read_text(out)).settings
    assert (settings.size, settings.steps, settings.content_weight, settings.seed) == (64, 4, 0.3, 7)
    assert [file.name for file in tmp_path.iterdir()] == ["out.png"], "nothing partial stays behind"


def test_several_paintings_and_another_format(photo, painting, tmp_path):
    out = tmp_path / "out.jpg"
    assert shell(photo, painting, photo, "-o", out, "--size", 64, "--steps", 2, "--style-mix", "2 1").returncode == 0
    with Image.open(out) as image:
        assert image.format == "JPEG"


def test_a_film_of_the_painting(photo, painting, tmp_path):
    film = tmp_path / "film.mp4"
    run = shell(photo, painting, "-o", tmp_path / "out.png", "--size", 64, "--steps", 5, "--timelapse", film)
    assert run.returncode == 0
    with av.open(str(film)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert len(list(container.decode(video=0))) > 5


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


def test_ctrl_c_keeps_the_picture_so_far(photo, painting, tmp_path):
    out = tmp_path / "out.png"
    command = [sys.executable, "-m", "nst", photo, painting, "-o", out, "--size", "64", "--steps", "10000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as run:
        seen, deadline = "", time.monotonic() + 120
        while "step 3/" not in seen and time.monotonic() < deadline:
            seen += run.stderr.read(1)
        run.send_signal(signal.SIGINT)
        rest = run.stderr.read()
        assert run.wait(60) == 130
    assert "Traceback" not in rest
    with Image.open(out) as image:
        assert image.size == (64, 48)


def test_help_names_every_knob():
    words = shell("--help").stdout
    assert all(f"--{name.replace('_', '-')}" in words for name in KNOBS)
