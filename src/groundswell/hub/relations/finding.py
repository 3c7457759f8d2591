"""Rows in which relations stand: forks, what tags of cards name, and whose names those are.

Each question is answered from an index, for many repositories at once, and with what the principal
may see: a repository that is hidden is no row, and a name that leads to one is only a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import InvalidName
from groundswell.core.values import Principal, RepoId, RepoKind, Visibility, fold_name
from groundswell.hub.relations.values import COUNTED_MAX, DECLARED_BASES, Bond, Seen
from groundswell.hub.repos import visible_filter
from groundswell.hub.repos.finding import DELETED, name_row
from groundswell.store.database import Prepared
from groundswell.store.tables import forks, repositories, repository_names, repository_tags

BASE: Final = "base_model:"
DATASET: Final = "dataset:"
DECLARED_MAX: Final = 30  # of one card
LOOKED_UP_MAX: Final = 300
FORMER_NAMES_MAX: Final = 10
_table = repositories.c
_COLUMNS: Final = (_table.id, _table.kind, _table.namespace, _table.name, _table.visibility)
_names = repository_names.c
_NAMING: Final = Prepared(
    sa.select(repository_tags.c.repository_id)
    .where(
        sa.or_(
            repository_tags.c.tag == sa.bindparam("now"),
            repository_tags.c.tag.in_(
                sa.select(
                    sa.bindparam("beginning", type_=sa.Text)
                    + _names.namespace_folded
                    + "/"
                    + _names.name_folded
                ).where(_names.repository_id == sa.bindparam("number"))
            ),
        )
    )
    .limit(1)
)
_BONDS: Final = {bond.value: bond for bond in DECLARED_BASES}


@dataclass(frozen=True, slots=True)
class Named:
    """What a card names, and as what."""

    kind: RepoKind
    name: str
    bond: Bond


@dataclass(frozen=True, slots=True)
class Step:
    """A repository that came of another, by that one's number."""

    earlier_id: int
    later: Seen


def _seen(row: sa.RowMapping) -> Seen:
    repo_id = RepoId(RepoKind(row["kind"]), row["namespace"], row["name"])
    return Seen(row["id"], repo_id, row["visibility"] == Visibility.PRIVATE.value)


def named_by(tags: Iterable[str]) -> tuple[Named, ...]:
    """What the tags of a card name: base models, each once and with the bond that the card gives,
    then datasets.
    """
    bonds: dict[str, Bond] = {}
    data: dict[str, None] = {}
    for tag in tags:
        if tag.startswith(BASE):
            word, _, name = tag.removeprefix(BASE).rpartition(":")
            if name and bonds.get(name, Bond.DERIVED) is Bond.DERIVED:
                bonds[name] = _BONDS.get(word, Bond.DERIVED)
        elif tag.startswith(DATASET) and len(tag) > len(DATASET):
            data[tag.removeprefix(DATASET)] = None
    bases = [Named(RepoKind.MODEL, name, bond) for name, bond in bonds.items()]
    used = [Named(RepoKind.DATASET, name, Bond.DATASET) for name in data]
    return tuple(bases[:DECLARED_MAX] + used[:DECLARED_MAX])


def declared_by(conn: sa.Connection, numbers: Sequence[int]) -> dict[int, tuple[Named, ...]]:
    """What the cards of these repositories name."""
    tag = repository_tags.c.tag
    # Not as a range of the tags: the rows of these few are the shorter way.
    begins = sa.or_(*(sa.func.substr(tag, 1, len(each)) == each for each in (BASE, DATASET)))
    query = (
        sa.select(repository_tags.c.repository_id, tag)
        .where(repository_tags.c.repository_id.in_(numbers), begins)
        .order_by(repository_tags.c.repository_id, repository_tags.c.position)
    )
    found: dict[int, list[str]] = {}
    for number, text in conn.execute(query):
        found.setdefault(number, []).append(text)
    return {number: named_by(tags) for number, tags in found.items()}


def key_of(kind: RepoKind, name: str) -> tuple[RepoKind, str]:
    """What makes two spellings of a name one."""
    return kind, fold_name(name)


def resolve(
    conn: sa.Connection, principal: Principal, names: Iterable[Named]
) -> dict[tuple[RepoKind, str], Seen | None]:
    """What is behind those names, by ``key_of``: the repository that has it or had it before, when
    the principal may see that; else None. Names beyond ``LOOKED_UP_MAX`` are left out.
    """
    numbers: dict[tuple[RepoKind, str], int | None] = {}
    for each in names:
        key = key_of(each.kind, each.name)
        if key not in numbers and len(numbers) < LOOKED_UP_MAX:
            numbers[key] = _number_of(conn, each)
    wanted = {number for number in numbers.values() if number is not None}
    visible: dict[int, Seen] = {}
    if wanted:
        query = sa.select(*_COLUMNS).where(repositories.c.id.in_(wanted), visible_filter(principal))
        rows = conn.execute(query).mappings()
        visible = {row["id"]: _seen(row) for row in rows}
    return {key: None if number is None else visible.get(number) for key, number in numbers.items()}


