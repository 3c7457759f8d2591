"""Batches of buckets as they come, and what is told of files and changes."""

import json

import pytest

from groundswell.core.errors import BadRequest, Malformed, TooLarge
from groundswell.core.values import AddFile, CopyFile, DeleteFile
from groundswell.wire.hub_api.bucket import (
    LINE_BYTES_MAX,
    OPERATIONS_MAX,
    event_frame,
    file_json,
    parse_batch,
    parse_instant,
)

HASH = "ab" * 32


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_operations_are_read_in_order_with_and_without_a_last_newline() -> None:
    lines = [
        line(type="addFile", path="a", xetHash=HASH, mtime=1_700_000_000_123.9, contentType="x/y"),
        line(type="addFile", path="b", xetHash=HASH),  # as huggingface.js writes it
        line(
            type="copyFile", path="c", xetHash=HASH, mtime=-1,
            sourceRepoType="bucket", sourceRepoId="a/b",
        ),
        line(type="deleteFile", path="d"),
    ]  # fmt: skip
    expected = [
        AddFile("a", HASH, 1_700_000_000_123_000, "x/y"),
        AddFile("b", HASH),
        CopyFile("c", HASH, "bucket", "a/b", -1_000),
        DeleteFile("d"),
    ]
    assert parse_batch(b"\n".join(lines)) == parse_batch(b"\n\n".join(lines) + b"\n") == expected
    assert parse_batch(b"") == []


@pytest.mark.parametrize(
    "wrong",
    [
        b"{",
        b"[]",
        b"\xff",
        line(type="addFile", path="a"),
        line(type="addFile", path="a", xetHash=HASH.upper()),
        line(type="addFile", path="a", xetHash="../" + HASH),
        line(type="addFile", path=1, xetHash=HASH),
        line(type="addFile", path="a\0", xetHash=HASH),
        line(type="addFile", path="\ud800", xetHash=HASH),
        line(type="addFile", path="a", xetHash=HASH, mtime="now"),
        line(type="addFile", path="a", xetHash=HASH, mtime=True),
        line(type="addFile", path="a", xetHash=HASH, mtime=1e300),
        b'{"type":"addFile","path":"a","xetHash":"' + HASH.encode() + b'","mtime":NaN}',
        line(type="copyFile", path="a", xetHash=HASH),
        line(type="moveFile", path="a"),
        line(path="a"),
        b"[" * 100_000,
    ],
)
def test_what_is_no_operation_is_refused(wrong: bytes) -> None:
    with pytest.raises((Malformed, TooLarge)):
        parse_batch(line(type="deleteFile", path="ok") + b"\n" + wrong)


def test_batches_are_bounded() -> None:
    most = [line(type="deleteFile", path="x")] * OPERATIONS_MAX
    assert len(parse_batch(b"\n".join(most))) == OPERATIONS_MAX
    with pytest.raises(TooLarge):
        parse_batch(b"\n".join([*most, most[0]]))
    with pytest.raises(TooLarge):
        parse_batch(line(type="deleteFile", path="x" * LINE_BYTES_MAX))


def test_times_are_read_as_they_are_written() -> None:
    assert parse_instant("2026-01-31T12:00:00.123Z") == 1_769_860_800_123_000
    assert parse_instant("2026-01-31T12:00:00") == 1_769_860_800_000_000
    for wrong in ("", "yesterday", "9" * 100):
        with pytest.raises(BadRequest):
            parse_instant(wrong)
    told = file_json("a", 5, HASH, None, 1_769_860_800_123_000)
    assert told == {
        "type": "file",
        "path": "a",
        "size": 5,
        "xetHash": HASH,
        "uploadedAt": "2026-01-31T12:00:00.123Z",
    }
    assert file_json("a", 5, HASH, -1_000, 0)["mtime"] == "1969-12-31T23:59:59.999Z"


def test_events_are_one_line_of_data() -> None:
    assert event_frame("changes", {"path": "a\nb", "x": "é"}) == (
        b'event: changes\ndata: {"path":"a\\nb","x":"\\u00e9"}\n\n'
    )
