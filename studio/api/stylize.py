"""The same run for programs: `/stylize`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from inspect import Parameter, Signature
from typing import Any

import gradio as gr
from PIL import Image

from nst import Settings
from nst.image import with_alpha
from nst.record import start_jpeg
from nst.resilient import RunFrame
from studio.components.controls import hidden_control
from studio.components.images import PREVIEW_SIDE, PictureBox, alpha_for
from studio.errors import in_the_users_words, without_a_trace
from studio.i18n import words
from studio.limits import PAGE_KNOBS, capped
from studio.runs.choices import EXTRA_STYLES, MASKS, commission
from studio.runs.run import frames_of, record_of, save
from studio.runs.throttle import paced

ABOUT = """Paint a photo in the manner of one or more paintings, and watch it happen.

Yields (picture, progress) as the painting grows, small enough to be quick, and ends with the finished picture as a
PNG in full size and quality.
`content` is the photo, none with `content_weight` 0 for a texture; `style` is the painting; `style_2`, `style_3` and
`style_4` are further paintings to blend in, `style_mix` their weights. `mask` says where to paint: white is painted,
black stays the photo, grey is in between;
`mask_2`, `mask_3` and `mask_4` say it for one further painting each, where they differ.
`start` is a picture to go on from, in the photo's shape: painting then continues at the final size alone.
Every knob is optional. With a `recipe` other than "painting", a knob left at its default is set by that recipe.
`progress` holds step, steps, seconds, seconds_left, long_side (of the current scale) and the unweighted losses; and a
note, where a run had to be helped or cut short."""


def offer(concurrency: dict[str, Any]) -> gr.events.Dependency:
    """Adds the endpoint to the page that is being built. Nothing of it can be seen there."""
    content = PictureBox(label="content", elem_id="api-photo", visible=False)
    style = PictureBox(label="style", elem_id="api-painting", visible=False)
    knobs = [hidden_control(name) for name in PAGE_KNOBS]
    more = [PictureBox(label=name, elem_id=f"api-painting-{name}", visible=False) for name in EXTRA_STYLES]
    masks = [PictureBox(label=name, elem_id=f"api-{name}", visible=False) for name in MASKS]
    start = PictureBox(label="start", elem_id="api-start", visible=False)
    picture = gr.Image(label="picture", format="jpeg", visible=False)
    progress = gr.JSON(label="progress", visible=False)
    return gr.Button(visible=False).click(
        stylize,
        [content, style, *knobs, *more, masks[0], start, *masks[1:]],
        [picture, progress],
        api_name="stylize",
        api_description=ABOUT,
        **concurrency,
    )


def stylize(
    content: Image.Image | None, style: Image.Image | None, *values: Any
) -> Iterator[tuple[Image.Image | str, dict[str, Any]]]:
    knobs, (*more, mask, start, mask_2, mask_3, mask_4) = values[: len(PAGE_KNOBS)], values[len(PAGE_KNOBS) :]
    settings = settings_for(dict(zip(PAGE_KNOBS, knobs, strict=True)))
    given = [(style, mask), *((one, where) for one, where in zip(more, (mask_2, mask_3, mask_4), strict=True) if one)]
    paintings = [painting for painting, _ in given]
    masks = [(where or mask).convert("L") for _, where in given] if mask else None
    run = commission(content, paintings, settings, start, masks)
    frames = frames_of(run)
    with without_a_trace(), closing(paced(frames)) as shown:
        for frame in shown:
            if frame.step < frame.steps:
                yield frame.preview(PREVIEW_SIDE), report(frame)
            else:
                record = record_of(run, start_jpeg(start) if start else b"")
                yield save(with_alpha(frame.image, alpha_for(run.content, settings)), record.text), report(frame)


def settings_for(knobs: dict[str, Any]) -> Settings:
    """Clients send a value for every knob. Where a recipe was chosen, a default counts as not chosen."""
    if knobs["recipe"] not in (None, PAGE_KNOBS["recipe"].default):
        knobs = {name: None if value == PAGE_KNOBS[name].default else value for name, value in knobs.items()}
    with in_the_users_words():
        return capped(Settings(**knobs))


def report(frame: RunFrame) -> dict[str, Any]:
    return {
        "step": frame.step,
        "steps": frame.steps,
        "seconds": frame.seconds,
        "seconds_left": frame.seconds_left,
        "long_side": frame.long_side,
        "losses": frame.losses,
    } | ({"note": words("en")[frame.note]} if frame.note else {})


def signature_of(needed: Iterable[str], more: Mapping[str, Any]) -> Signature:
    """What programs see: the pictures that are needed, every knob under its own name, and what else may be given."""
    optional = {**{name: knob.default for name, knob in PAGE_KNOBS.items()}, **more}
    first = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in needed]
    rest = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=value) for name, value in optional.items()]
    return Signature([*first, *rest])


MORE = dict.fromkeys((*EXTRA_STYLES, MASKS[0], "start", *MASKS[1:]))
stylize.__signature__ = signature_of(("content", "style"), MORE)  # type: ignore[attr-defined]
