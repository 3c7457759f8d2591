"""Webhooks as rows: found by their owner, read with what they watch.

Every function runs inside a transaction of the caller.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import AccountNotFound, BadRequest, NotFound, RepoNotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal, RepoId, RepoKind, fold_name, is_storable
from groundswell.hub.accounts import AccountKind, directory
from groundswell.hub.repos import finding
from groundswell.hub.repos.rows import repository_from
from groundswell.hub.webhooks.values import Domain, Watched, WatchedType, Webhook
from groundswell.store import tables

WEBHOOK_NOT_FOUND: Final = "Webhook not found"
_PUBLIC_ID: Final = re.compile(r"[0-9a-f]{24}")
_table = tables.webhooks
_watches = tables.webhook_watches


def is_public_id(text: str) -> bool:
    """Whether a webhook or delivery may have that id."""
    return _PUBLIC_ID.fullmatch(text) is not None


def find(conn: sa.Connection, account_id: int, public_id: str) -> sa.RowMapping:
    """The row of an account's webhook.

    Raises:
        NotFound: the account has none of that id.
    """
    query = sa.select(_table).where(
        _table.c.public_id == public_id, _table.c.account_id == account_id
    )
    row = conn.execute(query).mappings().one_or_none() if is_public_id(public_id) else None
    if row is None:
        raise NotFound(WEBHOOK_NOT_FOUND)
    return row


def listed(conn: sa.Connection, principal: Principal) -> tuple[Webhook, ...]:
    """Every webhook of an account, newest first."""
    query = sa.select(_table).where(_table.c.account_id == principal.account_id)
    rows = conn.execute(query.order_by(_table.c.id.desc())).mappings().all()
    watched = _watched(conn, principal, [row["id"] for row in rows])
    return tuple(_webhook_from(row, watched[row["id"]]) for row in rows)


def one(conn: sa.Connection, principal: Principal, row: sa.RowMapping) -> Webhook:
    """A row as a value."""
    return _webhook_from(row, _watched(conn, principal, [row["id"]])[row["id"]])


def watch(
    conn: sa.Connection, principal: Principal, number: int, watched: Sequence[Watched]
) -> None:
    """Let a webhook watch these and nothing else.

    Raises:
        BadRequest, AccountNotFound, RepoNotFound: what the principal may not see is not there.
    """
    rows = {_target(conn, principal, each): each for each in watched}
    conn.execute(sa.delete(_watches).where(_watches.c.webhook_id == number))
    conn.execute(
        sa.insert(_watches),
        [
            {
                "webhook_id": number,
                "type": each.type.value,
                "name": name,
                "watched_account_id": account_id,
                "watched_repository_id": repository_id,
            }
            for (name, account_id, repository_id), each in rows.items()
        ],
    )


def _target(
    conn: sa.Connection, principal: Principal, watched: Watched
) -> tuple[str, int | None, int | None]:
    """Its name as it is spelled, and the number of the account or repository."""
    if not is_storable(watched.name):
        raise BadRequest("A name holds a character that no name has.")
    if watched.type.is_account:
        kind = AccountKind.USER if watched.type is WatchedType.USER else AccountKind.ORGANISATION
        try:
            account = directory.find(conn, watched.name, kind)
        except AccountNotFound as error:
            raise AccountNotFound(f"There is no {watched.type.value} {watched.name!r}.") from error
        return account.name, account.id, None
    try:
        repo_id = RepoId.parse(RepoKind(watched.type.value), watched.name)
        found = finding.find(conn, principal, repo_id, Action.SEE)
    except (RepoNotFound, BadRequest) as error:
        msg = f"There is no {watched.type.value} {watched.name!r} that you can see."
        raise RepoNotFound(msg) from error
    return found.full_name, None, found.id


def _watched(
    conn: sa.Connection, principal: Principal, numbers: Sequence[int]
) -> dict[int, tuple[Watched, ...]]:
    """What webhooks watch, by the present name where the owner may know it."""
    found: dict[int, tuple[Watched, ...]] = dict.fromkeys(numbers, ())
    if not numbers:
        return found
    repositories = tables.repositories
    seen = sa.and_(
        repositories.c.id == _watches.c.watched_repository_id, finding.visible_filter(principal)
    )
    query = (
        sa.select(_watches, repositories.c.namespace, repositories.c.name.label("present"))
        .join_from(_watches, repositories, seen, isouter=True)
        .where(_watches.c.webhook_id.in_(numbers))
        .order_by(_watches.c.id)
    )
    for row in conn.execute(query).mappings():
        present = f"{row['namespace']}/{row['present']}" if row["present"] else row["name"]
        watched = Watched(WatchedType(row["type"]), present)
        found[row["webhook_id"]] = (*found[row["webhook_id"]], watched)
    return found


def _webhook_from(row: sa.RowMapping, watched: tuple[Watched, ...]) -> Webhook:
    return Webhook(
        id=row["public_id"],
        number=row["id"],
        account_id=row["account_id"],
        url=row["url"],
        watched=watched,
        domains=domains_of(row),
        has_secret=row["sealed_secret"] is not None,
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
        disabled_reason=row["disabled_reason"],
        failing_since=row["failing_since"],
    )


def domains_of(row: sa.RowMapping) -> frozenset[Domain]:
    """What a webhook's row says that it is told of."""
    told = {Domain.REPO: row["of_repositories"], Domain.DISCUSSION: row["of_discussions"]}
    return frozenset(domain for domain, wanted in told.items() if wanted)


def visible_repository(
    conn: sa.Connection, principal: Principal, repository_id: int
) -> tuple[Any, bool] | None:
    """The repository and whether it still lives, when the principal may see it; a deleted one is
    judged by what it was.
    """
    table = tables.repositories
    row = conn.execute(sa.select(table).where(table.c.id == repository_id)).mappings().first()
    if row is None:
        return None
    if row["deleted_at"] is None:
        found = finding.load_for(conn, principal, repository_id)
    else:
        found = repository_from(row)
    if found is None or not may(principal, Action.SEE, found.subject).allowed:
        return None
    return found, row["deleted_at"] is None


def account_of_name(conn: sa.Connection, name: str) -> int | None:
    """The account of that name, whatever became of it."""
    accounts = tables.accounts
    query = sa.select(accounts.c.id).where(accounts.c.folded == fold_name(name))
    return conn.execute(query).scalar_one_or_none()
