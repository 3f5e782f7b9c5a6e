"""The one folder that holds visitors' pictures. It goes when the page stops, however it stops.

Import this before Gradio, which asks for the folder when it is imported. A page holds a lock in its folder for as
long as it lives, so that others can tell, wherever they run, which folders are nobody's: numbers of processes mean
nothing in another container.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

NAME = "style-transfer-page-"
UNFINISHED = f".{NAME}"  # a folder whose lock is not held yet
BIRTH = 60  # seconds that this takes at most


def sweep(among: Path) -> None:
    """Remove the folders of pages that are no more."""
    for folder in among.glob(f"{NAME}*"):
        with suppress(Timeout, OSError), FileLock(folder / "lock", timeout=0):  # else somebody lives there
            shutil.rmtree(folder, ignore_errors=True)
    for folder in among.glob(f"{UNFINISHED}*"):
        with suppress(OSError):
            if folder.stat().st_mtime < time.time() - BIRTH:
                shutil.rmtree(folder, ignore_errors=True)


def own_folder() -> tuple[Path, FileLock]:
    """A fresh folder that only we can look into, and the lock that says so."""
    among = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
    among.mkdir(parents=True, exist_ok=True)
    sweep(among)
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=among))  # others may see it, but it has another name
    lock = FileLock(unfinished / "lock")
    lock.acquire()
    folder = unfinished.rename(among / unfinished.name.removeprefix("."))
    return folder, lock


def remover(folder: Path) -> subprocess.Popen[bytes] | None:
    """A shell that waits for our end: nothing else can tidy up after `kill -9`. Without one, the next start does."""
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", 'cat >/dev/null; rm -rf -- "$0"', str(folder)],
            stdin=subprocess.PIPE,  # closed by the system when we end
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None


def _remove(owner: int) -> None:
    if os.getpid() != owner:  # a forked process
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    if _REMOVER and _REMOVER.stdin:
        _REMOVER.stdin.close()
        _REMOVER.wait()


FOLDER, _LOCK = own_folder()
_REMOVER = remover(FOLDER)
atexit.register(_remove, os.getpid())
LOCK = FOLDER / "lock"
os.environ["GRADIO_TEMP_DIR"] = str(FOLDER)
