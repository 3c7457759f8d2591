"""The files of a disk store: bytes on their way in, and objects open for reading.

Knows system calls and how they fail. Does not know where files lie or when they are synced.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Sequence
from typing import Final

from groundswell.core.errors import Corrupt, StorageFull, Unavailable
from groundswell.store.ports import Failpoint

_IOV_MAX: Final = 1024  # POSIX guarantees 16, Linux and the BSDs give 1024
_NO_WAIT: Final[int | None] = getattr(os, "RWF_NOWAIT", None)  # Linux
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_HARD_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})


class SpoolFile:
    """Bytes on their way in: one file under ``spool/``, written from its start to its end."""

    def __init__(
        self, path: str, descriptor: int, sync: Callable[[int], None], failpoint: Failpoint
    ) -> None:
        self._sync = sync
        self._failpoint = failpoint
        self._path = path
        self._descriptor = descriptor
        self._size_bytes = 0

    @property
    def path(self) -> str:
        """Where the bytes lie now."""
        return self._path

    @property
    def size_bytes(self) -> int:
        """How much was written."""
        return self._size_bytes

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append all of ``data``.

        Raises:
            StorageFull: the disk is full; the file is gone then.
            Unavailable: the disk failed, or the store takes no writes any more.
        """
        self._failpoint("spool_write")
        view = memoryview(data).cast("B")
        try:
            while view:
                written = os.write(self._descriptor, view)
                self._size_bytes += written
                view = view[written:]
        except OSError as error:
            self.discard()
            raise translated(error) from error

    def settle(self) -> None:
        """Make the bytes durable and let go of the file, which is written no more.

        Raises:
            StorageFull, Unavailable: as ``write`` does.
        """
        if self._descriptor < 0:
            return
        try:
            os.fchmod(self._descriptor, 0o444)
            self._sync(self._descriptor)
        except OSError as error:
            self.discard()
            raise translated(error) from error
        self._close()

    def discard(self) -> None:
        """Forget the bytes. Does nothing the second time, or after adoption."""
        self._close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


class OpenFile:
    """An object open for reading, shared by all who read it at this moment."""

    def __init__(self, descriptor: int, figures: os.stat_result, place: str) -> None:
        self._descriptor = descriptor
        self._size_bytes = figures.st_size
        self.place = place
        self.identity = identity_of(figures)
        self.readers = 0
        self.is_evicted = False

    @property
    def size_bytes(self) -> int:
        """Size of the whole object."""
        return self._size_bytes

    @property
    def is_removed(self) -> bool:
        """Whether the file has lost its name, so that only who has it open keeps its space."""
        return os.fstat(self._descriptor).st_nlink == 0

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Exactly ``size_bytes`` from ``offset``.

        Raises:
            Corrupt: the object is shorter, or the disk cannot read it.
        """
        try:
            data = os.pread(self._descriptor, size_bytes, offset)
        except OSError as error:
            raise Corrupt from error
        if len(data) == size_bytes:
            return data
        # A signal or a file system may cut a long read short: finish it piece by piece.
        whole = bytearray(size_bytes)
        self.read_into(offset, [memoryview(whole)])
        return bytes(whole)

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers one after the other from ``offset``.

        Raises:
            Corrupt: the object is shorter, or the disk cannot read it.
        """
        waiting = [buffer for buffer in buffers if len(buffer)]
        first = 0
        try:
            while first < len(waiting):
                count = os.preadv(self._descriptor, waiting[first : first + _IOV_MAX], offset)
                if count == 0:
                    raise Corrupt
                offset += count
                while first < len(waiting) and count >= len(waiting[first]):
                    count -= len(waiting[first])
                    first += 1
                if count:
                    waiting[first] = waiting[first][count:]
        except OSError as error:
            raise Corrupt from error

    def read_cached_into(self, offset: int, buffers: Sequence[memoryview]) -> int:
        """As far as the bytes are in the system's memory; how many were read."""
        if _NO_WAIT is None:
            return 0
        try:
            return os.preadv(self._descriptor, buffers, offset, _NO_WAIT)
        except OSError:  # not in memory, or a file system that cannot tell
            return 0

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._descriptor)


def translated(error: OSError) -> StorageFull | Unavailable:
    """The error as the port names it. Everything but a full disk is the hub's own trouble."""
    if error.errno in NO_SPACE:
        return StorageFull()
    return Unavailable("The hub's disk failed to take the bytes. Try again in a moment.")


def open_file(path: str, place: str) -> OpenFile:
    """Open an object's file for reading. ``place`` is its path below the store's folder.

    Raises:
        FileNotFoundError: there is none.
        Unavailable: the process has no descriptors left.
        Corrupt: the disk cannot give it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in {errno.EMFILE, errno.ENFILE}:
            raise Unavailable from error
        raise Corrupt from error
    return OpenFile(descriptor, os.fstat(descriptor), place)


def identity_of(figures: os.stat_result) -> str:
    """What tells a file from the one that had its name before, or was written over it."""
    return f"{figures.st_ino}.{figures.st_mtime_ns}.{figures.st_size}"


def link(source: str, target: str) -> bool:
    """Give the file its name, unless another has it. True when the name was free."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # A file system without hard links: two writers of one key carry the same bytes, so it
        # does not matter which of them stays.
        is_new = not os.path.exists(target)
        os.rename(source, target)
        return is_new
    return True
