"""Connections that hold something up: a question that is never finished, an answer that is not read to its end."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr

from studio.gradio_internals import connections_of

SILENT = 20.0  # seconds; uvicorn ends those that rest between two requests by itself, after five
STALLED = 30.0  # seconds in which a visitor takes nothing of what is sent
TCP_INFO_BYTES, BYTES_ACKED = 128, 120  # of Linux's `struct tcp_info`, and where in it that field lies


@dataclass(frozen=True)
class _State:
    """What a connection is doing, as long as it stays so."""

    request: Any  # the last one that was understood; none at first
    is_answering: bool
    taken: int  # bytes of answers that the visitor's machine has confirmed; -1 while all are
    since: float


async def hang_up_on_the_absent(page: gr.Blocks) -> None:
    """Ends connections on which nothing moves. uvicorn itself waits for ever, in both directions."""
    states: WeakKeyDictionary[Any, _State] = WeakKeyDictionary()
    while True:
        await asyncio.sleep(1)
        for connection in connections_of(page):
            if not hasattr(connection, "cycle"):
                continue
            now, known = _state(connection), states.get(connection)
            if known is None or replace(known, since=now.since) != now:
                states[connection] = now
            elif now.is_answering and now.taken < 0:  # at work on a question
                continue
            elif now.since - known.since > (STALLED if now.is_answering else SILENT):
                connection.transport.abort()


def _state(connection: Any) -> _State:
    request = connection.cycle
    if request is None or request.response_complete:
        return _State(request, False, -1, time.monotonic())
    return _State(request, True, _taken(connection.transport.get_extra_info("socket")), time.monotonic())


def _taken(line: Any) -> int:
    """How much the other side has taken, while something waits to be taken; else -1. Only Linux tells."""
    if sys.platform != "linux" or line is None or line.family not in (socket.AF_INET, socket.AF_INET6):
        return -1
    import fcntl
    import termios

    (waiting,) = struct.unpack("i", fcntl.ioctl(line.fileno(), termios.TIOCOUTQ, b"\0" * 4))
    info = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    if not waiting or len(info) < TCP_INFO_BYTES:
        return -1
    return int(struct.unpack_from("Q", info, BYTES_ACKED)[0])
