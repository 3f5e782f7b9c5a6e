"""`pip install .` and the files of requirements ask for the same."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from nst.version import VERSION

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # which pytest brings along

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def required(file: str) -> set[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").split()
    return {line for line in lines if re.match(r"[a-z]", line) and not line.startswith("requirements")}


@pytest.mark.parametrize(
    ("file", "asked"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        ("requirements-cluster.txt", EXTRAS["cluster"]),
        ("requirements-dev.txt", [*EXTRAS["dev"][1:], *EXTRAS["mcp"]]),
    ],
)
def test_requirements_are_those_of_the_package(file: str, asked: list[str]) -> None:
    assert required(file) == set(asked)
    assert EXTRAS["dev"][0] == "nst-studio[cluster,mcp]"


def test_every_file_beside_the_code_of_the_page_is_package_data() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packed = {path for pattern in settings["package-data"]["studio"] for path in (ROOT / "studio").glob(pattern)}
    beside = {path for path in (ROOT / "studio").rglob("*.*") if path.suffix not in (".py", ".pyc", ".pyi")}
    assert packed == beside
    assert (ROOT / "nst" / "py.typed").exists() and settings["package-data"]["nst"] == ["py.typed", "assets/*"]


def test_the_version_is_said_once_and_the_changelog_begins_with_it() -> None:
    assert "version" in PROJECT["dynamic"] and "version" not in PROJECT
    assert f"## {VERSION}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
