"""Who may have which repository name: claims, redirects, tombstones, names that look alike.

The rules and their reasons stand in docs/decisions/0006-names-are-never-recycled.md. Everything
here runs inside the transaction of the change: two claims of one name cannot both succeed.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from groundswell.core.errors import AccountNotFound, NameTaken
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal, RepoId, confusable_key, fold_name
from groundswell.hub.repos.finding import CURRENT, DELETED, MOVED
from groundswell.hub.repos.rows import Repository, repository_from
from groundswell.store import tables
from groundswell.store.database import upsert

_names = tables.repository_names
_repositories = tables.repositories

NUMBER_FACT = "last_repository_number"


@dataclass(frozen=True, slots=True)
class Owner:
    """The account whose namespace a repository is to live in. ``name`` in its own spelling."""

    id: int
    name: str
    private_by_default: bool


def owner_of(conn: sa.Connection, namespace: str) -> Owner:
    """The account of that name, in any spelling.

    Raises:
        AccountNotFound: there is none, or it is disabled.
    """
    table = tables.accounts
    query = sa.select(table.c.id, table.c.name, table.c.private_by_default).where(
        table.c.folded == fold_name(namespace), table.c.disabled_at.is_(None)
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        raise AccountNotFound
    return Owner(row.id, row.name, row.private_by_default)


def check_free(
    conn: sa.Connection,
    principal: Principal,
    repo_id: RepoId,
    owner_id: int,
    repository_id: int | None = None,
) -> None:
    """Nothing when the name may be given to a repository of that owner.

    ``repository_id`` is the repository that asks, when it exists already: its own names, past
    and present, never stand in its way.

    Raises:
        NameTaken: ``url`` and ``existing_id`` are those of the repository that has the name or
            looks like it, when the principal may see it; otherwise ``url`` is the name's own.
    """
    query = (
        sa.select(_names.c.name_folded, _names.c.state, _names.c.repository_id, _repositories)
        .join_from(_names, _repositories, _names.c.repository_id == _repositories.c.id)
        .where(
            _names.c.kind == repo_id.kind.value,
            _names.c.namespace_folded == fold_name(repo_id.namespace),
            _names.c.confusable == confusable_key(repo_id.name),
        )
        # The very name before those that only look like it.
        .order_by(_names.c.name_folded != fold_name(repo_id.name), _names.c.name_folded)
    )
    for row in conn.execute(query).mappings():
        if row["repository_id"] == repository_id:
            continue
        if row["state"] == DELETED:
            if row["owner_id"] == owner_id:
                continue
            msg = f"The name {repo_id.full_name} belonged to a repository that was deleted."
            raise NameTaken(msg, repo_id.url_path)
        existing = repository_from(row)
        visible = may(principal, Action.SEE, existing.subject).allowed
        raise NameTaken(
            _taken_message(repo_id, row, existing if visible else None),
            existing.repo_id.url_path if visible else repo_id.url_path,
            existing.public_id if visible else None,
        )


def _taken_message(repo_id: RepoId, row: sa.RowMapping, existing: Repository | None) -> str:
    if row["name_folded"] != fold_name(repo_id.name):
        return f"The name {repo_id.full_name} looks like another that is taken in this namespace."
    if row["state"] == CURRENT:
        return f"A {repo_id.kind.value} repository called `{repo_id.full_name}` already exists"
    target = f" to {existing.full_name}" if existing is not None else ""
    return (
        f"The name {repo_id.full_name} redirects{target} and stays with that repository. "
        "Move it back, or choose another name."
    )


def claim(conn: sa.Connection, repo_id: RepoId, repository_id: int) -> None:
    """Make the name the repository's present one. ``check_free`` has agreed before."""
    upsert(
        conn,
        _names,
        {
            "kind": repo_id.kind.value,
            "namespace_folded": fold_name(repo_id.namespace),
            "name_folded": fold_name(repo_id.name),
            "confusable": confusable_key(repo_id.name),
            "repository_id": repository_id,
            "state": CURRENT,
        },
        update=("repository_id", "state"),
    )


def retire(conn: sa.Connection, repository_id: int, state: str) -> None:
    """Turn the repository's names into redirects (MOVED) or tombstones (DELETED)."""
    assert state in {MOVED, DELETED}, state
    conn.execute(
        sa.update(_names).where(_names.c.repository_id == repository_id).values(state=state)
    )


def reserve_number(conn: sa.Connection) -> int:
    """A repository number that was never given out, also not by an attempt that failed."""
    facts = tables.hub_facts
    known = conn.execute(sa.select(facts.c.value).where(facts.c.name == NUMBER_FACT)).scalar()
    highest = conn.execute(sa.select(sa.func.max(_repositories.c.id))).scalar() or 0
    number = max(highest, known if isinstance(known, int) else 0) + 1
    upsert(conn, facts, {"name": NUMBER_FACT, "value": number}, update=("value",))
    return number
