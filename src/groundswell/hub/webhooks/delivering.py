"""One delivery: taken from the log, made fit to send, sent, and noted.

Knows what is asked before anything is said: whether the webhook is on, and whether its owner may
see the repository at this moment. No connection to the database is held while bytes travel. A
delivery that is under way when the hub falls is sent again: its receiver knows it by its id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import sqlalchemy as sa

from groundswell import __version__
from groundswell.core.errors import Corrupt, InvalidCredentials
from groundswell.core.values import Principal
from groundswell.hub.accounts import credentials
from groundswell.hub.projections import Event
from groundswell.hub.sealing import Sealer
from groundswell.hub.webhooks import log, rows
from groundswell.hub.webhooks.payload import Facts, payload, test_payload
from groundswell.hub.webhooks.scopes import SCOPES
from groundswell.hub.webhooks.values import (
    RESPONSE_CHARACTERS_MAX,
    Claimed,
    DeliveryState,
    Outcome,
    Parcel,
)
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.outbound import Outbound, UrlRefused
from groundswell.wire.webhooks import (
    DELIVERY_HEADER,
    EVENT_HEADER,
    SECRET_HEADER,
    SIGNATURE_HEADER,
    body_of,
    kept_text,
    signature,
)

SECRET_PURPOSE: Final = "webhook secret"  # noqa: S105 - what a secret is sealed for
# A try that was begun and never ended (a crash) is begun again after this.
CLAIM_SECONDS: Final = 120
CANDIDATES_MAX: Final = 200
OF_ONE_WEBHOOK_MAX: Final = 2
_MICROS: Final = 1_000_000

_webhooks = tables.webhooks
_deliveries = tables.webhook_deliveries


class Deliveries:
    """Sends what waits. ``clock`` gives microseconds since the epoch."""

    def __init__(
        self, database: Database, clock: Callable[[], int], sealer: Sealer, outbound: Outbound
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._outbound = outbound

    @property
    def enabled(self) -> bool:
        """Whether the operator lets anything be sent."""
        return self._outbound.enabled

    def claim(
        self, busy: Collection[int], fits: Callable[[Claimed], bool], count: int
    ) -> list[Claimed]:
        """Take up to ``count`` deliveries that are due; nobody else takes them for a while.

        Args:
            busy: numbers of webhooks that have enough under way.
            fits: whether one more may go to that host and for that account now.
            count: how many.
        """
        due = self._database.read(lambda conn: _due(conn, self._clock(), busy))
        chosen: list[Claimed] = []
        for row in due:
            claimed = Claimed(
                row["id"],
                row["public_id"],
                self._host(row["url"]),
                row["account_id"],
                row["webhook_id"],
            )
            if len(chosen) < count and fits(claimed):
                chosen.append(claimed)
        if not chosen:
            return []

        def work(conn: sa.Connection) -> list[Claimed]:
            now = self._clock()
            return [each for each in chosen if _take(conn, now, each.number)]

        return self._database.write(work)

    def _host(self, url: str) -> str:
        try:
            return self._outbound.parse(url).host
        except UrlRefused:
            return ""

    def deliver(self, claimed: Claimed, base: str) -> Outcome:
        """Send one, and note what came of it. ``base`` is the hub's own address."""
        packed = self._database.read(lambda conn: self._pack(conn, claimed, base))
        outcome = packed if isinstance(packed, Outcome) else self._send(packed)
        self._database.write(lambda conn: log.note(conn, self._clock(), claimed.number, outcome))
        return outcome

    def _pack(self, conn: sa.Connection, claimed: Claimed, base: str) -> Parcel | Outcome:
        row = _row(conn, claimed.number)
        if row is None or row["disabled_at"] is not None:
            return _dropped("The webhook was switched off.")
        try:
            owner = credentials.by_account(conn, row["account_id"])
        except InvalidCredentials:
            return _dropped("The account of its owner is closed.")
        told = self._told(conn, row, owner, base)
        if told is None:
            return _dropped("What it would tell of is gone, or not for its owner to see.")
        try:
            secret = self._secret(row)
        except Corrupt as error:
            return Outcome(problem=f"{error.message} Give it a new one.", is_final=True)
        body = body_of(told)
        scope = told["event"]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Groundswell/{__version__}",
            DELIVERY_HEADER: row["public_id"],
            EVENT_HEADER: (
                "test" if row["event_id"] is None else f"{scope['scope']}.{scope['action']}"
            ),
        }
        secrets = {}
        if secret is not None:
            seconds = self._clock() // _MICROS
            secrets[SECRET_HEADER] = secret
            secrets[SIGNATURE_HEADER] = signature(secret, row["public_id"], seconds, body)
        return Parcel(row["url"], headers, secrets, body, kept_text(told))

    def _told(
        self, conn: sa.Connection, row: sa.RowMapping, owner: Principal, base: str
    ) -> dict[str, Any] | None:
        if row["event_id"] is None:
            return test_payload(row["webhook"], owner.name, row["owner_public_id"], base)
        event = _event(conn, row["event_id"])
        if event is None or event.type not in SCOPES or event.repository_id is None:
            return None
        seen = rows.visible_repository(conn, owner, event.repository_id)
        if seen is None:
            return None
        return payload(conn, Facts(event, *seen, row["webhook"], base))

    def _secret(self, row: Mapping[str, Any] | sa.RowMapping) -> str | None:
        sealed = row["sealed_secret"]
        if sealed is None:
            return None
        return self._sealer.open(SECRET_PURPOSE, row["webhook"], bytes(sealed))

    def _send(self, parcel: Parcel) -> Outcome:
        reply = self._outbound.send(
            "POST",
            parcel.url,
            parcel.headers,
            parcel.body,
            secret_headers=parcel.secret_headers,
            response_bytes_max=4 * RESPONSE_CHARACTERS_MAX,
        )
        problem = reply.problem
        if reply.status is not None and 300 <= reply.status < 400:
            problem = "It answered with a redirect, which webhooks do not follow."
        elif reply.status is not None and reply.status >= 400:
            problem = f"It answered {reply.status}."
        return Outcome(
            duration_ms=reply.duration_ms,
            status_code=reply.status,
            problem=problem,
            response=_shown(reply.body),
            kept=parcel.kept,
            is_final=reply.is_refused,
        )


