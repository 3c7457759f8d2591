"""The commit request as a stream: any cut of the bytes reads the same; what is broken is refused."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core.errors import Malformed, TooLarge
from groundswell.core.values import AddBlob, AddRegular, CommitHeader, DeleteEntry, Operation
from groundswell.wire.hub_api.commit_stream import CommitStream

SHA = "ab" * 32


def line(key: str, **value: Any) -> bytes:
    return json.dumps({"key": key, "value": value}).encode()


HEADER = line("header", summary="s", description="d", parentCommit="c" * 40)
LINES = [
    HEADER,
    line("file", path="a", content=base64.b64encode(b"\0\xff").decode(), encoding="base64"),
    line("lfsFile", path="b", algo="sha256", oid=SHA, size=3),
    line("lfsFile", path="c", algo="sha256", oid=SHA),
    b"",
    line("deletedFile", path="d"),
    line("deletedFolder", path="e/"),
]
EXPECTED: list[Operation] = [
    AddRegular("a", b"\0\xff"),
    AddBlob("b", SHA, 3),
    AddBlob("c", SHA, None),
    DeleteEntry("d"),
    DeleteEntry("e", folder=True),
]


def read(
    body: bytes, cuts: list[int] | None = None, **limits: int
) -> tuple[CommitHeader, list[Operation]]:
    stream = CommitStream(limits.get("line_max_bytes", 1 << 20), limits.get("operations_max", 1000))
    found: list[Operation] = []
    begun = 0
    for cut in sorted(cuts or []):
        found += stream.feed(body[begun:cut])
        begun = max(begun, cut)
    found += stream.feed(body[begun:])
    found += stream.finish()
    assert stream.header is not None
    return stream.header, found


@given(st.lists(st.integers(0, 700), max_size=20), st.booleans())
def test_any_cut_reads_the_same(cuts: list[int], ends_with_newline: bool) -> None:
    body = b"\n".join(LINES) + (b"\n" if ends_with_newline else b"")
    header, operations = read(body, cuts)
    assert header == CommitHeader("s", "d", "c" * 40)
    assert operations == EXPECTED


def test_a_description_may_be_absent() -> None:
    header, _ = read(line("header", summary="only"))
    assert header == CommitHeader("only", "", None)


@pytest.mark.parametrize("length", range(1, len(LINES[1])))
def test_a_stream_that_stops_in_a_line_is_refused(length: int) -> None:
    with pytest.raises(Malformed):
        read(HEADER + b"\n" + LINES[1][:length])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        LINES[1],
        HEADER + b"\n" + HEADER,
        HEADER + b"\n" + b"[]",
        HEADER + b"\n" + line("unknown", path="x"),
        HEADER + b"\n" + b'{"key":"file"}',
        HEADER + b"\n" + line("file", path="x", content="%", encoding="base64"),
        HEADER + b"\n" + line("file", path="x", content="a", encoding="utf-16"),
        HEADER + b"\n" + line("file", content="a"),
        HEADER + b"\n" + line("lfsFile", path="x", oid="short"),
        HEADER + b"\n" + line("lfsFile", path="x", algo="md5", oid=SHA),
        HEADER + b"\n" + line("lfsFile", path="x", oid=SHA, size=-1),
        HEADER + b"\n" + line("lfsFile", path="x", oid=SHA, size=True),
        line("header", description="no summary"),
        b'{"key":"header","value":' + b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_not_a_commit_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(body)


def test_lines_and_operations_are_bounded() -> None:
    with pytest.raises(TooLarge):
        read(b"\n".join(LINES), line_max_bytes=20)
    with pytest.raises(TooLarge):
        read(b"\n".join(LINES), operations_max=2)
    stream = CommitStream(100, 10)
    for _ in range(10):
        assert list(stream.feed(b"x" * 10)) == []
    with pytest.raises(TooLarge):  # before a newline ever comes
        list(stream.feed(b"x"))
