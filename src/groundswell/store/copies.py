"""Reading a folder of objects without owning it: a backup, which may be mounted read-only.

Knows the layout ``<root>/<kind>/<first two digits>/<key>``. Makes nothing and keeps nothing open.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from groundswell.core.errors import Corrupt
from groundswell.store.disk.files import identity_of
from groundswell.store.ports import BlobReader

_KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PREFIX: Final = re.compile(r"[0-9a-f]{2}", re.ASCII)


def place_of(kind: str, key: str) -> str:
    """Where an object lies below the root."""
    assert _KEY.fullmatch(key), "a key is 64 hexadecimal digits"
    return f"{kind}/{key[:2]}/{key}"


class _OpenCopy:
    """One file open for reading."""

    place: None = None  # a copy serves nobody

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        figures = os.fstat(descriptor)
        self._size_bytes = figures.st_size
        self.identity = identity_of(figures)

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        data = b""
        try:
            while len(data) < size_bytes:
                piece = os.pread(self._descriptor, size_bytes - len(data), offset + len(data))
                if not piece:
                    raise Corrupt
                data = data + piece if data else piece
        except OSError as error:
            raise Corrupt from error
        return data

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        for buffer in buffers:
            buffer[:] = self.read_at(offset, len(buffer))
            offset += len(buffer)

    def read_cached_into(self, offset: int, buffers: Sequence[memoryview]) -> int:
        del offset, buffers  # a copy is read once: nothing is gained
        return 0


@contextlib.contextmanager
def open_copy(path: Path) -> Iterator[BlobReader]:
    """Open a file for reading as an object.

    Raises:
        FileNotFoundError: there is no such file.
        Corrupt: it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Corrupt from error
    try:
        yield _OpenCopy(descriptor)
    finally:
        os.close(descriptor)


class BlobFolder:
    """The objects of a folder: the reading half of a ``BlobStore``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextlib.contextmanager
    def open(self, kind: str, key: str) -> Iterator[BlobReader]:
        """Open for reading.

        Raises:
            FileNotFoundError: there is no such object.
            Corrupt: it cannot be read.
        """
        with open_copy(self._root / place_of(kind, key)) as reader:
            yield reader

    def size_bytes(self, kind: str, key: str) -> int | None:
        """Size of the object, or None when there is none."""
        try:
            return os.stat(self._root / place_of(kind, key)).st_size
        except FileNotFoundError:
            return None

    def list_keys(self, kind: str, after: str = "") -> Iterator[str]:
        """Keys in ascending order, from after ``after``."""
        for prefix in _names(self._root / kind):
            if _PREFIX.fullmatch(prefix) and prefix >= after[:2]:
                names = _names(self._root / kind / prefix)
                yield from (name for name in names if _KEY.fullmatch(name) and name > after)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
