"""Tables of figures: printed, and kept in `out/benchmarks.md` and `out/benchmarks.json`.

Each table carries the machine and the moment it was measured on. A later run replaces the tables
that it measured anew, and leaves the others.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import torch

from nst.device import best_device

Cell = str | int | float
OUT = Path(__file__).parents[2] / "out"


@dataclass(frozen=True)
class Table:
    """What was measured, as a reader wants to see it.

    Attributes:
        title: Names the table; one of the same title is replaced.
        columns, rows: Numbers are rounded when they are shown, never when they are kept.
        notes: How it was measured and what to beware of, a sentence each.
        machine: Where and when.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()
    machine: str = ""

    def markdown(self) -> str:
        lines = [self.columns, ["---"] * len(self.columns), *([shown(cell) for cell in row] for row in self.rows)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return "\n\n".join([f"## {self.title}", table, *self.notes, f"*{self.machine}*"]) + "\n"


def shown(cell: Cell) -> str:
    return (
        f"{cell:.3g}" if isinstance(cell, float) and abs(cell) < 100 else f"{cell:.0f}" if _number(cell) else str(cell)
    )


def _number(cell: Cell) -> bool:
    return isinstance(cell, (int, float))


def machine() -> str:
    """The processor, the libraries, and how busy it is already."""
    device = best_device()
    load = f"load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else "load unknown"
    return (
        f"{processor()}, {os.cpu_count()} cores, torch {torch.__version__} with {torch.get_num_threads()} threads, "
        f"{device.place} in {str(device.dtype).removeprefix('torch.')}, {load}, {datetime.now():%Y-%m-%d %H:%M}"
    )


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def peak_memory() -> float:
    """GiB that this process has held at most. getrusage would answer with the parent's peak, if that was higher."""
    status = Path("/proc/self/status")
    if not status.exists():
        raise RuntimeError("Peak memory is read from /proc, which only Linux has.")
    (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 2**20


def publish(tables: Iterable[Table], folder: Path = OUT) -> None:
    """Print each table as soon as it is there, and keep it."""
    folder.mkdir(parents=True, exist_ok=True)
    where = machine()
    for table in tables:
        told = Table(**(asdict(table) | {"machine": where}))
        print(told.markdown(), flush=True)
        keep(told, folder)


def keep(table: Table, folder: Path) -> None:
    store = folder / "benchmarks.json"
    kept = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
    kept[table.title] = asdict(table)
    store.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    pages = [Table(**one).markdown() for one in kept.values()]
    (folder / "benchmarks.md").write_text("\n".join(["# Benchmarks\n", *pages]), encoding="utf-8")
