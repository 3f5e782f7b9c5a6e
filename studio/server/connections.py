"""Connections on which nobody asks for anything: half a header, or none at all."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr

from studio.gradio_internals import connections_of

SILENT = 20.0  # seconds; uvicorn ends those that rest between two requests by itself, after five


async def hang_up_on_the_silent(page: gr.Blocks) -> None:
    """Ends connections whose request has not come in time. uvicorn waits for the rest of a header for ever."""
    since: WeakKeyDictionary[Any, tuple[Any, float]] = WeakKeyDictionary()
    while True:
        await asyncio.sleep(1)
        for connection in connections_of(page):
            if not hasattr(connection, "cycle"):
                continue
            request = connection.cycle
            if request is not None and not request.response_complete:
                since.pop(connection, None)
                continue
            known, begun = since.get(connection, (None, 0.0))
            if not begun or known is not request:
                since[connection] = request, time.monotonic()
            elif begun < time.monotonic() - SILENT:
                connection.transport.close()
