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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.values import Gate, Principal, RepoKind, fold_name, is_storable
from groundswell.hub.repos.finding import CURRENT, visible_parts
from groundswell.hub.repos.rows import Repository, repository_from, tags_of
from groundswell.store import tables
from groundswell.store.database import Database

LIMIT_MAX: Final = 1000
WORDS_MAX: Final = 8
FILTERS_MAX: Final = 20
TEXT_CHARACTERS_MAX: Final = 200
TOTAL_MAX: Final = 10_000
# A condition that fewer rows meet than this decides the order of work: its rows are fetched and
# sorted. Otherwise rows are walked in the order of the list until the page is full.
RARE_ROWS: Final = 4_000

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
    Sort.TRENDING: _repositories.c.likes,
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
    """One page. ``total`` counts all pages, at most ``TOTAL_MAX``; only the first page has it."""

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


def _like(word: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", word.lower())
    return f"%{escaped}%"


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
    """One question, inside one snapshot."""

    def __init__(
        self, conn: sa.Connection, principal: Principal, kind: RepoKind, query: ListQuery
    ) -> None:
        self._conn = conn
        self._kind = kind
        self._query = query
        self._column = _COLUMNS[query.sort]
        self._parts = visible_parts(principal)
        self._nothing = False
        self._walked: list[sa.ColumnElement[bool]] = []
        self._rare: sa.Select[Any] | None = None
        self._collect()

    def _collect(self) -> None:
        query = self._query
        table = _repositories
        candidates: list[tuple[sa.ColumnElement[bool], sa.Select[Any]]] = []
        if query.author is not None:
            accounts = tables.accounts
            found = sa.select(accounts.c.id).where(accounts.c.folded == fold_name(query.author))
            owner = self._conn.execute(found).scalar()
            self._nothing = owner is None
            condition = table.c.owner_id == owner
            candidates.append((condition, sa.select(table.c.id).where(condition)))
        for tags in _tag_choices(self._kind, query):
            rows = sa.select(_tags.c.repository_id).where(_tags.c.tag.in_(tags))
            exists = sa.exists().where(_tags.c.repository_id == table.c.id, _tags.c.tag.in_(tags))
            candidates.append((exists, rows))
        candidates.extend(self._named(word) for word in query.words)
        if query.parameters is not None:
            condition = self._sized(query.parameters)
            rows = sa.select(table.c.id).where(table.c.kind == self._kind.value, condition)
            candidates.append((condition, rows))
        if query.gated is not None:
            is_open = table.c.gate == Gate.OPEN.value
            self._walked.append(~is_open if query.gated else is_open)
        fewest = RARE_ROWS
        for condition, rows in candidates:
            self._walked.append(condition)
            if self._nothing:
                continue
            count = self._count(rows.limit(fewest))
            if count < fewest:
                fewest, self._rare = count, rows

    def _named(self, word: str) -> tuple[sa.ColumnElement[bool], sa.Select[Any]]:
        pattern = _like(word)
        full = _names.c.namespace_folded + "/" + _names.c.name_folded
        rows = sa.select(_names.c.repository_id).where(
            _names.c.kind == self._kind.value,
            _names.c.state == CURRENT,
            full.like(pattern, escape="\\"),
        )
        mine = sa.func.lower(_repositories.c.namespace + "/" + _repositories.c.name)
        return mine.like(pattern, escape="\\"), rows

    @staticmethod
    def _sized(wanted: CountRange) -> sa.ColumnElement[bool]:
        count = _repositories.c.parameter_count
        parts: list[sa.ColumnElement[bool]] = [count.is_not(None)]
        if wanted.at_least is not None:
            parts.append(count >= min(wanted.at_least, 2**63 - 1))
        if wanted.at_most is not None:
            parts.append(count <= min(wanted.at_most, 2**63 - 1))
        return sa.and_(*parts)

    def _count(self, rows: sa.Select[Any]) -> int:
        query = sa.select(sa.func.count()).select_from(rows.subquery())
        return int(self._conn.execute(query).scalar_one())

    def _chosen(self, part: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """Number and sort value of the rows of one half that meet every condition."""
        table = _repositories
        query = sa.select(table.c.id, self._column).where(
            table.c.kind == self._kind.value, part, *self._walked
        )
        if self._rare is not None:
            query = query.where(table.c.id.in_(self._rare))
        return query

    def page(self, place: _Place | None) -> ListPage:
        """The rows after ``place``."""
        if self._nothing:
            return ListPage((), None, 0)
        query = self._query
        rows: list[tuple[int, int]] = []
        for part in self._parts:
            rows += self._half(part, place)
        rows.sort(key=lambda row: (row[1], row[0]), reverse=query.descending)
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        last = _Place(rows[-1][1], rows[-1][0]) if more else None
        total = None if place is not None else self._total(len(rows), more=more)
        return ListPage(
            self._load([number for number, _value in rows]),
            None if last is None else _write_cursor(query, last),
            total,
        )

    def _half(self, part: sa.ColumnElement[bool], place: _Place | None) -> list[tuple[int, int]]:
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
        found = self._conn.execute(query.limit(self._query.limit + 1))
        return [(row[0], row[1]) for row in found]

    def _total(self, seen: int, *, more: bool) -> int:
        if not more:
            return seen
        halves = [self._chosen(part).limit(TOTAL_MAX) for part in self._parts]
        return min(TOTAL_MAX, sum(self._count(half) for half in halves))

    def _load(self, numbers: Sequence[int]) -> tuple[Repository, ...]:
        table = _repositories
        heavy = {"card", "facts", "settings"}
        columns = [
            sa.null().label(column.name) if column.name in heavy else column for column in table.c
        ]
        chosen = sa.select(table) if self._query.details else sa.select(*columns)
        found = self._conn.execute(chosen.where(table.c.id.in_(numbers))).mappings()
        rows = {row["id"]: row for row in found}
        tags = tags_of(self._conn, numbers)
        return tuple(repository_from(rows[number], tags[number]) for number in numbers)
