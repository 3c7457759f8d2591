"""Moving a hub's content and rows to other stores: copied, read back and compared.

Knows two blob stores and two databases. Does not know which they are, nor when nobody writes to
them: callers see to that. Objects never change, so they are copied beside a hub at work, and a run
that was broken off goes on where it was; rows go over in one transaction or not at all.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import Conflict, Corrupt
from groundswell.hub.upkeep.findings import Progress
from groundswell.store.database import Database
from groundswell.store.ports import BlobReader, BlobStore, Kind
from groundswell.store.tables import cold_bases, cold_xorbs, metadata

_READ_BYTES: Final = 4 << 20
_ROWS: Final = 500
_IS_NULL: Final = ":null"
_COLD: Final = (cold_xorbs, cold_bases)


def move_objects(source: BlobStore, target: BlobStore, progress: Progress) -> tuple[int, int]:
    """Copy what the target lacks; how many objects were copied, and how many it has now.

    Raises:
        Corrupt: what was read back is not what was written, or the target holds another object.
        StorageFull, Unavailable: a store failed. What was copied stays.
    """
    copied = total = 0
    for kind in (Kind.XORB, Kind.SHARD, Kind.PART):
        progress.begin(kind, None)
        for key in source.list_keys(kind):
            copied += _move_object(source, target, kind, key)
            total += 1
            progress.advance()
    return copied, total


def _move_object(source: BlobStore, target: BlobStore, kind: str, key: str) -> bool:
    """Copy one object. False when it is there already, or went meanwhile."""
    size_bytes = source.size_bytes(kind, key)
    if size_bytes is None:
        return False
    there = target.size_bytes(kind, key)
    if there is None:
        spooled = target.spool(size_bytes)
        digest = hashlib.sha256()
        try:
            with source.open(kind, key) as reader:
                for piece in _pieces(reader):
                    digest.update(piece)
                    spooled.write(piece)
            target.adopt(kind, key, spooled)
        finally:
            spooled.discard()
        with target.open(kind, key) as reader:
            again = hashlib.sha256()
            for piece in _pieces(reader):
                again.update(piece)
        if again.digest() != digest.digest():
            msg = f"{kind}/{key} came back from its new place as something else."
            raise Corrupt(msg)
        return True
    if there != size_bytes:
        msg = f"{kind}/{key} has {there} bytes in its new place and {size_bytes} in the old one."
        raise Corrupt(msg)
    return False


def _pieces(reader: BlobReader) -> Iterator[bytes]:
    for start in range(0, reader.size_bytes, _READ_BYTES):
        yield reader.read_at(start, min(_READ_BYTES, reader.size_bytes - start))


def move_rows(
    source: Database, target: Database, progress: Progress, *, with_cold: bool = True
) -> int:
    """Copy every row into an empty database, in one transaction; how many rows.

    Without ``with_cold`` the rows of cold xorbs stay behind: ``move_objects`` makes them plain.

    Raises:
        Conflict: the target holds rows already.
        Corrupt: what was read back is not what was written.
    """
    progress.begin("rows", None)
    kept = [each for each in metadata.sorted_tables if with_cold or each not in _COLD]

    def write(new: sa.Connection) -> int:
        for table in metadata.sorted_tables:
            if new.execute(sa.select(sa.func.count()).select_from(table)).scalar_one():
                msg = f"The new database is not empty: its table {table.name} has rows."
                raise Conflict(msg)
        return source.read(lambda old: _copy_rows(old, new, kept, progress.advance))

    count = target.write(write)
    read_back = (each.read(lambda conn: _digest(conn, kept)) for each in (source, target))
    if next(read_back) != next(read_back):
        msg = "The rows came back from the new database as something else."
        raise Corrupt(msg)
    return count


def _copy_rows(
    old: sa.Connection,
    new: sa.Connection,
    tables: Sequence[sa.Table],
    advance: Callable[[int], None],
) -> int:
    count = 0
    for table in tables:
        for rows in _rows(old, table):
            # A JSON null is a value; only a key that is left out becomes the database's own.
            alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
            for row in rows:
                alike[tuple(row)].append(row)
            for some in alike.values():
                new.execute(sa.insert(table), some)
            count += len(rows)
            advance(len(rows))
        _go_on_counting(new, table)
    return count


def _rows(conn: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    """All rows by their key, some at a time; columns that are NULL are left out."""
    nulls = [column.is_(sa.null()).label(f"{column.name}{_IS_NULL}") for column in table.c]
    query = sa.select(*table.c, *nulls).order_by(*table.primary_key.columns)
    found = conn.execution_options(yield_per=_ROWS).execute(query)
    for some in found.mappings().partitions(_ROWS):
        yield [
            {
                column.name: row[column.name]
                for column in table.c
                if not row[f"{column.name}{_IS_NULL}"]
            }
            for row in some
        ]


def _go_on_counting(conn: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL counts numbers apart from the rows: the next one comes after those copied."""
    column = table.autoincrement_column
    if column is None or conn.dialect.name != "postgresql":
        return
    last = conn.execute(sa.select(sa.func.max(column))).scalar()
    if last is not None:
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        conn.execute(sa.select(sa.func.setval(sequence, last)))


def _digest(conn: sa.Connection, tables: Sequence[sa.Table]) -> dict[str, str]:
    """A digest for each table, the same on both engines; the order of rows does not count."""
    found: dict[str, str] = {}
    for table in tables:
        total = count = 0
        for rows in _rows(conn, table):
            for row in rows:
                plain = sorted((name, _plain(value)) for name, value in row.items())
                whole = hashlib.sha256(repr(plain).encode("utf-8", "surrogatepass")).digest()
                total = (total + int.from_bytes(whole, "big")) % (1 << 256)
                count += 1
        found[table.name] = f"{count}:{total:x}"
    return found


def _plain(value: object) -> object:
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, dict):
        return sorted((str(name), _plain(each)) for name, each in value.items())
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
