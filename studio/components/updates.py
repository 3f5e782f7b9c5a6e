"""What one event changes on the page: each component with its new value, or with an update of its properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradio.blocks import Block

Updates = dict[Block, Any]


def merged(*many: Mapping[Block, Any]) -> Updates:
    """All updates as one. Where two change the same component, its properties are joined, and the later one wins."""
    result: Updates = {}
    for updates in many:
        for component, new in updates.items():
            old = result.get(component)
            result[component] = old | new if _is_update(old) and _is_update(new) else new
    return result


def _is_update(value: Any) -> bool:
    return isinstance(value, dict) and value.get("__type__") == "update"
