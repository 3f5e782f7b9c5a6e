"""What the README promises a newcomer is there."""

import re
from pathlib import Path

import pytest

from nst.__main__ import OPTIONS
from nst.settings import KNOBS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_links_to_files_lead_somewhere(target):
    assert (ROOT / target).exists()


def test_every_required_package_has_a_line_that_says_what_for():
    table = README.split("## What it stands on")[1].split("## Thanks")[0]
    for file in ("requirements.txt", "requirements-cluster.txt", "requirements-dev.txt"):
        for package in re.findall(r"^([a-z_-]+)[>=\[]", (ROOT / file).read_text(), re.MULTILINE):
            assert package in table, package


def test_the_knobs_it_mentions_exist():
    for flag in re.findall(r"--([a-z]+(?:-[a-z]+)*) ", " ".join(re.findall(r"-m nst .*", README))):
        assert flag.replace("-", "_") in KNOBS or flag in OPTIONS
