"""The tool for agents, through the real client of the Model Context Protocol."""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path
from typing import Any

from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

from studio.i18n import words


def data_url(path: Path) -> str:
    return f"data:image/{path.suffix[1:]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def talk(server: str, *calls: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The tools that are offered, and the answers to the calls of `paint_photo`."""

    async def session() -> tuple[Any, list[Any]]:
        transport = streamable_http_client(f"{server}gradio_api/mcp/")
        async with transport as (read, write, _), ClientSession(read, write) as client:
            await client.initialize()
            tools = (await client.list_tools()).tools
            return tools, [await client.call_tool(tools[0].name, call) for call in calls]

    return asyncio.run(session())


def test_one_tool_with_one_picture_out(server: str, photo: Path, painting: Path) -> None:
    pictures = {"content": data_url(photo), "style": data_url(painting)}
    (tool,), (answer,) = talk(server, pictures | {"size": 64, "steps": 2})
    assert tool.name.endswith("paint_photo")
    assert {"content", "style", "size", "steps", "content_weight", "style_scale"} == set(tool.inputSchema["properties"])
    assert tool.description.startswith("Paint a photo in the manner of a painting.")
    assert not answer.isError
    (picture,) = [part for part in answer.content if part.type == "image"]
    with Image.open(io.BytesIO(base64.b64decode(picture.data))) as painted:
        assert painted.size == (64, 48)


def test_mistakes_are_said(server: str, photo: Path, painting: Path) -> None:
    pictures = {"content": data_url(photo), "style": data_url(painting)}
    _, (size, address) = talk(server, pictures | {"size": 5}, pictures | {"style": "https://example.org/a.jpg"})
    assert size.isError and "5 is less than the minimum of 16" in size.content[0].text
    assert address.isError and words("en")["not_here"] in address.content[0].text
