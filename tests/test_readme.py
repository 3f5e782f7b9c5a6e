"""What the README and docs/ promise a newcomer is there."""

import re
from pathlib import Path

import pytest

from nst.__main__ import OPTIONS
from nst.film.command import OPTIONS as FILM_OPTIONS
from nst.settings import KNOBS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
}
ALL = "\n".join(PAGES.values())
LINKS = sorted({(page, link) for page, text in PAGES.items() for link in re.findall(r"\]\((?!http)([^)]+)\)", text)})
HEADER = dict(re.findall(r"^(\w+): (.+)$", README.split("---")[1], re.MULTILINE))


def test_the_space_header_names_this_app_and_a_gradio_that_the_requirements_allow():
    assert (HEADER["sdk"], HEADER["app_file"]) == ("gradio", "app.py")
    assert "gradio>=6.31,<6.32" in (ROOT / "requirements.txt").read_text()
    assert HEADER["sdk_version"].startswith("6.31.")
    assert HEADER["license"] == "mit" and (ROOT / "LICENSE").read_text().startswith("MIT License")


def test_both_commands_are_one_line_each_and_set_up_from_nothing():
    for name in ("demo", "test"):
        (block,) = re.findall(rf"<!-- {name} command -->\n```sh\n(.*?)\n```", README, re.DOTALL)
        assert "\n" not in block and block.startswith("python3 -m venv .venv && .venv/bin/pip install -r requirements")


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_links_lead_somewhere(page, link):
    target, _, heading = link.partition("#")
    file = (ROOT / page).parent / target if target else ROOT / page
    assert file.exists()
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
    assert not heading or heading in [one.lower().replace(" ", "-") for one in headings]


def test_the_readme_is_read_in_a_few_minutes():
    assert len(README.split()) <= 1500


def test_every_required_package_has_a_line_that_says_what_for():
    table = README.split("## What it stands on")[1].split("## Thanks")[0]
    for file in ("requirements.txt", "requirements-cluster.txt", "requirements-dev.txt"):
        for package in re.findall(r"^([a-z_-]+)[>=\[]", (ROOT / file).read_text(), re.MULTILINE):
            assert package in table, package


def test_the_knobs_it_mentions_exist():
    for flag in re.findall(r"--([a-z]+(?:-[a-z]+)*) ", " ".join(re.findall(r"-m nst .*", ALL))):
        assert flag.replace("-", "_") in KNOBS or flag in {**OPTIONS, **FILM_OPTIONS}


def test_the_map_names_files_that_are_there():
    named = re.findall(r"`((?:nst|studio|tests|docs|examples)/[\w./-]*|app\.py)`", PAGES["CONTRIBUTING.md"])
    assert len(named) > 40
    assert [path for path in named if not (ROOT / path).exists()] == []
