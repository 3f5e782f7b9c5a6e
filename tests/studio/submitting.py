"""A painting asked for by a program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio_client import Client, handle_file

SMALL = {"size": 64, "steps": 4}


def submit(client: Client, photo: Path, painting: Path, **knobs: Any) -> Any:
    pictures = {"content": handle_file(photo), "style": handle_file(painting)}
    return client.submit(**pictures, **(SMALL | knobs), api_name="/stylize")
