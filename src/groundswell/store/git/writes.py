"""Writing objects through libgit2: how a disk that becomes full meanwhile shows.

libgit2 sets no error when the disk takes only a part of a write: what it then says is nothing, or
what went wrong some time before. So the disk itself is asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pygit2

from groundswell.core.errors import GroundswellError, StorageFull
from groundswell.store.git.process import translated

_SPARE_BYTES: Final = 1 << 20
_SPARE_FILES: Final = 16


@contextmanager
def writing(handle: pygit2.Repository, size_bytes: int = 0) -> Iterator[None]:
    """As ``translated``, around writes of about that size in all.

    Raises:
        StorageFull: the write failed, and so much is not free.
    """
    try:
        with translated():
            yield
    except StorageFull:
        raise
    except GroundswellError as fault:
        if fault.status >= 500 and _is_full(handle.path, size_bytes):
            raise StorageFull from fault
        raise


def _is_full(folder: str, size_bytes: int) -> bool:
    figures = os.statvfs(folder)
    is_short = figures.f_bavail * figures.f_frsize < size_bytes + _SPARE_BYTES
    return is_short or (figures.f_files > 0 and figures.f_favail < _SPARE_FILES)
