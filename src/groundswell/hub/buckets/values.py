"""What the use cases of buckets give back, and their bounds.

Times are microseconds since the epoch, sizes bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from groundswell.core.values import RecipePlan
from groundswell.hub.repos import Repository

PATHS_MAX: Final = 1_000
FILES_MAX: Final = 1_000_000
"""How many files one bucket holds."""

CHANGES_KEPT: Final = 10_000
"""How many changes back somebody may follow a bucket."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and what lies in it: the number of its files, and their lengths together."""

    repository: Repository
    file_count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class BucketPage:
    """A page of a namespace's buckets; ``next_cursor`` None on the last one."""

    buckets: tuple[Bucket, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class BucketFile:
    """What lies at a path. ``changed_at`` is the file's time on its uploader's disk."""

    path: str
    sha256: str
    size_bytes: int
    file_hash: str
    changed_at: int | None
    uploaded_at: int


@dataclass(frozen=True, slots=True)
class BucketFolder:
    """A folder: it is there as long as a file is below it."""

    path: str


@dataclass(frozen=True, slots=True)
class FilePage:
    """A page of files and folders, in the order of their paths' octets."""

    items: tuple[BucketFile | BucketFolder, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LocatedFile:
    """A file, whose it is, and how to send it."""

    repository: Repository
    file: BucketFile
    plan: RecipePlan


@dataclass(frozen=True, slots=True)
class Failure:
    """An operation that was not carried out, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch: what is not among the failures is done, and durable."""

    operation_count: int
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Since:
    """From where a bucket is followed: after a change, or from a moment; with neither, from now."""

    number: int | None = None
    moment: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one path. ``op`` is add, update or delete; what a deletion lacks is None."""

    number: int
    op: str
    path: str
    happened_at: int
    file_hash: str | None
    size_bytes: int | None
    changed_at: int | None


@dataclass(frozen=True, slots=True)
class Changes:
    """The next changes, and the number after which to go on.

    ``is_whole`` says that there are no more for now; ``is_lost``, that some are forgotten: whoever
    follows has to look at the whole bucket again.
    """

    changes: tuple[Change, ...]
    number: int
    is_whole: bool = True
    is_lost: bool = False
