"""How the page starts and ends: with whatever a machine or a company has set, or in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from studio.server import startup
from tests.serving import ROOT


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"GRADIO_SERVER_PORT": "abc"}, "GRADIO_SERVER_PORT must be a whole number from 1 to 65535, not 'abc'."),
        ({"GRADIO_SERVER_PORT": "80000"}, "GRADIO_SERVER_PORT must be a whole number from 1 to 65535, not '80000'."),
        ({"GRADIO_SERVER_PORT": "²"}, "GRADIO_SERVER_PORT must be a whole number from 1 to 65535, not '²'."),
        ({"NST_MAX_SIZE": "big"}, "NST_MAX_SIZE must be a number from 64 up, not 'big'."),
        (
            {"GRADIO_TEMP_DIR": "/dev/null/inside"},
            "There is no folder for visitors' pictures (Not a directory); GRADIO_TEMP_DIR can name one.",
        ),
    ],
)
@pytest.mark.slow
def test_what_cannot_start_says_why_in_one_sentence(environment: dict[str, str], sentence: str) -> None:
    said = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=240
    )
    assert (said.returncode, said.stdout, said.stderr) == (1, "", sentence + "\n")


def test_errors_of_the_system_are_told_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, startup.in_one_sentence("There is no room ({})."):
        raise OSError(28, "No space left on device")
    assert ended.value.code == "There is no room (No space left on device)."
    with pytest.raises(KeyError), startup.in_one_sentence():  # a mistake of ours keeps its trace
        raise KeyError


def test_loopback_is_never_asked_of_a_proxy_and_others_still_are() -> None:
    environment = {"no_proxy": "intranet.example", "GRADIO_SERVER_NAME": "10.0.0.5", "HTTP_PROXY": "http://proxy:3128"}
    startup.never_ask_a_proxy_for_ourselves(environment)
    for variable in ("no_proxy", "NO_PROXY"):
        assert {"localhost", "127.0.0.1", "::1", "10.0.0.5"} <= set(environment[variable].split(","))
    assert environment["no_proxy"].startswith("intranet.example,")
    assert environment["HTTP_PROXY"] == "http://proxy:3128"
    again = dict(environment)
    startup.never_ask_a_proxy_for_ourselves(again)
    assert again == environment


def test_a_port_or_a_host_that_nobody_can_have_is_named() -> None:
    sentence = startup.no_place({"GRADIO_SERVER_NAME": "nonsense.invalid", "GRADIO_SERVER_PORT": "99"})
    assert sentence.startswith("The page cannot be served at nonsense.invalid, port 99 or any of the next. ")
