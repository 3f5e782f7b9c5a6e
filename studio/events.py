"""How events run: words for `**` that every panel uses."""

from __future__ import annotations

from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE: dict[str, Any] = {"queue": False, **QUIET}
RAW: dict[str, Any] = {
    "preprocess": False,
    **AT_ONCE,
}  # as the browser sends them; files are checked

# What comes while an answer is on its way, Gradio would drop: the box would not show what is chosen.
LATEST: dict[str, Any] = {"trigger_mode": "always_last"}  # of several choices in a hurry, the last one counts
EACH: dict[str, Any] = {"trigger_mode": "multiple"}  # every one counts: nothing that is handed in is lost

# A hidden button loses the focus; nobody else does, and nothing scrolls.
FOCUS = (
    "() => { setTimeout(() => [null, document.body].includes(document.activeElement)"
    " && document.getElementById('%s')?.focus({ preventScroll: true }), 80) }"
)
