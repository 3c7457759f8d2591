"""Hashes and ranges of bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from groundswell.core.errors import BadRequest

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_SHORT_COMMIT = re.compile(r"[0-9a-f]{7,40}", re.ASCII)


def is_sha256(text: str) -> bool:
    """Whether the text is a sha256 in lower-case hexadecimal."""
    return _SHA256.fullmatch(text) is not None


def is_commit_id(text: str) -> bool:
    """Whether the text is a full commit id."""
    return _COMMIT.fullmatch(text) is not None


def is_abbreviated_commit_id(text: str) -> bool:
    """Whether the text may be the beginning of a commit id (7 to 40 digits)."""
    return _SHORT_COMMIT.fullmatch(text) is not None


def check_sha256(text: str) -> str:
    """The same digest.

    Raises:
        BadRequest: not 64 lower-case hexadecimal digits.
    """
    if not is_sha256(text):
        msg = f"Not a sha256: {text[:80]!r}"
        raise BadRequest(msg)
    return text


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Half-open range of bytes, ``0 <= start < stop``."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        assert 0 <= self.start < self.stop, (self.start, self.stop)

    @property
    def size_bytes(self) -> int:
        """How many bytes it spans."""
        return self.stop - self.start
