"""A blob store on a folder: the write rule, and reading at any place.

Knows how bytes become durable on a POSIX file system (write, fdatasync, link, fsync of the
folder) and how a full or failing disk shows. Does not know what the bytes mean or who may read
them: callers verify content before they hand it over.

Layout: ``<root>/<kind>/<first two digits>/<key>``, with ``<root>/spool/`` for bytes on their way
in. All of it has to lie on one file system.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from groundswell.core.errors import Corrupt, StorageFull, Unavailable
from groundswell.store.ports import BlobReader, Capabilities, Failpoint, Spooled

_KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KIND: Final = re.compile(r"[a-z]{1,16}", re.ASCII)
_SPOOL: Final = "spool"
_OPEN_FILES_MAX: Final = 128
_IOV_MAX: Final = 1024  # POSIX guarantees 16, Linux and the BSDs give 1024
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_HARD_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})
_READ_ONLY: Final = "The hub's disk reported an error: it takes no writes until it is restarted."


class _SpoolFile:
    """Bytes on their way in: one file under ``spool/``, written from its start to its end."""

    def __init__(self, store: DiskStore, path: str, descriptor: int) -> None:
        self._store = store
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
        self._store.failpoint("spool_write")
        view = memoryview(data).cast("B")
        try:
            while view:
                written = os.write(self._descriptor, view)
                self._size_bytes += written
                view = view[written:]
        except OSError as error:
            self.discard()
            raise _translated(error) from error

    def settle(self) -> None:
        """Make the bytes durable and let go of the file, which is written no more.

        Raises:
            StorageFull, Unavailable: as ``write`` does.
        """
        if self._descriptor < 0:
            return
        try:
            os.fchmod(self._descriptor, 0o444)
            self._store.sync_data(self._descriptor)
        except OSError as error:
            self.discard()
            raise _translated(error) from error
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


class _OpenFile:
    """An object open for reading, shared by all who read it at this moment."""

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self._descriptor = descriptor
        self._size_bytes = size_bytes
        self.readers = 0
        self.is_evicted = False

    @property
    def size_bytes(self) -> int:
        """Size of the whole object."""
        return self._size_bytes

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

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._descriptor)


def _translated(error: OSError) -> StorageFull | Unavailable:
    """The error as the port names it. Everything but a full disk is the hub's own trouble."""
    if error.errno in _NO_SPACE:
        return StorageFull()
    return Unavailable("The hub's disk failed to take the bytes. Try again in a moment.")


def _nothing(step: str) -> None:
    """The failpoint of production: nothing is interrupted."""
    del step


