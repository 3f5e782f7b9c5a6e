"""A sheet that lies over the photo, to mark it or to draw on it: what all such widgets share."""

from __future__ import annotations

from typing import Any

from studio.components.widget_files import widget_files


def sheet_files(module: str) -> dict[str, Any]:
    """The files beside a module, as `widget_files` has them, after those beside this one."""
    shared, own = widget_files(__file__), widget_files(module)
    return {**own, **{part: text + own[part] for part, text in shared.items()}}
