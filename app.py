"""Neural style transfer as a page, and as an endpoint for programs. Start with `python app.py`."""

from __future__ import annotations

import signal
from typing import Any

from starlette.middleware import Middleware

import studio.disk  # noqa: F401  (before Gradio)
from nst.device import leave_the_cores_to_the_painter
from studio import agents, gpu
from studio.fairness import share_fairly
from studio.forecast import probe
from studio.guard import Guard
from studio.keeping import Keeper
from studio.look import THEME, head
from studio.page import build
from studio.pictures import MOST_BYTES
from studio.sitting import warm_up
from studio.words import TRANSLATIONS

demo = build()
keeper = Keeper(demo)
share_fairly(demo, keeper)

LAUNCH = {
    "theme": THEME,
    "head": head(),
    "i18n": TRANSLATIONS,
    "show_error": False,
    "max_file_size": MOST_BYTES,
    "ssr_mode": False,
    "enable_monitoring": False,
    "run_history": False,
    "footer_links": ["api"],
    "mcp_server": agents.available(),
    "app_kwargs": {"middleware": [Middleware(Guard, keeper.hear)], "lifespan": keeper.lifespan, "openapi_url": None},
}


def stop(*told: Any) -> None:
    """Nothing is painted while the page goes down: the interpreter cannot end in the middle of a step."""
    demo._queue.close()
    signal.default_int_handler(*told)


if __name__ == "__main__":
    for polite in (signal.SIGINT, signal.SIGTERM):
        signal.signal(polite, stop)
    if not gpu.ZERO_GPU:  # the GPU is lent to a run, not to a page
        leave_the_cores_to_the_painter()
        warm_up()
        probe()
    demo.launch(**LAUNCH)
