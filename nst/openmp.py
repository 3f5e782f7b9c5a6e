"""How the threads of a step wait for each other: imported before torch, as OpenMP reads it when it is loaded."""

from __future__ import annotations

import os

# How often a thread of GNU's OpenMP (Linux) looks whether the others are done before it goes to sleep: some hundredths
# of a millisecond. Of its own accord it looks two hundred times as often. While one thread's core is lent to another
# process, the rest then burn theirs, for longer than the system lends a core to anybody. With fewer looks than these a
# picture takes longer where nobody else wants the cores.
SPINS = 1_500
# Milliseconds that those of LLVM and Intel (macOS, Windows) wait before they sleep; of their own accord 200.
BLOCKTIME = 1

if "OMP_WAIT_POLICY" not in os.environ:  # somebody has chosen
    os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))
    os.environ.setdefault("KMP_BLOCKTIME", str(BLOCKTIME))
