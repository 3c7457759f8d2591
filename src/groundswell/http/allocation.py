"""What the process takes from the system, and that it gives it back.

There are two allocators in it: the C library's, which Python uses, and jemalloc, which Granian
brings along. Left alone both keep what a thousand downloads once needed. Knows their switches,
where they have any; nothing here may fail.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Of malloc.h: how many heaps threads are spread over. Each keeps its own free memory.
_M_ARENA_MAX: Final = -8
_ARENAS_MAX: Final = 2

# Read once, when jemalloc is loaded. Its default gives back only while it is being used.
_JEMALLOC: Final = "_RJEM_MALLOC_CONF"
_JEMALLOC_OPTIONS: Final = "background_thread:true,dirty_decay_ms:2000,muzzy_decay_ms:0"


def _call_c_library(name: str, *numbers: int) -> None:
    """Call a function of glibc, where the C library is that one."""
    try:
        function = getattr(ctypes.CDLL(None), name, None)
    except (OSError, TypeError):
        return
    if function is not None:
        function(*numbers)


def share_heaps() -> None:
    """Have all threads allocate from few heaps. Call it before there are threads."""
    _call_c_library("mallopt", _M_ARENA_MAX, _ARENAS_MAX)


def give_back() -> None:
    """Return free memory of the C library to the system: some milliseconds, so on a thread."""
    _call_c_library("malloc_trim", 0)


@contextmanager
def jemalloc_gives_back() -> Iterator[None]:
    """What is imported inside uses jemalloc, and it shall return free memory by itself."""
    if _JEMALLOC in os.environ:  # somebody knows better
        yield
        return
    os.environ[_JEMALLOC] = _JEMALLOC_OPTIONS
    try:
        yield
    finally:
        del os.environ[_JEMALLOC]  # not for the processes that are started later
