"""A blind vote: nobody is told who is who, and the strengths are those of Bradley and Terry."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from tests.benchmarks import blind
from tests.benchmarks.blind import Poll, Vote, handler, strengths


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The intervals that are looked at here leave much room."""
    monkeypatch.setattr(blind, "RESAMPLES", 50)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    for folder, color in (("old", "red"), ("new", "blue")):
        (tmp_path / folder).mkdir()
        for name in ("one.png", "two.png", f"only-{folder}.png", "notes.txt"):
            Image.new("RGB", (8, 8), color).save(tmp_path / folder / name, "PNG")
    return [tmp_path / "old", tmp_path / "new"]


def test_the_share_of_two_is_the_share_of_the_votes() -> None:
    votes = [Vote("a", "b", 1.0)] * 750 + [Vote("b", "a", 1.0)] * 250
    found = strengths(votes)
    odds = found["a"].share / (1 - found["a"].share) / (found["b"].share / (1 - found["b"].share))
    assert odds == pytest.approx(3, rel=0.01), "75 of 100 are odds of 3 to 1"
    assert found["a"].low < found["a"].share < found["a"].high
    assert found["a"].low > 0.5 > found["b"].high


def test_strengths_are_transitive_where_two_never_met() -> None:
    """a beats b three times of four, and b beats c likewise: a would beat c nine times of ten."""
    votes = (
        [Vote("a", "b", 1.0)] * 3 + [Vote("a", "b", 0.0)] + [Vote("b", "c", 1.0)] * 3 + [Vote("b", "c", 0.0)]
    ) * 100
    odds = {name: one.share / (1 - one.share) for name, one in strengths(votes).items()}
    assert odds["a"] / odds["c"] == pytest.approx(9, rel=0.02)


def test_ties_are_half_for_each_and_few_votes_say_little() -> None:
    tied = strengths([Vote("a", "b", 0.5)] * 10)
    assert tied["a"].share == pytest.approx(0.5)
    one = strengths([Vote("a", "b", 1.0)])
    assert 0.5 < one["a"].share < 1, "finite, whoever always won"


def test_each_pair_of_the_same_name_comes_once_on_either_side_by_chance(folders: list[Path], tmp_path: Path) -> None:
    poll = Poll(folders, tmp_path / "votes.jsonl", seed=1)
    shown = [poll.next() for _ in range(40)]
    pictures = [(poll.picture(one["left"]), poll.picture(one["right"])) for one in shown]
    assert {left.name for left, _ in pictures[:2]} == {"one.png", "two.png"}
    assert all(left.name == right.name and left.parent != right.parent for left, right in pictures)
    assert 8 < sum(left.parent.name == "old" for left, _ in pictures) < 32


def test_folders_without_a_common_name_are_answered(folders: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No two of the folders"):
        Poll(folders[:1], tmp_path / "votes.jsonl")


@pytest.fixture
def address(folders: list[Path], tmp_path: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(Poll(folders, tmp_path / "votes.jsonl"))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def asked(address: str, method: str = "GET") -> bytes:
    with urllib.request.urlopen(urllib.request.Request(address, method=method)) as answer:
        return bytes(answer.read())


def test_a_vote_goes_from_the_page_to_the_file_and_to_the_result(address: str, tmp_path: Path) -> None:
    assert b"Which is better?" in asked(f"{address}/")
    assert asked(f"{address}/result") == b"No votes yet."
    pair = json.loads(asked(f"{address}/pair"))
    assert "old" not in json.dumps(pair) and "new" not in json.dumps(pair), "nobody is told"
    assert asked(f"{address}/picture?id={pair['left']}").startswith(b"\x89PNG")
    asked(f"{address}/vote?pair={pair['id']}&better=left", "POST")
    (line,) = map(json.loads, (tmp_path / "votes.jsonl").read_text().splitlines())
    assert line["score"] == 1 and {Path(line["left"]).name, Path(line["right"]).name} == {"old", "new"}
    assert b"1 votes" in asked(f"{address}/result")
    assert len(Poll([tmp_path / "old", tmp_path / "new"], tmp_path / "votes.jsonl").votes) == 1, "and is there tomorrow"


@pytest.mark.parametrize("path", ["/picture?id=99", "/picture?id=../etc", "/nothing"])
def test_only_pictures_of_the_vote_are_shown(address: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError):
        asked(address + path)


def test_a_vote_on_nothing_is_refused(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError):
        asked(f"{address}/vote?pair=5&better=left", "POST")
