"""Lists of repositories: filtered, searched, sorted, page by page.

Knows how to ask so that the answer takes milliseconds among a hundred thousand repositories.
What may be seen is ``repos.visible_filter``'s rule, in its two halves: public rows, and rows of
the principal's own namespaces. Every value of a query travels as a parameter.
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.values import Gate, Principal, RepoKind, fold_name, is_storable
from groundswell.hub.repos.finding import CURRENT, visible_parts
from groundswell.hub.repos.rows import Repository, repository_from, tags_of, without_details
from groundswell.store import tables
from groundswell.store.database import Database

LIMIT_MAX: Final = 1000
WORDS_MAX: Final = 8
FILTERS_MAX: Final = 20
TEXT_CHARACTERS_MAX: Final = 200
TOTAL_MAX: Final = 1_000
# Fewer rows than this are fetched and sorted; see _Listing.
RARE_ROWS: Final = 1_500

_repositories = tables.repositories
_names = tables.repository_names
_tags = tables.repository_tags


class Sort(enum.Enum):
    """The orders of a list; the values are the words of the Hub API."""

    LAST_MODIFIED = "lastModified"
    CREATED_AT = "createdAt"
    DOWNLOADS = "downloads"
    LIKES = "likes"
    TRENDING = "trendingScore"


_COLUMNS: Final = {
    Sort.LAST_MODIFIED: _repositories.c.modified_at,
    Sort.CREATED_AT: _repositories.c.created_at,
    Sort.DOWNLOADS: _repositories.c.downloads,
    Sort.LIKES: _repositories.c.likes,
    Sort.TRENDING: _repositories.c.trending,
}


@dataclass(frozen=True, slots=True)
class CountRange:
    """A range of parameter counts, both ends included; None is open."""

    at_least: int | None = None
    at_most: int | None = None


_SCALE: Final = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_COUNT = re.compile(r"(min|max):(\d{1,6}(?:\.\d{1,6})?)([KMBT]?)", re.ASCII | re.IGNORECASE)


def parse_count_range(text: str) -> CountRange:
    """From ``min:6B,max:128B`` (Hub API 4); either part may be missing.

    Raises:
        BadRequest: written otherwise.
    """
    ends: dict[str, int] = {}
    for part in text[:100].split(","):
        found = _COUNT.fullmatch(part.strip())
        if found is None or found[1].lower() in ends:
            msg = 'num_parameters is written like "min:6B,max:128B".'
            raise BadRequest(msg)
        ends[found[1].lower()] = int(float(found[2]) * _SCALE[found[3].upper()])
    return CountRange(ends.get("min"), ends.get("max"))


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list shall hold. Conditions all hold together.

    ``words`` must all stand in ``namespace/name``; ``filters`` are tags, ``library`` and
    ``pipeline_tag`` as well. ``gated`` True or False asks for gated or open ones. ``details``
    False leaves card, facts and settings out of the rows. ``cursor`` comes from the page before.
    """

    author: str | None = None
    words: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    pipeline_tag: str | None = None
    library: str | None = None
    gated: bool | None = None
    parameters: CountRange | None = None
    sort: Sort = Sort.TRENDING
    descending: bool = True
    limit: int = LIMIT_MAX
    cursor: str | None = None
    details: bool = True


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page.

    ``total`` counts the rows of all pages, at most ``TOTAL_MAX``. It is None on later pages and
    where counting would take longer than listing.
    """

    repositories: tuple[Repository, ...]
    next_cursor: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: after the row of this sort value and number."""

    value: int
    number: int


def _write_cursor(query: ListQuery, place: _Place) -> str:
    text = json.dumps([query.sort.value, query.descending, place.value, place.number])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(query: ListQuery) -> _Place | None:
    if query.cursor is None:
        return None
    try:
        padding = "=" * (-len(query.cursor) % 4)
        raw = base64.b64decode(query.cursor[:200] + padding, altchars=b"-_", validate=True)
        sort, descending, value, number = json.loads(raw)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise BadRequest("The cursor is not one of this hub's.") from error
    numbers = type(value) is int and type(number) is int and max(abs(value), abs(number)) < 2**63
    if not numbers or sort != query.sort.value or descending is not query.descending:
        raise BadRequest("The cursor belongs to another list.")
    return _Place(value, number)


def _checked(query: ListQuery) -> ListQuery:
    if not 1 <= query.limit <= LIMIT_MAX:
        raise BadRequest(f"limit must be between 1 and {LIMIT_MAX}.")
    if len(query.words) > WORDS_MAX or len(query.filters) > FILTERS_MAX:
        raise BadRequest(f"At most {WORDS_MAX} search words and {FILTERS_MAX} filters.")
    given = [*query.words, *query.filters, query.author, query.pipeline_tag, query.library]
    texts = [text for text in given if text is not None]
    if any(len(text) > TEXT_CHARACTERS_MAX for text in texts):
        raise BadRequest(f"A search text is longer than {TEXT_CHARACTERS_MAX} characters.")
    if any(not is_storable(text) for text in texts):
        raise BadRequest("A search text holds a character that no name or tag can hold.")
    return query


