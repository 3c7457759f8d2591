"""Making the link graph of a pack: a list of all names, then a file for each shard.

A shard's file holds its own articles and the edges that leave them; where those lead is written as
a path, so that a change elsewhere in the pack leaves the file as it is. Files are made from shards
that are built already. The same shards give the same bytes: rows are put in one order into a new
file, by one release of SQLite, which stands in the recipe. Memory does not grow with the pack but
for names that are looked for in texts, which are bounded. Does not know how graphs are read.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from groundswell.ask.packs.graphs.edges import MadeEdge, edges_of
from groundswell.ask.packs.graphs.form import PAGE_BYTES, SCHEMA, SIGN, VERSION
from groundswell.ask.packs.graphs.names import GAZETTEER_NAMES_MAX, Gazetteer, key_of
from groundswell.ask.packs.table import open_table
from groundswell.ask.packs.written import lines_of
from groundswell.wire.packs import (
    Shard,
    graph_path,
    passages_path,
    unpack_article,
)

_NAMES: Final = """
CREATE TABLE article (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE name (key TEXT PRIMARY KEY, rank INTEGER, path TEXT, written TEXT) WITHOUT ROWID;
"""
# Of two that rank the same the one whose path comes first.
_ADD_NAME: Final = """
INSERT INTO name VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
SET rank = excluded.rank, path = excluded.path, written = excluded.written
WHERE (excluded.rank, excluded.path) < (rank, path)
"""


def engine() -> str:
    """What writes the files, for recipes."""
    return f"SQLite {sqlite3.sqlite_version}"


# Path, title and other names of an article.
Called = tuple[str, str, list[str]]


def called(folder: Path, shards: Iterable[Shard]) -> Iterator[Called]:
    """What the articles of shards that are built are called, in their order."""
    for shard in shards:
        for line in lines_of(folder, shard):
            value = json.loads(line)
            yield value["path"], value["title"], value.get("aliases", [])


class Names:
    """The names of all articles of a pack, in a database of the work folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self, articles: Iterable[Called]) -> str:
        """Note the names of articles; what all of them together are, as sha256."""
        self._path.unlink(missing_ok=True)
        total = hashlib.sha256()
        with closing(sqlite3.connect(self._path)) as database:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.executescript(_NAMES)
            with database:
                for path, title, aliases in articles:
                    total.update(f"{path}\n{title}\n{aliases}\n".encode())
                    database.execute("INSERT OR IGNORE INTO article VALUES (?)", (path,))
                    names = enumerate((title, *aliases))
                    rows = ((_rank(name, n), key_of(name), path, name) for n, name in names)
                    given = ((key, rank, path, name) for rank, key, path, name in rows if key)
                    database.executemany(_ADD_NAME, given)
        return total.hexdigest()

    def open(self) -> OpenNames:
        """The names, to be looked up."""
        return OpenNames(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True))


def _rank(name: str, number: int) -> int:
    """Titles before other names; and "Lisp" is not "*Lisp", where there are both."""
    loses_signs = name.strip().casefold() != key_of(name)
    return 2 * min(number, 1) + loses_signs


