"""Which files a message may name. Everything that a stranger asks us to open goes through `own_file`."""

from __future__ import annotations

import stat
from pathlib import Path

from studio.catalogue import EXAMPLES
from studio.gradio_internals import upload_folder

GALLERY = tuple(EXAMPLES / room for room in ("content", "style", "results"))
NO_FILE = (
    "A picture must be a file: upload it first, or use handle_file of gradio_client. "
    "A path, an address or text in base64 alone is none."
)
NO_CLIP = "A clip must be a file: upload it first, or use handle_file of gradio_client."
CLIP_NOT_HERE = "This clip is not on this server (any more). Please choose it again, or send it as a file."
NOT_HERE = "This picture is not on this server (any more). Please choose it again, or send it as a file."


def own_file(path: object) -> Path | None:
    """The file of that name, if it was uploaded here, made here for a visitor, or belongs to the gallery; else None.

    What is uploaded or made lies in a folder of its own, whose name is a secret of the server and of the visitor.
    A file that lies in no such folder is an upload under way. Links are followed before anything is decided, and
    only regular files count: a pipe would be waited for.
    """
    if not isinstance(path, str) or not path:
        return None
    try:
        real = Path(path).resolve(strict=True)
        if not stat.S_ISREG(real.stat().st_mode):
            return None
    except (OSError, ValueError, RuntimeError):  # not there, no name for a file, links in a circle
        return None
    uploads = Path(upload_folder())
    if real.is_relative_to(uploads.resolve()):
        inside = real.relative_to(uploads.resolve())
        return uploads / inside if len(inside.parts) > 1 else None
    return real if any(real.is_relative_to(room) for room in GALLERY) else None
