"""What a worker gives up before it reads a stranger's file.

Linux can enforce all of it, macOS all but Landlock and the limit of memory, Windows nothing. Where the system cannot,
our side still watches the clock and the memory.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import resource

# The same numbers on every architecture.
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF, PR_SET_NO_NEW_PRIVS = 444, 446, 38


def lock_down() -> int:
    """From now on nothing can be opened: no file, no connection. What is open stays open.

    Returns:
        Bytes of address space that the process takes up already; 0 where the system does not tell.
    """
    if sys.platform == "win32":
        return 0
    taken = 0
    if sys.platform == "linux":
        with suppress(OSError):
            taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        _landlock()
    for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(what, (0, 0))
    return taken


def limit(memory: int, seconds: int) -> None:
    """Bytes of address space in all, and seconds of processor time from now on."""
    if sys.platform == "win32":
        return
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        with suppress(OSError, ValueError):  # macOS knows no limit of address space
            resource.setrlimit(what, (most, most + 1))  # at the first the process is told, at the second killed


class _Rules(ctypes.Structure):
    """struct landlock_ruleset_attr of linux/landlock.h: what is forbidden where no rule allows it."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


def _landlock() -> None:
    """Linux from 5.13: no file can be removed, renamed or run either, no other process be looked into.

    Nor can signals be sent to others, from 6.12. An older kernel or a container that forbids Landlock changes nothing.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return
    rights = 13 + (version >= 2) + (version >= 3) + (version >= 5)  # each version knows more of them
    rules = _Rules(2**rights - 1, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset >= 0 and libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0)