def _tag_choices(kind: RepoKind, query: ListQuery) -> list[list[str]]:
    """The tags that must be there: any one of each inner list."""
    choices: list[list[str]] = []
    for tag in query.filters:
        # Models carry language codes as plain tags, and clients ask for both spellings.
        plain = tag.removeprefix("language:")
        choices.append([tag, plain] if kind is not RepoKind.DATASET and plain != tag else [tag])
    if query.library is not None:
        choices.append([query.library])
    if query.pipeline_tag is not None:
        choices.append([query.pipeline_tag])
    return choices


class Search:
    """Lists repositories for a principal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, principal: Principal, kind: RepoKind, query: ListQuery) -> ListPage:
        """One page of the repositories of a kind that the principal may see.

        Raises:
            BadRequest: a limit, text or cursor that cannot be.
        """
        place = _read_cursor(_checked(query))

        def work(conn: sa.Connection) -> ListPage:
            return _Listing(conn, principal, kind, query).page(place)

        return self._database.read(work)


class _Listing:
    """One question, inside one snapshot.

    When few rows meet the narrow conditions (words, tags, author, parameters), their numbers are
    found in indexes alone and the rest is done on them. Otherwise the rows are walked in the
    order of the list until the page is full, which frequent matches make short.
    """

    def __init__(
        self, conn: sa.Connection, principal: Principal, kind: RepoKind, query: ListQuery
    ) -> None:
        self._conn = conn
        self._kind = kind
        self._query = query
        self._column = _COLUMNS[query.sort]
        self._parts = visible_parts(principal)
        self._tags = _tag_choices(kind, query)
        self._words = [word.lower() for word in query.words]
        self._owner: int | None = None
        if query.author is not None:
            accounts = tables.accounts
            found = sa.select(accounts.c.id).where(accounts.c.folded == fold_name(query.author))
            self._owner = conn.execute(found).scalar()

    def page(self, place: _Place | None) -> ListPage:
        """The rows after ``place``."""
        query = self._query
        if query.author is not None and self._owner is None:
            return ListPage((), None, 0)
        few = self._few()
        rows = self._walk(place) if few is None else self._sift(few)
        total = self._total(rows, counted=few is not None) if place is None else None
        if place is not None:
            rows = [row for row in rows if self._is_after(row, place)]
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        last = _Place(rows[-1][1], rows[-1][0]) if more else None
        return ListPage(
            self._load([number for number, _value in rows]),
            None if last is None else _write_cursor(query, last),
            total,
        )

    def _total(self, rows: Sequence[object], *, counted: bool) -> int | None:
        if counted or len(rows) <= self._query.limit:
            return min(len(rows), TOTAL_MAX)
        if self._words or self._tags or self._query.parameters is not None:
            return None
        halves = [self._chosen(part).limit(TOTAL_MAX) for part in self._parts]
        return min(TOTAL_MAX, sum(self._count(half) for half in halves))

    def _is_after(self, row: tuple[int, int], place: _Place) -> bool:
        here, there = (row[1], row[0]), (place.value, place.number)
        return here < there if self._query.descending else here > there

    # --- few rows ---------------------------------------------------------------------------

    def _few(self) -> list[int] | None:
        """Numbers of all rows that may be in the list, or None when they are many."""
        for candidate in self._candidates():
            numbers = self._conn.execute(candidate.limit(RARE_ROWS)).scalars().all()
            if len(numbers) < RARE_ROWS:
                return list(numbers)
        return None

    def _candidates(self) -> Iterator[sa.Select[Any]]:
        """Questions that indexes answer alone; each finds at least every row of the list."""
        table = _repositories
        if self._owner is not None:
            yield sa.select(table.c.id).where(table.c.owner_id == self._owner)
        if self._words:
            names = (_names.c.namespace_folded, _names.c.name_folded)
            yield sa.select(_names.c.repository_id).where(
                _names.c.kind == self._kind.value,
                _names.c.state == CURRENT,
                *(self._holds(*names, word) for word in self._words),
                *(_is_tagged(_names.c.repository_id, tags) for tags in self._tags),
            )
        elif self._tags:
            first, *others = sorted(self._tags, key=self._frequency)
            yield (
                sa.select(_tags.c.repository_id)
                .where(
                    _tags.c.tag.in_(first),
                    *(_is_tagged(_tags.c.repository_id, tags) for tags in others),
                )
                .distinct()
            )
        if self._query.parameters is not None:
            sized = _is_sized(self._query.parameters, table.c.parameter_count)
            yield sa.select(table.c.id).where(table.c.kind == self._kind.value, sized)

    def _frequency(self, tags: list[str]) -> int:
        rows = sa.select(_tags.c.repository_id).where(_tags.c.tag.in_(tags)).limit(RARE_ROWS)
        return self._count(rows)

    def _holds(
        self, namespace: sa.ColumnElement[str], name: sa.ColumnElement[str], word: str
    ) -> sa.ColumnElement[bool]:
        """Whether ``namespace/name`` contains the word. The engines name the search differently."""
        place = sa.func.strpos if self._conn.dialect.name == "postgresql" else sa.func.instr
        if "/" in word:
            return place(namespace + "/" + name, word) > 0
        return sa.or_(place(name, word) > 0, place(namespace, word) > 0)

    def _sift(self, numbers: list[int]) -> list[tuple[int, int]]:
        """Those of the numbers that meet every condition, in order, with their sort values."""
        if not numbers:
            return []
        few: sa.BindParameter[list[int]] = sa.bindparam(
            "few", value=numbers, expanding=True, literal_execute=True
        )
        # The kind is sifted here: SQLite would rather use its index than the numbers.
        kind, *conditions = self._conditions()
        query = sa.select(_repositories.c.id, self._column, kind).where(
            _repositories.c.id.in_(few), sa.or_(*self._parts), *conditions
        )
        rows = [(row[0], row[1]) for row in self._conn.execute(query) if row[2]]
        rows.sort(key=lambda row: (row[1], row[0]), reverse=self._query.descending)
        return rows

    # --- many rows --------------------------------------------------------------------------

    def _conditions(self) -> Iterator[sa.ColumnElement[bool]]:
        query = self._query
        table = _repositories
        yield table.c.kind == self._kind.value
        # The sums keep SQLite from leaving the order of the list for these columns' indexes.
        if self._owner is not None:
            yield table.c.owner_id + 0 == self._owner
        names = (sa.func.lower(table.c.namespace), sa.func.lower(table.c.name))
        for word in self._words:
            yield self._holds(*names, word)
        for tags in self._tags:
            yield _is_tagged(table.c.id, tags)
        if query.parameters is not None:
            yield _is_sized(query.parameters, table.c.parameter_count + 0)
        if query.gated is not None:
            is_open = table.c.gate == Gate.OPEN.value
            yield ~is_open if query.gated else is_open

    def _chosen(self, part: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """Number and sort value of the rows of one half that meet every condition."""
        return sa.select(_repositories.c.id, self._column).where(part, *self._conditions())

    def _walk(self, place: _Place | None) -> list[tuple[int, int]]:
        """One row more than a page, from both halves."""
        rows = [row for part in self._parts for row in self._half(part, place)]
        rows.sort(key=lambda row: (row[1], row[0]), reverse=self._query.descending)
        return rows[: self._query.limit + 1]

    def _half(
        self, part: sa.ColumnElement[bool], place: _Place | None
    ) -> Iterator[tuple[int, int]]:
        number = _repositories.c.id
        pair = sa.tuple_(self._column, number)
        query = self._chosen(part)
        if self._query.descending:
            query = query.order_by(self._column.desc(), number.desc())
            if place is not None:
                query = query.where(pair < sa.tuple_(place.value, place.number))
        else:
            query = query.order_by(self._column, number)
            if place is not None:
                query = query.where(pair > sa.tuple_(place.value, place.number))
        for row in self._conn.execute(query.limit(self._query.limit + 1)):
            yield row[0], row[1]

    # --- both -------------------------------------------------------------------------------

    def _count(self, rows: sa.Select[Any]) -> int:
        query = sa.select(sa.func.count()).select_from(rows.subquery())
        return int(self._conn.execute(query).scalar_one())

    def _load(self, numbers: Sequence[int]) -> tuple[Repository, ...]:
        table = _repositories
        chosen = sa.select(table) if self._query.details else without_details()
        found = self._conn.execute(chosen.where(table.c.id.in_(numbers))).mappings()
        rows = {row["id"]: row for row in found}
        tags = tags_of(self._conn, numbers)
        return tuple(repository_from(rows[number], tags[number]) for number in numbers)


def _is_tagged(number: sa.ColumnElement[int], tags: list[str]) -> sa.ColumnElement[bool]:
    """Whether the repository of that number has one of the tags."""
    own = _tags.alias()
    return sa.exists().where(own.c.repository_id == number, own.c.tag.in_(tags))


def _is_sized(wanted: CountRange, count: sa.ColumnElement[int | None]) -> sa.ColumnElement[bool]:
    parts: list[sa.ColumnElement[bool]] = [count.is_not(None)]
    if wanted.at_least is not None:
        parts.append(count >= min(wanted.at_least, 2**63 - 1))
    if wanted.at_most is not None:
        parts.append(count <= min(wanted.at_most, 2**63 - 1))
    return sa.and_(*parts)
