"""The same for agents: one tool of the Model Context Protocol, with one picture out."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import gradio as gr
from PIL import Image

from nst import Settings
from studio import limits
from studio.api.stylize import stylize
from studio.api.subject import faces, subject
from studio.components.controls import hidden_control
from studio.components.images import PictureBox
from studio.errors import in_the_users_words, without_a_trace
from studio.gradio_internals import no_tool
from studio.runs.choices import commission
from studio.runs.run import frames_of, record_of, save
from studio.runs.throttle import paced

AGENT_KNOBS = ("size", "steps", "content_weight", "style_scale")  # few, so that an agent need not choose among thirty


def available() -> bool:
    """Whether `gradio[mcp]` is installed."""
    try:
        return version("mcp").startswith("1.")
    except PackageNotFoundError:
        return False


def offer(concurrency: dict[str, Any]) -> gr.events.Dependency:
    """Adds the tool to the page that is being built. Nothing of it can be seen there."""
    for find in (subject, faces):
        no_tool(find)  # no tool of ours takes a mask
    no_tool(stylize)  # it streams; an agent gets text of its two outputs
    content = PictureBox(label="content", elem_id="agent-photo", visible=False)
    style = PictureBox(label="style", elem_id="agent-painting", visible=False)
    knobs = [hidden_control(name) for name in AGENT_KNOBS]
    picture = gr.Image(label="picture", type="filepath", visible=False)
    inputs = [content, style, *knobs]
    return gr.Button(visible=False).click(paint_photo, inputs, picture, api_name="paint_photo", **concurrency)


def paint_photo(
    content: Image.Image | None,
    style: Image.Image | None,
    size: int = int(limits.PAGE_KNOBS["size"].default),
    steps: int = int(limits.PAGE_KNOBS["steps"].default),
    content_weight: float = float(limits.PAGE_KNOBS["content_weight"].default),
    style_scale: float = float(limits.PAGE_KNOBS["style_scale"].default),
) -> str:
    """Paint a photo in the manner of a painting. Takes some seconds to a minute.

    Args:
        content: The photo: a data: URL, or the address of a file that was uploaded to this server.
        style: The painting, likewise.
        size: Long side of the picture in pixels. A smaller photo is not blown up.
        steps: Steps of the optimiser; more is finer and slower.
        content_weight: How much of the photo stays. 0.2 keeps faces and things, 0.1 is bolder.
        style_scale: Size of the brush; 2 is twice as broad.

    Returns:
        The painted picture.
    """
    with in_the_users_words():
        chosen: dict[str, Any] = dict(zip(AGENT_KNOBS, (size, steps, content_weight, style_scale), strict=True))
        settings = limits.capped(Settings(**chosen))
    run = commission(content, [style], settings)
    frames = frames_of(run)
    with without_a_trace():
        for frame in paced(frames):
            last = frame
        return save(last.image, record_of(run).text)
