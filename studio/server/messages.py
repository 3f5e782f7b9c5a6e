"""Messages of strangers, read with care before Gradio sees them.

JSON is parsed on the thread that serves everybody, so its size and the number of its parts are bounded before it is
parsed. Whatever its shape, every file that it names is one that this visitor may open, or the name is taken out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from studio.files import own_file

MOST_JSON = 4 * 10**6  # bytes
MOST_PARTS = 50_000  # commas, colons and brackets; our own page sends a few hundred
DEEPEST = 40  # levels; our own page sends five
SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what browsers and gradio_client make up
SERVED = "/gradio_api/file="  # before the path, in the address of one of our own files


class Refusal(Exception):
    """What the server answers instead of doing what it was asked.

    Attributes:
        status: Of HTTP.
        key: Of the sentence, as in `words`.
    """

    def __init__(self, status: int, key: str) -> None:
        super().__init__(key)
        self.status, self.key = status, key


@dataclass(frozen=True)
class Message:
    """A message as Gradio may have it; `refused` where it named a file that it may not."""

    values: dict[str, Any]
    refused: bool

    @property
    def body(self) -> bytes:
        return json.dumps(self.values).encode()


def read(body: bytes) -> Message:
    """The message in a request's body.

    Raises:
        Refusal: if it is too large, too deep, or no object of JSON.
    """
    if len(body) > MOST_JSON:
        raise Refusal(413, "too_large")
    check_parts(body)
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "not_understood") from None
    if not isinstance(values, dict):
        raise Refusal(400, "not_understood")
    session = values.get("session_hash")
    if session is not None and not (isinstance(session, str) and SESSION.fullmatch(session)):
        raise Refusal(400, "not_understood")
    return Message(*_with_own_files(values))


def check_parts(body: bytes) -> None:
    """Counting is a thousand times faster than parsing, and parsing holds everybody up.

    Raises:
        Refusal: if there are too many.
    """
    if sum(map(body.count, (b",", b":", b"[", b"{"))) > MOST_PARTS:
        raise Refusal(413, "too_large")


def _with_own_files(value: Any, depth: int = 0) -> tuple[Any, bool]:
    """The same, where files that may not be opened have become None; and whether there were any."""
    if depth > DEEPEST:
        raise Refusal(400, "not_understood")
    if isinstance(value, dict) and _names_a_file(value):
        file = _own(value)
        return file, file is None
    if isinstance(value, dict):
        pairs = [(key, *_with_own_files(one, depth + 1)) for key, one in value.items()]
        return {key: one for key, one, _ in pairs}, any(refused for *_, refused in pairs)
    if isinstance(value, list):
        ones = [_with_own_files(one, depth + 1) for one in value]
        return [one for one, _ in ones], any(refused for _, refused in ones)
    return value, False


def _names_a_file(value: dict[str, Any]) -> bool:
    """Whatever Gradio or one of our components could take for a file, with or without its `meta`."""
    return any(value.get(key) not in (None, "") for key in ("path", "url"))


def _own(file: dict[str, Any]) -> dict[str, Any] | None:
    """A file of Gradio's with nothing in it but what we have checked."""
    named, address = file.get("path"), file.get("url")
    if not named and isinstance(address, str) and address.startswith("data:"):
        return {"path": None, "url": address, "orig_name": _name(file), "meta": {"_type": "gradio.FileData"}}
    if isinstance(named, str) and SERVED in named:  # the address of a file of ours
        named = unquote(named.partition(SERVED)[2])
    path = own_file(named)
    if path is None:
        return None
    kept = {"path": str(path), "orig_name": _name(file), "meta": {"_type": "gradio.FileData"}}
    shown = isinstance(address, str) and unquote(address).endswith(f"{SERVED}{path}")  # the browser shows it again
    return kept | ({"url": address} if shown else {})


def _name(file: dict[str, Any]) -> str | None:
    name = file.get("orig_name")
    return name[:255] if isinstance(name, str) else None


def paths_in(value: Any) -> list[str]:
    """The files that a message names."""
    if isinstance(value, dict):
        path = value.get("path")
        return [*([path] if isinstance(path, str) else []), *(one for key in value for one in paths_in(value[key]))]
    return [path for one in value for path in paths_in(one)] if isinstance(value, list | tuple) else []
