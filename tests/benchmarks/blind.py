"""Which of two painters is preferred by people who do not know which is which?

    python -m tests.benchmarks.blind FOLDER FOLDER [FOLDER ...] [--port 8765] [--votes FILE]

Opens a small page of this machine with two pictures of the same name from two of the folders, left or right by chance.
A vote is a click, or an arrow key; the down arrow is a tie. All votes are kept, a line each, in a file beside which
they can be counted anew at any time: the page shows the folders' strengths only once it is asked for them.

Strengths are those of Bradley & Terry 1952, with 95 % confidence intervals from votes drawn anew (Efron 1979).
"""

from __future__ import annotations

import argparse
import json
import random
import webbrowser
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.report import OUT

RESAMPLES = 1000  # of the votes, for the intervals
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
PAGE = """<!doctype html><meta charset="utf-8"><title>Which is better?</title>
<style>body{margin:0;background:#222;color:#ddd;font:16px sans-serif;text-align:center}
div{display:flex;height:88vh;gap:8px;padding:8px}img{width:50%;object-fit:contain;cursor:pointer}</style>
<div><img id="left"><img id="right"></div><p><span id="said"></span> &middot; arrow keys; down is a tie
&middot; <a style="color:#9cf" href="/result">result</a></p>
<script>
let pair;
async function next() {
  pair = await (await fetch("/pair")).json();
  for (const side of ["left", "right"]) document.getElementById(side).src = "/picture?id=" + pair[side];
  said.textContent = pair.votes + " votes";
}
async function vote(side) { await fetch("/vote?pair=" + pair.id + "&better=" + side, {method: "POST"}); next(); }
for (const side of ["left", "right"]) document.getElementById(side).onclick = () => vote(side);
onkeydown = (event) => {
  const side = {ArrowLeft: "left", ArrowRight: "right", ArrowDown: "tie"}[event.key];
  if (side) vote(side);
};
next();
</script>"""


class Vote(NamedTuple):
    """Of two folders, which was preferred; a tie counts half for each."""

    first: str
    second: str
    score: float  # 1: the first, 0: the second, 0.5: neither


class Strength(NamedTuple):
    """How often a folder is preferred to an average one, in [0, 1], with both ends of the interval."""

    share: float
    low: float
    high: float


def strengths(votes: Sequence[Vote], seed: int = 0) -> dict[str, Strength]:
    """Of each folder that was voted on."""
    names = sorted({name for vote in votes for name in vote[:2]})
    wins = _wins(votes, names)
    generator = np.random.default_rng(seed)
    drawn = (generator.integers(0, len(votes), len(votes)) for _ in range(RESAMPLES))
    again = np.array([_shares(_wins([votes[index] for index in some], names)) for some in drawn])
    low, high = np.percentile(again, (2.5, 97.5), axis=0)
    return dict(zip(names, map(Strength._make, zip(_shares(wins), low, high, strict=True)), strict=True))


def _wins(votes: Sequence[Vote], names: Sequence[str]) -> NDArray[np.float64]:
    """How often the folder of a row was preferred to that of a column."""
    table = np.zeros((len(names), len(names)))
    for first, second, score in votes:
        i, j = names.index(first), names.index(second)
        table[i, j] += score
        table[j, i] += 1 - score
    return table


def _shares(wins: NDArray[np.float64]) -> NDArray[np.float64]:
    """By the iteration of Hunter 2004; half a tie of everybody with everybody keeps all strengths finite."""
    wins = wins + 0.25 * (1 - np.eye(len(wins)))
    games, strength = wins + wins.T, np.ones(len(wins))
    for _ in range(200):
        strength = wins.sum(1) / (games / (strength[:, None] + strength)).sum(1)
        strength /= np.exp(np.log(strength).mean())
    return strength / (strength + 1)


class Poll:
    """Who is shown beside whom, and what was said."""

    def __init__(self, folders: Sequence[Path], file: Path, seed: int | None = None) -> None:
        names = [{path.name for path in folder.iterdir() if path.suffix.lower() in PICTURES} for folder in folders]
        self.pairs = [
            (folders[i] / name, folders[j] / name)
            for i, j in combinations(range(len(folders)), 2)
            for name in sorted(names[i] & names[j])
        ]
        if not self.pairs:
            raise ValueError("No two of the folders have a picture of the same name.")
        self.file, self.chance = file, random.Random(seed)
        self.votes = self._kept()
        self.waiting: list[tuple[Path, Path]] = []
        self.shown: list[tuple[Path, Path]] = []

    def _kept(self) -> list[Vote]:
        if not self.file.exists():
            return []
        lines = map(json.loads, self.file.read_text(encoding="utf-8").splitlines())
        return [Vote(line["left"], line["right"], line["score"]) for line in lines]

    def next(self) -> dict[str, int]:
        """Numbers of the pair and of its pictures; every pair once before any comes again."""
        if not self.waiting:
            self.waiting = self.chance.sample(self.pairs, len(self.pairs))
        left, right = self.waiting.pop()
        self.shown.append((left, right) if self.chance.random() < 0.5 else (right, left))
        number = len(self.shown) - 1
        return {"id": number, "left": 2 * number, "right": 2 * number + 1, "votes": len(self.votes)}

    def picture(self, number: int) -> Path:
        return self.shown[number // 2][number % 2]

    def vote(self, pair: int, better: str) -> None:
        left, right = self.shown[pair]
        vote = Vote(str(left.parent), str(right.parent), {"left": 1.0, "right": 0.0, "tie": 0.5}[better])
        self.votes.append(vote)
        line = {"left": vote.first, "right": vote.second, "score": vote.score, "picture": left.name}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def result(self) -> str:
        if not self.votes:
            return "No votes yet."
        rows = sorted(strengths(self.votes).items(), key=lambda row: -row[1].share)
        said = [f"{name}: {share:.0%} ({low:.0%} to {high:.0%})" for name, (share, low, high) in rows]
        return "\n".join([f"{len(self.votes)} votes; preferred to an average folder, with 95 % intervals:", *said])


def handler(poll: Poll) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            if path == "/":
                self._answer(PAGE.encode(), "text/html; charset=utf-8")
            elif path == "/pair":
                self._answer(json.dumps(poll.next()).encode(), "application/json")
            elif path == "/picture" and (number := _number(query, "id", 2 * len(poll.shown))) is not None:
                self._answer(poll.picture(number).read_bytes(), "image/*")  # a name would tell
            elif path == "/result":
                self._answer(poll.result().encode(), "text/plain; charset=utf-8")
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            pair, better = _number(query, "pair", len(poll.shown)), query.get("better", [""])[0]
            if pair is None or better not in ("left", "right", "tie"):
                return self.send_error(400)
            poll.vote(pair, better)
            self._answer(b"", "text/plain")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    return Handler


def _number(query: dict[str, list[str]], name: str, end: int) -> int | None:
    word = query.get(name, [""])[0]
    return int(word) if word.isdecimal() and int(word) < end else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.blind")
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--votes", type=Path, default=OUT / "votes.jsonl")
    options = parser.parse_args()
    try:
        poll = Poll(options.folders, options.votes)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    with ThreadingHTTPServer(("127.0.0.1", options.port), handler(poll)) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"Vote at {address} ({len(poll.pairs)} pairs); Ctrl+C ends it.")
        webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(poll.result())


if __name__ == "__main__":
    main()
