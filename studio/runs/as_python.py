"""The call that paints a picture again: its record as a program for `gradio_client`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nst import Settings
from nst.record import KEYWORD, Record
from nst.settings import KNOBS
from studio.runs.choices import EXTRA_STYLES, MASKS


def as_python(record: Record, address: str) -> str:
    """The call that paints the same picture; the file names are as they were, without their folders."""
    inside = _inside(record)
    files = dict(zip(("content", "style", *EXTRA_STYLES), map(_bare, (record.photo, *record.paintings)), strict=False))
    files |= {name: _file(name) for name in inside}
    arguments = [f"{name}={_handled(file)}" for name, file in files.items()]
    arguments += [f"{name}={_quoted(value)}" for name, value in differing(record.settings).items()]
    lines = "".join(f"    {argument},\n" for argument in (*arguments, 'api_name="/stylize"'))
    return (
        f"{_imports(bool(inside))}{_unpacked(inside)}"
        f"client = Client({_quoted(address)})\n{_stopped(record)}"
        f"picture, progress = client.predict(\n{lines})\n"
        "print(picture)\n"
    )


def _handled(file: str) -> str:
    return f"handle_file({_quoted(file)})" if file else "None"


def _bare(name: str) -> str:
    """A stranger's file must not name one elsewhere on this computer."""
    return name.replace("\\", "/").rpartition("/")[2]


def _inside(record: Record) -> dict[str, str]:
    """Which parameters are pictures that travel in the PNG, and where in its record each lies."""
    masks = record.masks[:1] if len(set(record.masks)) == 1 else record.masks
    places = {name: f'["masks"][{place}]' for place, name in enumerate(MASKS[: len(masks)])}
    return places | ({"start": '["start"]'} if record.start else {})


def _file(name: str) -> str:
    return f"{name}.jpg" if name == "start" else f"{name}.png"


def _imports(unpacking: bool) -> str:
    if not unpacking:
        return "from gradio_client import Client, handle_file\n\n"
    return (
        "import json\nfrom base64 import b64decode\nfrom pathlib import Path\n\n"
        "from gradio_client import Client, handle_file\nfrom PIL import Image\n\n"
    )


def _unpacked(inside: Mapping[str, str]) -> str:
    if not inside:
        return ""
    lines = [f'record = json.loads(Image.open("painting.png").text["{KEYWORD}"])  # the downloaded picture']
    lines += [f'Path("{_file(name)}").write_bytes(b64decode(record{place}))' for name, place in inside.items()]
    return "\n".join(lines) + "\n\n"


def _stopped(record: Record) -> str:
    steps = f"{record.stopped} of {record.settings.steps}"
    return f"# The picture was stopped after step {steps}; this paints it to the end.\n" if record.stopped else ""


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def differing(settings: Settings) -> dict[str, Any]:
    """The knobs that a call has to name. To the API a default means "as the recipe has it"."""
    for recipe in (settings.recipe, KNOBS["recipe"].default):
        usual = Settings(recipe=str(recipe))
        values = {name: getattr(settings, name) for name in KNOBS if name != "recipe"}
        values = {name: value for name, value in values.items() if value != getattr(usual, name)}
        if not any(value == KNOBS[name].default for name, value in values.items()):
            break
    return values if recipe == KNOBS["recipe"].default else {"recipe": recipe, **values}
