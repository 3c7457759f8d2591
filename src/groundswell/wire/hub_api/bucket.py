"""Buckets on the wire: a batch of operations as it comes, files and changes as they leave.

Source: Hub API, section 17. Knows lines and fields. Does not know which contents there are, or
whether a path is allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from groundswell.core.errors import BadRequest, Malformed, TooLarge
from groundswell.core.values import AddFile, BucketOperation, CopyFile, DeleteFile
from groundswell.wire.hub_api.text import date_text

OPERATIONS_MAX: Final = 5_000
LINE_BYTES_MAX: Final = 16 * 1024
BATCH_BYTES_MAX: Final = 16 * 1024 * 1024
CONTENT_TYPE_MAX: Final = 255
# From the first to the last millisecond that dates can be written of: the years 1 to 9999.
_MILLIS_MAX: Final = 253_402_300_799_999
_MILLIS_MIN: Final = -62_135_596_800_000

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SOURCE_MAX: Final = 200


def parse_batch(body: bytes) -> list[BucketOperation]:
    """The operations of a batch, in order.

    Raises:
        Malformed: a line that is not JSON, has no known type or lacks a field.
        TooLarge: a line or the batch is longer than allowed.
    """
    return list(_operations(body))


def _operations(body: bytes) -> Iterator[BucketOperation]:
    count = 0
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line.strip():
            continue
        count += 1
        if count > OPERATIONS_MAX:
            raise TooLarge(f"A batch may hold {OPERATIONS_MAX} operations: send several batches.")
        if len(line) > LINE_BYTES_MAX:
            raise TooLarge(f"Line {number} of the batch is longer than {LINE_BYTES_MAX} bytes.")
        yield _operation(line, f"batch line {number}")


def _operation(line: bytes, where: str) -> BucketOperation:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed(where, "not valid JSON") from error
    if not isinstance(value, dict):
        raise Malformed(where, "an object is expected")
    path = _text(value, "path", where)
    match value.get("type"):
        case "addFile":
            content_type = _text(value, "contentType", where, "")[:CONTENT_TYPE_MAX]
            return AddFile(path, _hash(value, where), _time(value, where), content_type or None)
        case "copyFile":
            kind = _text(value, "sourceRepoType", where)[:_SOURCE_MAX]
            source = _text(value, "sourceRepoId", where)[:_SOURCE_MAX]
            return CopyFile(path, _hash(value, where), kind, source, _time(value, where))
        case "deleteFile":
            return DeleteFile(path)
    raise Malformed(where, '"type" is none of "addFile", "copyFile" and "deleteFile"')


def _text(value: dict[str, Any], name: str, where: str, default: str | None = None) -> str:
    found = value.get(name)
    if found is None and default is not None:
        return default
    if not isinstance(found, str):
        raise Malformed(where, f'"{name}" is not a string')
    if "\0" in found or any("\ud800" <= character <= "\udfff" for character in found):
        raise Malformed(where, f'"{name}" holds a character that no text can hold')
    return found


def _hash(value: dict[str, Any], where: str) -> str:
    found = _text(value, "xetHash", where)
    if _HASH.fullmatch(found) is None:
        raise Malformed(where, '"xetHash" is not the hash of a file')
    return found


def _time(value: dict[str, Any], where: str) -> int | None:
    """``mtime``, milliseconds since the epoch, in microseconds."""
    found = value.get("mtime")
    if found is None:
        return None
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    if not is_number or not _MILLIS_MIN <= found <= _MILLIS_MAX:
        raise Malformed(where, '"mtime" is not a time in milliseconds')
    return int(found) * 1_000


def parse_instant(text: str) -> int:
    """An ISO 8601 time, such as these doors write, in microseconds since the epoch.

    Raises:
        BadRequest: written otherwise.
    """
    try:
        found = datetime.fromisoformat(text[:40])
    except ValueError as error:
        msg = '"since" must be a time such as 2026-01-31T12:00:00.000Z.'
        raise BadRequest(msg) from error
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1_000_000)


def file_json(
    path: str, size_bytes: int, file_hash: str, changed_at: int | None, uploaded_at: int
) -> dict[str, Any]:
    """A file as lists show it."""
    told: dict[str, Any] = {"type": "file", "path": path, "size": size_bytes, "xetHash": file_hash}
    if changed_at is not None:
        told["mtime"] = date_text(changed_at)
    return {**told, "uploadedAt": date_text(uploaded_at)}


def event_frame(name: str, value: dict[str, Any]) -> bytes:
    """One server-sent event."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return f"event: {name}\ndata: {text}\n\n".encode()
