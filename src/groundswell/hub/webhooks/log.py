"""The log of deliveries: how a try changes it, when a webhook is given up, what is forgotten.

Every function but ``sweep`` runs inside a transaction of the caller.
"""

from __future__ import annotations

import logging
import random
from typing import Any, Final

import sqlalchemy as sa

from groundswell.hub.events import record
from groundswell.hub.webhooks.values import DeliveryState, Outcome
from groundswell.store import tables
from groundswell.store.database import Database

LOG: Final = logging.getLogger("groundswell.webhooks")
KEPT_DAYS: Final = 30
KEPT_MAX: Final = 1_000  # ended deliveries of one webhook
GIVES_UP_DAYS: Final = 5
# After each try that failed; the last one has none. About a day in all.
RETRY_SECONDS: Final = (30, 120, 600, 2_700, 7_200, 18_000, 50_400)
_JITTER: Final = 0.2
_MICROS: Final = 1_000_000
_DAY_MICROS: Final = 86_400 * _MICROS
_ROWS_AT_ONCE: Final = 1_000

_webhooks = tables.webhooks
_deliveries = tables.webhook_deliveries
_ENDED: Final = tuple(each.value for each in DeliveryState if each is not DeliveryState.WAITING)


def note(conn: sa.Connection, now: int, number: int, outcome: Outcome) -> None:
    """Write what came of a try; plan the next one, or end it."""
    query = sa.select(_deliveries.c.tries, _deliveries.c.webhook_id, _deliveries.c.state).where(
        _deliveries.c.id == number
    )
    row = conn.execute(query).one_or_none()
    if row is None or row.state != DeliveryState.WAITING.value:
        return  # deleted or dropped while it was under way
    values = {
        "tried_at": now,
        "status_code": outcome.status_code,
        "duration_ms": outcome.duration_ms,
        "problem": outcome.problem[:300],
        "request_body": outcome.kept,
        "response_body": outcome.response,
        **_next(now, row.tries, outcome),
    }
    conn.execute(sa.update(_deliveries).where(_deliveries.c.id == number).values(values))
    if not outcome.is_dropped:
        ended = values["state"] == DeliveryState.FAILED.value
        _note_health(conn, now, row.webhook_id, arrived=outcome.arrived, ended=ended)


def _next(now: int, tries: int, outcome: Outcome) -> dict[str, Any]:
    if outcome.arrived:
        return {"state": DeliveryState.DELIVERED.value}
    if outcome.is_dropped:
        return {"state": DeliveryState.DROPPED.value}
    if outcome.is_final or tries > len(RETRY_SECONDS):
        return {"state": DeliveryState.FAILED.value}
    seconds = RETRY_SECONDS[max(tries, 1) - 1]
    spread = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads retries, no secret
    return {"state": DeliveryState.WAITING.value, "due_at": now + int(seconds * spread * _MICROS)}


def _note_health(
    conn: sa.Connection, now: int, webhook: int, *, arrived: bool, ended: bool
) -> None:
    """Since when nothing arrives; for days: the webhook is switched off."""
    table = _webhooks
    query = sa.select(table.c.failing_since).where(table.c.id == webhook)
    since = conn.execute(query).scalar_one_or_none()
    if arrived == (since is not None):
        changed = None if arrived else now
        conn.execute(sa.update(table).where(table.c.id == webhook).values(failing_since=changed))
    elif since is not None and ended and now - since >= GIVES_UP_DAYS * _DAY_MICROS:
        drop_waiting(conn, now, webhook, f"Every delivery failed for {GIVES_UP_DAYS} days.")


def drop_waiting(conn: sa.Connection, now: int, webhook: int, reason: str) -> None:
    """Switch a webhook off and drop what waits for it."""
    off = sa.update(_webhooks).where(_webhooks.c.id == webhook, _webhooks.c.disabled_at.is_(None))
    values = {"disabled_at": now, "disabled_reason": reason}
    owner = conn.execute(
        off.values(values).returning(_webhooks.c.public_id, _webhooks.c.account_id)
    ).one_or_none()
    drop(conn, webhook, reason)
    if owner is not None:
        told = {"webhook": owner.public_id, "account_id": owner.account_id, "reason": reason}
        record(conn, now, "webhook.given_up", None, None, told)


def drop(conn: sa.Connection, webhook: int, reason: str) -> None:
    """End what waits without sending it."""
    waiting = sa.and_(
        _deliveries.c.webhook_id == webhook, _deliveries.c.state == DeliveryState.WAITING.value
    )
    values = {"state": DeliveryState.DROPPED.value, "problem": reason}
    conn.execute(sa.update(_deliveries).where(waiting).values(values))


def sweep(database: Database, now: int) -> int:
    """Forget deliveries that ended long ago, and the oldest of a log that is too long."""
    oldest = now - KEPT_DAYS * _DAY_MICROS
    ended = _deliveries.c.state.in_(_ENDED)
    old = sa.select(_deliveries.c.id).where(ended, _deliveries.c.created_at < oldest)
    ranked = sa.select(
        _deliveries.c.id,
        sa.func.row_number()
        .over(partition_by=_deliveries.c.webhook_id, order_by=_deliveries.c.id.desc())
        .label("rank"),
    ).where(ended)
    ranked_rows = ranked.subquery()
    long = sa.select(ranked_rows.c.id).where(ranked_rows.c.rank > KEPT_MAX)
    return sum(_delete(database, chosen) for chosen in (old, long))


def _delete(database: Database, chosen: sa.Select[Any]) -> int:
    count = 0
    while True:
        some = sa.delete(_deliveries).where(_deliveries.c.id.in_(chosen.limit(_ROWS_AT_ONCE)))
        did = database.write(lambda conn: conn.execute(some).rowcount)  # noqa: B023 - run at once
        count += did
        if did < _ROWS_AT_ONCE:
            return count
