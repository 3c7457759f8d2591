"""Marks: what nothing needs any more, and what takes a mark away again.

Knows the rows that say what needs what, and that every event after which a client may name or
commit something clears its mark in the same transaction: so the grace always counts from the last
such event. Does not know when anything is marked or removed: ``hub.upkeep.collecting`` does.

Bytes are removed inside a transaction that finds their mark doomed, and whoever brings bytes asks
inside its own transaction whether they are there (``arrive``): one of the two sees the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Malformed, Unavailable
from groundswell.store.database import insert_ignore, portions
from groundswell.store.ports import BlobStore, Kind
from groundswell.store.tables import (
    attachments,
    cold_bases,
    links,
    marks,
    reconstructions,
    shard_files,
    xorb_uses,
    xorbs,
)
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.shard import Terms

FILE: Final = "file"
XORB: Final = "xorb"
SHARD: Final = "shard"
REPOSITORY: Final = "repository"
LINKS: Final = "links"

KIND_OF: Final = {XORB: Kind.XORB, SHARD: Kind.SHARD}
"""The kinds of marks whose keys are objects of the blob store."""


# --- who needs what -------------------------------------------------------------------------------


def is_linked(sha256: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a repository holds the content, or an attachment of a discussion."""
    attached = sa.select(attachments.c.sha256).where(attachments.c.sha256 == sha256)
    linked = sa.select(links.c.sha256).where(links.c.sha256 == sha256)
    return sa.or_(linked.exists(), attached.exists())


def needs_xorb(
    xorb_hash: sa.ColumnElement[str], *, marked_too: bool = True, unlinked_too: bool = True
) -> sa.ColumnElement[bool]:
    """Whether anything needs the xorb: the only place that says what can.

    ``marked_too``: also contents that are marked themselves and may be brought back.
    ``unlinked_too``: also those that no repository holds, marked or not yet. Whatever else comes to
    lean on a xorb adds its condition here.
    """
    used = sa.select(xorb_uses.c.sha256).where(xorb_uses.c.xorb_hash == xorb_hash)
    if not marked_too:
        used = used.where(~is_marked(FILE, xorb_uses.c.sha256))
    if not unlinked_too:
        used = used.where(is_linked(xorb_uses.c.sha256))
    # A cold xorb cannot be read without its bases.
    leaning = sa.select(cold_bases.c.xorb_hash).where(cold_bases.c.base_hash == xorb_hash)
    if not marked_too:
        leaning = leaning.where(~is_marked(XORB, cold_bases.c.xorb_hash))
    return sa.or_(used.exists(), leaning.exists())


def is_marked(kind: str, key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether there is a mark."""
    return sa.select(marks.c.key).where(marks.c.kind == kind, marks.c.key == key).exists()


# --- what takes a mark away -----------------------------------------------------------------------


def hold(conn: sa.Connection, xorb_hashes: Sequence[str]) -> bool:
    """Something leans on these xorbs from now on, or was told of them. False when one is gone."""
    found = 0
    for some in portions(xorb_hashes):
        # A doomed one has no row any more: only bytes that come anew save it (``arrive``).
        conn.execute(
            sa.delete(marks).where(
                marks.c.kind == XORB, marks.c.key.in_(some), marks.c.doomed.is_(sa.false())
            )
        )
        query = sa.select(sa.func.count()).select_from(xorbs).where(xorbs.c.hash.in_(some))
        found += conn.execute(query).scalar_one()
    return found == len(xorb_hashes)


def clear_files(conn: sa.Connection, sha256s: Sequence[str]) -> None:
    """These contents are needed again, or may be: so is all that they are made of."""
    for some in portions(sha256s):
        if _clear(conn, FILE, some):
            used = sa.select(xorb_uses.c.xorb_hash).where(xorb_uses.c.sha256.in_(some))
            conn.execute(sa.delete(marks).where(marks.c.kind == XORB, marks.c.key.in_(used)))


def arrive(conn: sa.Connection, store: BlobStore, kind: str, key: str) -> None:
    """The bytes of a xorb or shard were put into the store: see that they are still there.

    Raises:
        Unavailable: they were removed meanwhile, as nothing needed them for a whole grace.
    """
    _clear(conn, kind, [key])
    if store.size_bytes(KIND_OF[kind], key) is None:
        msg = "What was sent lay unused for too long and was removed. Send it again."
        raise Unavailable(msg)


def marked_among(conn: sa.Connection, kind: str, keys: Sequence[str]) -> list[str]:
    """Those of the keys that are marked."""
    found: list[str] = []
    for some in portions(keys):
        query = sa.select(marks.c.key).where(marks.c.kind == kind, marks.c.key.in_(some))
        found += conn.execute(query).scalars()
    return found


# --- what is written with a recipe ----------------------------------------------------------------


def note_uses(conn: sa.Connection, sha256: str, xorb_hashes: Iterable[str]) -> None:
    """The recipe of a content names these xorbs."""
    rows = [{"xorb_hash": key, "sha256": sha256} for key in xorb_hashes]
    insert_ignore(conn, xorb_uses, rows)


def wrong_uses(conn: sa.Connection, sha256s: Sequence[str]) -> dict[str, tuple[set[str], set[str]]]:
    """Of these contents (as many as a statement may name), those whose noted uses are not what
    their recipes name: the xorbs that are missing, and those that are too many.

    Of a recipe that cannot be read nothing is known: then nothing is too many.
    """
    named: dict[str, set[str]] = {each: set() for each in sha256s}
    noted: dict[str, set[str]] = {each: set() for each in sha256s}
    unreadable: set[str] = set()
    recipes = sa.select(reconstructions.c.sha256, reconstructions.c.terms)
    for sha256, packed in conn.execute(recipes.where(reconstructions.c.sha256.in_(sha256s))):
        try:
            named[sha256] |= {hash_to_hex(each) for each in Terms(packed).xorb_hashes()}
        except Malformed:
            unreadable.add(sha256)
    for row in conn.execute(sa.select(xorb_uses).where(xorb_uses.c.sha256.in_(sha256s))):
        noted[row.sha256].add(row.xorb_hash)
    found = {}
    for sha256 in sha256s:
        missing = named[sha256] - noted[sha256]
        extra = set() if sha256 in unreadable else noted[sha256] - named[sha256]
        if missing or extra:
            found[sha256] = missing, extra
    return found


def renew_uses(conn: sa.Connection, sha256s: Sequence[str]) -> int:
    """Let the rows of these contents say what their recipes name now; of how many they did not."""
    wrong = wrong_uses(conn, sha256s)
    for sha256, (missing, extra) in wrong.items():
        note_uses(conn, sha256, missing)
        hold(conn, sorted(missing))
        for some in portions(sorted(extra)):
            useless = sa.and_(xorb_uses.c.sha256 == sha256, xorb_uses.c.xorb_hash.in_(some))
            conn.execute(sa.delete(xorb_uses).where(useless))
    return len(wrong)


def note_shard(conn: sa.Connection, shard_hash: str, file_hashes: Iterable[str]) -> None:
    """The shard at rest tells of these files."""
    rows = [{"shard_hash": shard_hash, "file_hash": each} for each in file_hashes]
    insert_ignore(conn, shard_files, rows)


def _clear(conn: sa.Connection, kind: str, keys: Sequence[str]) -> int:
    count = 0
    for some in portions(keys):
        statement = sa.delete(marks).where(marks.c.kind == kind, marks.c.key.in_(some))
        count += conn.execute(statement).rowcount
    return count
