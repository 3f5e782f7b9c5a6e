"""Arrows over a photo, as a text: where the strokes of a painting are to run."""

from __future__ import annotations

from collections.abc import Sequence

from nst.mistakes import Mistake

Arrow = Sequence[tuple[float, float]]  # two points or more, (x, y) in [0, 1] of the photo's width and height

LONGEST = 10_000  # letters of all arrows
SHOWN = 60  # letters of a text that is refused


def arrows_from(text: str) -> list[Arrow]:
    """Arrows from "0.1,0.4 0.3,0.2; 0.6,0.1 0.9,0.1": the points of each, across and down the photo.

    Raises:
        ValueError: if they are none.
    """
    arrows = [[_point(word) for word in arrow.split()] for arrow in text.split(";")] if text.strip() else []
    if len(text) > LONGEST or not all(_is_arrow(arrow) for arrow in arrows):
        raise Mistake(
            "{knob} must be arrows such as 0.1,0.4 0.3,0.2; 0.6,0.1 0.9,0.1: each of two points or more from 0,0 to "
            "1,1, and at most {most} letters in all, not {text!r}.",
            knob="strokes",
            most=LONGEST,
            text=text if len(text) <= SHOWN else f"{text[:SHOWN]}...",
        )
    return [[point for point in arrow if point] for arrow in arrows]


def _is_arrow(points: Sequence[tuple[float, float] | None]) -> bool:
    return None not in points and len(set(points)) > 1


def _point(word: str) -> tuple[float, float] | None:
    try:
        x, y = (float(number) for number in word.split(","))
    except ValueError:
        return None
    return (x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None  # NaN is not
