"""The public domain: xorbs of which everybody may read every chunk, found from every other domain.

Knows which xorbs that are: each chunk is in a content of a repository that is public, open and not
closed by an admin. A xorb that also holds something private is never among them. Whoever is told of
one gets it into their own domain: they could have downloaded it, and sent it again. Does not know
when it is time to look (``hub.upkeep.publishing``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.values import Gate, Visibility
from groundswell.hub.blobs import marks
from groundswell.store.database import insert_ignore, portions, upsert
from groundswell.store.tables import (
    blobs,
    chunk_samples,
    links,
    reconstructions,
    repositories,
    xorb_domains,
    xorb_uses,
    xorbs,
)
from groundswell.wire.hashing import hash_from_hex
from groundswell.wire.shard import Terms

DOMAIN: Final = "public"
# So many contents that use a xorb are looked at before it counts as not wholly public.
_CONTENTS_MAX: Final = 64

Sample = tuple[bytes, str]
"""A chunk's hash, and the xorb that is found by it."""


def is_open() -> sa.ColumnElement[bool]:
    """Whether everybody may read the repository of a row, as ``core.policy`` decides it."""
    return sa.and_(
        repositories.c.visibility == Visibility.PUBLIC.value,
        repositories.c.gate == Gate.OPEN.value,
        repositories.c.disabled.is_(sa.false()),
        repositories.c.deleted_at.is_(None),
    )


def is_public(xorb_hash: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether the xorb is in the public domain."""
    found = xorb_domains.alias("public_xorbs")
    return (
        sa.select(found.c.xorb_hash)
        .where(found.c.domain == DOMAIN, found.c.xorb_hash == xorb_hash)
        .exists()
    )


def candidates(conn: sa.Connection, repository_id: int) -> list[str]:
    """The xorbs of an open repository that are not in the public domain yet."""
    query = (
        sa.select(xorb_uses.c.xorb_hash)
        .join_from(links, xorb_uses, xorb_uses.c.sha256 == links.c.sha256)
        .join(repositories, repositories.c.id == links.c.repository_id)
        .where(links.c.repository_id == repository_id, is_open())
        .where(~is_public(xorb_uses.c.xorb_hash))
        .distinct()
    )
    return sorted(conn.execute(query).scalars())


def publish(conn: sa.Connection, key: str, samples: Iterable[Sample], now: int) -> bool:
    """Take a xorb into the public domain if all of it is open at this moment; whether it was."""
    if not _is_wholly_open(conn, key):
        return False
    insert_ignore(conn, xorb_domains, {"domain": DOMAIN, "xorb_hash": key, "seen_at": now})
    rows = {
        digest: {"domain": DOMAIN, "chunk_hash": digest, "xorb_hash": xorb_hash}
        for digest, xorb_hash in samples
    }
    # The last one stays: an older one may lead to a xorb that was withdrawn.
    upsert(conn, chunk_samples, list(rows.values()), update=["xorb_hash"])
    return True


def withdraw(conn: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    """Take the xorbs of these links out of the public domain, at once: they are about to go, or
    their repository closes. What others hold open comes back when it is looked at again.
    """
    used = sa.select(xorb_uses.c.xorb_hash).join_from(
        links, xorb_uses, xorb_uses.c.sha256 == links.c.sha256
    )
    conn.execute(
        sa.delete(xorb_domains).where(
            xorb_domains.c.domain == DOMAIN, xorb_domains.c.xorb_hash.in_(used.where(which))
        )
    )


def adopt(conn: sa.Connection, domain: str, keys: Sequence[str], now: int) -> set[str]:
    """Let a domain name these public xorbs from now on; those that are public still, and here."""
    adopted: set[str] = set()
    for some in portions(keys):
        query = sa.select(xorb_domains.c.xorb_hash).where(
            xorb_domains.c.domain == DOMAIN, xorb_domains.c.xorb_hash.in_(some)
        )
        present = list(conn.execute(query).scalars())
        if not present or not marks.hold(conn, present):
            continue
        rows = [{"domain": domain, "xorb_hash": key, "seen_at": now} for key in present]
        insert_ignore(conn, xorb_domains, rows)
        adopted.update(present)
    return adopted


def _is_wholly_open(conn: sa.Connection, key: str) -> bool:
    query = sa.select(xorbs.c.chunk_count).where(xorbs.c.hash == key)
    chunk_count = conn.execute(query).scalar()
    if chunk_count is None:
        return False
    whole = (1 << chunk_count) - 1
    seen = 0
    xorb_hash = hash_from_hex(key)
    for packed in _open_recipes(conn, key):
        for term in Terms(packed):
            if term.xorb_hash == xorb_hash:
                seen |= (1 << term.chunk_end) - (1 << term.chunk_start)
        if seen == whole:
            return True
    return False


def _open_recipes(conn: sa.Connection, key: str) -> Iterator[bytes]:
    """Recipes that name the xorb, of contents that everybody may read."""
    read = (
        sa.select(links.c.sha256)
        .join(repositories, repositories.c.id == links.c.repository_id)
        .where(links.c.sha256 == xorb_uses.c.sha256, is_open())
    )
    query = (
        sa.select(xorb_uses.c.sha256)
        .where(xorb_uses.c.xorb_hash == key, read.exists())
        .order_by(xorb_uses.c.sha256)
        .limit(_CONTENTS_MAX)
    )
    for sha256 in conn.execute(query).scalars().all():
        recipe = (
            sa.select(reconstructions.c.terms)
            .join_from(blobs, reconstructions, reconstructions.c.file_hash == blobs.c.file_hash)
            .where(blobs.c.sha256 == sha256)
        )
        yield from conn.execute(recipe).scalars()
