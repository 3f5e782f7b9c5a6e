"""Every benchmark, or those that are named: tables on the screen and in `out/benchmarks.md`.

    python -m tests.benchmarks [step company costs forecast quality strokes film race growth start ...] [--quick]

`--quick` proves that all of it runs; its figures say nothing. Each benchmark also runs by itself with
arguments of its own, for example `python -m tests.benchmarks.race --peers pastiche --sizes 512`.
"""

from __future__ import annotations

import argparse

from tests.benchmarks import company, costs, film, forecast, growth, quality, race, start, step, strokes
from tests.benchmarks.report import OUT, publish

BENCHMARKS = {
    "step": step,
    "company": company,
    "costs": costs,
    "forecast": forecast,
    "quality": quality,
    "strokes": strokes,
    "film": film,
    "growth": growth,
    "start": start,
    "race": race,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all of them if not said")
    parser.add_argument("--quick", action="store_true", help="prove that it runs, in tiny sizes")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(BENCHMARKS)}")
    for name in options.names or BENCHMARKS:
        module = BENCHMARKS[name]
        publish(module.measure(module.QUICK if options.quick else []), OUT / "quick" if options.quick else OUT)


if __name__ == "__main__":
    main()