class DiskStore:
    """A ``BlobStore`` on the folder ``root``, which is made when it is missing.

    Objects are files of mode 0444 that are linked into place complete and never written again.
    """

    def __init__(self, root: Path, *, failpoint: Failpoint = _nothing) -> None:
        self.failpoint = failpoint
        self._root = os.fspath(root)
        self._is_latched = False
        self._lock = threading.Lock()
        self._open_files: OrderedDict[tuple[str, str], _OpenFile] = OrderedDict()
        self._deletions = 0
        # Folders whose own entry is known to be durable. Each is synced once in a process: the
        # process before may have been killed between making it and syncing it.
        self._durable_folders: set[str] = set()
        self._spool = os.path.join(self._root, _SPOOL)
        os.makedirs(self._spool, mode=0o700, exist_ok=True)
        self._sync_folder(self._root)
        self._sync_folder(os.path.dirname(os.path.abspath(self._root)))

    @property
    def capabilities(self) -> Capabilities:
        """Local files; nothing is presigned."""
        return Capabilities(serves_local_files=True, presigns_reads=False, conditional_writes=True)

    @property
    def is_read_only(self) -> bool:
        """Whether an fsync failed, so that nothing is written until a restart."""
        return self._is_latched

    def spool(self, size_hint_bytes: int = 0) -> Spooled:
        """A new place for incoming bytes.

        Raises:
            StorageFull: less space is free than ``size_hint_bytes``.
            Unavailable: the store takes no writes any more.
        """
        self._check_writable()
        if size_hint_bytes and size_hint_bytes > (self.free_bytes() or 0):
            raise StorageFull
        path = os.path.join(self._spool, secrets.token_hex(16))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            return _SpoolFile(self, path, os.open(path, flags, 0o600))
        except OSError as error:
            raise _translated(error) from error

    def adopt(self, kind: str, key: str, spooled: Spooled) -> bool:
        """Make the spooled bytes the object, durably. True when it was new.

        The bytes are no longer spooled afterwards, whatever happened.
        """
        assert isinstance(spooled, _SpoolFile), "bytes spooled by another store"
        path = self._path(kind, key)
        try:
            self._check_writable()
            self.failpoint("before_data_sync")
            spooled.settle()
            self.failpoint("after_data_sync")
            folder = self._make_folder(path)
            is_new = _link(spooled.path, path)
            self.failpoint("after_link")
            # Synced also when the object was there: who linked it may not have come so far.
            self._sync_folder(folder)
            self.failpoint("after_folder_sync")
            return is_new
        except OSError as error:
            raise _translated(error) from error
        finally:
            spooled.discard()

    def put(self, kind: str, key: str, data: bytes) -> bool:
        """Write a small object whole. True when it was new."""
        spooled = self.spool(len(data))
        spooled.write(data)
        return self.adopt(kind, key, spooled)

    @contextmanager
    def open(self, kind: str, key: str) -> Iterator[BlobReader]:
        """Open for reading; the file stays open for the next who asks, within a bound.

        Raises:
            FileNotFoundError: there is no such object.
            Unavailable: the process has no descriptors left.
        """
        place = (kind, key)
        file = self._take(place)
        try:
            yield file
        finally:
            with self._lock:
                file.readers -= 1
                is_done = file.is_evicted and file.readers == 0
            if is_done:
                file.close()

    def size_bytes(self, kind: str, key: str) -> int | None:
        """Size of the object, or None when there is none."""
        try:
            return os.stat(self._path(kind, key)).st_size
        except FileNotFoundError:
            return None

    def delete(self, kind: str, key: str) -> bool:
        """Remove an object; those who read it now read on. False when it was gone."""
        self._check_writable()
        path = self._path(kind, key)
        try:
            os.unlink(path)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _translated(error) from error
        with self._lock:
            self._deletions += 1
            file = self._open_files.pop((kind, key), None)
            unused = [] if file is None else self._evict(file)
        for each in unused:
            each.close()
        self._sync_folder(os.path.dirname(path))
        return True

    def list_keys(self, kind: str, after: str = "") -> Iterator[str]:
        """Keys in ascending order, from after ``after``."""
        top = os.path.join(self._root, _checked_kind(kind))
        for prefix in _names(top):
            if prefix < after[:2]:
                continue
            yield from (key for key in _names(os.path.join(top, prefix)) if key > after)

    def free_bytes(self) -> int | None:
        """Space that this process may still fill."""
        figures = os.statvfs(self._root)
        return figures.f_bavail * figures.f_frsize

    def sweep_spool(self, age_seconds: float) -> int:
        """Remove spooled bytes that nobody wrote to for that long; how many files went."""
        oldest = time.time() - age_seconds
        count = 0
        for name in _names(self._spool):
            path = os.path.join(self._spool, name)
            with contextlib.suppress(FileNotFoundError):
                if os.stat(path).st_mtime < oldest:
                    os.unlink(path)
                    count += 1
        return count

    def close(self) -> None:
        """Close the files that are kept open. Readers at work finish first."""
        with self._lock:
            unused = [each for file in self._open_files.values() for each in self._evict(file)]
            self._open_files.clear()
        for file in unused:
            file.close()

    def _path(self, kind: str, key: str) -> str:
        assert _KEY.fullmatch(key), "a key is 64 hexadecimal digits"
        return os.path.join(self._root, _checked_kind(kind), key[:2], key)

    def _check_writable(self) -> None:
        if self._is_latched:
            raise Unavailable(_READ_ONLY)

    def _latch(self, error: OSError) -> Unavailable:
        """After a failed fsync the kernel may have dropped the bytes: never try it again."""
        del error
        self._is_latched = True
        return Unavailable(_READ_ONLY)

    def sync_data(self, descriptor: int) -> None:
        """Make a spooled file's bytes durable, or take no writes any more."""
        try:
            os.fdatasync(descriptor)
        except OSError as error:
            # Space that is promised at write and missing at sync: only this new file is lost.
            if error.errno in _NO_SPACE:
                raise
            raise self._latch(error) from error

    def _sync_folder(self, folder: str) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            raise self._latch(error) from error
        finally:
            os.close(descriptor)

    def _make_folder(self, path: str) -> str:
        """The object's folder, its own entry and that of its parent durable."""
        folder = os.path.dirname(path)
        if folder not in self._durable_folders:
            top = os.path.dirname(folder)
            os.makedirs(folder, mode=0o755, exist_ok=True)
            self._sync_folder(top)
            self._sync_folder(self._root)
            self._durable_folders.add(folder)
        return folder

    def _take(self, place: tuple[str, str]) -> _OpenFile:
        """The open file of an object, counted as read by one more."""
        with self._lock:
            file = self._open_files.get(place)
            if file is not None:
                self._open_files.move_to_end(place)
                file.readers += 1
                return file
            deletions = self._deletions
        fresh = _open(self._path(*place))
        with self._lock:
            if deletions != self._deletions:
                # Perhaps this very object is gone by now: it must not be found again.
                fresh.readers, fresh.is_evicted = 1, True
                return fresh
            file = self._open_files.setdefault(place, fresh)
            file.readers += 1
            unused = [] if file is fresh else [fresh]
            while len(self._open_files) > _OPEN_FILES_MAX:
                unused += self._evict(self._open_files.popitem(last=False)[1])
        for each in unused:
            each.close()
        return file

    def _evict(self, file: _OpenFile) -> list[_OpenFile]:
        """Take a file out of the cache: the files that nobody reads and may be closed."""
        file.is_evicted = True
        return [] if file.readers else [file]


def _checked_kind(kind: str) -> str:
    assert _KIND.fullmatch(kind), "a kind is a short word"
    assert kind != _SPOOL, "the spool holds no objects"
    return kind


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def _open(path: str) -> _OpenFile:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in {errno.EMFILE, errno.ENFILE}:
            raise Unavailable from error
        raise Corrupt from error
    return _OpenFile(descriptor, os.fstat(descriptor).st_size)


def _link(source: str, target: str) -> bool:
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
