"""What a client wants with the files of a bucket: the operations of one batch.

Paths are as the client wrote them, and not yet checked: a wrong one fails alone. Contents are named
by their Xet file hash. ``changed_at`` is the file's time on the client's disk, in microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AddFile:
    """Put a content that the client sent to this bucket at a path, whatever was there."""

    path: str
    file_hash: str
    changed_at: int | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class CopyFile:
    """Put a content that another repository or bucket holds at a path.

    ``source_kind`` and ``source`` are as the client wrote them.
    """

    path: str
    file_hash: str
    source_kind: str
    source: str
    changed_at: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Let there be nothing at a path."""

    path: str


BucketOperation = AddFile | CopyFile | DeleteFile
