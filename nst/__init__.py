"""Neural style transfer by optimisation: a photo becomes a painting, step by step."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import nst.openmp  # noqa: F401  (before torch)

if TYPE_CHECKING:
    from nst.commission import Commission
    from nst.frame import Frame
    from nst.settings import Settings
    from nst.transfer import stylize
    from nst.weights import load_vgg

__all__ = ["Commission", "Frame", "Settings", "load_vgg", "stylize"]

_HOMES = {
    "Commission": "nst.commission",
    "Frame": "nst.frame",
    "Settings": "nst.settings",
    "load_vgg": "nst.weights",
    "stylize": "nst.transfer",
}


def __getattr__(name: str) -> Any:
    """Each is imported when it is asked for: the workers of `nst.gate` are part of this package and need no torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
