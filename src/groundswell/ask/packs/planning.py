"""Which documents make a shard: cut by what the documents are called and how large they are.

Shards are cut at documents whose path says so by its hash, so that a document more or less moves
the cuts beside it and no others. A shard's key says all that its files follow from: the recipe,
and the fingerprints of its documents in their order. The plan is a small database in the work
folder, so that memory does not grow with the corpus. Does not read documents.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from groundswell.ask.packs.documents import Document
from groundswell.ask.packs.sources import Source

# Of documents together: enough that a pack of everything has hundreds of shards and not
# thousands, which each question visits, and little enough to be built in memory.
SHARD_BYTES_MIN: Final = 4 << 20
SHARD_BYTES_MAX: Final = 32 << 20
SHARD_DOCUMENTS_MIN: Final = 20_000
SHARD_DOCUMENTS_MAX: Final = 80_000
# One path in so many ends a shard that is large enough.
CUT_EVERY: Final = 64
RULE: Final = f"cut {SHARD_BYTES_MIN}-{SHARD_BYTES_MAX} {CUT_EVERY}, 1"

_SCHEMA: Final = """
CREATE TABLE document (
    number INTEGER PRIMARY KEY, source INTEGER, path TEXT, full_path TEXT UNIQUE,
    fingerprint TEXT, size_bytes INTEGER, aliases TEXT, shard INTEGER
);
"""


@dataclass(frozen=True, slots=True)
class Planned:
    """A document in its place: the source that has it, and its path in the pack."""

    source: int
    document: Document
    pack_path: str


class Plan:
    """The documents of a pack, cut into shards.

    Args:
        path: of the plan's database. It is made by `make_plan`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._database = sqlite3.connect(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    @property
    def shards(self) -> int:
        """How many shards there will be."""
        return self._one("SELECT coalesce(max(shard) + 1, 0) FROM document")

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return self._one("SELECT count(*) FROM document")

    @property
    def fingerprint(self) -> str:
        """Of all documents together, as sha256."""
        total = hashlib.sha256()
        rows = self._database.execute("SELECT full_path, fingerprint FROM document ORDER BY number")
        for path, fingerprint in rows:
            total.update(f"{fingerprint} {path}\n".encode())
        return total.hexdigest()

    def shard(self, number: int) -> Iterator[Planned]:
        """The documents of a shard, in their order."""
        rows = self._database.execute(
            "SELECT source, path, full_path, fingerprint, size_bytes, aliases FROM document"
            " WHERE shard = ? ORDER BY number",
            (number,),
        )
        for source, path, full_path, fingerprint, size, aliases in rows:
            document = Document(path, fingerprint, size, tuple(json.loads(aliases)))
            yield Planned(source, document, full_path)

    def key(self, number: int, recipe: dict[str, Any]) -> str:
        """What a shard's files follow from, as sha256."""
        total = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
        for planned in self.shard(number):
            document = planned.document
            said = [planned.pack_path, document.fingerprint, document.aliases]
            total.update(json.dumps(said).encode() + b"\n")
        return total.hexdigest()

    def _one(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0])


def make_plan(path: Path, sources: Sequence[Source]) -> None:
    """List what the sources have, and cut it. Paths begin with the source's name where there are
    several.
    """
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        # Thrown away when it is not finished: nothing here needs to be durable.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(_SCHEMA)
        with database:
            for number, source in enumerate(sources):
                prefix = f"{_prefix(sources, number)}/" if len(sources) > 1 else ""
                database.executemany(
                    "INSERT OR IGNORE INTO document"
                    " (source, path, full_path, fingerprint, size_bytes, aliases)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (_row(number, prefix, document) for document in source.documents()),
                )
            _cut(database)


def _prefix(sources: Sequence[Source], number: int) -> str:
    """The source's name, numbered where an earlier one has it too."""
    taken: list[str] = []
    for source in sources[: number + 1]:
        name, count = source.name, 1
        while name in taken:
            count += 1
            name = f"{source.name}-{count}"
        taken.append(name)
    return taken[-1]


def _row(source: int, prefix: str, document: Document) -> tuple[Any, ...]:
    aliases = json.dumps(sorted(document.aliases), ensure_ascii=False)
    path = document.path
    return source, path, prefix + path, document.fingerprint, document.size_bytes, aliases


def _cut(database: sqlite3.Connection) -> None:
    """Number the documents' shards, in the order of their paths."""
    shard = size = count = 0
    rows = database.execute("SELECT number, full_path, size_bytes FROM document ORDER BY full_path")
    order = database.cursor()
    order.execute("CREATE TABLE cut (number INTEGER, shard INTEGER, place INTEGER)")
    for place, (number, path, size_bytes) in enumerate(rows):
        if count and (size + size_bytes > SHARD_BYTES_MAX or count >= SHARD_DOCUMENTS_MAX):
            shard, size, count = shard + 1, 0, 0
        order.execute("INSERT INTO cut VALUES (?, ?, ?)", (number, shard, place))
        size += size_bytes
        count += 1
        if (size >= SHARD_BYTES_MIN or count >= SHARD_DOCUMENTS_MIN) and _ends_shard(path):
            shard, size, count = shard + 1, 0, 0
    order.executescript(
        """
        CREATE TABLE placed AS
            SELECT cut.place AS number, source, path, full_path, fingerprint, size_bytes, aliases,
                   cut.shard AS shard
            FROM cut JOIN document ON document.number = cut.number;
        DROP TABLE cut;
        DROP TABLE document;
        ALTER TABLE placed RENAME TO document;
        CREATE INDEX document_by_shard ON document (shard, number);
        """
    )


def _ends_shard(path: str) -> bool:
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big") % CUT_EVERY == 0
