"""Shutting a process in: what it may use, and what it may reach, from now on and for good.

Limits of the kernel that need no rights: memory, processor time, no further open file (so neither
file nor socket), no written byte, no core; and Landlock, where the kernel has it, so that no path
can be opened and no TCP port reached by other means. A process that lives longer is shut in with
what it needs: paths to read, a folder for its socket. Knows nothing of what the process does.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

# Numbers of the kernel's interface, the same on both machines below.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION_FLAG: Final = 1
_NO_NEW_PRIVILEGES: Final = 38
_MACHINES: Final = frozenset({"x86_64", "aarch64"})
# How many rights over files each version of Landlock knows; of the network from 4 on.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_FILE_RIGHTS_MAX: Final = 16
_NETWORK_FROM: Final = 4
_TCP_RIGHTS: Final = 0b11
_PATH_BENEATH: Final = 1
_EXECUTE: Final = 1 << 0
_READ_FILE: Final = 1 << 2
_READ_FOLDER: Final = 1 << 3
_REMOVE_FILE: Final = 1 << 5
_MAKE_SOCKET: Final = 1 << 9
_EVERYTHING: Final = (1 << _FILE_RIGHTS_MAX) - 1
# What may be done to a file that is no folder: run, write, read, truncate, control.
_OF_FILES: Final = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
# Before, nothing could be moved from one folder into another at all.
_MOVES_FROM: Final = 2
_NEW_USERS: Final = 0x1000_0000
_NEW_NETWORK: Final = 0x4000_0000


def confine(memory_bytes: int, cpu_seconds: int, wall_seconds: int) -> bool:
    """Shut this process in; whether Landlock holds too.

    ``memory_bytes`` is of addresses, beyond those in use now. Open are standard input, output and
    error; afterwards nothing else can be.
    """
    # What is mapped now can be read only while files can be opened.
    limits = bounds(memory_bytes, open_files=3, cpu_seconds=cpu_seconds)
    is_locked = _landlock()
    os.closerange(3, 4096)
    bind(limits)
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)
    return is_locked


def bounds(
    memory_bytes: int, *, file_bytes: int = 0, open_files: int = 0, cpu_seconds: int = 0
) -> dict[int, int]:
    """The limits of a process of our own, for ``bind``; 0 of the last two sets none.

    ``memory_bytes`` is of addresses, beyond those in use now; no file that it writes may become
    longer than ``file_bytes``; what it leaves when it dies is nothing.
    """
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limits = {
        resource.RLIMIT_AS: pages * resource.getpagesize() + memory_bytes,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_CORE: 0,
    }
    wanted = {resource.RLIMIT_NOFILE: open_files, resource.RLIMIT_CPU: cpu_seconds}
    return limits | {limit: value for limit, value in wanted.items() if value}


def bind(limits: dict[int, int]) -> None:
    """Hold this process to limits, from which it cannot free itself."""
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))


def lock_paths(readable: Iterable[Path], socket_folder: Path | None = None) -> bool:
    """Open nothing from now on but what is readable, reach no TCP port, and make no file but
    sockets in that folder; whether Landlock is there to see to it.
    """
    allowed = dict.fromkeys(readable, _READ_FILE | _READ_FOLDER)
    if socket_folder is not None:
        allowed[socket_folder] = _MAKE_SOCKET | _REMOVE_FILE
    return _landlock(allowed)


def lock_folders(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Open nothing from now on but what is readable, or run it; write, make and move only below
    what is writable, and reach no TCP port; whether Landlock is there to see to it.
    """
    allowed = dict.fromkeys(readable, _EXECUTE | _READ_FILE | _READ_FOLDER)
    return _landlock(allowed | dict.fromkeys(writable, _EVERYTHING), version_min=_MOVES_FROM)


def leave_network() -> bool:
    """Have no network from now on, not even this machine's own; whether the kernel allows that.

    For a process with one thread. Sockets that are paths go on working.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.unshare(_NEW_USERS | _NEW_NETWORK) == 0)


def _landlock(allowed: dict[Path, int] | None = None, version_min: int = 1) -> bool:
    if os.uname().machine not in _MACHINES:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if version < version_min:
        return False
    files = (1 << _FILE_RIGHTS.get(version, _FILE_RIGHTS_MAX)) - 1
    rights = (files, _TCP_RIGHTS) if version >= _NETWORK_FROM else (files,)
    rules = struct.pack(f"{len(rights)}Q", *rights)
    ruleset = libc.syscall(_CREATE_RULESET, rules, len(rules), 0)
    if ruleset < 0:
        return False
    for path, right in (allowed or {}).items():
        _allow(libc, ruleset, path, right & files)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    is_locked: bool = libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return is_locked


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    """Allow this below a path; a path that is not there needs no leave."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not path.is_dir():
        rights &= _OF_FILES
    rule = struct.pack("=Qi", rights, place)
    libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    os.close(place)
