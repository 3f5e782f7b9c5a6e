"""What has to be right before the page can start. Import this before Gradio, which reads the environment at once.

Whatever is wrong is said in one sentence, and the program ends.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

PORT, HOST = "GRADIO_SERVER_PORT", "GRADIO_SERVER_NAME"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@contextmanager
def in_one_sentence(about_the_system: str = "{}.") -> Iterator[None]:
    """Errors of the system, and of the values that were set, end the program without a trace.

    Args:
        about_the_system: The sentence for an error of the system, and in it a place for its own words.
    """
    try:
        yield
    except ValueError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(about_the_system.format(error.strerror or error))


def no_place(environment: MutableMapping[str, str]) -> str:
    """What to say when Gradio finds no port that it can serve the page at."""
    host, port = environment.get(HOST) or LOOPBACK[1], environment.get(PORT) or "7860"
    return f"The page cannot be served at {host}, port {port} or any of the next. {HOST} and {PORT} say where."


def check_port(environment: MutableMapping[str, str]) -> None:
    """
    Raises:
        ValueError: one sentence that names the variable and its value.
    """
    said = environment.get(PORT) or "1"
    if not (said.isascii() and said.isdigit() and 1 <= int(said) <= 65_535):
        raise ValueError(f"{PORT} must be a whole number from 1 to 65535, not {said!r}.")


def never_ask_a_proxy_for_ourselves(environment: MutableMapping[str, str]) -> None:
    """Gradio asks its own page whether it is there. A company's proxy does not know this machine by that name."""
    ours = [*LOOPBACK, *([environment[HOST]] if environment.get(HOST) else [])]
    for variable in ("no_proxy", "NO_PROXY"):
        spared = [one.strip() for one in environment.get(variable, "").split(",") if one.strip()]
        environment[variable] = ",".join([*spared, *(one for one in ours if one not in spared)])


def end_at_once(*_: object) -> None:
    """For a second Ctrl-C: somebody is in a hurry. Visitors' files go nevertheless, as after `kill -9`."""
    os._exit(128 + signal.SIGINT)


with in_one_sentence():
    check_port(os.environ)
    never_ask_a_proxy_for_ourselves(os.environ)
with in_one_sentence("There is no folder for visitors' pictures ({}); GRADIO_TEMP_DIR can name one."):
    import studio.server.temp_dir
with in_one_sentence():
    import studio.limits  # noqa: F401
