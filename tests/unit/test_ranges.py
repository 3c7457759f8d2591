"""Ranges as HTTP writes them, against a plain reading of the specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core.errors import RangeNotSatisfiable
from groundswell.core.values import ByteRange
from groundswell.wire.ranges import content_range, etag_matches, multipart, parse_ranges


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        (None, 10, None),
        ("bytes=0-0", 10, [(0, 1)]),
        ("bytes=0-", 10, [(0, 10)]),
        ("bytes=3-100", 10, [(3, 10)]),
        ("bytes=-3", 10, [(7, 10)]),
        ("bytes=-30", 10, [(0, 10)]),
        ("BYTES = 1-2", 10, [(1, 3)]),
        ("bytes=0-1, 4-5 ,-1", 10, [(0, 2), (4, 6), (9, 10)]),
        ("bytes=20-30, 0-1", 10, [(0, 2)]),
        ("items=0-1", 10, None),
        ("bytes", 10, None),
        ("bytes=", 10, None),
        ("bytes=5-4", 10, None),
        ("bytes=a-b", 10, None),
        ("bytes=0-8,1-9", 10, None),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(17)), 1000, None),
        ("bytes=" + "9" * 30 + "-", 10, None),
    ],
)
def test_ranges(header: str | None, size: int, expected: list[tuple[int, int]] | None) -> None:
    found = parse_ranges(header, size)
    assert (found and [(part.start, part.stop) for part in found]) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_past_the_end(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        parse_ranges(header, size)
    assert refused.value.size_bytes == size


@given(st.text(alphabet="bytes=0123456789-, ", max_size=60), st.integers(0, 100))
def test_whatever_is_asked_stays_inside(header: str, size: int) -> None:
    try:
        found = parse_ranges(header, size)
    except RangeNotSatisfiable:
        return
    for part in found or ():
        assert 0 <= part.start < part.stop <= size
    assert sum(part.size_bytes for part in found or ()) <= max(size, 0)


def test_a_multipart_is_as_long_as_it_says() -> None:
    content = bytes(range(100))
    parts = (ByteRange(0, 5), ByteRange(90, 100))
    frame = multipart(parts, 100, "text/plain", "xyz")
    body = b"".join(
        head + content[part.start : part.stop]
        for head, part in zip(frame.heads, parts, strict=True)
    )
    body += frame.tail
    assert len(body) == frame.size_bytes
    assert body.count(b"--xyz") == 3
    assert content_range(parts[1], 100).encode() in body


@pytest.mark.parametrize(
    ("header", "weakly", "expected"),
    [
        (None, True, False),
        ('"a"', True, True),
        ('W/"a"', True, True),
        ('W/"a"', False, False),
        ('"b", "a"', True, True),
        ("*", True, True),
        ("a", True, False),
    ],
)
def test_entity_tags(header: str | None, weakly: bool, expected: bool) -> None:
    assert etag_matches(header, "a", weakly=weakly) is expected
