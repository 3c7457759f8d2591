"""Byte ranges as HTTP writes them (RFC 9110, section 14) and multipart/byteranges.

Pure: text and sizes in, ranges and frames out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import RangeNotSatisfiable
from groundswell.core.values import ByteRange

RANGES_MAX: Final = 16
_HEADER_LENGTH_MAX: Final = 1024

_SPEC: Final = re.compile(r"[ \t]*(?:([0-9]{1,19})-([0-9]{0,19})|-([0-9]{1,19}))[ \t]*", re.ASCII)


def parse_ranges(header: str | None, size_bytes: int) -> tuple[ByteRange, ...] | None:
    """The ranges of a Range header over a content of this size, in the order asked for.

    None means that the whole content is the answer: no header, another unit, bytes that do not
    follow the grammar, more than 16 ranges, or ranges that together ask for more than the whole.

    Raises:
        RangeNotSatisfiable: every range begins past the end.
    """
    unit, equals, rest = (header or "").partition("=")
    if not equals or unit.strip().lower() != "bytes" or len(rest) > _HEADER_LENGTH_MAX:
        return None
    specs = [_SPEC.fullmatch(spec) for spec in rest.split(",") if spec.strip()]
    if not specs or len(specs) > RANGES_MAX:
        return None
    found: list[ByteRange] = []
    for spec in specs:
        if spec is None:
            return None
        first, last, suffix = spec.groups()
        if suffix is not None:
            start, stop = max(0, size_bytes - int(suffix)), size_bytes
            start = size_bytes if int(suffix) == 0 else start
        else:
            start, stop = int(first), size_bytes
            if last:
                if int(last) < start:
                    return None
                stop = min(size_bytes, int(last) + 1)
        if start < stop:
            found.append(ByteRange(start, stop))
    if not found:
        raise RangeNotSatisfiable(size_bytes)
    if len(found) > 1 and sum(part.size_bytes for part in found) > size_bytes:
        return None
    return tuple(found)


def content_range(part: ByteRange, size_bytes: int) -> str:
    """The Content-Range header of one range."""
    return f"bytes {part.start}-{part.stop - 1}/{size_bytes}"


@dataclass(frozen=True, slots=True)
class Multipart:
    """A multipart/byteranges body: for each range the bytes before it, and the closing bytes."""

    heads: tuple[bytes, ...]
    tail: bytes
    size_bytes: int


def multipart(
    parts: Sequence[ByteRange], size_bytes: int, media_type: str, boundary: str
) -> Multipart:
    """The frame around several ranges of a content of this size."""
    heads = tuple(
        (
            f"{'' if index == 0 else chr(13) + chr(10)}--{boundary}\r\n"
            f"Content-Type: {media_type}\r\n"
            f"Content-Range: {content_range(part, size_bytes)}\r\n\r\n"
        ).encode("latin-1")
        for index, part in enumerate(parts)
    )
    tail = f"\r\n--{boundary}--\r\n".encode("ascii")
    total = sum(map(len, heads)) + sum(part.size_bytes for part in parts) + len(tail)
    return Multipart(heads, tail, total)


def etag_matches(header: str | None, etag: str, *, weakly: bool = True) -> bool:
    """Whether a list of entity tags (If-None-Match, If-Range) names this one, given unquoted.

    ``weakly`` takes ``W/"x"`` for ``"x"``; If-Range must not.
    """
    if header is None:
        return False
    for given in header.split(","):
        tag = given.strip()
        if tag == "*":
            return True
        if weakly:
            tag = tag.removeprefix("W/")
        if tag == f'"{etag}"':
            return True
    return False
