"""How events run: words for `**` that every panel uses."""

from __future__ import annotations

from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE: dict[str, Any] = {"queue": False, **QUIET}
RAW: dict[str, Any] = {
    "preprocess": False,
    **AT_ONCE,
}  # as the browser sends them; files are checked

# A hidden button loses the focus; nobody else does, and nothing scrolls.
FOCUS = (
    "() => { setTimeout(() => [null, document.body].includes(document.activeElement)"
    " && document.getElementById('%s')?.focus({ preventScroll: true }), 80) }"
)
