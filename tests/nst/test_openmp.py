"""Threads wait as we say, unless somebody has said otherwise. In processes of their own, as it is said once."""

import os
import subprocess
import sys

import pytest

from nst.openmp import SPINS

OURS = ("GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_WAIT_POLICY")


@pytest.mark.parametrize(
    ("said", "spins"),
    [({}, str(SPINS)), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "None")],
)
def test_says_how_threads_wait_before_torch_is_there(said: dict[str, str], spins: str) -> None:
    program = "import os, sys, nst; print(os.environ.get('GOMP_SPINCOUNT'), 'torch' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    run = subprocess.run([sys.executable, "-c", program], env=environment | said, capture_output=True, text=True)
    assert run.stdout.split() == [spins, "False"]
