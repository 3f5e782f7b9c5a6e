"""What a widget is made of: HTML, CSS and JavaScript in files of its own name beside its module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PARTS = {".html": "html_template", ".css": "css_template", ".js": "js_on_load"}  # as `gr.HTML` calls them


def widget_files(module: str) -> dict[str, Any]:
    """The files beside a module, by the names of `gr.HTML`'s parameters; `module` is its `__file__`."""
    files = {name: Path(module).with_suffix(suffix) for suffix, name in PARTS.items()}
    return {name: file.read_text(encoding="utf-8") for name, file in files.items() if file.exists()}
