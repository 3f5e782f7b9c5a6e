"""A clip on its way into the page. It stays a file; the gate reads it when it is painted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from pydantic import ConfigDict

from nst.mistakes import Mistake
from studio.errors import Refusal
from studio.files import CLIP_NOT_HERE, NO_CLIP, own_file
from studio.gradio_internals import shown_as_its_parent


class ClipData(FileData):
    """What Gradio calls a file, and nothing else that a program might send in its place."""

    model_config = ConfigDict(title="FileData")  # as programs know it

    @classmethod
    def model_validate(cls, obj: Any, **how: Any) -> ClipData:
        """
        Raises:
            gr.Error: for whatever names no file.
        """
        if not (isinstance(obj, dict) and obj.get("path")):
            raise Refusal(Mistake(NO_CLIP))
        return super().model_validate(obj, **how)


@shown_as_its_parent
class ClipFile(gr.File):
    """A clip that a program hands in. Its value is (path, name) or None."""

    def preprocess(self, payload: Any) -> Any:
        return None if payload is None else clip_of(payload.path, payload.orig_name)


def clip_file(name: str) -> ClipFile:
    """For programs: nothing of it can be seen."""
    box = ClipFile(label=name, elem_id=f"api-{name}", visible=False)
    box.data_model = ClipData  # which Gradio sets when a component is made
    return box


def clip_of(path: object, name: object) -> tuple[Path, str]:
    """
    Raises:
        gr.Error: if it is no file that was uploaded here.
    """
    file = own_file(path)
    if file is None:
        raise Refusal(Mistake(CLIP_NOT_HERE))
    return file, str(name or file.name)
