"""Snapshots as files: a run that is killed goes on from the last one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nst.files import replaced_at_once
from nst.frame import Frame
from nst.snapshot import Snapshot

BY_PIXEL = "channels_last"
EVERY = 180.0  # seconds between two checkpoints, and before the first


def beside(out: Path) -> Path:
    """Where the checkpoint of a picture lies."""
    return out.with_name(f"{out.name}.checkpoint")


def write(snapshot: Snapshot, target: Path) -> None:
    """Tensors as safetensors, the rest as its metadata: there whole or not at all, whenever the power fails.

    Raises:
        OSError: if it cannot be written.
    """
    by_pixel = [name for name, tensor in snapshot.tensors.items() if _lies_by_pixel(tensor)]
    facts = {"run": snapshot.run, "step": snapshot.step, "seconds": snapshot.seconds, BY_PIXEL: by_pixel}
    tensors = {name: tensor.contiguous() for name, tensor in snapshot.tensors.items()}
    with replaced_at_once(target) as partial:
        save_file(tensors, partial, {name: json.dumps(fact) for name, fact in facts.items()})


def _lies_by_pixel(tensor: Tensor) -> bool:
    """In memory. Sums of the same numbers in another order are not the same, bit for bit."""
    return tensor.ndim == 4 and not tensor.is_contiguous() and tensor.is_contiguous(memory_format=torch.channels_last)


def read(source: Path) -> Snapshot:
    """
    Raises:
        ValueError: if it is not there, or no checkpoint.
    """
    try:
        with safe_open(source, "pt") as file:
            facts = {name: json.loads(fact) for name, fact in (file.metadata() or {}).items()}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no dict)
        for name in facts.pop(BY_PIXEL):
            tensors[name] = tensors[name].contiguous(memory_format=torch.channels_last)
        return Snapshot(**facts, tensors=tensors)
    except Exception as error:  # whatever safetensors stumbles over in a foreign file
        raise ValueError(f"{str(source)!r} is not a checkpoint that can be read.") from error


def kept(frames: Generator[Frame, None, None], out: Path, say: Callable[[str], object]) -> Generator[Frame, None, None]:
    """The same frames, with a checkpoint beside the picture every few minutes; it goes when the last one was taken.

    Args:
        say: Called with one sentence when a checkpoint cannot be written; the next one may be.
    """
    path, written = beside(out), time.monotonic()
    with closing(frames):
        for frame in frames:
            if frame.snapshot and frame.step < frame.steps and time.monotonic() - written >= EVERY:
                try:
                    write(frame.snapshot(), path)
                except (OSError, SafetensorError) as error:
                    say(f"The checkpoint {str(path)!r} could not be written: {error}.")
                written = time.monotonic()
            yield frame
    with suppress(OSError):
        path.unlink()
