"""What blobs are told and asked in: values without behaviour."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], int]
"""Microseconds since the epoch, UTC."""


@dataclass(frozen=True, slots=True)
class Blob:
    """The content of one file. ``file_hash`` is its Xet file hash, as text."""

    sha256: str
    size_bytes: int
    file_hash: str


class XetScope(enum.StrEnum):
    """What a Xet token is for. Writing includes reading."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class XetToken:
    """What a client needs to speak to the content store (Hub API 8.1).

    ``cas_url`` has no trailing slash. ``expires_at_seconds`` are seconds since the epoch.
    """

    cas_url: str
    access_token: str
    expires_at_seconds: int


@dataclass(frozen=True, slots=True)
class ShardResult:
    """What became of a shard: ``was_inserted`` when it told this repository anything new."""

    was_inserted: bool
    shard_hash: str


Progress = Callable[[int, int], None]
"""Called now and then with the bytes checked so far and in all. Must not block."""
