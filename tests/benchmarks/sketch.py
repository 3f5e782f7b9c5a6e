"""How far the small picture in the settings is behind the knobs: from a number to pixels, as the browser sees it.

    python -m tests.benchmarks.sketch [--visitors 1 8] [--moves 12] [--pause 3]

Each visitor has a page, all in one browser on this machine, and other numbers than everybody else. Whoever has seen the
picture of a number looks at it for a while, `--pause` seconds on average, and then types the next one. The clock is
the page's own: it starts with the number, and is read at the frame that shows the picture for the first time and at
that which shows it finished; where others wait, both are the same.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.report import Table, publish
from tests.serving import page as served

PATIENCE = 20.0  # seconds; a picture that has not come by then was left out
SETTLED = 1.0  # seconds, after which a picture that was seen does not change any more
MOVE = """({ weights, pauses, patience, settled }) => {
  const field = document.querySelector("#knob-content_weight input");
  const source = () => document.querySelector("#sketch img")?.src ?? "";
  const frame = () => new Promise(requestAnimationFrame);
  const change = (patience) => new Promise((done) => { // to look at every frame would want the cores as well
    const watcher = new MutationObserver(() => source() !== now && (watcher.disconnect(), done(true)));
    const now = source();
    watcher.observe(document.querySelector("#sketch"), { subtree: true, childList: true, attributes: true });
    setTimeout(() => (watcher.disconnect(), done(false)), 1000 * patience);
  });
  const seconds = async (weight) => {
    const began = performance.now(), came = [];
    let changed = change(patience);
    field.value = weight;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    while (await changed) {
      changed = change(settled);
      await document.querySelector("#sketch img").decode();
      await frame();
      came.push((performance.now() - began) / 1000);
    }
    return came.length ? [[came[0], came.at(-1)]] : [];
  };
  const visit = async () => {
    const all = [];
    for (const [i, weight] of weights.entries()) {
      await new Promise((done) => setTimeout(done, 1000 * pauses[i]));
      all.push(...(await seconds(weight)));
    }
    window.moved = all;
  };
  visit();
}"""


def measure(arguments: Sequence[str]) -> Iterator[Table]:
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (address, _):
        rows = [_row(visitors, options.moves, moved(address, visitors, options)) for visitors in options.visitors]
    head = ["visitors", "pictures", "left out", "seen: p50, s", "p95, s", "finished: p50, s", "p95, s"]
    yield Table("From a number to the small picture", head, rows, [f"{options.pause:g} s between two numbers."])


def moved(address: str, visitors: int, options: argparse.Namespace) -> list[list[list[float]]]:
    """For each visitor, the seconds until each picture that came was seen, and finished."""
    from tests.browser.driving import CHROMIUM, expect, open_settings, playwright
    from tests.browser.driving import QUIET as FLAGS

    chance = np.random.default_rng(0)
    expect.set_options(timeout=60_000)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        pages: list[Any] = [browser.new_page(locale="en-US") for _ in range(visitors)]
        for page in pages:
            page.goto(address, wait_until="domcontentloaded")
            expect(page.locator("#photo img")).to_be_visible()
            open_settings(page)
            page.locator("#sketch").scroll_into_view_if_needed()  # it is drawn for the first time as soon as it is seen
            expect(page.locator("#sketch img")).to_be_visible()
        for page in pages:
            weights = [f"{weight:.4f}" for weight in 10 ** chance.uniform(-2, 1, options.moves)]
            plan: dict[str, Any] = {
                "weights": weights,
                "pauses": chance.uniform(0, 2 * options.pause, options.moves).tolist(),
            }
            page.evaluate(MOVE, plan | {"patience": PATIENCE, "settled": SETTLED})
        for page in pages:
            page.wait_for_function("window.moved", timeout=1000 * options.moves * (PATIENCE + 2 * options.pause))
        seconds: list[list[list[float]]] = [page.evaluate("window.moved") for page in pages]
        browser.close()
    return seconds


def _row(visitors: int, moves: int, seconds: Sequence[Sequence[Sequence[float]]]) -> list[str | float]:
    came = np.array([one for visitor in seconds for one in visitor] or [[np.nan, np.nan]])
    pictures = int(np.isfinite(came[:, 0]).sum())
    return [visitors, pictures, visitors * moves - pictures, *np.percentile(came, (50, 95), axis=0).T.ravel().tolist()]


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sketch")
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--moves", type=int, default=12, help="of each visitor")
    parser.add_argument("--pause", type=float, default=3, help="in seconds, on average, between two of them")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    publish(measure(sys.argv[1:]))
