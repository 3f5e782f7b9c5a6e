"""Every program that the README and docs/ show is run as it stands there, smaller and against the page of the tests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gradio_client import Client
from PIL import Image

from nst.film.reading import look
from tests.films import moving, write_film
from tests.serving import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = {
    name: (language, code)
    for page in PAGES
    for name, language, code in re.findall(
        r"<!-- program: (\S+) -->\n```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL
    )
}
SMALLER = {
    "size=256, steps=60": "size=48, steps=2",
    "size=256": "size=48, steps=2",
    '"size": 256': '"size": 48, "steps": 2',
    "--size 512": "--size 48 --steps 2",
    "--size 384": "--size 48 --steps 2",
}
SNAPSHOT = Path(__file__).with_name("api.json")


def smaller(code: str, server: str) -> str:
    for said, tested in SMALLER.items():
        if said in code:
            code = code.replace(said, tested)
            break
    return code.replace("http://127.0.0.1:7860", server.rstrip("/")).replace(".venv/bin/python", sys.executable)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples and a clip, where a program may leave its pictures."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    write_film(tmp_path / "clip.mp4", moving(3))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_ways_are_shown() -> None:
    of_pictures = {"streaming", "one-shot", "parallel", "curl", "library", "shell"}
    assert set(PROGRAMS) == of_pictures | {"film", "film-shell", "film-streaming", "checkpoint"}


def test_no_program_in_python_goes_untested() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert text.count("```python") == len(re.findall(r"<!-- program: \S+ -->\n```python", text)), page.name


@pytest.mark.parametrize("name", [name for name, (language, _) in PROGRAMS.items() if language == "python"])
def test_a_program_in_python(name: str, server: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, code = PROGRAMS[name]
    scope: dict[str, object] = {}
    exec(compile(smaller(code, server), name, "exec"), scope)
    assert capsys.readouterr().out
    if isinstance(client := scope.get("client"), Client):
        client.close()


@pytest.mark.parametrize(("name", "picture"), [("curl", "barn.png"), ("shell", "panda.png"), ("film-shell", None)])
def test_a_program_in_a_shell(name: str, picture: str | None, server: str, desk: Path) -> None:
    _, code = PROGRAMS[name]
    said = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-euc", smaller(code, server)], env=said, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if picture is None:
        assert look(desk / "film.mp4").size == (48, 36)
        return
    with Image.open(desk / picture) as painted:
        assert max(painted.size) == 48


def described(server: str) -> dict[str, object]:
    client = Client(server, verbose=False, analytics_enabled=False)
    told = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    client.close()
    return {name: json.loads(json.dumps(told[name])) for name in ("/stylize", "/stylize_video")}


def test_the_api_is_as_it_was(server: str) -> None:
    """After a wanted change: API_SNAPSHOT=write python -m pytest tests/test_programs.py"""
    if os.environ.get("API_SNAPSHOT") == "write":
        SNAPSHOT.write_text(json.dumps(described(server), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert described(server) == json.loads(SNAPSHOT.read_text(encoding="utf-8"))
