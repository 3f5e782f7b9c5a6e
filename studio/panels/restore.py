"""The picture is the project: one of our own PNGs brings back all that painted it, or says it in Python."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr
from PIL import Image

from nst import Settings
from nst.image import open_picture
from nst.record import KEYWORD, Record, read_record
from nst.settings import KNOBS, mix_shares
from studio.api.stylize import MASKS, MORE
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS, Painting
from studio.components.controls import moved_to
from studio.components.images import name_of
from studio.components.mask_brush import kept_for, marked_as
from studio.components.painting_mix import EVEN, MOST, rows
from studio.components.painting_mix import aside as extra
from studio.components.start_picture import opened
from studio.errors import in_the_users_words
from studio.i18n import language_of, words
from studio.runs.result import Result

OUR_PHOTOS = {photo.path.name: photo for photo in PHOTOS.values()}
OUR_PAINTINGS = {painting.path.name: painting for painting in PAINTINGS.values()}
BEFORE_BRUSH = 5  # of what was chosen
HEAVIEST = 10  # of the sliders


def restored(request: gr.Request, picture: Image.Image | None, marks: Mapping[str, Any] | None = None) -> list[Any]:
    """All that was chosen for a picture, in the order of `Desk.choices`, and the mix.

    Any other picture changes nothing, but for the marks on the last photo where it is the next one.
    """
    with in_the_users_words():
        record = read_record(picture.info.get("text", {})) if picture else None
        if record is None:
            kept = kept_for(name_of(picture), marks) if picture and marks else gr.skip()
            return [*[gr.skip()] * BEFORE_BRUSH, kept, *[gr.skip()] * (2 + len(KNOBS))]
        marked = marked_as(record.masks, record.photo)
    opened(record.start)  # a damaged one is refused before anything is taken over
    paintings = record.paintings[:MOST]
    missing = [name for name in (record.photo, *paintings) if name not in OUR_PHOTOS and name not in OUR_PAINTINGS]
    _say(missing, words(language_of(request)))
    ours = [OUR_PAINTINGS[name] for name in paintings if name in OUR_PAINTINGS]
    *chosen, mix = _paintings(ours, _weights(record.settings, paintings))
    return [*_photo(record.photo), *chosen, marked, record.start, *moved_to(record.settings), mix]


def _say(missing: Sequence[str], said: Mapping[str, str]) -> None:
    names = ", ".join(escape(name) for name in missing)  # a stranger wrote them
    gr.Info(said["restored_but"].format(names=names) if missing else said["restored"], title=said["restored_title"])


def _photo(name: str) -> list[Any]:
    photo = OUR_PHOTOS.get(name)
    return [str(photo.path), photo.key] if photo else [None, None]


def _paintings(ours: Sequence[Painting], weights: Mapping[str, float]) -> list[Any]:
    if not ours:
        return [None, None, (), rows((), [EVEN])]
    *aside, last = ours
    put = tuple(extra(_named(one), str(one.path), one.title) for one in aside)
    return [str(last.path), last.key, put, rows(put, [weights[one.path.name] for one in ours])]


def _named(painting: Painting) -> Image.Image:
    picture = open_picture(painting.path)
    picture.info["name"] = painting.path.name
    return picture


def _weights(settings: Settings, paintings: Sequence[str]) -> dict[str, float]:
    """Name -> where its slider stands."""
    shares = mix_shares(settings.style_mix, len(paintings)) if settings.style_mix else [1.0] * len(paintings)
    factor = HEAVIEST / max(shares) if settings.style_mix else EVEN
    return {name: max(1, round(share * factor)) for name, share in zip(paintings, shares, strict=True)}


def as_python(record: Record, address: str) -> str:
    """The call that paints the same picture; the file names are as they were, without their folders."""
    inside = _inside(record)
    files = dict(zip(("content", "style", *MORE), map(_bare, (record.photo, *record.paintings)), strict=False))
    files |= {name: _file(name) for name in inside}
    said = [f"{name}=handle_file({_quoted(file)})" for name, file in files.items()]
    said += [f"{name}={_quoted(value)}" for name, value in differing(record.settings).items()]
    lines = "".join(f"    {argument},\n" for argument in (*said, 'api_name="/stylize"'))
    return (
        f"{_imports(bool(inside))}{_unpacked(inside)}"
        f"client = Client({_quoted(address)})\n{_stopped(record)}"
        f"picture, progress = client.predict(\n{lines})\n"
        "print(picture)\n"
    )


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
    """The knobs that a call has to say. To the API a default means "as the recipe has it"."""
    for recipe in (settings.recipe, KNOBS["recipe"].default):
        usual = Settings(recipe=str(recipe))
        said = {name: getattr(settings, name) for name in KNOBS if name != "recipe"}
        said = {name: value for name, value in said.items() if value != getattr(usual, name)}
        if not any(value == KNOBS[name].default for name, value in said.items()):
            break
    return said if recipe == KNOBS["recipe"].default else {"recipe": recipe, **said}


def address_of(request: gr.Request) -> str:
    """What `gradio_client` needs to find this page."""
    if space := os.environ.get("SPACE_ID"):
        return space
    scheme = request.headers.get("x-forwarded-proto", "http")
    return f"{scheme}://{request.headers.get('host', 'localhost:7860')}"


def code_of(request: gr.Request, result: Result | None) -> str:
    """In Python: the picture on the wall."""
    record = _record_of(result) if result else None
    return as_python(record, address_of(request)) if record else ""


def _record_of(result: Result) -> Record | None:
    """A finished picture of the gallery has its settings in the catalogue, not in its file."""
    finished = next((one for one in FINISHED.values() if str(one.path) == result.path), None)
    if finished is None:
        return read_record(result.text)
    return Record(Settings(**finished.settings), finished.photo.path.name, (finished.painting.path.name,))
