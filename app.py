"""Neural style transfer as a page, and as an endpoint for programs. Start with `python app.py`."""

from __future__ import annotations

import gc
import os
import signal
from typing import Any

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the page is there, Ctrl-C has nothing to tidy up
    gc.disable()  # imports leave nothing to collect, and to look for it takes a fifth of their time

from starlette.middleware import Middleware

import studio.server.startup  # noqa: F401  (before Gradio)
from nst.device import reserve_cores_for_painting
from nst.image.decode import GATE
from studio.api import mcp
from studio.catalogue import ICON
from studio.components.images import MOST_BYTES
from studio.gradio_internals import queue_of
from studio.i18n import TRANSLATIONS
from studio.look import THEME, head
from studio.page import build
from studio.runs import zerogpu
from studio.runs.estimate import probe
from studio.runs.run import warm_up
from studio.server.budgets import Budgets
from studio.server.cleanup import VisitCleaner
from studio.server.front_page import FrontPage
from studio.server.middleware import Guard
from studio.server.queue import share_fairly
from studio.server.startup import end_at_once, in_one_sentence, no_place

demo = build()
budgets = Budgets()
visits = VisitCleaner(demo, budgets)
share_fairly(demo, visits)

LAUNCH = {
    "theme": THEME,
    "head": head(),
    "i18n": TRANSLATIONS,
    "show_error": False,
    "favicon_path": ICON,
    "max_file_size": MOST_BYTES,
    "ssr_mode": False,
    "enable_monitoring": False,
    "run_history": False,
    "state_session_capacity": 2000,
    "footer_links": ["api"],
    "mcp_server": mcp.available(),
    "app_kwargs": {
        "middleware": [Middleware(FrontPage), Middleware(Guard, visits.hear, budgets)],
        "lifespan": visits.lifespan,
        "openapi_url": None,
    },
}


def stop(*signal_and_frame: Any) -> None:
    """Nothing is painted while the page goes down: the interpreter cannot end in the middle of a step."""
    signal.signal(signal.SIGINT, end_at_once)
    queue_of(demo).close()
    signal.default_int_handler(*signal_and_frame)


if __name__ == "__main__":
    gc.freeze()  # all this stays
    gc.enable()
    GATE.warm_up()
    if not zerogpu.ZERO_GPU:  # the GPU is lent to a run, not to a page
        reserve_cores_for_painting()
        warm_up()
        probe()
    for polite in (signal.SIGINT, signal.SIGTERM):
        signal.signal(polite, stop)
    try:
        with in_one_sentence(no_place(os.environ)):
            demo.launch(**LAUNCH)
    except KeyboardInterrupt:  # before Gradio listens to it
        demo.close()
    gc.freeze()  # whatever is left goes with the process, unexamined
