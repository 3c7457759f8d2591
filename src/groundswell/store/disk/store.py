"""The store itself: where objects lie, and in which order they become durable.

Knows the write rule. Does not know what the bytes mean or who may read them.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from groundswell.core.errors import Unavailable
from groundswell.store.disk.files import (
    NO_SPACE,
    OpenFile,
    SpoolFile,
    identity_of,
    link,
    open_file,
    translated,
)
from groundswell.store.disk.spool import SpoolFolder
from groundswell.store.ports import (
    QUARANTINE,
    BlobReader,
    Capabilities,
    Failpoint,
    Spooled,
    kind_aside,
)

_KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KIND: Final = re.compile(r"[a-z]{1,16}", re.ASCII)
_SPOOL: Final = "spool"
_OPEN_FILES_MAX: Final = 128
_READ_ONLY: Final = "The hub's disk reported an error: it takes no writes until it is restarted."


def _nothing(step: str) -> None:
    """The failpoint of production: nothing is interrupted."""
    del step


class DiskStore:
    """A ``BlobStore`` on the folder ``root``, which is made when it is missing.

    Objects are files of mode 0444 that are linked into place complete and never written again.
    """

    def __init__(self, root: Path, *, failpoint: Failpoint = _nothing) -> None:
        self._failpoint = failpoint
        self._root = os.fspath(root)
        self._is_latched = False
        self._lock = threading.Lock()
        self._open_files: OrderedDict[tuple[str, str], OpenFile] = OrderedDict()
        self._deletions = 0
        # Folders whose own entry is known to be durable. Each is synced once in a process: the
        # process before may have been killed between making it and syncing it.
        self._durable_folders: set[str] = set()
        self._spool = SpoolFolder(os.path.join(self._root, _SPOOL), self._sync_data, failpoint)
        self._sync_folder(self._root)
        self._sync_folder(os.path.dirname(os.path.abspath(self._root)))

    @property
    def capabilities(self) -> Capabilities:
        """Local files; nothing is presigned."""
        return Capabilities(
            serves_local_files=True, presigns_reads=False, reads_outlive_deletion=True
        )

    @property
    def staging(self) -> None:
        """None: clients reach nothing but the hub."""
        return

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
        return self._spool.new(size_hint_bytes)

    def adopt(self, kind: str, key: str, spooled: Spooled) -> bool:
        """Make the spooled bytes the object, durably. True when it was new.

        The bytes are no longer spooled afterwards, whatever happened.
        """
        assert isinstance(spooled, SpoolFile), "bytes spooled by another store"
        path = self._path(kind, key)
        try:
            self._check_writable()
            self._failpoint("before_data_sync")
            spooled.settle()
            self._failpoint("after_data_sync")
            folder = self._make_folder(path)
            is_new = link(spooled.path, path)
            self._failpoint("after_link")
            # Synced also when the object was there: who linked it may not have come so far.
            self._sync_folder(folder)
            self._failpoint("after_folder_sync")
            return is_new
        except OSError as error:
            raise translated(error) from error
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
            raise translated(error) from error
        self._let_go(kind, key)
        self._sync_folder(os.path.dirname(path))
        return True

    def presign(self, kind: str, key: str, first_byte: int, last_byte: int) -> str:
        """Never: files of a folder have no address of their own."""
        msg = f"{kind}/{key} has no address ({first_byte}-{last_byte}): this store is a folder."
        raise AssertionError(msg)

    def set_aside(self, kind: str, key: str) -> str:
        """Move an object to ``quarantine/``; where it lies there, from the root.

        Raises:
            FileNotFoundError: there is no such object.
        """
        self._check_writable()
        path = self._path(kind, key)
        folder = os.path.join(self._root, QUARANTINE, kind)
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            number, name = 1, key
            while os.path.lexists(os.path.join(folder, name)):
                number += 1
                name = f"{key}.{number}"
            os.rename(path, os.path.join(folder, name))
            for each in (self._root, os.path.dirname(folder), folder, os.path.dirname(path)):
                self._sync_folder(each)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise translated(error) from error
        self._let_go(kind, key)
        return f"{QUARANTINE}/{kind}/{name}"

    @contextmanager
    def open_aside(self, place: str) -> Iterator[BlobReader]:
        """Open what was put aside; it is closed at the end.

        Raises:
            FileNotFoundError: nothing lies there.
        """
        kind_aside(place)
        file = open_file(os.path.join(self._root, place), place)
        try:
            yield file
        finally:
            file.close()

    def list_keys(self, kind: str, after: str = "") -> Iterator[str]:
        """Keys in ascending order, from after ``after``."""
        top = os.path.join(self._root, _checked_kind(kind))
        for prefix in _names(top):
            if prefix < after[:2]:
                continue
            yield from (key for key in _names(os.path.join(top, prefix)) if key > after)

    def free_bytes(self) -> int | None:
        """Space that this process may still fill."""
        return self._spool.free_bytes()

    def sweep_spool(self, age_seconds: float) -> int:
        """Remove spooled bytes that nobody wrote to for that long; how many files went.

        Objects that another process removed are let go of, too, so that their space is free.
        """
        self._let_go_of_removed()
        return self._spool.sweep(age_seconds)

    def _let_go_of_removed(self) -> None:
        with self._lock:
            removed = [place for place, file in self._open_files.items() if file.is_removed]
            unused = [
                each for place in removed for each in self._evict(self._open_files.pop(place))
            ]
        for file in unused:
            file.close()

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

    def _sync_data(self, descriptor: int) -> None:
        """Make a spooled file's bytes durable, or take no writes any more."""
        try:
            os.fdatasync(descriptor)
        except OSError as error:
            # Space that is promised at write and missing at sync: only this new file is lost.
            if error.errno in NO_SPACE:
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

    def _take(self, place: tuple[str, str]) -> OpenFile:
        """The open file of an object, counted as read by one more."""
        path = self._path(*place)
        with self._lock:
            file = self._open_files.get(place)
            if file is not None and file.identity == _identity(path):
                self._open_files.move_to_end(place)
                file.readers += 1
                return file
            # Another process put it aside, or another object in its place.
            stale = [] if file is None else self._evict(self._open_files.pop(place))
            deletions = self._deletions
        for each in stale:
            each.close()
        fresh = open_file(path, os.path.relpath(path, self._root))
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

    def _let_go(self, kind: str, key: str) -> None:
        """Keep an object's file open no longer than those who read it now need it."""
        with self._lock:
            self._deletions += 1
            file = self._open_files.pop((kind, key), None)
            unused = [] if file is None else self._evict(file)
        for each in unused:
            each.close()

    def _evict(self, file: OpenFile) -> list[OpenFile]:
        """Take a file out of the cache: the files that nobody reads and may be closed."""
        file.is_evicted = True
        return [] if file.readers else [file]


def _identity(path: str) -> str | None:
    try:
        return identity_of(os.stat(path))
    except OSError:
        return None


def _checked_kind(kind: str) -> str:
    assert _KIND.fullmatch(kind), "a kind is a short word"
    assert kind != _SPOOL, "the spool holds no objects"
    return kind


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
