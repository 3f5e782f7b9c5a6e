"""What goes wrong, said in one sentence: the page's toast and the program's error are the same."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import gradio as gr

from nst.vgg import Interrupted
from studio.i18n import sentence, words


class Refusal(gr.Error):
    """A mistake on its way to whoever made it. A browser shows the sentence as markup, so it has none."""

    def __init__(self, mistake: ValueError, language: str = "en") -> None:
        self.mistake = mistake
        super().__init__(escape(sentence(mistake, language), quote=False), print_exception=False)


def in_language(error: gr.Error, language: str) -> gr.Error:
    """As the visitor reads it; it is said to nobody else."""
    if isinstance(error, Refusal):
        return Refusal(error.mistake, language)
    error.print_exception = False
    return error


@contextmanager
def in_the_users_words() -> Iterator[None]:
    """A ValueError is a mistake of the user's; its text says which."""
    try:
        yield
    except gr.Error:  # a ValueError as well, but it has been said already
        raise
    except ValueError as error:
        raise Refusal(error) from None


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
