"""Parquet files as documents of a pack: stretches of rows, each as lines of JSON.

Knows how rows are asked of the process that reads them, which is shut in. Does not know what rows
say: a row becomes an article as a line of JSON does.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from groundswell.ask.packs.documents import Document, Read
from groundswell.hub.children import bare_environment, command_of
from groundswell.hub.viewing.pipe import READ_BYTES_MAX, Ended, Pipe
from groundswell.wire.documents import ROWS_FROM

ENDING: Final = ".parquet"
ROWS_AT_ONCE: Final = 500
# Of one stretch as JSON: 500 rows are seldom more than a few MiB.
STRETCH_BYTES_MAX: Final = 64 << 20
STRETCH_SECONDS_MAX: Final = 120.0
_NEEDS: Final = "Parquet is read with the extra 'viewer': pip install 'groundswell[viewer]'"


def is_table(path: str) -> bool:
    """Whether a file of this name is read by rows."""
    return path.lower().endswith(ENDING)


def table_documents(file: Path, path: str, fingerprint: str) -> Iterator[Document]:
    """The stretches of a file; itself as one document where it cannot be read, to be told."""
    size_bytes = file.stat().st_size
    rows = 0
    if _is_installed():
        try:
            with _Reader(file) as reader:
                rows = reader.count()
        except (Ended, _Refused, OSError):
            rows = 0
    # An even share: bytes of a column are not known by row.
    share = size_bytes * ROWS_AT_ONCE // rows if rows else size_bytes
    for start in range(0, max(rows, 1), ROWS_AT_ONCE):
        name = f"{path}{ROWS_FROM}{start + 1:012d}"
        yield Document(name, f"{fingerprint}#{start}", min(share, size_bytes))


def table_of(path: str) -> str:
    """The file that a stretch is of; "" when the path names none."""
    file, _, _ = path.rpartition(ROWS_FROM)
    return file if file and is_table(file) else ""


def read_stretches(file: Path, paths: Sequence[str]) -> Iterator[Read]:
    """Rows of stretches of one file, in their order."""
    if not _is_installed():
        yield from ((path, _NEEDS) for path in paths)
        return
    reader: _Reader | None = None
    try:
        for path in sorted(paths):
            start = int(path.rpartition(ROWS_FROM)[2]) - 1
            try:
                reader = reader or _Reader(file).__enter__()
                yield path, reader.rows(start, start + ROWS_AT_ONCE)
            except _Refused as error:
                yield path, str(error)[:500]
            except OSError as error:
                yield path, error.strerror or "it cannot be read"
            except Ended:
                yield path, "reading it took more time or memory than a table may"
            else:
                continue
            if reader is not None:  # what is half said would be taken for the next answer
                reader.__exit__()
                reader = None
    finally:
        if reader is not None:
            reader.__exit__()


class _Refused(Exception):
    """The file cannot be read as what it seems to be."""


class _Reader:
    """The process with one file. A context manager."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        self._file = self._path.open("rb")
        self._size_bytes = os.fstat(self._file.fileno()).st_size
        here, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(
                command_of("groundswell.ask.packs.parsing.table_worker"),
                stdin=there.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=bare_environment(),
                cwd="/",
            )
        self._end = here
        self._pipe = Pipe(here, time.monotonic() + STRETCH_SECONDS_MAX)
        self._pipe.send({"size": self._size_bytes})
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()
        self._process.kill()
        self._process.wait()
        if self._file is not None:
            self._file.close()

    def count(self) -> int:
        """How many rows there are."""
        _, found = self._ask({"count": True})
        return found if type(found) is int and found > 0 else 0

    def rows(self, start: int, stop: int) -> bytes:
        """Rows as lines of JSON. Raises _Refused, Ended."""
        return self._ask({"rows": [start, stop]})[0]

    def _ask(self, question: dict[str, Any]) -> tuple[bytes, Any]:
        pipe = self._pipe
        pipe.deadline = time.monotonic() + STRETCH_SECONDS_MAX
        pipe.send(question)
        parts = bytearray()
        while True:
            said = pipe.receive()
            if "read" in said:
                pipe.send_bytes(self._range(said["read"]))
            elif "part" in said:
                parts += pipe.receive_bytes(READ_BYTES_MAX)
                if len(parts) > STRETCH_BYTES_MAX:
                    raise _Refused("500 of its rows are more than a pack reads at once")
            elif "error" in said:
                raise _Refused(str(said["error"]))
            else:
                return bytes(parts), said.get("answer")

    def _range(self, wanted: object) -> bytes:
        """Bytes that the process asks for: it is no more trusted than what it reads."""
        assert self._file is not None, "entered"
        if not (isinstance(wanted, list) and len(wanted) == 2):
            raise Ended
        start, stop = wanted
        if type(start) is not int or type(stop) is not int:
            raise Ended
        if not 0 <= start < stop <= self._size_bytes or stop - start > READ_BYTES_MAX:
            raise Ended
        return os.pread(self._file.fileno(), stop - start, start)


def _is_installed() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("duckdb", "fsspec"))
