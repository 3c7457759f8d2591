"""What it took to bring files: counted when they come, told when a commit lands.

Knows which chunks of a file were new to its deduplication domain, and keeps the sum for each
commit. Only those who may write to the namespace are told: what was here may have been private.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa

from groundswell.core.values import Arrival
from groundswell.store.database import Database, insert_ignore, portions
from groundswell.store.tables import arrivals, blobs, claims, links, xorb_uses
from groundswell.wire.shard import ShardFile


class Arrivals:
    """The record of what came with commits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_commit(self, repository_id: int, commit_id: str) -> Arrival | None:
        """What came with a commit; None when no large file did, or nobody knows any more."""
        found = arrivals.c
        query = sa.select(
            found.file_count, found.size_bytes, found.sent_bytes, found.new_bytes
        ).where(found.repository_id == repository_id, found.commit_id == commit_id)
        row = self._database.read(lambda conn: conn.execute(query).one_or_none())
        return None if row is None else Arrival(*row)


def note(
    conn: sa.Connection,
    repository_id: int,
    account_id: int | None,
    commit_id: str,
    sha256s: Sequence[str],
) -> Arrival:
    """Record what comes with a commit, before it is linked: what is linked already takes nothing.

    The first record of a commit stays, so that making good after a crash does not change it.
    """
    size_bytes = 0
    fresh: list[str] = []
    for some in portions(sha256s):
        query = sa.select(blobs.c.sha256, blobs.c.size_bytes, links.c.sha256.label("linked"))
        query = query.outerjoin_from(
            blobs,
            links,
            sa.and_(links.c.sha256 == blobs.c.sha256, links.c.repository_id == repository_id),
        ).where(blobs.c.sha256.in_(some))
        for row in conn.execute(query):
            size_bytes += row.size_bytes
            if row.linked is None:
                fresh.append(row.sha256)
    sent, new = _claimed(conn, repository_id, account_id, fresh)
    arrival = Arrival(len(sha256s), size_bytes, sent, new)
    values = {
        "repository_id": repository_id,
        "commit_id": commit_id,
        "file_count": arrival.file_count,
        "size_bytes": size_bytes,
        "sent_bytes": sent,
        "new_bytes": new,
    }
    insert_ignore(conn, arrivals, values)
    return arrival


def without_use(conn: sa.Connection, xorb_hashes: Sequence[str]) -> set[str]:
    """Those of the xorbs that no recipe names yet: they came for the files at hand."""
    used: set[str] = set()
    for some in portions(xorb_hashes):
        query = sa.select(xorb_uses.c.xorb_hash).where(xorb_uses.c.xorb_hash.in_(some)).distinct()
        used.update(conn.execute(query).scalars())
    return set(xorb_hashes) - used


def count_new(files: Iterable[ShardFile], fresh: Collection[bytes]) -> list[int]:
    """Of each file, how many bytes lie in chunks of ``fresh`` xorbs that none before it has.

    Where a term is new in part, it is counted by its share of chunks.
    """
    seen: dict[bytes, int] = dict.fromkeys(fresh, 0)  # a bit for each chunk
    counts = []
    for file in files:
        count = 0
        for term in file.terms:
            known = seen.get(term.xorb_hash)
            if known is None:
                continue
            chunks = term.chunk_end - term.chunk_start
            mask = ((1 << chunks) - 1) << term.chunk_start
            new = (mask & ~known).bit_count()
            count += term.unpacked_bytes * new // chunks
            seen[term.xorb_hash] = known | mask
        counts.append(count)
    return counts


def _claimed(
    conn: sa.Connection, repository_id: int, account_id: int | None, sha256s: Sequence[str]
) -> tuple[int, int]:
    """What it took to bring these contents, as the account's claims say."""
    sent = new = 0
    for some in portions(sha256s):
        query = sa.select(
            sa.func.coalesce(sa.func.sum(claims.c.sent_bytes), 0),
            sa.func.coalesce(sa.func.sum(claims.c.new_bytes), 0),
        ).where(
            claims.c.repository_id == repository_id,
            claims.c.account_id == account_id,
            claims.c.sha256.in_(some),
        )
        more_sent, more_new = conn.execute(query).one()
        sent, new = sent + int(more_sent), new + int(more_new)
    return sent, new
