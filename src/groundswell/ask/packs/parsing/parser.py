"""Parsing from the outside: a document goes in, its articles come out as lines, within limits.

Knows how long a document may take and how much may come of it. Does not know formats. One parser
serves one thread.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Self, TypeGuard

from groundswell.ask.packs.documents import Read
from groundswell.core.errors import Unavailable
from groundswell.hub.children import bare_environment, command_of
from groundswell.hub.viewing.pipe import READ_BYTES_MAX, Ended, Pipe
from groundswell.wire.packs import LINE_BYTES_MAX

DOCUMENT_SECONDS_MAX: Final = 120.0
# Small documents go through the pipe together: one at a time, an entry of a dictionary costs as
# much on its way as to read. A batch that takes longer is read again one by one.
BATCH_SECONDS_MAX: Final = 20.0
BATCH_BYTES_MAX: Final = 128 << 10
BATCH_DOCUMENTS_MAX: Final = 64
START_SECONDS_MAX: Final = 60.0
# Documents one after the other that ended their process: then one that is known to be good is read,
# to find out whether it is the documents.
DEATHS_MAX: Final = 20
# In all, of one parser: each may have taken two minutes.
DEATHS_IN_ALL_MAX: Final = 200
_GOOD: Final = ("good.txt", b"A document that is known to be good.")
DOCUMENT_BYTES_MAX: Final = 256 << 20
# What may come of one document: text is seldom longer than what it was written in.
ARTICLES_BYTES_MAX: Final = 256 << 20
ARTICLES_MAX: Final = 100_000


class Unreadable(Exception):
    """A document of which nothing comes; the message says why, to the one who has it."""


# The articles of a document, each as its line in a text shard, in the document's order; or why
# there are none.
Parsed = list[bytes] | Unreadable
_Document = tuple[str, bytes]


class Parser:
    """A process that parses documents, started when first needed and again when one was too much.

    Use as a context manager.
    """

    def __init__(self, document_seconds: float = DOCUMENT_SECONDS_MAX) -> None:
        self._document_seconds = document_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self._pipe: Pipe | None = None
        self._deaths = 0  # one after the other
        self._deaths_in_all = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def parse_all(self, read: Iterable[Read]) -> Iterator[tuple[str, int, Parsed]]:
        """Each document's path, how many bytes of it there were, and what came of it, in order.

        Raises:
            Unavailable: reading does not work at all, or too many documents end it.
        """
        batch: list[Read] = []
        size_bytes = 0
        for each in read:
            batch.append(each)
            size_bytes += len(each[1])
            if size_bytes > BATCH_BYTES_MAX or len(batch) == BATCH_DOCUMENTS_MAX:
                yield from self._parse_batch(batch)
                batch, size_bytes = [], 0
        yield from self._parse_batch(batch)

    def _parse_batch(self, read: Sequence[Read]) -> Iterator[tuple[str, int, Parsed]]:
        small = [(path, data) for path, data in read if _is_small(data)]
        together = iter(self._together(small))
        for path, data in read:
            if isinstance(data, str):
                yield path, 0, Unreadable(data)
            else:
                yield (
                    path,
                    len(data),
                    next(together) if _is_small(data) else self._alone(path, data),
                )

    def _together(self, documents: Sequence[_Document]) -> Sequence[Parsed]:
        """What came of small documents."""
        if len(documents) > 1:
            try:
                found = self._asked(documents, min(BATCH_SECONDS_MAX, self._document_seconds))
            except Ended:
                pass  # one of them was too much for it: which one is found out below
            else:
                self._deaths = 0
                return found
        return [self._alone(*each) for each in documents]

    def _alone(self, path: str, data: bytes) -> Parsed:
        try:
            return self.parse(path, data)
        except Unreadable as error:
            return error

    def parse(self, path: str, data: bytes) -> list[bytes]:
        """The articles of a document, each as its line in a text shard, in the document's order.

        Raises:
            Unreadable: it is damaged, of a kind that is not read, or more than a document may be.
            Unavailable: reading does not work at all, or too many documents end it.
        """
        if len(data) > DOCUMENT_BYTES_MAX:
            raise Unreadable("it is larger than a document may be")
        try:
            (parsed,) = self._asked([(path, data)], self._document_seconds)
        except Ended as error:
            self._note_death(path)
            raise Unreadable("reading it took more time or memory than a document may") from error
        self._deaths = 0
        if isinstance(parsed, Unreadable):
            raise parsed
        return parsed

    def _asked(self, documents: Sequence[_Document], seconds: float) -> list[Parsed]:
        """What the process says of documents. Raises Ended when it is gone, and so it is."""
        pipe = self._running()
        pipe.deadline = time.monotonic() + seconds
        try:
            pipe.send({"documents": [[path, len(data)] for path, data in documents]})
            data = b"".join(data for _, data in documents)
            for start in range(0, len(data), READ_BYTES_MAX):
                pipe.send_bytes(data[start : start + READ_BYTES_MAX])
            return [_parsed(pipe) for _ in documents]
        except Ended:
            self._stop()
            raise

    def _note_death(self, path: str) -> None:
        """Count it. Raises Unavailable when it is not the document, or there were too many."""
        self._deaths += 1
        self._deaths_in_all += 1
        if self._deaths_in_all > DEATHS_IN_ALL_MAX:
            raise Unavailable(
                f"More than {DEATHS_IN_ALL_MAX} documents ended the process that reads them, the"
                f" last was {path[:200]}: take them out and build again."
            )
        if self._deaths < DEATHS_MAX:
            return
        self._deaths = 0
        try:
            self._asked([_GOOD], self._document_seconds)
        except Ended as error:
            raise Unavailable("The process that reads documents ends again and again.") from error

    def _running(self) -> Pipe:
        if self._pipe is None:
            here, there = socket.socketpair()
            self._end = here
            with there:
                self._process = _start(there)
            self._pipe = Pipe(here, time.monotonic() + START_SECONDS_MAX)
            try:
                self._pipe.receive_bytes(100)
            except Ended as error:
                self._stop()
                raise Unavailable("The process that reads documents does not start.") from error
        return self._pipe

    def _stop(self) -> None:
        end, self._end, self._pipe = self._end, None, None
        process, self._process = self._process, None
        if end is not None:
            end.close()
        if process is not None:
            process.kill()
            process.wait()


def _is_small(data: bytes | str) -> TypeGuard[bytes]:
    return isinstance(data, bytes) and len(data) <= BATCH_BYTES_MAX


def _parsed(pipe: Pipe) -> Parsed:
    """What came of the next document. Raises Ended."""
    lines = list[bytes]()
    left_bytes = ARTICLES_BYTES_MAX
    while line := pipe.receive_bytes(LINE_BYTES_MAX):
        if line[:1] == b"!":
            return Unreadable(line[1:].decode("utf-8", "replace")[:500])
        left_bytes -= len(line)
        if left_bytes < 0 or len(lines) == ARTICLES_MAX:
            raise Ended
        lines.append(line)
    return lines


def _start(end: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command_of("groundswell.ask.packs.parsing.worker"),
        stdin=end.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=bare_environment(),
        cwd="/",
    )
