"""Discussions as rows: how they are read, changed, and who may change them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from groundswell.core.errors import NotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.hub.discussions.values import Discussion, Status
from groundswell.hub.events import record
from groundswell.hub.repos.finding import decide_again
from groundswell.store import tables

_table = tables.discussions
_repositories = tables.repositories


def decide_on(
    conn: sa.Connection, principal: Principal, repository_id: int, number: int
) -> Discussion:
    """The discussion, for who may change it: its author, and who may write to the repository.

    Raises:
        NotFound: there is none of that number.
        RepoNotFound, Unauthenticated, Forbidden, …: as ``finding.decide_again``.
    """
    found = load(conn, repository_id, number)
    own = not principal.is_anonymous and found.author == principal.name
    decide_again(conn, principal, repository_id, Action.CONTRIBUTE if own else Action.WRITE)
    return found


def next_number(conn: sa.Connection, principal: Principal, repository_id: int) -> int:
    """The next number of the repository, taken for ever, for who may contribute."""
    decide_again(conn, principal, repository_id, Action.CONTRIBUTE)
    counter = _repositories.c.last_discussion
    statement = (
        sa.update(_repositories)
        .where(_repositories.c.id == repository_id)
        .values(last_discussion=counter + 1)
        .returning(counter)
    )
    return int(conn.execute(statement).scalar_one())


def select() -> sa.Select[Any]:
    """Discussions with the names of their authors."""
    accounts = tables.accounts
    return sa.select(_table, accounts.c.name.label("author")).join_from(
        _table, accounts, _table.c.author_id == accounts.c.id, isouter=True
    )


def load(conn: sa.Connection, repository_id: int, number: int) -> Discussion:
    """The discussion of that number.

    Raises:
        NotFound: there is none.
    """
    query = select().where(_table.c.repository_id == repository_id, _table.c.number == number)
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Discussion not found")
    return discussion_of(row)


def change(conn: sa.Connection, id_: int, **values: Any) -> None:  # noqa: ANN401 - SQL values
    """Set columns of a discussion's row."""
    conn.execute(sa.update(_table).where(_table.c.id == id_).values(values))


def discussion_of(row: sa.RowMapping) -> Discussion:
    """A row of ``select`` as a value."""
    return Discussion(
        id=row["id"],
        repository_id=row["repository_id"],
        number=row["number"],
        is_pull_request=row["is_pull_request"],
        title=row["title"],
        status=Status(row["status"]),
        author=row["author"],
        base_commit=row["base_commit"],
        merge_commit=row["merge_commit"],
        created_at=row["created_at"],
        comment_count=row["comment_count"],
        is_pinned=row["is_pinned"],
        is_locked=row["is_locked"],
    )


def note_merged(
    conn: sa.Connection,
    now: int,
    actor_id: int | None,
    repository_id: int,
    number: int,
    commit: str,
) -> None:
    """Say that a pull request came into main by that commit; nothing when it is said already."""
    marked = (
        sa.update(_table)
        .where(
            _table.c.repository_id == repository_id,
            _table.c.number == number,
            _table.c.status != Status.MERGED.value,
        )
        .values(status=Status.MERGED.value, merge_commit=commit)
    )
    if conn.execute(marked).rowcount:
        payload = {"number": number, "commit": commit}
        record(conn, now, "pull_request.merged", actor_id, repository_id, payload, number)
