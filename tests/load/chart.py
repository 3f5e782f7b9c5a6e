"""Figures over runs as lines, one above the other, in an SVG that any browser shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, MARGIN = 720, 150, 30


def chart(lines: Mapping[str, Sequence[float]]) -> str:
    """One panel for each name, from nought to its greatest value."""
    panels = "".join(_panel(name, values, place * HEIGHT) for place, (name, values) in enumerate(lines.items()))
    size = f'width="{WIDTH}" height="{HEIGHT * len(lines)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">\n'
        f'<rect {size} fill="white"/>\n{panels}</svg>\n'
    )


def _panel(name: str, values: Sequence[float], top: int) -> str:
    most, floor = max(*values, 1e-9), top + HEIGHT - MARGIN
    step = (WIDTH - 2 * MARGIN) / max(1, len(values) - 1)
    points = " ".join(
        f"{MARGIN + place * step:.1f},{floor - value / most * (HEIGHT - 2 * MARGIN):.1f}"
        for place, value in enumerate(values)
    )
    return (
        f'<text x="{MARGIN}" y="{top + MARGIN - 10}">{escape(name)}: first {values[0]:g}, last {values[-1]:g}, '
        f"most {max(values):g}</text>\n"
        f'<path d="M{MARGIN} {floor}H{WIDTH - MARGIN}" stroke="silver"/>\n'
        f'<polyline points="{points}" fill="none" stroke="indigo" stroke-width="1.5"/>\n'
    )
