"""Small pictures of those that the page offers, made once."""

from __future__ import annotations

import tempfile
from pathlib import Path

import gradio as gr
from PIL import Image, ImageOps

from studio.catalogue import EXAMPLES

_FOLDER = tempfile.TemporaryDirectory(prefix="thumbs-")  # lives as long as the program
gr.set_static_paths([EXAMPLES, _FOLDER.name])


HEADS = (0.5, 0.1)  # of what a crop takes away, the share at the left and at the top: heads are far up


def thumb(path: Path, size: tuple[int, int]) -> Path:
    """The picture, cropped around its middle to `size` (width, height)."""
    small = Path(_FOLDER.name) / f"{path.parent.name}-{path.stem}.webp"
    if not small.exists():
        with Image.open(path) as picture:
            picture.draft("RGB", (2 * size[0], 2 * size[1]))
            ImageOps.fit(picture.convert("RGB"), size, Image.Resampling.LANCZOS, centering=HEADS).save(
                small, quality=60, method=5
            )
    return small


def small(path: Path, long_side: int) -> Path:
    """The whole picture, no larger than that."""
    file = Path(_FOLDER.name) / str(long_side) / path.parent.name / f"{path.stem}.webp"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as picture:
            picture.draft("RGB", (2 * long_side, 2 * long_side))
            ImageOps.contain(picture.convert("RGB"), (long_side, long_side)).save(file, quality=50, method=6)
    return file


def url(path: Path) -> str:
    """Where the page finds a file; relative, so that it also works behind a proxy's path."""
    return f"gradio_api/file={path}"
