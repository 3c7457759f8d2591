"""Rows of xorbs, recipes and blobs, made again from xorb files and shards at rest.

Knows what is believed: a xorb's footer, which was checked against its hash; a shard, whose bytes
have its hash, and in it a file whose terms make its file hash. The sha256 in a shard at rest was
computed by the hub before it wrote the shard; with ``deep`` it is computed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import Corrupt, Malformed
from groundswell.hub.blobs import marks as rules
from groundswell.hub.blobs.losing import void_plans
from groundswell.hub.blobs.scanning import scan_shard
from groundswell.hub.upkeep.content import sha256_of
from groundswell.hub.upkeep.findings import Code, Progress, Report
from groundswell.hub.upkeep.premises import PAGE_ROWS, Premises
from groundswell.store.database import insert_ignore, portions, upsert
from groundswell.store.ports import Kind
from groundswell.store.tables import (
    blobs,
    chunk_samples,
    cold_bases,
    links,
    reconstructions,
    xorb_domains,
    xorbs,
)
from groundswell.wire.hashing import chunk_hash, hash_from_hex, hash_to_hex
from groundswell.wire.shard import (
    ShardFile,
    Terms,
    shard_bytes,
    verification_hashes,
    verify_file,
    write_shard,
)
from groundswell.wire.xorb import XorbIndex

_SHARD_BYTES: Final = 8 * 1024 * 1024

Row = dict[str, Any]


class Recipes:
    """Makes rows from files. Shards that are missing are written from rows that are right."""

    def __init__(
        self, premises: Premises, report: Report, progress: Progress, *, deep: bool
    ) -> None:
        self._premises = premises
        self._report = report
        self._progress = progress
        self._deep = deep
        self._whole: set[str] = set()
        self._sharded: set[str] = set()
        self._broken: dict[str, str] = {}

    def read_xorbs(self, *, forgets: bool) -> None:
        """A row for each xorb file. ``forgets``: rows whose file is missing or broken go."""
        self._progress.begin("xorbs", None)
        for rows in _batches(self._xorb_rows()):
            columns = ["stored_bytes", "raw_bytes", "chunk_count"]
            self._premises.database.write(lambda conn: upsert(conn, xorbs, rows, update=columns))  # noqa: B023 - at once
        if forgets:
            lost = [
                {"key": row.hash}
                for row in self._premises.pages(sa.select(xorbs.c.hash), xorbs.c.hash)
                if row.hash not in self._whole
            ]
            for keys in _batches(iter(lost)):
                self._premises.database.write(lambda conn: _forget(conn, keys))  # noqa: B023 - at once

    def _xorb_rows(self) -> Iterator[Row]:
        for key in self._premises.store.list_keys(Kind.XORB):
            self._progress.advance()
            try:
                index = self._premises.indexes.get(key).index
            except (FileNotFoundError, Corrupt):
                continue  # the check that follows tells of it
            self._whole.add(key)
            yield {
                "hash": key,
                "stored_bytes": index.physical_bytes,
                "raw_bytes": index.raw_bytes,
                "chunk_count": len(index),
                "created_at": self._premises.clock(),
            }

    def read_shards(self) -> None:
        """A recipe and a blob for each file that shards tell of and that is whole."""
        self._progress.begin("shards", None)
        for files in _batches(self._shard_rows()):
            self._premises.database.write(lambda conn: self._keep(conn, files))  # noqa: B023 - at once
        # Two shards may tell of a file with other xorbs each: one that is whole is enough.
        for file_hash, what in self._broken.items():
            if file_hash not in self._sharded:
                self._report.add(Code.RECIPE_BROKEN, file_hash, what)

    def mend(self) -> None:
        """Let rows say again what shards tell of files that rows still speak of, and of no others:
        what was collected stays away. Beside a hub at work.
        """
        keys = self._premises.pages(sa.select(xorbs.c.hash), xorbs.c.hash)
        self._whole = {row.hash for row in keys}
        self._progress.begin("shards", None)
        for files in _batches(self._shard_rows(known_only=True)):
            self._premises.database.write(lambda conn: self._keep(conn, files))  # noqa: B023 - at once

    def _shard_rows(self, *, known_only: bool = False) -> Iterator[Row]:
        for key in self._premises.store.list_keys(Kind.SHARD):
            self._progress.advance()
            try:
                shard = scan_shard(self._premises.store, key)
            except (FileNotFoundError, Corrupt, Malformed):
                continue  # the check that follows tells of it
            files = [hash_to_hex(file.file_hash) for file in shard.files()]
            known = self._note_shard(key, files, known_only=known_only)
            for file in shard.files():
                if hash_to_hex(file.file_hash) not in known:
                    continue
                row = self._row_of(file)
                if row is not None:
                    self._sharded.add(row["file_hash"])
                    yield row

    def _note_shard(self, key: str, files: Sequence[str], *, known_only: bool) -> set[str]:
        """Note what the shard tells of; the files to look at."""

        def work(conn: sa.Connection) -> set[str]:
            rules.note_shard(conn, key, files)
            return _known(conn, files) if known_only else set(files)

        return self._premises.database.write(work)

    def _row_of(self, file: ShardFile) -> Row | None:
        """The row of a file in a shard, None when it cannot be rebuilt."""
        file_hash = hash_to_hex(file.file_hash)
        if file.sha256 is None or file_hash in self._sharded:
            return None
        try:
            self._check(file)
        except (Corrupt, Malformed) as error:
            what = f"A shard tells of this file, and it cannot be rebuilt: {error.message}"
            self._broken[file_hash] = what
            return None
        return {
            "file_hash": file_hash,
            "sha256": file.sha256.hex(),
            "size_bytes": file.size_bytes,
            "terms": file.terms.packed,
            "created_at": self._premises.clock(),
        }

    def _check(self, file: ShardFile) -> None:
        verify_file(file, self._index_of)
        if self._deep and file.sha256 is not None:
            sha256 = sha256_of(self._premises, file.terms, self._progress)
            if sha256 != file.sha256.hex():
                raise Malformed("shard", "states another sha256 than the content has")

    def _index_of(self, xorb_hash: bytes) -> XorbIndex:
        key = hash_to_hex(xorb_hash)
        if key not in self._whole:
            raise Corrupt(f"xorb {key} is missing or broken.")
        return self._premises.indexes.get_promised(key).index

    def _keep(self, conn: sa.Connection, rows: Sequence[Row]) -> None:
        for row in rows:
            query = sa.select(reconstructions).where(
                reconstructions.c.file_hash == row["file_hash"]
            )
            before = conn.execute(query).one_or_none()
            if before is None:
                conn.execute(sa.insert(reconstructions).values(row))
                self._note_uses(conn, row)
            elif before.sha256 != row["sha256"] or not self._is_whole(before):
                changed = {name: row[name] for name in ("sha256", "size_bytes", "terms")}
                conn.execute(
                    sa.update(reconstructions)
                    .where(reconstructions.c.file_hash == row["file_hash"])
                    .values(changed)
                )
                void_plans(conn, links.c.sha256.in_([before.sha256, row["sha256"]]))
                self._note_uses(conn, row)
            self._report.counted["files"] += 1
            self._keep_blob(conn, row)

    def _note_uses(self, conn: sa.Connection, row: Row) -> None:
        named = {hash_to_hex(each) for each in Terms(row["terms"]).xorb_hashes()}
        rules.note_uses(conn, row["sha256"], named)

    def _keep_blob(self, conn: sa.Connection, row: Row) -> None:
        kept = {name: row[name] for name in ("sha256", "size_bytes", "file_hash", "created_at")}
        if insert_ignore(conn, blobs, kept):
            return
        # A blob there already keeps its recipe, when that is one and makes this content.
        has_recipe = (
            sa.select(reconstructions.c.file_hash)
            .where(
                reconstructions.c.file_hash == blobs.c.file_hash,
                reconstructions.c.sha256 == row["sha256"],
                reconstructions.c.size_bytes == blobs.c.size_bytes,
            )
            .exists()
        )
        changed = conn.execute(
            sa.update(blobs)
            .where(blobs.c.sha256 == row["sha256"], ~has_recipe)
            .values(file_hash=row["file_hash"], size_bytes=row["size_bytes"])
        )
        if changed.rowcount:
            void_plans(conn, links.c.sha256 == row["sha256"])

    def _is_whole(self, row: sa.Row[Any]) -> bool:
        """Whether a recipe's terms make a file of its hash."""
        try:
            self._shard_file(row)
        except (Corrupt, Malformed):
            return False
        return True

    def _shard_file(self, row: sa.Row[Any]) -> ShardFile:
        terms = Terms(row.terms)
        file = ShardFile(
            file_hash=hash_from_hex(row.file_hash),
            terms=terms,
            verification_hashes=verification_hashes(terms, self._index_of),
            sha256=bytes.fromhex(row.sha256),
        )
        verify_file(file, self._index_of)
        if file.size_bytes != row.size_bytes:
            raise Malformed("recipe", "states another length than its terms have")
        return file

    def write_shards(self) -> None:
        """Let shards tell of the files that only the database knows."""
        group: list[ShardFile] = []
        for row in self._premises.pages(sa.select(reconstructions), reconstructions.c.file_hash):
            if row.file_hash in self._sharded:
                continue
            try:
                group.append(self._shard_file(row))
            except (Corrupt, Malformed):
                continue  # the check that follows tells of it
            if sum(shard_bytes(file) for file in group) > _SHARD_BYTES:
                self._put_shard(group)
                group = []
        if group:
            self._put_shard(group)

    def _put_shard(self, files: Sequence[ShardFile]) -> None:
        data = write_shard(files)
        key = hash_to_hex(chunk_hash(data))
        self._premises.store.put(Kind.SHARD, key, data)
        told = [hash_to_hex(file.file_hash) for file in files]
        self._premises.database.write(lambda conn: rules.note_shard(conn, key, told))
        self._report.counted["shards_written"] += 1


def _known(conn: sa.Connection, file_hashes: Sequence[str]) -> set[str]:
    """Those of the files that a recipe or a blob speaks of."""
    found: set[str] = set()
    for some in portions(file_hashes):
        for column in (reconstructions.c.file_hash, blobs.c.file_hash):
            found.update(conn.execute(sa.select(column).where(column.in_(some))).scalars())
    return found


def _forget(conn: sa.Connection, rows: Sequence[Row]) -> None:
    """Let nobody be told of these xorbs any more: what was in them is asked for again."""
    keys = [row["key"] for row in rows]
    conn.execute(sa.delete(cold_bases).where(cold_bases.c.base_hash.in_(keys)))
    conn.execute(sa.delete(chunk_samples).where(chunk_samples.c.xorb_hash.in_(keys)))
    conn.execute(sa.delete(xorb_domains).where(xorb_domains.c.xorb_hash.in_(keys)))
    conn.execute(sa.delete(xorbs).where(xorbs.c.hash.in_(keys)))


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= PAGE_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
