"""What it costs to be watched: a run on the page, previews, curves and all, against the bare engine.

    python -m tests.benchmarks.watching [--size 384] [--rounds 3]

Both paint the same picture in turn. The page's run includes making each preview and encoding it
for the event stream; the browser's own work is left out: it is on another machine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from types import SimpleNamespace

from nst import Settings, load_vgg, stylize
from nst.image import open_picture
from nst.settings import KNOBS
from studio.pictures import Canvas
from studio.sitting import paint
from tests.benchmarks.quality import EXAMPLES


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    photo = open_picture(EXAMPLES / "content/suspension-bridge.jpg")
    painting = open_picture(EXAMPLES / "style/van-gogh-starry-night.jpg")
    settings = Settings(size=options.size)
    values = [getattr(settings, name) for name in KNOBS]
    visitor, canvas, shown = SimpleNamespace(headers={}, session_hash=None), Canvas(render=False), 0

    def bare() -> None:
        for _ in stylize(photo, painting, settings, load_vgg()):
            pass

    def watched() -> None:
        nonlocal shown
        shown = 0
        for picture, *_ in paint(visitor, photo, painting, *values):
            canvas.postprocess(picture)
            shown += 1

    rows = []
    for _ in range(options.rounds):
        moments = [time.perf_counter()]
        for run in (bare, watched):
            run()
            moments.append(time.perf_counter())
        rows.append((moments[1] - moments[0], moments[2] - moments[1]))
    ratio = statistics.median(watched_seconds / bare_seconds for bare_seconds, watched_seconds in rows)
    print(f"{options.size} px: bare {min(row[0] for row in rows):.1f} s, watched {min(row[1] for row in rows):.1f} s "
          f"with {shown} pictures shown, median ratio of {options.rounds} rounds {ratio:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
