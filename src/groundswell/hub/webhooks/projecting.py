"""From events to deliveries: who is to be told of what. A projection (``hub.projections``).

Knows who watches what. Does not decide what may be said: that is judged when it is sent, since
rights end in between. Seeing an event twice makes no second delivery.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.hub.projections import Event
from groundswell.hub.webhooks import rows
from groundswell.hub.webhooks.log import KEPT_DAYS, drop_waiting
from groundswell.hub.webhooks.scopes import SCOPES
from groundswell.hub.webhooks.values import WAITING_MAX, DeliveryState
from groundswell.store import tables
from groundswell.store.database import insert_ignore, portions

NAME: Final = "webhooks"
_DAY_MICROS: Final = 86_400 * 1_000_000
_KINDS: Final = ("model", "dataset", "space")

_webhooks = tables.webhooks
_watches = tables.webhook_watches
_deliveries = tables.webhook_deliveries


def project(clock: Callable[[], int]) -> Callable[[sa.Connection, Sequence[Event]], None]:
    """The work of the projection."""

    def work(conn: sa.Connection, events: Sequence[Event]) -> None:
        now = clock()
        # What the log has forgotten is not told again when a projection begins anew.
        oldest = now - KEPT_DAYS * _DAY_MICROS
        wanted = [each for each in events if each.type in SCOPES and each.happened_at >= oldest]
        told = {each.repository_id for each in wanted if each.repository_id is not None}
        if not told or conn.execute(sa.select(_webhooks.c.id).limit(1)).first() is None:
            return
        owners = _owners(conn, sorted(told))
        _insert(conn, now, _chosen(conn, wanted, owners))

    return work


def _owners(conn: sa.Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Owners by repository, of the kinds that a payload can name."""
    table = tables.repositories
    found: dict[int, int] = {}
    for some in portions(numbers):
        query = sa.select(table.c.id, table.c.owner_id).where(
            table.c.id.in_(some), table.c.kind.in_(_KINDS)
        )
        found |= {row.id: row.owner_id for row in conn.execute(query)}
    return found


def _chosen(
    conn: sa.Connection, events: Iterable[Event], owners: Mapping[int, int]
) -> list[dict[str, Any]]:
    """(webhook, event) for each webhook that is to be told of one."""
    by_repository, by_account = _watching(conn, owners)
    chosen = []
    for event in events:
        repository_id = event.repository_id
        if repository_id is None or repository_id not in owners:
            continue
        accounts = {owners[repository_id]}
        if event.type == "repository.moved":
            accounts |= _former_owner(conn, event)
        hooks = dict(by_repository.get(repository_id, {}))
        for account_id in accounts:
            if account_id not in by_account:
                by_account[account_id] = _of_account(conn, [account_id]).get(account_id, {})
            hooks |= by_account[account_id]
        domain = SCOPES[event.type].domain
        chosen += [
            {"webhook_id": number, "event_id": event.id, "created_at": event.happened_at}
            for number, hook in hooks.items()
            if domain in rows.domains_of(hook) and event.id > hook["since_event"]
        ]
    return chosen


Hooks = dict[int, dict[int, sa.RowMapping]]


def _watching(conn: sa.Connection, owners: Mapping[int, int]) -> tuple[Hooks, Hooks]:
    """Webhooks that are on, by the repository and by the account that they watch."""
    by_repository: Hooks = {}
    column = _watches.c.watched_repository_id
    for some in portions(sorted(owners)):
        _gather(conn, column, some, by_repository)
    return by_repository, _of_account(conn, sorted(set(owners.values())))


def _of_account(conn: sa.Connection, numbers: Sequence[int]) -> Hooks:
    found: Hooks = {}
    for some in portions(numbers):
        _gather(conn, _watches.c.watched_account_id, some, found)
    return found


def _gather(
    conn: sa.Connection, column: sa.ColumnElement[int], some: Sequence[int], found: Hooks
) -> None:
    query = (
        sa.select(_webhooks, column.label("watched"))
        .join_from(_watches, _webhooks, _watches.c.webhook_id == _webhooks.c.id)
        .where(column.in_(some), _webhooks.c.disabled_at.is_(None))
    )
    for row in conn.execute(query).mappings():
        found.setdefault(row["watched"], {})[row["id"]] = row


def _former_owner(conn: sa.Connection, event: Event) -> set[int]:
    """Whoever watched the old namespace is told that something left it."""
    namespace = str(event.payload.get("from", "")).partition("/")[0]
    account_id = rows.account_of_name(conn, namespace)
    return set() if account_id is None else {account_id}


def _insert(conn: sa.Connection, now: int, chosen: Sequence[Mapping[str, Any]]) -> None:
    counts: dict[int, int] = {}
    for each in chosen:
        counts[each["webhook_id"]] = counts.get(each["webhook_id"], 0) + 1
    full = {
        number for number, count in counts.items() if _waiting(conn, number) + count > WAITING_MAX
    }
    for number in full:
        reason = f"More than {WAITING_MAX} deliveries waited for its receiver."
        drop_waiting(conn, now, number, reason)
    waiting = [
        {
            **each,
            "public_id": secrets.token_hex(12),
            "state": DeliveryState.WAITING.value,
            "due_at": now,
        }
        for each in chosen
        if each["webhook_id"] not in full
    ]
    for some in portions(waiting):
        insert_ignore(conn, _deliveries, some)


def _waiting(conn: sa.Connection, number: int) -> int:
    query = sa.select(sa.func.count()).where(
        _deliveries.c.webhook_id == number, _deliveries.c.state == DeliveryState.WAITING.value
    )
    return int(conn.execute(query).scalar_one())
