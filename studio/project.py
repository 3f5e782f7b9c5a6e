"""The picture is the project: one of our own PNGs brings back all that painted it, or says it in Python."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

import gradio as gr
from PIL import Image

from nst import Settings
from nst.image import open_picture
from nst.record import KEYWORD, recorded_settings
from nst.settings import KNOBS, mix_shares
from studio.catalogue import FINISHED, PAINTINGS, PHOTOS, Painting
from studio.controls import moved_to
from studio.endpoint import MORE
from studio.errors import in_the_users_words
from studio.mix import EVEN, MOST, Aside, rows
from studio.result import Result
from studio.words import language_of, words

OUR_PHOTOS = {photo.path.name: photo for photo in PHOTOS.values()}
OUR_PAINTINGS = {painting.path.name: painting for painting in PAINTINGS.values()}
HEAVIEST = 10  # of the sliders


def restored(request: gr.Request, picture: Image.Image | None) -> list[Any]:
    """Photo and wall, painting and wall, what is aside and its rows, knobs: for a picture that carries them."""
    text = picture.info.get("text", {}) if picture else {}
    if KEYWORD not in text:
        return [gr.skip()] * (6 + len(KNOBS))
    with in_the_users_words():
        settings, photo, paintings = recorded(text)
    missing = [name for name in (photo, *paintings) if name not in OUR_PHOTOS and name not in OUR_PAINTINGS]
    _say(missing, words(language_of(request)))
    ours = [OUR_PAINTINGS[name] for name in paintings if name in OUR_PAINTINGS]
    return [*_photo(photo), *_paintings(ours, _weights(settings, paintings)), *moved_to(settings)]


def recorded(text: Mapping[str, str]) -> tuple[Settings, str, list[str]]:
    """Settings, the photo's name and the paintings' names.

    Raises:
        ValueError: if the record is damaged.
    """
    settings, said = recorded_settings(text), json.loads(text[KEYWORD])
    if settings is None:
        raise ValueError("The settings in this picture are damaged.")
    return settings, str(said.get("photo", "")), [str(name) for name in said.get("paintings", [])][:MOST]


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
    put = tuple(Aside(_named(one), one.title) for one in aside)
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


def as_python(text: Mapping[str, str], address: str) -> str:
    """The call that paints the same picture; the file names are as they were, without their folders."""
    settings, photo, paintings = recorded(text)
    files = dict(zip(("content", "style", *MORE), (photo, *paintings), strict=False))
    said = [f"{name}=handle_file({_quoted(file)})" for name, file in files.items()]
    said += [f"{name}={_quoted(value)}" for name, value in differing(settings).items()]
    lines = "".join(f"    {argument},\n" for argument in (*said, 'api_name="/stylize"'))
    return (
        "from gradio_client import Client, handle_file\n\n"
        f"client = Client({_quoted(address)})\n"
        f"picture, progress = client.predict(\n{lines})\n"
        "print(picture)\n"
    )


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
    text = _text_of(result) if result else {}
    return as_python(text, address_of(request)) if KEYWORD in text else ""


def _text_of(result: Result) -> Mapping[str, str]:
    """A finished picture of the gallery has its settings in the catalogue, not in its file."""
    finished = next((one for one in FINISHED.values() if str(one.path) == result.path), None)
    if finished is None:
        return result.text
    said = {"photo": finished.photo.path.name, "paintings": [finished.painting.path.name]}
    return {KEYWORD: json.dumps({"settings": asdict(Settings(**finished.settings)), **said})}