def _shown(body: bytes) -> str:
    """The beginning of an answer as text that every database can hold."""
    text = body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text[:RESPONSE_CHARACTERS_MAX]


def _dropped(reason: str) -> Outcome:
    return Outcome(problem=reason, is_dropped=True)


def _due(conn: sa.Connection, now: int, busy: Collection[int]) -> list[sa.RowMapping]:
    """What may be tried now, the longest due first; of each webhook a few, so that a slow one
    stands in nobody's way.
    """
    waiting = (
        sa.select(
            _deliveries.c.id,
            sa.func.row_number()
            .over(partition_by=_deliveries.c.webhook_id, order_by=_deliveries.c.due_at)
            .label("turn"),
        )
        .where(
            _deliveries.c.state == DeliveryState.WAITING.value,
            _deliveries.c.due_at <= now,
            _deliveries.c.webhook_id.not_in(sorted(busy)),
        )
        .subquery()
    )
    query = (
        sa.select(
            _deliveries.c.id,
            _deliveries.c.public_id,
            _deliveries.c.webhook_id,
            _webhooks.c.url,
            _webhooks.c.account_id,
        )
        .join_from(waiting, _deliveries, waiting.c.id == _deliveries.c.id)
        .join(_webhooks, _webhooks.c.id == _deliveries.c.webhook_id)
        .where(waiting.c.turn <= OF_ONE_WEBHOOK_MAX)
        .order_by(_deliveries.c.due_at, _deliveries.c.id)
        .limit(CANDIDATES_MAX)
    )
    return list(conn.execute(query).mappings().all())


def _take(conn: sa.Connection, now: int, number: int) -> bool:
    taken = (
        sa.update(_deliveries)
        .where(
            _deliveries.c.id == number,
            _deliveries.c.state == DeliveryState.WAITING.value,
            _deliveries.c.due_at <= now,
        )
        .values(due_at=now + CLAIM_SECONDS * _MICROS, tries=_deliveries.c.tries + 1)
    )
    return conn.execute(taken).rowcount == 1


def _row(conn: sa.Connection, number: int) -> sa.RowMapping | None:
    accounts = tables.accounts
    query = (
        sa.select(
            _deliveries.c.public_id,
            _deliveries.c.event_id,
            _webhooks.c.public_id.label("webhook"),
            _webhooks.c.account_id,
            accounts.c.public_id.label("owner_public_id"),
            _webhooks.c.url,
            _webhooks.c.sealed_secret,
            _webhooks.c.disabled_at,
        )
        .join_from(_deliveries, _webhooks, _deliveries.c.webhook_id == _webhooks.c.id)
        .join(accounts, accounts.c.id == _webhooks.c.account_id)
        .where(_deliveries.c.id == number)
    )
    return conn.execute(query).mappings().one_or_none()


def _event(conn: sa.Connection, number: int) -> Event | None:
    events = tables.events
    row = conn.execute(sa.select(events).where(events.c.id == number)).mappings().one_or_none()
    if row is None:
        return None
    return Event(**{key: row[key] for key in Event.__slots__})
