"""What goes wrong, said in one sentence: the page's toast and the program's error are the same."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import gradio as gr

from nst.vgg import Interrupted
from studio.i18n import words


@contextmanager
def in_the_users_words() -> Iterator[None]:
    """A ValueError is a mistake of the user's; its text says which. A browser shows it as markup, so it has none."""
    try:
        yield
    except ValueError as error:
        raise gr.Error(escape(str(error), quote=False), print_exception=False) from None


@contextmanager
def without_a_trace(language: str = "en") -> Iterator[None]:
    """Anything else is a mistake of ours: the trace goes to the log, an apology to the user."""
    try:
        yield
    except gr.Error:
        raise
    except Interrupted:  # nobody hears it
        raise gr.Error(words(language)["unwatched"], print_exception=False) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise gr.Error(words(language)["disk_full"], print_exception=False) from None
        traceback.print_exc()
        raise gr.Error(words(language)["broken"], print_exception=False) from None
