"""Links and claims: which blobs a repository holds, and which an account has proved to have.

Knows rows. A hash alone buys nothing: everything here asks for the pair of a repository and a
hash, and a blob that only others hold looks like one that nobody has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from groundswell.core.errors import BlobNotFound
from groundswell.core.values import RecipePlan, Term
from groundswell.hub.blobs import marks
from groundswell.hub.blobs.losing import void_plans
from groundswell.hub.blobs.values import Blob, Clock
from groundswell.store.database import PORTION_ROWS, Database, insert_ignore, portions, upsert
from groundswell.store.tables import attachments, blobs, claims, links, reconstructions
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.shard import Terms


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that was rebuilt from its terms, so that its sha256 is known and not claimed.

    ``sent_bytes`` of it travelled, ``new_bytes`` were new to the domain.
    """

    sha256: str
    size_bytes: int
    file_hash: str
    terms: Terms
    sent_bytes: int = 0
    new_bytes: int = 0


Span = tuple[int, int]


class Links:
    """The rights of repositories and accounts to blobs."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def claimed_or_linked(
        self, repository_id: int, account_id: int | None, sha256s: Iterable[str]
    ) -> dict[str, Blob]:
        """Of these contents, those that the repository holds or the account sent to it.

        None of them goes before a grace is over: who is told of one may name it.
        """
        wanted = list(dict.fromkeys(sha256s))

        def look(conn: sa.Connection) -> tuple[list[str], dict[str, Blob]]:
            # Marks first: what has none when it is found stays for a grace.
            marked = marks.marked_among(conn, marks.FILE, wanted)
            return marked, claimed_or_linked(conn, repository_id, account_id, wanted)

        marked, found = self._database.read(look)
        going = [sha256 for sha256 in marked if sha256 in found]
        if not going:
            return found

        def keep(conn: sa.Connection) -> dict[str, Blob]:
            marks.clear_files(conn, going)
            return claimed_or_linked(conn, repository_id, account_id, wanted)

        return self._database.write(keep)

    def file_hashes(self, repository_id: int, sha256s: Iterable[str]) -> dict[str, str]:
        """The Xet file hash of each of these contents that the repository holds."""
        wanted = list(dict.fromkeys(sha256s))
        held = self._database.read(lambda conn: _linked(conn, repository_id, wanted))
        return {sha256: blob.file_hash for sha256, blob in held.items()}

    def plan(self, repository_id: int, sha256: str) -> RecipePlan:
        """How to read a content that the repository holds.

        Raises:
            BlobNotFound: it holds no such content.
        """
        query = (
            sa.select(reconstructions.c.terms, blobs.c.size_bytes)
            .join_from(links, blobs, links.c.sha256 == blobs.c.sha256)
            .join(reconstructions, reconstructions.c.file_hash == blobs.c.file_hash)
            .where(links.c.repository_id == repository_id, links.c.sha256 == sha256)
        )
        return self._planned(query)

    def plan_attached(self, attachment_id: int) -> RecipePlan:
        """How to read the content of an attachment. Who may was decided before.

        Raises:
            BlobNotFound: it is gone.
        """
        query = (
            sa.select(reconstructions.c.terms, blobs.c.size_bytes)
            .join_from(attachments, blobs, attachments.c.sha256 == blobs.c.sha256)
            .join(reconstructions, reconstructions.c.file_hash == blobs.c.file_hash)
            .where(attachments.c.id == attachment_id)
        )
        return self._planned(query)

    def _planned(self, query: sa.Select[Any]) -> RecipePlan:
        row = self._database.read(lambda conn: conn.execute(query).one_or_none())
        if row is None:
            raise BlobNotFound
        terms = tuple(
            Term(hash_to_hex(xorb_hash), start, stop, size_bytes)
            for xorb_hash, size_bytes, start, stop in Terms(row.terms)
        )
        return RecipePlan(terms, row.size_bytes)

    def terms_of(self, repository_id: int, file_hash: str) -> Terms:
        """The terms of a file that the repository holds, by its Xet file hash.

        Raises:
            BlobNotFound: it holds no such file.
        """
        query = (
            sa.select(reconstructions.c.terms)
            .join_from(links, reconstructions, links.c.sha256 == reconstructions.c.sha256)
            .where(links.c.repository_id == repository_id, reconstructions.c.file_hash == file_hash)
        )
        packed = self._database.read(lambda conn: conn.execute(query).scalar())
        if packed is None:
            raise BlobNotFound
        return Terms(packed)

    def recipes_of(self, sha256s: Sequence[str]) -> list[tuple[str, bytes]]:
        """Every recipe on record that makes one of these contents: its file hash, its terms."""

        def work(conn: sa.Connection) -> list[tuple[str, bytes]]:
            found: list[tuple[str, bytes]] = []
            for some in portions(sha256s):
                query = sa.select(reconstructions.c.file_hash, reconstructions.c.terms)
                query = query.where(reconstructions.c.sha256.in_(some))
                found += [(row.file_hash, row.terms) for row in conn.execute(query)]
            return found

        return self._database.read(work)

    def known_files(
        self, repository_id: int, account_id: int, file_hashes: Sequence[str]
    ) -> dict[str, str]:
        """The sha256 of each of these files that the repository holds or the account sent to it."""

        def work(conn: sa.Connection) -> dict[str, str]:
            found: dict[str, str] = {}
            for some in portions(file_hashes):
                query = sa.select(reconstructions.c.file_hash, reconstructions.c.sha256).where(
                    reconstructions.c.file_hash.in_(some)
                )
                found.update((file_hash, sha256) for file_hash, sha256 in conn.execute(query))
            held = claimed_or_linked(conn, repository_id, account_id, list(found.values()))
            return {file_hash: sha256 for file_hash, sha256 in found.items() if sha256 in held}

        return self._database.read(work)

    def is_linked(self, repository_id: int, spans: Mapping[bytes, Sequence[Span]]) -> bool:
        """Whether files of the repository are made of all these chunks (xorb -> [start, end)).

        A xorb may hold other files too, which the readers of this one may not read: every span
        has to lie within what the repository's own files use.
        """
        used: dict[bytes, list[Span]] = {key: [] for key in spans}
        after: str | None = ""
        while after is not None:
            work = partial(_some_terms, repository_id=repository_id, after=after)
            packed, after = self._database.read(work)
            for terms in packed:
                recipe = Terms(terms)
                if used.keys() & recipe.xorb_hashes():
                    for term in recipe:
                        if term.xorb_hash in used:
                            used[term.xorb_hash].append((term.chunk_start, term.chunk_end))
            if _covers(used, spans):
                return True
        return False

    def add_files(
        self,
        conn: sa.Connection,
        repository_id: int | None,
        account_id: int,
        files: Iterable[NewFile],
        unusable: Collection[str] = (),
    ) -> bool:
        """Record files that were checked, claimed by who sent them. True when any was new here.

        Those that came for no repository are claimed by nobody: they are attachments to be.
        ``unusable`` are recipes on record, by file hash, that make their contents no more: the
        new ones serve in their place.
        """
        now = self._clock()
        is_new = False
        for file in files:
            if repository_id is not None:
                held = claimed_or_linked(conn, repository_id, account_id, [file.sha256])
                is_new = is_new or not held
            common = {"sha256": file.sha256, "size_bytes": file.size_bytes, "created_at": now}
            recipe = {**common, "file_hash": file.file_hash, "terms": file.terms.packed}
            if insert_ignore(conn, reconstructions, recipe):
                named = {hash_to_hex(each) for each in file.terms.xorb_hashes()}
                marks.note_uses(conn, file.sha256, named)
            insert_ignore(conn, blobs, {**common, "file_hash": file.file_hash})
            if unusable:
                _replace(conn, file, unusable)
            if repository_id is not None:
                _claim(conn, repository_id, account_id, file, now)
            marks.clear_files(conn, [file.sha256])
        return is_new

    def link(self, conn: sa.Connection, repository_id: int, paths: Mapping[str, str]) -> None:
        """Give the repository the contents (sha256 -> the path where it first stands).

        The caller has found each among ``claimed_or_linked`` in the same transaction.
        """
        now = self._clock()
        rows = [
            {"repository_id": repository_id, "sha256": sha256, "path": path, "linked_at": now}
            for sha256, path in paths.items()
        ]
        insert_ignore(conn, links, rows)
        marks.clear_files(conn, list(paths))

    def link_from(
        self,
        conn: sa.Connection,
        source_repository_id: int,
        target_repository_id: int,
        sha256s: Iterable[str],
    ) -> set[str]:
        """Give one repository what another holds; which of the contents the source held.

        The caller may read the source and write to the target.
        """
        wanted = list(dict.fromkeys(sha256s))
        held: dict[str, str] = {}
        for some in portions(wanted):
            query = sa.select(links.c.sha256, links.c.path).where(
                links.c.repository_id == source_repository_id, links.c.sha256.in_(some)
            )
            held.update((sha256, path) for sha256, path in conn.execute(query))
        self.link(conn, target_repository_id, held)
        return set(held)


def _claim(
    conn: sa.Connection, repository_id: int, account_id: int, file: NewFile, now: int
) -> None:
    claim = {
        "repository_id": repository_id,
        "account_id": account_id,
        "sha256": file.sha256,
        "claimed_at": now,
        "sent_bytes": file.sent_bytes,
        "new_bytes": file.new_bytes,
    }
    # What it took is what it took the first time.
    upsert(conn, claims, claim, update=["claimed_at"])


def claimed_or_linked(
    conn: sa.Connection, repository_id: int, account_id: int | None, sha256s: Sequence[str]
) -> dict[str, Blob]:
    """``Links.claimed_or_linked``, inside a transaction."""
    found = _linked(conn, repository_id, sha256s)
    if account_id is None:
        return found
    missing = [sha256 for sha256 in sha256s if sha256 not in found]
    for some in portions(missing):
        query = (
            sa.select(blobs.c.sha256, blobs.c.size_bytes, blobs.c.file_hash)
            .join_from(claims, blobs, claims.c.sha256 == blobs.c.sha256)
            .where(
                claims.c.repository_id == repository_id,
                claims.c.account_id == account_id,
                claims.c.sha256.in_(some),
            )
        )
        found.update((row.sha256, Blob(*row)) for row in conn.execute(query))
    return found


def usable_files(
    conn: sa.Connection, repository_id: int, account_id: int | None, file_hashes: Sequence[str]
) -> dict[str, Blob]:
    """Of these files, by Xet file hash, the contents that the repository holds or the account sent
    to it. What only others have takes the same steps as what nobody has.
    """
    recipes, found = reconstructions, dict[str, Blob]()
    rights = [sa.and_(links.c.sha256 == recipes.c.sha256, links.c.repository_id == repository_id)]
    if account_id is not None:
        sent = (claims.c.repository_id == repository_id, claims.c.account_id == account_id)
        rights.append(sa.and_(claims.c.sha256 == recipes.c.sha256, *sent))
    for table, right in zip((links, claims), rights, strict=False):
        for some in portions(file_hashes):
            query = (
                sa.select(recipes.c.file_hash.label("named"), blobs)
                .join_from(recipes, table, right)
                .join(blobs, blobs.c.sha256 == recipes.c.sha256)
                .where(recipes.c.file_hash.in_(some))
            )
            for row in conn.execute(query):
                found.setdefault(row.named, Blob(row.sha256, row.size_bytes, row.file_hash))
    return found


def _replace(conn: sa.Connection, file: NewFile, unusable: Collection[str]) -> None:
    """Let a new recipe serve where the one on record makes the content no more."""
    if file.file_hash in unusable:
        recipe = sa.update(reconstructions).where(reconstructions.c.file_hash == file.file_hash)
        conn.execute(recipe.values(terms=file.terms.packed))
        marks.renew_uses(conn, [file.sha256])
    blob = sa.update(blobs).where(
        blobs.c.sha256 == file.sha256, blobs.c.file_hash.in_(list(unusable))
    )
    conn.execute(blob.values(file_hash=file.file_hash))
    void_plans(conn, links.c.sha256 == file.sha256)


def _linked(conn: sa.Connection, repository_id: int, sha256s: Sequence[str]) -> dict[str, Blob]:
    found: dict[str, Blob] = {}
    for some in portions(sha256s):
        query = (
            sa.select(blobs.c.sha256, blobs.c.size_bytes, blobs.c.file_hash)
            .join_from(links, blobs, links.c.sha256 == blobs.c.sha256)
            .where(links.c.repository_id == repository_id, links.c.sha256.in_(some))
        )
        found.update((row.sha256, Blob(*row)) for row in conn.execute(query))
    return found


def _some_terms(
    conn: sa.Connection, repository_id: int, after: str
) -> tuple[list[bytes], str | None]:
    """The terms of the next contents of a repository, and the last of these contents."""
    query = (
        sa.select(links.c.sha256)
        .where(links.c.repository_id == repository_id, links.c.sha256 > after)
        .order_by(links.c.sha256)
        .limit(PORTION_ROWS)
    )
    some = conn.execute(query).scalars().all()
    packed = sa.select(reconstructions.c.terms).where(reconstructions.c.sha256.in_(some))
    return list(conn.execute(packed).scalars()), some[-1] if some else None


def _covers(used: Mapping[bytes, list[Span]], spans: Mapping[bytes, Sequence[Span]]) -> bool:
    """Whether each span lies within the union of those used of its xorb."""
    for key, wanted in spans.items():
        merged: list[Span] = []
        for start, end in sorted(used[key]):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        if not all(any(a <= start and end <= b for a, b in merged) for start, end in wanted):
            return False
    return True
