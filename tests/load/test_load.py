"""The load tests can tell: whose picture it is, who was passed by whom, and what a chart shows."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from nst.image import save_png
from nst.record import Record
from nst.settings import Settings
from tests.load import visitors
from tests.load.chart import chart
from tests.load.visitors import Run, Visitor, coloured, colours, passed_by

pytestmark = pytest.mark.slow


@pytest.fixture
def visitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """The eighth of fifty, who has no page."""
    monkeypatch.setattr(visitors, "Client", lambda *_, **__: None)
    return Visitor("", 7, tmp_path, of=50)


def painted(tmp_path: Path, visitor: Visitor, number: int = 7, width: int = 64, seed: int = 1) -> Path:
    """What the server would send to the visitor of that number."""
    picture = coloured(width, 32 + number % 32, seed, colours(visitor.of)[number])
    text = Record(Settings(), f"photo-{number}.png", (f"painting-{number}.png",), "").text
    path = tmp_path / "painted.png"
    save_png(picture, path, text)
    return path


class TestVisitor:
    def test_knows_its_own(self, tmp_path: Path, visitor: Visitor) -> None:
        for _ in range(2):
            visitor.recognise(painted(tmp_path, visitor))

    def test_refuses_a_strangers_name(self, tmp_path: Path, visitor: Visitor) -> None:
        with pytest.raises(AssertionError, match="name"):
            visitor.recognise(painted(tmp_path, visitor, number=39))  # of the same shape

    def test_refuses_a_strangers_shape(self, tmp_path: Path, visitor: Visitor) -> None:
        with pytest.raises(AssertionError, match="shape"):
            visitor.recognise(painted(tmp_path, visitor, width=63))

    def test_refuses_a_strangers_colour(self, tmp_path: Path, visitor: Visitor) -> None:
        path = painted(tmp_path, visitor)
        with Image.open(path) as picture:
            text = picture.text
        save_png(coloured(64, 39, 1, colours(50)[6]), path, text)
        with pytest.raises(AssertionError, match="colour"):
            visitor.recognise(path)

    def test_refuses_other_pixels_than_before(self, tmp_path: Path, visitor: Visitor) -> None:
        visitor.recognise(painted(tmp_path, visitor))
        with pytest.raises(AssertionError, match="another picture"):
            visitor.recognise(painted(tmp_path, visitor, seed=2))

    def test_no_two_of_fifty_have_the_same(self) -> None:
        chosen = colours(50)
        apart = np.linalg.norm(chosen[:, None] - chosen, axis=2) + 1000 * np.eye(50)
        assert chosen.shape == (50, 3) and apart.min() > 50


def test_passed_by_counts_what_others_got_meanwhile() -> None:
    runs = [Run(0, 0.0, 4.0, 1), Run(1, 0.5, 1.0, 1), Run(1, 1.5, 2.0, 1), Run(2, 3.5, 5.0, 1)]
    assert passed_by(runs) == [2, 0, 0, 1]


def test_a_chart_has_a_line_of_all_values_for_each_name() -> None:
    tree = ElementTree.fromstring(chart({"memory": [1, 2, 4], "a < b": [0, 0, 0]}))
    lines = [one.get("points", "").split() for one in tree.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [[point.split(",")[1] for point in line] for line in lines] == [["97.5", "75.0", "30.0"], ["270.0"] * 3]
    assert "a < b: first 0, last 0, most 0" in "".join(tree.itertext())
