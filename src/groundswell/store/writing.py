"""Writing many files durably at little cost: a batch is synced once, then gets its names.

Knows the write rule for folders that one process fills, as backups and restores are: a file that
has its name is whole, also after a power cut. Does not know what the files hold.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from groundswell.core.errors import StorageFull, Unavailable
from groundswell.store.git.barrier import SyncBarrier

Octets = bytes | bytearray | memoryview

_FILES_MAX: Final = 512
_BYTES_MAX: Final = 512 * 1024 * 1024
_ARRIVALS: Final = ".arriving"
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextlib.contextmanager
def disk_faults() -> Iterator[None]:
    """Errors of the disk leave as Groundswell's, with their cause."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StorageFull("No space is left for the copy: free some, then go on.") from error
        msg = f"The disk refused the copy ({error.strerror or error})."
        raise Unavailable(msg) from error


class FolderWriter:
    """Fills a folder. Files appear under their names with ``flush``, or when a batch is full.

    Used by one thread. ``with`` closes it and removes what did not get its name.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._arrivals = root / _ARRIVALS
        self._waiting: list[tuple[Path, Path]] = []
        self._waiting_bytes = 0
        self._count = 0
        with disk_faults():
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.rmtree(self._arrivals, ignore_errors=True)
            self._arrivals.mkdir(mode=0o700)
            self._barrier = SyncBarrier(root)

    def write(self, path: str, pieces: Iterable[Octets], mode: int = 0o400) -> int:
        """Write a file that will be called ``path`` below the root; replaces what has that name.

        What ``pieces`` raises leaves nothing behind. The number of bytes written.

        Raises:
            StorageFull, Unavailable: the disk did not take it.
        """
        self._count += 1
        arriving = self._arrivals / str(self._count)
        size_bytes = 0
        done = False
        descriptor = -1
        try:
            with disk_faults():
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                descriptor = os.open(arriving, flags, mode)
            for piece in pieces:
                size_bytes += _write(descriptor, piece)
            done = True
        finally:
            if descriptor >= 0:
                os.close(descriptor)
            if not done:
                arriving.unlink(missing_ok=True)
        self._waiting.append((arriving, self.root / path))
        self._waiting_bytes += size_bytes
        if len(self._waiting) >= _FILES_MAX or self._waiting_bytes >= _BYTES_MAX:
            self.flush()
        return size_bytes

    def flush(self) -> None:
        """Give every file its name, durably."""
        if not self._waiting:
            return
        self._barrier.wait("content")
        with disk_faults():
            for arriving, path in self._waiting:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.rename(arriving, path)
        self._waiting, self._waiting_bytes = [], 0
        self._barrier.wait("names")

    def close(self) -> None:
        """Forget what has no name yet."""
        shutil.rmtree(self._arrivals, ignore_errors=True)
        self._barrier.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _write(descriptor: int, piece: Octets) -> int:
    view = memoryview(piece).cast("B")
    size_bytes = len(view)
    with disk_faults():
        while view:
            view = view[os.write(descriptor, view) :]
    return size_bytes
