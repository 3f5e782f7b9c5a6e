"""The one folder that holds visitors' pictures. It goes when the page stops, or, after a crash, at the next start.

Import this before Gradio, which asks for the folder when it is imported.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

NAME = "style-transfer-page-"


def sweep(among: Path) -> None:
    """Remove the folders of pages that are no more. One with our own number is one of them."""
    for folder in among.glob(NAME + "*"):
        number = folder.name.removeprefix(NAME)
        if number.isdigit() and (int(number) == os.getpid() or not _lives(int(number))):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    if sys.platform == "win32":  # has no question of that kind
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def own_folder() -> Path:
    """A fresh folder that only we can look into."""
    among = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
    sweep(among)
    folder = among / f"{NAME}{os.getpid()}"
    folder.mkdir(mode=0o700, parents=True)
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not a forked process
        shutil.rmtree(folder, ignore_errors=True)


FOLDER = own_folder()
os.environ["GRADIO_TEMP_DIR"] = str(FOLDER)
