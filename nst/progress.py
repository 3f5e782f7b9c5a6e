"""What a shell shows while it paints: sentences, and a bar with the time left."""

from __future__ import annotations

import sys
from typing import NoReturn

from tqdm import tqdm


def say(sentence: str) -> None:
    tqdm.write(f"nst: {sentence}", file=sys.stderr)


def time_left(seconds: float) -> str:
    return f"{duration(seconds)} left"


def duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


class Bar:
    """It appears when there is something to show: bad input leaves nothing but its one line."""

    def __init__(self) -> None:
        self.bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def show(self, share: float, words: str) -> None:
        """`share` of all, in [0, 1], is done."""
        if self.bar is None:
            self.bar = tqdm(total=100, bar_format="{desc} {bar} {elapsed}", file=sys.stderr)
        self.bar.n = 100 * share
        self.bar.set_description_str(words)
