"""The one lookup of a repository, and the SQL form of the rule of what may be seen.

Knows names, redirects and tombstones. Every decision is ``core.policy``'s; ``visible_filter``
says the same in SQL for lists, and a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import GatedRepo, GatedToAnonymous, RepoMoved, RepoNotFound
from groundswell.core.policy import Action, Reason, may, refusal
from groundswell.core.values import (
    Gate,
    Principal,
    RepoId,
    TokenRole,
    Visibility,
    fold_name,
)
from groundswell.hub.repos.rows import Repository, repository_from, row_of, tags_of_one
from groundswell.store import tables
from groundswell.store.database import Prepared

CURRENT = "current"
MOVED = "moved"
DELETED = "deleted"

_names = tables.repository_names
_access = tables.repository_access
_BY_NAME: Final = Prepared(
    sa.select(_names).where(
        _names.c.kind == sa.bindparam("kind_value"),
        _names.c.namespace_folded == sa.bindparam("namespace"),
        _names.c.name_folded == sa.bindparam("name"),
    )
)
_table = tables.repositories
_FIND: Final = Prepared(
    sa.select(_table, _names.c.state)
    .join_from(_names, _table, _names.c.repository_id == _table.c.id)
    .where(
        _names.c.kind == sa.bindparam("kind_value"),
        _names.c.namespace_folded == sa.bindparam("namespace"),
        _names.c.name_folded == sa.bindparam("name"),
        _names.c.state != DELETED,
        _table.c.deleted_at.is_(None),
    )
)
_LISTED: Final = Prepared(
    sa.select(_access.c.account_id).where(
        _access.c.repository_id == sa.bindparam("number"),
        _access.c.account_id == sa.bindparam("account"),
    )
)


def visible_parts(
    principal: Principal,
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Two conditions that no row meets both: public rows, and private ones the principal may SEE.

    Apart, each can be answered in the order of an index; together they are ``visible_filter``.
    """
    table = tables.repositories
    alive = table.c.deleted_at.is_(None)
    public = table.c.visibility == Visibility.PUBLIC.value
    private = table.c.visibility == Visibility.PRIVATE.value
    if principal.is_admin:
        member: sa.ColumnElement[bool] = sa.true()
    else:
        spaces = [organisation for organisation, _role in principal.memberships]
        if principal.account_id is not None:
            spaces.append(principal.account_id)
        member = table.c.owner_id.in_(spaces) if spaces else sa.false()
    if principal.token_role is TokenRole.FINE_GRAINED:
        granted = [grant.repository_id for grant in principal.grants]
        member = sa.and_(member, table.c.id.in_(granted)) if granted else sa.false()
    return sa.and_(alive, public), sa.and_(alive, private, member)


def visible_filter(principal: Principal) -> sa.ColumnElement[bool]:
    """Which rows of ``repositories`` the principal may SEE, as a condition for any query.

    Deleted repositories are never among them. Lists must use it, so that they cannot differ
    from ``core.policy``.
    """
    return sa.or_(*visible_parts(principal))


def name_row(conn: sa.Connection, repo_id: RepoId) -> Mapping[str, Any] | None:
    """The row of ``repository_names`` for a name in any spelling."""
    return _BY_NAME.first(
        conn,
        kind_value=repo_id.kind.value,
        namespace=fold_name(repo_id.namespace),
        name=fold_name(repo_id.name),
    )


def has_access(conn: sa.Connection, repository_id: int, account_id: int | None) -> bool:
    """Whether the account is on the list of a gated repository."""
    if account_id is None:
        return False
    return _LISTED.first(conn, number=repository_id, account=account_id) is not None


def load_for(conn: sa.Connection, principal: Principal, repository_id: int) -> Repository | None:
    """The repository of that number as this principal meets it; rights are not yet decided."""
    row = row_of(conn, repository_id)
    return None if row is None else _as_met(conn, principal, row)


def _as_met(conn: sa.Connection, principal: Principal, row: Mapping[str, Any]) -> Repository:
    repository_id = row["id"]
    listed = row["gate"] != Gate.OPEN.value and has_access(
        conn, repository_id, principal.account_id
    )
    return repository_from(row, tags_of_one(conn, repository_id), has_access=listed)


def gate_message(repository: Repository) -> str:
    """What somebody outside a gate reads. The door adds where to ask."""
    return (
        f"Access to {repository.kind.value} {repository.full_name} is restricted and you are "
        "not in the authorized list."
    )


def decide(principal: Principal, repository: Repository, action: Action) -> None:
    """Nothing when the principal may; otherwise the refusal.

    Raises:
        RepoNotFound: hidden from the principal.
        Unauthenticated: somebody with a name might.
        GatedRepo, GatedToAnonymous: not on the list; its ``url_path`` lets a door say where to ask.
        DisabledRepo: closed by an admin.
        Forbidden: the role or token does not reach this far.
    """
    decision = may(principal, action, repository.subject)
    if decision.allowed:
        return
    if decision.reason is Reason.GATED:
        gated = GatedToAnonymous if principal.is_anonymous else GatedRepo
        raise gated(gate_message(repository), repository.repo_id.url_path)
    raise refusal(decision)


def find(conn: sa.Connection, principal: Principal, repo_id: RepoId, action: Action) -> Repository:
    """The lookup of ``Repos.find``, inside a transaction."""
    row = _FIND.first(
        conn,
        kind_value=repo_id.kind.value,
        namespace=fold_name(repo_id.namespace),
        name=fold_name(repo_id.name),
    )
    if row is None:
        raise RepoNotFound
    repository = _as_met(conn, principal, row)
    if not may(principal, Action.SEE, repository.subject).allowed:
        raise RepoNotFound
    if row["state"] == MOVED:
        now = repository.repo_id
        raise RepoMoved(now.kind.value, now.namespace, now.name)
    decide(principal, repository, action)
    return repository
