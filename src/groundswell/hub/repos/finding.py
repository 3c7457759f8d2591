"""The one lookup of a repository, and the SQL form of the rule of what may be seen.

Knows names, redirects and tombstones. Every decision is ``core.policy``'s; ``visible_filter``
says the same in SQL for lists, and a property test holds the two together.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import GatedRepo, GatedToAnonymous, RepoMoved, RepoNotFound
from groundswell.core.policy import Action, Reason, may, refusal
from groundswell.core.values import (
    AccessStatus,
    Gate,
    Principal,
    RepoId,
    Role,
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
_access = tables.access_requests
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
_ASKED: Final = Prepared(
    sa.select(_access.c.status, _access.c.expires_at).where(
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


def administered_filter(principal: Principal) -> sa.ColumnElement[bool]:
    """Which rows of ``repositories`` that it may SEE the principal may ADMINISTER too, as
    ``core.policy`` says: a condition beside ``visible_filter``.
    """
    table = tables.repositories
    if principal.account_id is None or principal.token_role not in {None, TokenRole.WRITE}:
        return sa.false()
    if principal.is_admin:
        return sa.true()
    whole = [principal.account_id]
    own = []
    for organisation, role in principal.memberships:
        if role in {Role.ADMIN, Role.WRITE}:
            whole.append(organisation)
        elif role is Role.CONTRIBUTOR:
            own.append(organisation)
    made = sa.and_(table.c.owner_id.in_(own), table.c.creator_id == principal.account_id)
    return sa.and_(~table.c.disabled, sa.or_(table.c.owner_id.in_(whole), made))


def name_row(conn: sa.Connection, repo_id: RepoId) -> Mapping[str, Any] | None:
    """The row of ``repository_names`` for a name in any spelling."""
    return _BY_NAME.first(
        conn,
        kind_value=repo_id.kind.value,
        namespace=fold_name(repo_id.namespace),
        name=fold_name(repo_id.name),
    )


def status_at(row: Mapping[str, Any] | sa.RowMapping, now: int) -> AccessStatus:
    """Where a row of ``access_requests`` stands at that moment: what is accepted may have ended."""
    status = AccessStatus(row["status"])
    ends = row["expires_at"]
    has_ended = status is AccessStatus.ACCEPTED and ends is not None and ends <= now
    return AccessStatus.ENDED if has_ended else status


def _access_of(
    conn: sa.Connection, repository_id: int, account_id: int | None, now: int | None
) -> AccessStatus | None:
    """Where the account's request for access stands; None when it never asked."""
    if account_id is None:
        return None
    row = _ASKED.first(conn, number=repository_id, account=account_id)
    return None if row is None else status_at(row, _now() if now is None else now)


def _now() -> int:
    return time.time_ns() // 1000


def load_for(
    conn: sa.Connection, principal: Principal, repository_id: int, now: int | None = None
) -> Repository | None:
    """The repository of that number as this principal meets it; rights are not yet decided.

    ``now`` (microseconds) judges whether a right has ended; None takes this machine's clock.
    """
    row = row_of(conn, repository_id)
    return None if row is None else _as_met(conn, principal, row, now)


def _as_met(
    conn: sa.Connection, principal: Principal, row: Mapping[str, Any], now: int | None
) -> Repository:
    repository_id = row["id"]
    access = None
    if row["gate"] != Gate.OPEN.value:
        access = _access_of(conn, repository_id, principal.account_id, now)
    return repository_from(row, tags_of_one(conn, repository_id), access=access)


def gate_message(repository: Repository) -> str:
    """What somebody outside a gate reads. The door adds where to ask."""
    what = f"{repository.kind.value} {repository.full_name}"
    match repository.access:
        case AccessStatus.PENDING:
            return f"Your request to access {what} is awaiting a review from the repo authors."
        case AccessStatus.REJECTED:
            return f"Your request to access {what} has been rejected by the repo's authors."
        case AccessStatus.ENDED:
            return f"Your access to {what} has ended."
    return f"Access to {what} is restricted and you are not in the authorized list."


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


def decide_again(
    conn: sa.Connection, principal: Principal, repository_id: int, action: Action
) -> Repository:
    """The repository as it is in this transaction, when the principal may; otherwise the refusal.

    Raises:
        RepoNotFound: deleted or hidden meanwhile.
        Unauthenticated, Forbidden, GatedRepo, DisabledRepo: as ``decide``.
    """
    present = load_for(conn, principal, repository_id)
    if present is None:
        raise RepoNotFound
    decide(principal, present, action)
    return present


def find(
    conn: sa.Connection,
    principal: Principal,
    repo_id: RepoId,
    action: Action,
    now: int | None = None,
) -> Repository:
    """The lookup of ``Repos.find``, inside a transaction; ``now`` as for ``load_for``."""
    row = _FIND.first(
        conn,
        kind_value=repo_id.kind.value,
        namespace=fold_name(repo_id.namespace),
        name=fold_name(repo_id.name),
    )
    if row is None:
        raise RepoNotFound
    repository = _as_met(conn, principal, row, now)
    if not may(principal, Action.SEE, repository.subject).allowed:
        raise RepoNotFound
    if row["state"] == MOVED:
        moved = repository.repo_id
        raise RepoMoved(moved.kind.value, moved.namespace, moved.name)
    decide(principal, repository, action)
    return repository
