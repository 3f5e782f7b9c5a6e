"""Neural style transfer as a page, and as an endpoint for programs. Start with `python app.py`."""

from __future__ import annotations

import gradio as gr

from studio.forecast import probe
from studio.look import THEME, head
from studio.page import build
from studio.sitting import warm_up
from studio.words import TRANSLATIONS

demo = build()
demo.queue(max_size=8, default_concurrency_limit=1, api_open=False)

LAUNCH = {
    "theme": THEME,
    "head": head(),
    "i18n": TRANSLATIONS,
    "show_error": False,
    "max_file_size": 20 * gr.FileSize.MB,
    "ssr_mode": False,
    "enable_monitoring": False,
    "run_history": False,
    "footer_links": ["api"],
}

if __name__ == "__main__":
    warm_up()
    probe()
    demo.launch(**LAUNCH)
