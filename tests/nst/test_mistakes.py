"""Mistakes have a sentence that can be translated, wherever they are noticed."""

import ast
import pickle
from pathlib import Path

import pytest

from nst import Settings
from nst.mistakes import Mistake
from nst.tiles import NO_ROOM, NoRoom

ENGINE = Path(__file__).parents[2] / "nst"
ONLY_IN_A_SHELL = {  # what no visitor of a page can get wrong
    "__main__",
    "batch",
    "checkpoint",
    "cluster",
    "deploy",
    "export",
    "files",
    "film.command",
    "film.writing",
    "gate.bitmaps",
    "image.pixels",
    "snapshot",
    "subject",
    "weights",
}


def plain_value_errors(path):
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    raised = [node.exc for node in nodes if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return any(ast.unparse(error.func) == "ValueError" for error in raised)


def test_every_mistake_of_a_visitor_can_be_translated():
    names = {".".join(path.relative_to(ENGINE).with_suffix("").parts): path for path in ENGINE.rglob("*.py")}
    assert {name for name, path in names.items() if plain_value_errors(path)} == ONLY_IN_A_SHELL


def test_a_mistake_says_the_sentence_with_its_values():
    with pytest.raises(Mistake) as refused:
        Settings(size=9)
    assert str(refused.value) == "size must be a whole number from 16 to 8192, not 9."
    assert refused.value.values["knob"] == "size" and "{value!r}" in refused.value.sentence


def test_braces_in_what_a_stranger_wrote_are_text():
    with pytest.raises(Mistake, match=r"not '\{knob\}'"):
        Settings(color="{knob}")


def test_a_mistake_travels_between_processes():
    for one in (Mistake("{a} and {b}", a=1, b="{c}"), NoRoom(NO_ROOM, width=1, height=2, needed=3.0, free=0.5)):
        again = pickle.loads(pickle.dumps(one))
        assert (type(again), str(again), again.values) == (type(one), str(one), one.values)
