"""The commit request: newline-delimited JSON, read line by line as it comes (Hub API, section 6).

Knows lines, keys and base64. Does not know where contents are kept, whether a path is allowed
or whether a blob is there: contents leave as bytes, one line at a time.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, Final

from groundswell.core.errors import Malformed, TooLarge
from groundswell.core.values import (
    AddBlob,
    AddRegular,
    CommitHeader,
    DeleteEntry,
    Operation,
    is_sha256,
)

SUMMARY_LENGTH_MAX: Final = 2_000
DESCRIPTION_LENGTH_MAX: Final = 100_000

_KEYS: Final = frozenset(
    {"header", "file", "lfsFile", "deletedFile", "deletedFolder", "deletedEntry"}
)


class CommitStream:
    """Takes bytes as they come, gives the header first and then operations.

    Raises from ``feed`` and ``finish``:
        Malformed: a line that is not JSON, has no known key or lacks a field; no header, or two.
        TooLarge: a line longer than ``line_max_bytes``, or more operations than allowed.
    """

    def __init__(self, line_max_bytes: int, operations_max: int) -> None:
        self._line_max_bytes = line_max_bytes
        self._operations_max = operations_max
        self._pending = bytearray()
        self._scanned = 0
        self._lines = 0
        self._operations = 0
        self.header: CommitHeader | None = None

    def feed(self, data: bytes | memoryview) -> Iterator[Operation]:
        """Operations of the lines that these bytes complete."""
        self._pending += data
        while True:
            end = self._pending.find(b"\n", self._scanned)
            if end < 0:
                self._scanned = len(self._pending)
                if self._scanned > self._line_max_bytes:
                    raise self._too_long()
                return
            line = bytes(memoryview(self._pending)[:end])
            del self._pending[: end + 1]
            self._scanned = 0
            yield from self._line(line)

    def finish(self) -> Iterator[Operation]:
        """The operation of a last line without a newline; the stream must be complete.

        A body that stops in the middle ends in a line that is no JSON, and is refused here.
        """
        line, self._pending = bytes(self._pending), bytearray()
        yield from self._line(line)
        if self.header is None:
            raise Malformed("commit", "it has no header line")

    def _too_long(self) -> TooLarge:
        return TooLarge(
            f"Line {self._lines + 1} of the commit is longer than {self._line_max_bytes} bytes: "
            "send large files as LFS files."
        )

    def _line(self, line: bytes) -> Iterator[Operation]:
        if len(line) > self._line_max_bytes:
            raise self._too_long()
        if not line.strip():
            return
        self._lines += 1
        where = f"commit line {self._lines}"
        key, value = _key_and_value(line, where)
        if key == "header":
            if self.header is not None or self._operations:
                raise Malformed(where, "the header stands first, and once")
            self.header = _header(value, where)
            return
        if self.header is None:
            raise Malformed(where, "the header must come first")
        self._operations += 1
        if self._operations > self._operations_max:
            msg = f"A commit may hold {self._operations_max} operations: send several commits."
            raise TooLarge(msg)
        yield _operation(key, value, where)


def _key_and_value(line: bytes, where: str) -> tuple[str, dict[str, Any]]:
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed(where, "not valid JSON") from error
    if not isinstance(parsed, dict):
        raise Malformed(where, 'expected {"key": …, "value": {…}}')
    key, value = parsed.get("key"), parsed.get("value")
    if not isinstance(key, str) or key not in _KEYS:
        raise Malformed(where, f"unknown key {str(key)[:40]!r}")
    if not isinstance(value, dict):
        raise Malformed(where, f'the value of "{key}" is not an object')
    return key, value


def _text(value: dict[str, Any], name: str, where: str, default: str | None = None) -> str:
    found = value.get(name)
    if found is None and default is not None:
        return default
    if not isinstance(found, str):
        raise Malformed(where, f'"{name}" is not a string')
    return found


def _header(value: dict[str, Any], where: str) -> CommitHeader:
    summary = _text(value, "summary", where)
    description = _text(value, "description", where, "")
    parent = value.get("parentCommit")
    if parent is not None and not isinstance(parent, str):
        raise Malformed(where, '"parentCommit" is not a string')
    if len(summary) > SUMMARY_LENGTH_MAX or len(description) > DESCRIPTION_LENGTH_MAX:
        raise TooLarge("The commit's message is too long.")
    return CommitHeader(summary, description, parent or None)


def _operation(key: str, value: dict[str, Any], where: str) -> Operation:
    path = _text(value, "path", where)
    match key:
        case "file":
            return AddRegular(path, _content(value, where))
        case "lfsFile":
            return _blob(path, value, where)
        case "deletedFolder":
            return DeleteEntry(path.rstrip("/"), folder=True)
        case _:
            return DeleteEntry(path.rstrip("/"))


def _content(value: dict[str, Any], where: str) -> bytes:
    content = _text(value, "content", where)
    encoding = _text(value, "encoding", where, "utf-8")
    if encoding == "base64":
        try:
            return base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Malformed(where, "the content is not base64") from error
    if encoding != "utf-8":
        raise Malformed(where, f"unknown encoding {encoding[:40]!r}")
    try:
        return content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Malformed(where, "the content holds half a character") from error


def _blob(path: str, value: dict[str, Any], where: str) -> AddBlob:
    if _text(value, "algo", where, "sha256") not in {"sha256", "sha_256"}:
        raise Malformed(where, 'only "sha256" names large files')
    oid = _text(value, "oid", where)
    if not is_sha256(oid):
        raise Malformed(where, '"oid" is not a sha256')
    size = value.get("size")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        raise Malformed(where, '"size" is not a whole number')
    return AddBlob(path, oid, size)