class OpenNames:
    """Names that can be looked up: in memory where they are few, and in the file where not."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.gazetteer: Gazetteer | None = None
        self._kept: tuple[set[str], dict[str, str]] | None = None
        (count,) = database.execute("SELECT count(*) FROM name").fetchone()
        if count <= GAZETTEER_NAMES_MAX:
            rows = database.execute("SELECT key, path, written FROM name ORDER BY key").fetchall()
            self.gazetteer = Gazetteer((written, path) for _, path, written in rows)
            paths = {path for (path,) in database.execute("SELECT path FROM article")}
            self._kept = paths, {key: path for key, path, _ in rows}

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def resolve(self, source: str, target: str) -> str | None:
        """The article that a link of the article ``source`` leads to, if the pack has it."""
        if "://" in target or not target:
            return None
        place = beside(source, target)
        for path in (place, f"{place}.md"):
            if self._is_article(path):
                return path
        # Notes name one another by titles; redirects are names, and links to them are paths.
        for written in dict.fromkeys((target, posixpath.basename(target))):
            found = self._called(key_of(written.replace("_", " ")))
            if found is not None:
                return found
        return None

    def _is_article(self, path: str) -> bool:
        if self._kept is not None:
            return path in self._kept[0]
        rows = self._database.execute("SELECT 1 FROM article WHERE path = ?", (path,))
        return rows.fetchone() is not None

    def _called(self, key: str) -> str | None:
        if self._kept is not None:
            return self._kept[1].get(key)
        found = self._database.execute("SELECT path FROM name WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else None


def beside(source: str, target: str) -> str:
    """The path that a target means in the article ``source``."""
    folder, slash, _ = source.rpartition("/")
    if "/" not in target and target not in {".", ".."}:
        return f"{folder}{slash}{target}"  # most of them
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def make_shard_graph(folder: Path, shard: Shard, names: Path) -> str:
    """Write the graph of a shard; its id."""
    with closing(Names(names).open()) as known:
        table = open_table(folder / passages_path(shard.passages), shard.counts.passages)
        begins = np.searchsorted(table[:, 0], np.arange(shard.counts.articles + 1)).tolist()
        articles, made = [], []
        for number, line in enumerate(lines_of(folder, shard)):
            article = unpack_article(line)
            stops = table[begins[number] : begins[number + 1], 2].tolist()

            def resolve(target: str, source: str = article.path) -> str | None:
                return known.resolve(source, target)

            made.append((len(stops), edges_of(article, stops, resolve, known.gazetteer)))
            articles.append((article.path, article.title, article.aliases))
    work = folder / f"{graph_path('work')}.{os.getpid()}.part"
    work.unlink(missing_ok=True)
    with closing(sqlite3.connect(work, isolation_level=None)) as database:
        _write(database, articles, made)
    with work.open("rb") as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()[:32]
        os.fsync(file.fileno())
    work.replace(folder / graph_path(name))
    return name


def _write(
    database: sqlite3.Connection,
    articles: Sequence[tuple[str, str, Sequence[str]]],
    made: Sequence[tuple[int, Sequence[MadeEdge]]],
) -> None:
    for pragma in (f"page_size = {PAGE_BYTES}", "journal_mode = OFF", "synchronous = OFF"):
        database.execute(f"PRAGMA {pragma}")
    database.execute(f"PRAGMA application_id = {SIGN}")
    database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("BEGIN")
    for statement in SCHEMA:
        database.execute(statement)
    numbers = {path: number for number, (path, _, _) in enumerate(articles)}
    far = sorted({each.target for _, edges in made for each in edges} - numbers.keys())
    numbers |= {path: number for number, path in enumerate(far, len(articles))}
    titles = [(title or path) for path, title, _ in articles] + [""] * len(far)
    nodes = ((number, path, titles[number]) for path, number in numbers.items())
    database.executemany("INSERT INTO node VALUES (?, ?, ?)", nodes)
    keys = (
        (key_of(name), number)
        for number, (_, title, aliases) in enumerate(articles)
        for name in (title, *aliases)
    )
    database.executemany(
        "INSERT INTO alias VALUES (?, ?)", sorted({each for each in keys if each[0]})
    )
    database.executemany("INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?, ?)", _rows(made, numbers))
    database.execute("COMMIT")


def _rows(
    made: Sequence[tuple[int, Sequence[MadeEdge]]], numbers: dict[str, int]
) -> Iterator[tuple[int, ...]]:
    passages = 0
    for source, (count, edges) in enumerate(made):
        for each in sorted(edges, key=lambda edge: (numbers[edge.target], edge.kind)):
            yield (
                source, numbers[each.target], each.kind, passages + each.passage,
                each.start, each.stop, each.weight,
            )  # fmt: skip
        passages += count
