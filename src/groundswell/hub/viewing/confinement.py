"""Shutting a process in: what it may use, and what it may reach, from now on and for good.

Limits of the kernel that need no rights: memory, processor time, no further open file (so neither
file nor socket), no written byte, no core; and Landlock, where the kernel has it, so that no path
can be opened and no TCP port reached by other means. Knows nothing of what the process does.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from pathlib import Path
from typing import Final

# Numbers of the kernel's interface, the same on both machines below.
_CREATE_RULESET: Final = 444
_RESTRICT_SELF: Final = 446
_VERSION_FLAG: Final = 1
_NO_NEW_PRIVILEGES: Final = 38
_MACHINES: Final = frozenset({"x86_64", "aarch64"})
# How many rights over files each version of Landlock knows; of the network from 4 on.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_FILE_RIGHTS_MAX: Final = 16
_NETWORK_FROM: Final = 4
_TCP_RIGHTS: Final = 0b11


def confine(memory_bytes: int, cpu_seconds: int, wall_seconds: int) -> bool:
    """Shut this process in; whether Landlock holds too.

    ``memory_bytes`` is of addresses, beyond those in use now. Open are standard input, output and
    error; afterwards nothing else can be.
    """
    held_bytes = _address_bytes() + memory_bytes
    is_locked = _landlock()
    limits = {
        resource.RLIMIT_AS: held_bytes,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 3,
    }
    os.closerange(3, 4096)
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)
    return is_locked


def _address_bytes() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()


def _landlock() -> bool:
    if os.uname().machine not in _MACHINES:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if version < 1:
        return False
    files = (1 << _FILE_RIGHTS.get(version, _FILE_RIGHTS_MAX)) - 1
    rights = (files, _TCP_RIGHTS) if version >= _NETWORK_FROM else (files,)
    rules = struct.pack(f"{len(rights)}Q", *rights)
    ruleset = libc.syscall(_CREATE_RULESET, rules, len(rules), 0)
    if ruleset < 0:
        return False
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    is_locked: bool = libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return is_locked
