"""Checking content: xorbs, shards, the recipes of files, and the rows that speak of them.

Knows what each promises of the others. Reads only, unless it was given a quarantine. Rows are read
before files, since a hub at work writes them after.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Corrupt, GroundswellError, Malformed
from groundswell.core.values import Term
from groundswell.hub.blobs.scanning import lies_there, scan_shard, scan_xorb
from groundswell.hub.upkeep import checked
from groundswell.hub.upkeep.checked import Checked
from groundswell.hub.upkeep.findings import Code, Progress, Report
from groundswell.hub.upkeep.premises import Premises
from groundswell.hub.upkeep.quarantine import Quarantine
from groundswell.hub.upkeep.uses import report_uses
from groundswell.store.ports import ColdBlobs, Kind
from groundswell.store.tables import (
    attachments,
    blobs,
    links,
    reconstructions,
    repositories,
    shard_files,
    xorbs,
)
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.shard import Terms
from groundswell.wire.xorb import XorbIndex

_NAMED_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class _XorbRow:
    stored_bytes: int
    raw_bytes: int
    chunk_count: int
    created_at: int = field(compare=False)


class ContentCheck:
    """One run over all content. ``notes``: what need not be read again; what is found sound is
    written there.
    """

    def __init__(
        self,
        premises: Premises,
        report: Report,
        progress: Progress,
        *,
        deep: bool = False,
        quarantine: Quarantine | None = None,
        notes: Checked | None = None,
    ) -> None:
        self._premises = premises
        self._report = report
        self._progress = progress
        self._deep = deep
        self._quarantine = quarantine
        self._notes = notes or Checked(premises, report, is_kept=False)
        self._doubtful: set[str] = set()
        self._rows: dict[str, _XorbRow] = {}
        self._bad_xorbs: set[str] = set()
        self._files: set[bytes] = set()
        self._sharded: set[bytes] = set()
        self._broken_files: set[str] = set()

    def run(self) -> None:
        """Look at everything."""
        self._read_xorb_rows()
        self._check_xorbs()
        self._check_recipes()
        self._check_shards()
        self._check_rows()
        if self._deep:
            self._hash_blobs()

    def run_rows(self) -> None:
        """Look at what rows say of content alone: they and recipes against the footers of xorbs."""
        self._read_xorb_rows()
        for key, row in self._rows.items():
            if not lies_there(self._premises.store, Kind.XORB, key):
                self._bad_xorbs.add(key)
                self._report.add(Code.XORB_MISSING, key, "The file of this xorb is gone.")
                continue
            with contextlib.suppress(FileNotFoundError, Corrupt):  # told by who reads its bytes
                self._check_sizes(key, row, self._premises.indexes.get(key).index)
        self._check_recipes()
        self._check_rows()

    # --- xorbs --------------------------------------------------------------------------------

    def _read_xorb_rows(self) -> None:
        table = xorbs
        for row in self._premises.pages(sa.select(table), table.c.hash):
            self._rows[row.hash] = _XorbRow(
                row.stored_bytes, row.raw_bytes, row.chunk_count, row.created_at
            )

    def _check_xorbs(self) -> None:
        self._progress.begin("xorbs", len(self._rows))
        self._notes.begin(checked.XORB)
        self._doubtful = self._premises.faults.open_keys(Kind.XORB)
        seen: set[str] = set()
        for key in self._premises.store.list_keys(Kind.XORB):
            seen.add(key)
            self._check_xorb(key)
            self._progress.advance()
        self._report.counted["xorbs"] += len(seen)
        for key in sorted(self._rows.keys() - seen):
            if not lies_there(self._premises.store, Kind.XORB, key) and self._row_of(key):
                self._bad_xorbs.add(key)
                self._report.add(Code.XORB_MISSING, key, "The file of this xorb is gone.")

    def _check_xorb(self, key: str) -> None:
        row = self._rows.get(key)
        state = checked.state_of(row)
        if key not in self._doubtful and self._notes.is_unchanged(key, state):
            return
        try:
            index = self._premises.indexes.get(key).index
            if self._deep:
                scan_xorb(self._premises.store, key, self._hashed)
        except FileNotFoundError:
            return  # reported by who removed it, or among the missing
        except (Corrupt, Malformed) as error:
            if not lies_there(self._premises.store, Kind.XORB, key):
                return  # a bucket's object that is removed while it is read breaks off
            self._bad_xorbs.add(key)
            fault = error.__cause__ if error.__cause__ is not None else error
            said = fault.message if isinstance(fault, GroundswellError) else str(fault)
            self._report.add(Code.XORB_CORRUPT, key, said, self._put_aside(Kind.XORB, key, said))
            return
        if row is None:
            what = "No row of the database knows this xorb: an upload that broke off, or a lost row"
            self._report.add(Code.XORB_ORPHAN, key, what)
        elif self._check_sizes(key, row, index):
            self._notes.note(key, state)

    def _check_sizes(self, key: str, row: _XorbRow, index: XorbIndex) -> bool:
        if self._fits(key, row, index):
            return True
        what = "The row states other sizes than the xorb has."
        self._report.add(Code.ROW_WRONG, f"xorbs/{key}", what)
        return False

    def _fits(self, key: str, row: _XorbRow, index: XorbIndex) -> bool:
        """Whether the row states what the index says; of a cold xorb, what it said before."""
        store = self._premises.store
        if isinstance(store, ColdBlobs) and store.plain_bytes(key) is None:
            return (row.raw_bytes, row.chunk_count) == (index.raw_bytes, len(index))
        return row == _XorbRow(index.physical_bytes, index.raw_bytes, len(index), row.created_at)

    def _hashed(self, size_bytes: int) -> None:
        self._report.counted["bytes_hashed"] += size_bytes

    def _put_aside(self, kind: str, key: str, what: str) -> str:
        if self._quarantine is None:
            return ""
        try:
            place = self._quarantine.take_blob(kind, key)
        except (Corrupt, FileNotFoundError) as error:
            return f"could not be moved ({error})"
        self._premises.faults.note(kind, key, what, place)
        self._premises.indexes.forget(key)
        self._report.counted["quarantined"] += 1
        return f"moved to {place}"

    # --- recipes ------------------------------------------------------------------------------

    def _check_recipes(self) -> None:
        table = reconstructions
        total = self._count(table)
        self._progress.begin("files", total)
        self._notes.begin(checked.FILE)
        for row in self._premises.pages(sa.select(table), table.c.file_hash):
            self._files.add(bytes.fromhex(row.file_hash))
            self._check_recipe(row.file_hash, row.sha256, row.size_bytes, row.terms)
            self._progress.advance()
        self._report.counted["files"] += len(self._files)

    def _check_recipe(self, file_hash: str, sha256: str, size_bytes: int, packed: bytes) -> None:
        state = checked.state_of(sha256, size_bytes, packed)
        try:
            terms = Terms(packed)
            if self._lie_there(terms) and self._notes.is_unchanged(file_hash, state):
                return
            fault = self._recipe_fault(terms, size_bytes)
        except Malformed as error:
            fault = error.message
        if fault is None:
            self._notes.note(file_hash, state)
        elif self._is_known(file_hash):
            self._broken_files.add(file_hash)
            self._report.add(
                Code.RECIPE_BROKEN, self._named(sha256), f"{fault[0].upper()}{fault[1:]}."
            )

    def _lie_there(self, terms: Terms) -> bool:
        """Whether nothing is wrong with the xorbs that the terms name. They never change."""
        named = {hash_to_hex(each) for each in terms.xorb_hashes()}
        return named <= self._rows.keys() and named.isdisjoint(self._bad_xorbs)

    def _recipe_fault(self, terms: Terms, size_bytes: int) -> str | None:
        """What keeps the terms from making the file, or None."""
        if terms.size_bytes != size_bytes:
            return f"the terms make {terms.size_bytes} bytes of {size_bytes}"
        for term in terms:
            key = hash_to_hex(term.xorb_hash)
            if key not in self._rows and self._row_of(key) is None:
                return f"no row knows xorb {key}"
            if key in self._bad_xorbs:
                return f"xorb {key} is missing or broken"
            try:
                index = self._premises.indexes.get(key).index
            except (FileNotFoundError, Corrupt):
                return f"xorb {key} is missing or broken"
            start, stop = index.raw_range(term.chunk_start, term.chunk_end)
            if stop - start != term.unpacked_bytes:
                return f"a term states {term.unpacked_bytes} bytes of {stop - start} in {key}"
        return None

    def _is_known(self, file_hash: str) -> bool:
        """Whether the recipe is still there: it may have been collected meanwhile."""
        query = sa.select(reconstructions.c.file_hash)
        query = query.where(reconstructions.c.file_hash == file_hash)
        return self._premises.database.read(lambda conn: conn.execute(query).scalar()) is not None

    def _row_of(self, key: str) -> str | None:
        """A row that came after the run began."""
        query = sa.select(xorbs.c.hash).where(xorbs.c.hash == key)
        return self._premises.database.read(lambda conn: conn.execute(query).scalar())

    def _named(self, sha256: str) -> str:
        """A content by its sha256 and some of the places where it is missed."""
        query = (
            sa.select(repositories.c.namespace, repositories.c.name, links.c.path)
            .join_from(links, repositories, links.c.repository_id == repositories.c.id)
            .where(links.c.sha256 == sha256)
            .limit(_NAMED_MAX)
        )
        rows = self._premises.database.read(lambda conn: conn.execute(query).all())
        places = ", ".join(f"{row.namespace}/{row.name}: {row.path}" for row in rows)
        return f"{sha256} ({places})" if places else sha256

    # --- shards -------------------------------------------------------------------------------

    def _check_shards(self) -> None:
        self._progress.begin("shards", None)
        self._notes.begin(checked.SHARD)
        self._doubtful = self._premises.faults.open_keys(Kind.SHARD)
        for key in self._premises.store.list_keys(Kind.SHARD):
            self._report.counted["shards"] += 1
            self._check_shard(key)
            self._progress.advance()
        for file_hash in sorted(self._files - self._sharded):
            what = "No shard tells of this file: only the database knows how to rebuild it."
            self._report.add(Code.RECIPE_UNSHARDED, file_hash.hex(), what)

    def _check_shard(self, key: str) -> None:
        told = self._told_by(key)
        state = checked.state_of(*told)
        if told and key not in self._doubtful and self._notes.is_unchanged(key, state):
            self._sharded |= {bytes.fromhex(each) for each in told}
            return
        try:
            shard = scan_shard(self._premises.store, key)
        except FileNotFoundError:
            return
        except (Corrupt, Malformed) as error:
            if not lies_there(self._premises.store, Kind.SHARD, key):
                return
            action = self._put_aside(Kind.SHARD, key, error.message)
            self._report.add(Code.SHARD_CORRUPT, key, error.message, action)
            return
        files = {bytes.fromhex(hash_to_hex(file.file_hash)) for file in shard.files()}
        self._sharded |= files
        if not files & self._files:
            what = "No file of the database comes from this shard: an upload that broke off."
            self._report.add(Code.SHARD_ORPHAN, key, what)
        elif files == {bytes.fromhex(each) for each in told}:
            self._notes.note(key, state)

    def _told_by(self, key: str) -> list[str]:
        """The files that a shard tells of, by the rows."""
        table = shard_files
        query = sa.select(table.c.file_hash).where(table.c.shard_hash == key)
        rows = self._premises.database.read(lambda conn: conn.execute(query).scalars().all())
        return sorted(rows)

    # --- rows ---------------------------------------------------------------------------------

    def _check_rows(self) -> None:
        """What foreign keys promise, told by the rows themselves: they may have been off."""
        self._progress.begin("rows", None)
        report_uses(self._premises, self._report)
        lost = [
            (
                sa.select(blobs.c.sha256, sa.literal("has no recipe."))
                .outerjoin(reconstructions, reconstructions.c.file_hash == blobs.c.file_hash)
                .where(
                    sa.or_(
                        reconstructions.c.file_hash.is_(None),
                        reconstructions.c.sha256 != blobs.c.sha256,
                        reconstructions.c.size_bytes != blobs.c.size_bytes,
                    )
                )
            ),
            *(
                sa.select(table.c.sha256, sa.literal(f"is {word}, and no blob."))
                .outerjoin(blobs, blobs.c.sha256 == table.c.sha256)
                .where(blobs.c.sha256.is_(None))
                .distinct()
                for table, word in ((links, "linked"), (attachments, "attached"))
            ),
        ]
        self._report.counted["blobs"] += self._count(blobs)
        self._report.counted["links"] += self._count(links)
        for query in lost:
            rows = self._premises.database.read(lambda conn: conn.execute(query).all())  # noqa: B023 - at once
            for sha256, what in rows:
                self._report.add(Code.ROW_WRONG, self._named(sha256), f"The content {what}")

    def _count(self, table: sa.Table) -> int:
        query = sa.select(sa.func.count()).select_from(table)
        return self._premises.database.read(lambda conn: conn.execute(query).scalar_one())

    # --- every byte ---------------------------------------------------------------------------

    def _hash_blobs(self) -> None:
        total = sa.select(sa.func.coalesce(sa.func.sum(blobs.c.size_bytes), 0))
        total_bytes = self._premises.database.read(lambda conn: conn.execute(total).scalar_one())
        self._progress.begin("bytes of files", int(total_bytes))
        self._notes.begin(checked.CONTENT)
        query = sa.select(
            blobs.c.sha256, blobs.c.size_bytes, blobs.c.file_hash, reconstructions.c.terms
        ).join_from(blobs, reconstructions, reconstructions.c.file_hash == blobs.c.file_hash)
        for row in self._premises.pages(query, blobs.c.sha256):
            if row.file_hash in self._broken_files:
                continue  # its xorb is reported already
            state = checked.state_of(row.file_hash, row.terms)
            if self._notes.is_unchanged(row.sha256, state):
                self._progress.advance(row.size_bytes)
            elif self._is_whole(row.sha256, row.terms):
                self._notes.note(row.sha256, state)

    def _is_whole(self, sha256: str, packed: bytes) -> bool:
        try:
            digest = sha256_of(self._premises, Terms(packed), self._progress)
        except Corrupt:
            what = "A chunk of this content has changed."
            self._report.add(Code.BLOB_CORRUPT, self._named(sha256), what)
            return False
        if digest != sha256:
            what = f"The recipe makes content of another sha256 ({digest})."
            self._report.add(Code.BLOB_CORRUPT, self._named(sha256), what)
        return digest == sha256


def sha256_of(premises: Premises, terms: Terms, progress: Progress) -> str:
    """The sha256 of the content that the terms make, from its bytes.

    Raises:
        Corrupt: a chunk is missing or has changed.
    """
    hasher = hashlib.sha256()
    plain = (
        Term(hash_to_hex(term.xorb_hash), term.chunk_start, term.chunk_end, term.unpacked_bytes)
        for term in terms
    )
    for piece in premises.reading.content(plain, 0, terms.size_bytes):
        hasher.update(piece)
        progress.advance(len(piece))
    return hasher.hexdigest()
