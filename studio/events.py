"""How events run: words for `**` that every room uses."""

from __future__ import annotations

from typing import Any

from studio.runs import backend

ONE_AT_A_TIME: dict[str, Any] = {"concurrency_id": "painting", "concurrency_limit": backend.places()}  # per device
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE: dict[str, Any] = {"queue": False, **QUIET}

# A hidden button loses the focus; nobody else does, and nothing scrolls.
FOCUS = (
    "() => { setTimeout(() => [null, document.body].includes(document.activeElement)"
    " && document.getElementById('%s')?.focus({ preventScroll: true }), 80) }"
)
