"""The link graph of a pack that is open: entities by name, and edges out of and into them.

Files come from strangers: they are opened so that nothing is written, must have exactly our schema,
and every question has a bound on its work and its rows. What an edge says of places is checked by
whoever shows them: they are quoted from the text, so that a false edge shows what stands there. Use
one in one thread, for one question. Does not know rights, nor other packs.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

from groundswell.ask.packs.graphs.edges import EdgeKind
from groundswell.ask.packs.graphs.form import SCHEMA, SIGN, VERSION
from groundswell.ask.packs.graphs.names import key_of
from groundswell.core.errors import Corrupt
from groundswell.wire.packs import Manifest, graph_path

ROWS_MAX: Final = 400
# Each is a descriptor and two pages of memory at least.
OPEN_MAX: Final = 32
# Where edges may come from: a pack of more parts than these is not looked through to its end.
SHARDS_SEARCHED_MAX: Final = 512
# Steps of SQLite's machine for all that is asked of one graph, about a second, and more where it
# has many parts.
STEPS_MAX: Final = 40_000_000
STEPS_OF_A_PART_MAX: Final = 250_000
_KEYS_AT_ONCE: Final = 400
_STEPS_AT_ONCE: Final = 10_000
PATH_CHARACTERS_MAX: Final = 4_096
_KINDS: Final = frozenset(map(int, EdgeKind))


@dataclass(frozen=True, slots=True)
class Entity:
    """An article as a node of the graph."""

    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Edge:
    """From the article ``source`` to ``target``, for characters [start, stop) of the source.

    ``passage`` is the one that they stand in, counted through the pack.
    """

    source: str
    target: str
    kind: EdgeKind
    passage: int
    start: int
    stop: int
    weight: int


class PackGraph:
    """The graph of one pack. Close it: files are open meanwhile.

    Args:
        manifest: what the pack has.
        file: where a file of the pack lies.
    """

    def __init__(self, manifest: Manifest, file: Callable[[str], Path]) -> None:
        self._shards = manifest.shards
        self._file = file
        self._firsts = [shard.first for shard in manifest.shards]
        self._bases = [0]
        for shard in manifest.shards:
            self._bases.append(self._bases[-1] + shard.counts.passages)
        there = [number for number, shard in enumerate(manifest.shards) if shard.graph]
        self._there = there[:SHARDS_SEARCHED_MAX]
        self._open: OrderedDict[int, _Part] = OrderedDict()
        self._steps = 0
        self._titles: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        for part in self._open.values():
            part.close()
        self._open.clear()

    @property
    def parts(self) -> int:
        """Of how many files it is; 0 of packs of earlier releases, which have no graph."""
        return len(self._there)

    @property
    def is_there(self) -> bool:
        """Whether the pack has a graph at all."""
        return bool(self._there)

    def named(self, keys: Sequence[str]) -> dict[str, list[Entity]]:
        """The articles of names, each name as `names.key_of` gives it; whoever bears it as a title
        first. Raises Corrupt.
        """
        found: dict[str, list[Entity]] = {}
        for part in self._parts():
            for start in range(0, len(keys), _KEYS_AT_ONCE):
                for key, path, title in part.named(keys[start : start + _KEYS_AT_ONCE]):
                    self._titles[path] = title
                    found.setdefault(key, []).append(Entity(path, title))
        for key, entities in found.items():  # "Lisp" comes before "*Lisp", and that before others
            entities.sort(key=partial(_rank, key))
        return found

    def beginning(self, key: str, count: int) -> list[Entity]:
        """Articles one of whose names begins so. Raises Corrupt."""
        found: dict[str, Entity] = {}
        for part in self._parts():
            for path, title in part.beginning(key, count):
                found.setdefault(path, Entity(path, title))
            if len(found) >= count:
                break
        return list(found.values())[:count]

    def entity(self, path: str) -> Entity | None:
        """The article of a path; None when the graph has none. Raises Corrupt."""
        if path in self._titles:
            return Entity(path, self._titles[path])
        found = self._home(path)
        if found is None:
            return None
        self._titles[path] = found[2]
        return Entity(path, found[2])

    def leaving(self, path: str, limit: int = ROWS_MAX) -> list[Edge]:
        """Edges out of an article, those of most weight first. Raises Corrupt."""
        found = self._home(path)
        if found is None:
            return []
        at, number, _ = found
        return [self._edge(at, row) for row in self._part(at).leaving(number, limit)]

    def arriving(self, path: str, limit: int = ROWS_MAX) -> list[Edge]:
        """Edges into an article, those of most weight first. Raises Corrupt."""
        found: list[Edge] = []
        for at in self._there:
            found += [self._edge(at, row) for row in self._part(at).arriving(path, limit)]
        return sorted(found, key=lambda each: (-each.weight, each.source))[:limit]

    # --- inside ---------------------------------------------------------------------------------

    def _parts(self) -> Iterable[_Part]:
        return map(self._part, self._there)

    def _part(self, number: int) -> _Part:
        part = self._open.get(number)
        if part is None:
            shard = self._shards[number]
            path = self._file(graph_path(shard.graph))
            part = self._open[number] = _Part(path, shard.counts.articles, self._step)
            if len(self._open) > OPEN_MAX:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(number)
        return part

    def _step(self) -> int:
        """Whether a question has to end: damaged files can lead round in circles."""
        self._steps += _STEPS_AT_ONCE
        return int(self._steps > STEPS_MAX + STEPS_OF_A_PART_MAX * self.parts)

    def _home(self, path: str) -> tuple[int, int, str] | None:
        """The shard of an article, its number in it, and its title."""
        at = bisect_right(self._firsts, path) - 1
        for number in (at, at - 1, at + 1):  # as for `OpenPack.article`
            if 0 <= number < len(self._shards) and self._shards[number].graph:
                found = self._part(number).own(path)
                if found is not None:
                    return number, *found
        return None

    def _edge(self, shard: int, row: tuple[Any, ...]) -> Edge:
        source, target, kind, passage, start, stop, weight = row
        numbers = (kind, passage, start, stop, weight)
        is_whole = all(type(each) is int and 0 <= each < 1 << 31 for each in numbers)
        if not (is_whole and _is_path(source) and _is_path(target) and kind in _KINDS):
            raise Corrupt(_DAMAGED)
        if passage >= self._shards[shard].counts.passages or start >= stop:
            raise Corrupt(_DAMAGED)
        at = self._bases[shard] + passage
        return Edge(source, target, EdgeKind(kind), at, start, stop, weight)


_DAMAGED: Final = "A pack's link graph cannot be read."
_EDGE: Final = """
SELECT s.path, d.path, kind, passage, start, stop, weight
FROM edge JOIN node s ON s.id = src JOIN node d ON d.id = dst
"""


_NAMED: Final = "SELECT name, path, title FROM alias JOIN node ON id = node"


class _Part:
    """The file of one shard."""

    def __init__(self, path: Path, articles: int, step: Callable[[], int]) -> None:
        self._articles = articles
        address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        try:
            self._database = sqlite3.connect(address, uri=True)
        except sqlite3.Error as error:
            raise Corrupt(_DAMAGED) from error
        for pragma in ("query_only = 1", "trusted_schema = 0", "cell_size_check = 1"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 20)
        self._database.set_progress_handler(step, _STEPS_AT_ONCE)
        signs = [self._rows(f"PRAGMA {each}", (), 1) for each in ("application_id", "user_version")]
        schema = self._rows("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL", (), 20)
        if signs != [[(SIGN,)], [(VERSION,)]] or schema != [(each,) for each in SCHEMA]:
            self.close()
            raise Corrupt("A pack's link graph is of another form.")

    def close(self) -> None:
        self._database.close()

    def named(self, keys: Sequence[str]) -> list[tuple[str, str, str]]:
        marks = ",".join("?" * len(keys))
        query = f"{_NAMED} WHERE name IN ({marks}) AND id < ? ORDER BY name, path"
        rows = self._rows(query, (*keys, self._articles), ROWS_MAX)
        return [_texts(row) for row in rows]  # type: ignore[misc]

    def beginning(self, key: str, count: int) -> list[tuple[str, str]]:
        rows = self._rows(
            "SELECT path, title FROM alias JOIN node ON id = node"
            " WHERE name >= ? AND name < ? AND id < ? ORDER BY name",
            (key, f"{key}\U0010ffff", self._articles),
            count,
        )
        return [_texts(row) for row in rows]  # type: ignore[misc]

    def own(self, path: str) -> tuple[int, str] | None:
        """Number and title of an article of this shard."""
        rows = self._rows(
            "SELECT id, title FROM node WHERE path = ? AND id < ?", (path, self._articles), 1
        )
        if not rows:
            return None
        number, title = rows[0]
        if type(number) is not int:
            raise Corrupt(_DAMAGED)
        return number, _texts((title,))[0]

    def leaving(self, number: int, limit: int) -> list[tuple[Any, ...]]:
        order = "ORDER BY weight DESC, start, dst"
        return self._rows(f"{_EDGE} WHERE src = ? {order}", (number,), limit)

    def arriving(self, path: str, limit: int) -> list[tuple[Any, ...]]:
        where = "WHERE dst = (SELECT id FROM node WHERE path = ?) ORDER BY weight DESC, src"
        return self._rows(f"{_EDGE} {where}", (path,), limit)

    def _rows(self, query: str, values: Sequence[Any], limit: int) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(query, values).fetchmany(limit)
        except (sqlite3.Error, UnicodeError) as error:
            raise Corrupt(_DAMAGED) from error


def _rank(key: str, entity: Entity) -> int:
    return 0 if entity.title.casefold() == key else 1 if key_of(entity.title) == key else 2


def _texts(row: Sequence[object]) -> tuple[str, ...]:
    if not all(isinstance(each, str) and len(each) <= PATH_CHARACTERS_MAX for each in row):
        raise Corrupt(_DAMAGED)
    return tuple(map(str, row))


def _is_path(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= PATH_CHARACTERS_MAX
