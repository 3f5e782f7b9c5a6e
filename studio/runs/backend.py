"""Where the engine runs: on this machine, or on the Ray cluster that `NST_RAY_ADDRESS` names."""

from __future__ import annotations

import functools
import os
from collections.abc import Generator
from typing import Any

import gradio as gr

from nst import Commission, Frame
from nst.device import Device, on_painting_thread
from nst.transfer import Engine, paint
from nst.vgg import VGG
from studio.gradio_internals import is_wanted

ADDRESS = os.environ.get("NST_RAY_ADDRESS", "")


@functools.cache
def engine() -> Engine:
    """`paint`, here or there; whoever watches is told when a machine of the cluster is lost.

    Raises:
        ValueError: if there is no such cluster.
    """
    return functools.partial(_cluster().paint, say=gr.Info) if ADDRESS else here


def here(commission: Commission, network: VGG, device: Device | None = None) -> Generator[Frame, None, None]:
    """`paint` on this machine, on the thread that paints."""
    return on_painting_thread(paint(commission, network, device, is_wanted()))


def devices() -> int:
    """How many paintings may go on at once."""
    return int(_cluster().devices()) if ADDRESS else 1


@functools.cache
def _cluster() -> Any:
    from nst import cluster  # Ray need not be installed

    cluster.connect(ADDRESS)
    return cluster


ONE_AT_A_TIME: dict[str, Any] = {"concurrency_id": "painting", "concurrency_limit": devices()}  # on each device
"""How events that paint run: words for `**`."""
