"""Buckets against themselves: each file's content is held, each content held is a file's, and sums
are those of the files.

The collector believes links when it removes bytes, so that one which is lost costs a file after a
grace. What lies where is the truth: nothing but the database knows it. Knows nothing of bytes.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from groundswell.core.values import RepoKind
from groundswell.hub.blobs import marks
from groundswell.hub.blobs.losing import drop_links
from groundswell.hub.upkeep.findings import Code, Report
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.database import insert_ignore, upsert
from groundswell.store.tables import blobs, bucket_files, buckets, links, repositories

_files = bucket_files
_held = sa.and_(links.c.repository_id == _files.c.repository_id, links.c.sha256 == _files.c.sha256)
_UNHELD: Final = (
    sa.select(_files.c.repository_id, _files.c.sha256, sa.func.min(_files.c.path).label("path"))
    .outerjoin_from(_files, links, _held)
    .where(links.c.sha256.is_(None))
    .group_by(_files.c.repository_id, _files.c.sha256)
)
_UNUSED: Final = (
    sa.select(links.c.repository_id, links.c.sha256, links.c.path)
    .join_from(links, buckets, buckets.c.repository_id == links.c.repository_id)
    .outerjoin(_files, _held)
    .where(_files.c.path.is_(None))
)
_count = sa.func.count(_files.c.path)
_size = sa.func.coalesce(sa.func.sum(_files.c.size_bytes), 0)
_SUMS: Final = (
    sa.select(repositories.c.id, _count.label("file_count"), _size.label("size_bytes"))
    .select_from(repositories)
    .outerjoin(buckets, buckets.c.repository_id == repositories.c.id)
    .outerjoin(_files, _files.c.repository_id == repositories.c.id)
    .where(repositories.c.kind == RepoKind.BUCKET.value, repositories.c.deleted_at.is_(None))
    .group_by(repositories.c.id, buckets.c.file_count, buckets.c.size_bytes)
    .having(
        sa.or_(
            buckets.c.file_count.is_(None),
            buckets.c.file_count != _count,
            buckets.c.size_bytes != _size,
        )
    )
)


def report_buckets(premises: Premises, report: Report) -> None:
    """Write down what does not agree. Beside a hub at work: a batch is one transaction, and what is
    compared is read from one snapshot.
    """

    def work(conn: sa.Connection) -> None:
        of_kind = repositories.c.kind == RepoKind.BUCKET.value
        table = repositories
        query = sa.select(table.c.id, table.c.namespace, table.c.name).where(of_kind)
        named = {row.id: f"bucket {row.namespace}/{row.name}" for row in conn.execute(query)}
        report.counted["buckets"] += len(named)
        for row in conn.execute(_UNHELD):
            what = "A file's content is not held by the bucket: it may be collected."
            report.add(Code.BUCKET_WRONG, f"{named[row.repository_id]}: {row.path}", what)
        for row in conn.execute(_UNUSED):
            what = f"The bucket holds {row.sha256}, which no file of it has."
            report.add(Code.BUCKET_WRONG, named[row.repository_id], what)
        for row in conn.execute(_SUMS):
            what = f"There are {row.file_count} files with {row.size_bytes} bytes: its row differs."
            report.add(Code.BUCKET_WRONG, named[row.id], what)

    premises.database.read(work)


def repair_buckets(premises: Premises) -> int:
    """Let links and sums say what the files say; how much was wrong."""
    now = premises.clock()

    def work(conn: sa.Connection) -> int:
        unheld = _UNHELD.join(blobs, blobs.c.sha256 == _files.c.sha256)
        missing = [{**row, "linked_at": now} for row in conn.execute(unheld).mappings()]
        if missing:
            insert_ignore(conn, links, missing)
            marks.clear_files(conn, sorted({row["sha256"] for row in missing}))
        unused = conn.execute(_UNUSED).all()
        for row in unused:
            which = sa.and_(
                links.c.repository_id == row.repository_id, links.c.sha256 == row.sha256
            )
            drop_links(conn, which)
        sums = [
            {
                "repository_id": row.id,
                "file_count": row.file_count,
                "size_bytes": int(row.size_bytes),
            }
            for row in conn.execute(_SUMS)
        ]
        upsert(conn, buckets, sums, update=["file_count", "size_bytes"])
        return len(missing) + len(unused) + len(sums)

    return premises.database.write(work)
