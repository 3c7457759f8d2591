"""The rows of buckets and of their files: found, and found to stand in each other's way.

Knows columns and the order of paths. Asks nobody's rights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import RepoNotFound
from groundswell.core.values import PATH_LENGTH_MAX_BYTES, fold_segment
from groundswell.hub.buckets.values import Bucket, BucketFile
from groundswell.hub.repos import Repository
from groundswell.store.database import Prepared, portions
from groundswell.store.tables import blobs, bucket_files, buckets

_files = bucket_files
_FILE: Final = sa.select(
    _files.c.path,
    _files.c.sha256,
    _files.c.size_bytes,
    blobs.c.file_hash,
    _files.c.changed_at,
    _files.c.uploaded_at,
).join_from(_files, blobs, blobs.c.sha256 == _files.c.sha256)
_SOME_FILES: Final = Prepared(
    _FILE.where(
        _files.c.repository_id == sa.bindparam("number"),
        _files.c.path >= sa.bindparam("begin"),
        _files.c.path > sa.bindparam("after"),
        _files.c.path < sa.bindparam("end"),
    )
    .order_by(_files.c.path)
    .limit(sa.bindparam("most", type_=sa.Integer()))
)
_AT_FOLDED: Final = Prepared(
    sa.select(_files.c.path, _files.c.sha256, _files.c.size_bytes).where(
        _files.c.repository_id == sa.bindparam("number"),
        _files.c.folded == sa.bindparam("folded"),
    )
)
_BELOW: Final = Prepared(
    sa.select(_files.c.path)
    .where(
        _files.c.repository_id == sa.bindparam("number"),
        _files.c.folded > sa.bindparam("begin"),
        _files.c.folded < sa.bindparam("end"),
    )
    .order_by(_files.c.folded)
    .limit(1)
)

_HIGHEST: Final = 0x10FFFF
END: Final = chr(_HIGHEST) * (PATH_LENGTH_MAX_BYTES // 4 + 1)
"""Sorts after every path."""


def end_of(prefix: str) -> str:
    """What sorts after all paths with this prefix, and before every other that comes later."""
    for place in range(len(prefix) - 1, -1, -1):
        number = ord(prefix[place]) + 1
        if number <= _HIGHEST:
            return prefix[:place] + chr(0xE000 if number == 0xD800 else number)
    return END


def folded(path: str) -> str:
    """What two paths share that some systems take for one."""
    return "/".join(fold_segment(segment) for segment in path.split("/"))


def bucket_of(conn: sa.Connection, repository: Repository) -> Bucket:
    """The bucket of a row that was found for its asker.

    Raises:
        RepoNotFound: it is no bucket.
    """
    found = sums_of(conn, [repository.id]).get(repository.id)
    if found is None:
        raise RepoNotFound
    return Bucket(repository, *found)


def sums_of(conn: sa.Connection, numbers: Sequence[int]) -> dict[int, tuple[int, int]]:
    """How many files each bucket has, and their bytes together."""
    found: dict[int, tuple[int, int]] = {}
    for some in portions(numbers):
        query = sa.select(buckets.c.repository_id, buckets.c.file_count, buckets.c.size_bytes)
        query = query.where(buckets.c.repository_id.in_(some))
        found.update((row[0], (row[1], row[2])) for row in conn.execute(query))
    return found


def file_from(row: Mapping[str, Any] | sa.RowMapping) -> BucketFile:
    """A row with the columns of a file."""
    return BucketFile(
        row["path"],
        row["sha256"],
        row["size_bytes"],
        row["file_hash"],
        row["changed_at"],
        row["uploaded_at"],
    )


def files_at(conn: sa.Connection, number: int, paths: Sequence[str]) -> dict[str, BucketFile]:
    """What lies at each of these paths."""
    found: dict[str, BucketFile] = {}
    for some in portions(paths):
        query = _FILE.where(_files.c.repository_id == number, _files.c.path.in_(some))
        found.update((row["path"], file_from(row)) for row in conn.execute(query).mappings())
    return found


def some_files(
    conn: sa.Connection, number: int, prefix: str, after: str, most: int
) -> list[BucketFile]:
    """The first files with this prefix behind that place, in order."""
    rows = _SOME_FILES.all(
        conn, number=number, begin=prefix, after=after, end=end_of(prefix), most=most
    )
    return [file_from(row) for row in rows]


def obstacle(conn: sa.Connection, number: int, path: str) -> str | None:
    """Why no file can lie at the path, None when one can: where a file lies there is no folder, and
    no two names in a folder look the same to macOS or Windows.
    """
    segments = path.split("/")
    whole = folded(path)
    same = _AT_FOLDED.first(conn, number=number, folded=whole)
    if same is not None:
        # A file lies there already, so nothing else is wrong with the way to it.
        return None if same["path"] == path else _twin(same["path"])
    below = _BELOW.first(conn, number=number, begin=f"{whole}/", end=f"{whole}0")
    if below is not None:
        return f"{_cut(below['path'], len(segments))!r} is a folder"
    for depth in range(1, len(segments)):
        folder, short = "/".join(segments[:depth]), folded("/".join(segments[:depth]))
        file = _AT_FOLDED.first(conn, number=number, folded=short)
        if file is not None:
            return f"{file['path'][:200]!r} is a file"
        inside = _BELOW.first(conn, number=number, begin=f"{short}/", end=f"{short}0")
        if inside is None:
            return None  # nothing lies in this folder, nor in any below it
        if _cut(inside["path"], depth) != folder:
            return _twin(_cut(inside["path"], depth))
    return None


def _cut(path: str, depth: int) -> str:
    return "/".join(path.split("/")[:depth])


def _twin(other: str) -> str:
    return f"macOS and Windows cannot tell it from {other[:200]!r} in the same folder"