def _number_of(conn: sa.Connection, named: Named) -> int | None:
    try:
        row = name_row(conn, RepoId.parse(named.kind, named.name))
    except InvalidName:
        return None
    return None if row is None or row["state"] == DELETED else row["repository_id"]


def spellings_of(conn: sa.Connection, some: Sequence[Seen]) -> Mapping[tuple[RepoKind, str], int]:
    """How cards may write the names of these repositories, and whose each is: as it is, in small
    letters, and as it was before.
    """
    found: dict[tuple[RepoKind, str], int] = {}
    kinds = {each.id: each.kind for each in some}
    names = repository_names.c
    query = (
        sa.select(names.repository_id, names.namespace_folded, names.name_folded)
        .where(names.repository_id.in_(kinds))
        .order_by(names.repository_id, names.namespace_folded, names.name_folded)
        .limit(FORMER_NAMES_MAX * len(some))
    )
    for number, namespace, name in conn.execute(query):
        found[kinds[number], f"{namespace}/{name}"] = number
    for each in some:
        found[each.kind, each.full_name] = each.id
    return found


def _tag(kind: RepoKind, name: str) -> str:
    return f"{DATASET if kind is RepoKind.DATASET else BASE}{name}"


def declaring(
    conn: sa.Connection, principal: Principal, some: Sequence[Seen], limit: int
) -> list[Step]:
    """Repositories whose cards name one of these, for each name the newest first: so the index has
    them, of which a base may have tens of thousands.
    """
    whose = {_tag(*key): number for key, number in spellings_of(conn, some).items()}
    query = (
        sa.select(*_COLUMNS, repository_tags.c.tag)
        .join_from(
            repository_tags, repositories, repository_tags.c.repository_id == repositories.c.id
        )
        .where(repository_tags.c.tag.in_(sorted(whose)), visible_filter(principal))
        .order_by(repository_tags.c.tag.desc(), repository_tags.c.repository_id.desc())
        .limit(limit)
    )
    rows = conn.execute(query).mappings()
    return [Step(whose[row["tag"]], _seen(row)) for row in rows]


def forks_of(
    conn: sa.Connection, principal: Principal, numbers: Sequence[int], limit: int
) -> list[Step]:
    """Direct forks of these repositories, of each the newest first."""
    query = (
        sa.select(*_COLUMNS, forks.c.upstream_id)
        .join_from(forks, repositories, forks.c.repository_id == repositories.c.id)
        .where(forks.c.upstream_id.in_(numbers), visible_filter(principal))
        .order_by(
            forks.c.upstream_id.desc(), forks.c.forked_at.desc(), forks.c.repository_id.desc()
        )
        .limit(limit)
    )
    rows = conn.execute(query).mappings()
    return [Step(row["upstream_id"], _seen(row)) for row in rows]


def upstreams_of(
    conn: sa.Connection, principal: Principal, numbers: Sequence[int]
) -> dict[int, Seen]:
    """What each of these was forked from, where the principal may see that."""
    query = (
        sa.select(*_COLUMNS, forks.c.repository_id.label("fork_id"))
        .join_from(forks, repositories, forks.c.upstream_id == repositories.c.id)
        .where(forks.c.repository_id.in_(numbers), visible_filter(principal))
    )
    rows = conn.execute(query).mappings()
    return {row["fork_id"]: _seen(row) for row in rows}


def _is_named(conn: sa.Connection, repository: Seen) -> bool:
    """Whether any card at all names it: of most repositories none does, and that is quick to see.
    Says nothing to people.
    """
    now = _tag(repository.kind, repository.full_name)
    beginning = _tag(repository.kind, "")
    return _NAMING.first(conn, number=repository.id, now=now, beginning=beginning) is not None


def counts_of(
    conn: sa.Connection, principal: Principal, repository: Seen
) -> tuple[tuple[Bond, int], ...]:
    """How many repositories here declare each bond to this one, as far as one counts."""
    if not _is_named(conn, repository):
        return ()
    names = [name for _kind, name in sorted(spellings_of(conn, [repository]))]
    if repository.kind is RepoKind.DATASET:
        beginnings = {Bond.DATASET: DATASET}
    else:
        beginnings = {bond: f"{BASE}{bond.value}:" for bond in DECLARED_BASES}
        beginnings[Bond.DERIVED] = BASE
    inner = [
        sa.select(repository_tags.c.repository_id)
        .join_from(
            repository_tags, repositories, repository_tags.c.repository_id == repositories.c.id
        )
        .where(
            repository_tags.c.tag.in_([f"{beginning}{name}" for name in names]),
            visible_filter(principal),
        )
        .distinct()
        .limit(COUNTED_MAX + 1)
        .subquery()
        for beginning in beginnings.values()
    ]
    counting = [sa.select(sa.func.count()).select_from(each).scalar_subquery() for each in inner]
    counts = dict(zip(beginnings, conn.execute(sa.select(*counting)).one(), strict=True))
    if Bond.DERIVED in counts and counts[Bond.DERIVED] <= COUNTED_MAX:
        # Every base model stands once without its relation, too.
        said = sum(counts[bond] for bond in DECLARED_BASES)
        counts[Bond.DERIVED] = max(0, counts[Bond.DERIVED] - said)
    return tuple((bond, count) for bond, count in counts.items() if count)
