"""The first minute of a visitor with a slow line: how long until Paint and the picture are there, and what it weighs.

    python -m tests.benchmarks.arrival [--megabits 1.5] [--latency 40] [--width 1280] [--height 900] [--list]

A browser with an empty cache opens the page, which runs on this machine, behind a line as slow as said. `--list` names
what came, the heaviest first.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Table, publish
from tests.serving import page as served

SETTLED = 4_000  # milliseconds after the picture in which the rest comes
CLOCK = """
window.seen = {};
const look = () => {
  const paint = document.getElementById("paint"), picture = document.querySelector("#canvas img");
  if (paint?.checkVisibility({ visibilityProperty: true })) window.seen.paint ??= performance.now();
  if (picture?.complete && picture.naturalWidth) window.seen.canvas ??= performance.now();
  if (!window.seen.paint || !window.seen.canvas) requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def measure(arguments: Sequence[str]) -> Iterator[Table]:
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (address, _):
        seen, came = arrive(address, options)
    total = sum(bytes for _, bytes in came)
    rows: list[list[str | float]] = [
        ["until Paint can be seen, s", seen["paint"] / 1000],
        ["until the picture is there, s", seen["canvas"] / 1000],
        ["all that came, kB", total / 1000],
        ["requests", len(came)],
    ]
    if options.list:
        rows += [[address, bytes / 1000] for address, bytes in sorted(came, key=lambda one: -one[1])]
    line = f"{options.megabits:g} Mbit/s, {options.latency:g} ms, {options.width} x {options.height}"
    yield Table(f"Arrival, {line}", ["what", "figure"], rows, ["With an empty cache."])


def arrive(address: str, options: argparse.Namespace) -> tuple[dict[str, float], list[tuple[str, int]]]:
    """Milliseconds until each was there, and each address with the bytes that came over the line."""
    from playwright.sync_api import sync_playwright

    from tests.browser.driving import CHROMIUM
    from tests.browser.driving import QUIET as FLAGS

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": options.width, "height": options.height}, locale="en-US")
        page.add_init_script(CLOCK)
        came = _behind_a_slow_line(page, options)
        page.goto(address, wait_until="commit")
        page.wait_for_function("window.seen.paint && window.seen.canvas", timeout=120_000)
        page.wait_for_timeout(SETTLED)
        seen: dict[str, float] = page.evaluate("window.seen")
        browser.close()
    return seen, came


def _behind_a_slow_line(page: Any, options: argparse.Namespace) -> list[tuple[str, int]]:
    """What has come so far, which grows."""
    line, came, asked = page.context.new_cdp_session(page), [], {}
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    speed = options.megabits * 1e6 / 8
    line.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": options.latency, "downloadThroughput": speed, "uploadThroughput": speed},
    )
    line.on("Network.requestWillBeSent", lambda said: asked.update({said["requestId"]: said["request"]["url"]}))
    line.on(
        "Network.loadingFinished",
        lambda said: came.append((asked.get(said["requestId"], ""), int(said["encodedDataLength"]))),
    )
    return came


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.arrival")
    parser.add_argument("--megabits", type=float, default=1.5, help="a second, in both directions")
    parser.add_argument("--latency", type=float, default=40, help="in milliseconds")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--list", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    publish(measure(sys.argv[1:]))
