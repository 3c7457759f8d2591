"""``Webhooks``: made, changed, switched on and off, deleted by their owner; and what they sent.

A webhook belongs to a person and is told what that person may see. Only a sign-in or a write token
of theirs reaches it: what it tells may be private. Does not send anything: ``delivering`` does.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, Forbidden, NotFound, TooManyRequests
from groundswell.core.policy import speaks_for_itself
from groundswell.core.values import Principal
from groundswell.hub.accounts import rights
from groundswell.hub.cursors import Order, next_cursor
from groundswell.hub.events import record
from groundswell.hub.repos import finding
from groundswell.hub.sealing import Sealer
from groundswell.hub.webhooks import log, rows
from groundswell.hub.webhooks.delivering import SECRET_PURPOSE
from groundswell.hub.webhooks.values import (
    SECRET_CHARACTERS_MAX,
    TESTS_WAITING_MAX,
    WATCHED_MAX,
    WEBHOOKS_MAX,
    Delivery,
    DeliveryPage,
    DeliveryState,
    Domain,
    Webhook,
    WebhookDraft,
)
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.outbound import Outbound, UrlRefused

_table = tables.webhooks
_deliveries = tables.webhook_deliveries
_ORDER: Final = Order(_deliveries.c.created_at, _deliveries.c.id)
_SWITCHED_OFF: Final = "The webhook was switched off."


class Webhooks:
    """Every call is by a principal, about their own webhooks. ``clock`` gives microseconds."""

    def __init__(
        self, database: Database, clock: Callable[[], int], sealer: Sealer, outbound: Outbound
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._outbound = outbound

    # --- webhooks -----------------------------------------------------------------------------

    def create(self, principal: Principal, draft: WebhookDraft) -> Webhook:
        """Make a webhook; it is told of what happens from now on.

        Raises:
            BadRequest: an address, secret or list that is refused; why.
            AccountNotFound, RepoNotFound: what it would watch is not there for this principal.
            Conflict: one has ``WEBHOOKS_MAX``.
            Forbidden: this hub sends nothing; or a token that does not speak for a person.
            Unauthenticated: the anonymous.
        """
        account_id = _owner(principal)
        if draft.url is None or not draft.watched:
            raise BadRequest("A webhook needs an address and something to watch.")
        values = self._checked(draft)
        public_id = secrets.token_hex(12)

        def work(conn: sa.Connection) -> Webhook:
            now = self._clock()
            count = sa.select(sa.func.count()).where(_table.c.account_id == account_id)
            if conn.execute(count).scalar_one() >= WEBHOOKS_MAX:
                raise Conflict(f"An account has at most {WEBHOOKS_MAX} webhooks.")
            since = self._tell(conn, now, principal, "created", public_id)
            row = {
                "public_id": public_id,
                "account_id": account_id,
                "of_repositories": True,
                "of_discussions": True,
                **values,
                **self._sealed(public_id, draft.secret),
                "since_event": since,
                "created_at": now,
            }
            made = conn.execute(sa.insert(_table).values(row).returning(_table.c.id)).scalar_one()
            rows.watch(conn, principal, made, draft.watched)
            return rows.one(conn, principal, rows.find(conn, account_id, public_id))

        return self._database.write(work)

    def list(self, principal: Principal) -> tuple[Webhook, ...]:
        """One's webhooks, newest first.

        Raises:
            Unauthenticated, Forbidden: as ``create``.
        """
        _owner(principal)
        return self._database.read(lambda conn: rows.listed(conn, principal))

    def get(self, principal: Principal, webhook_id: str) -> Webhook:
        """One of them.

        Raises:
            NotFound: one has none of that id.
            Unauthenticated, Forbidden: as ``create``.
        """
        account_id = _owner(principal)

        def work(conn: sa.Connection) -> Webhook:
            return rows.one(conn, principal, rows.find(conn, account_id, webhook_id))

        return self._database.read(work)

    def change(self, principal: Principal, webhook_id: str, draft: WebhookDraft) -> Webhook:
        """Change what the draft names.

        Raises:
            BadRequest, AccountNotFound, RepoNotFound, Forbidden, Unauthenticated: as ``create``.
            NotFound: one has none of that id.
        """
        account_id = _owner(principal)
        values = self._checked(draft)

        def work(conn: sa.Connection) -> Webhook:
            row = rows.find(conn, account_id, webhook_id)
            changed = {**values, **self._sealed(webhook_id, draft.secret)}
            if changed:
                conn.execute(sa.update(_table).where(_table.c.id == row["id"]).values(changed))
            if draft.watched:
                rows.watch(conn, principal, row["id"], draft.watched)
            self._tell(conn, self._clock(), principal, "changed", webhook_id)
            return rows.one(conn, principal, rows.find(conn, account_id, webhook_id))

        return self._database.write(work)

    def set_enabled(self, principal: Principal, webhook_id: str, *, enabled: bool) -> Webhook:
        """Switch it on, for what happens from now on, or off: what waits is not sent then.

        Raises:
            NotFound, Unauthenticated, Forbidden: as ``get``.
        """
        account_id = _owner(principal)

        def work(conn: sa.Connection) -> Webhook:
            now = self._clock()
            row = rows.find(conn, account_id, webhook_id)
            if enabled != (row["disabled_at"] is None):
                what = "enabled" if enabled else "disabled"
                event = self._tell(conn, now, principal, what, webhook_id)
                values: dict[str, Any] = {"disabled_reason": "", "failing_since": None}
                if enabled:
                    values |= {"disabled_at": None, "since_event": event}
                else:
                    values |= {"disabled_at": now}
                    log.drop(conn, row["id"], _SWITCHED_OFF)
                conn.execute(sa.update(_table).where(_table.c.id == row["id"]).values(values))
            return rows.one(conn, principal, rows.find(conn, account_id, webhook_id))

        return self._database.write(work)

    def delete(self, principal: Principal, webhook_id: str) -> None:
        """Delete it, its secret and its log.

        Raises:
            NotFound, Unauthenticated, Forbidden: as ``get``.
        """
        account_id = _owner(principal)

        def work(conn: sa.Connection) -> None:
            row = rows.find(conn, account_id, webhook_id)
            conn.execute(sa.delete(_deliveries).where(_deliveries.c.webhook_id == row["id"]))
            conn.execute(sa.delete(_table).where(_table.c.id == row["id"]))
            self._tell(conn, self._clock(), principal, "deleted", webhook_id)

        self._database.write(work)

    # --- deliveries ---------------------------------------------------------------------------

    def deliveries(
        self, principal: Principal, webhook_id: str, *, limit: int, cursor: str | None = None
    ) -> DeliveryPage:
        """One page of its log, without bodies, newest first.

        Raises:
            BadRequest: no cursor of this list.
            NotFound, Unauthenticated, Forbidden: as ``get``.
        """
        account_id = _owner(principal)

        def work(conn: sa.Connection) -> DeliveryPage:
            row = rows.find(conn, account_id, webhook_id)
            chosen = _log(principal).where(_deliveries.c.webhook_id == row["id"])
            found = conn.execute(_ORDER.page(chosen, cursor, limit)).mappings().all()
            told = tuple(_delivery_from(each, with_bodies=False) for each in found[:limit])
            return DeliveryPage(told, next_cursor(found, limit, "created_at", "id"))

        return self._database.read(work)

    def delivery(self, principal: Principal, webhook_id: str, delivery_id: str) -> Delivery:
        """One delivery with its bodies, as long as one may see what it is about.

        Raises:
            NotFound: the webhook has none of that id.
            Unauthenticated, Forbidden: as ``get``.
        """
        account_id = _owner(principal)

        def work(conn: sa.Connection) -> Delivery:
            row = rows.find(conn, account_id, webhook_id)
            return _delivery_from(_of(conn, principal, row["id"], delivery_id), with_bodies=True)

        return self._database.read(work)

    def redeliver(self, principal: Principal, webhook_id: str, delivery_id: str) -> Delivery:
        """Send one again, under the same id, as things are now.

        Raises:
            Conflict: it waits already, or the webhook is off.
            NotFound, Unauthenticated, Forbidden: as ``delivery``.
        """
        account_id = _owner(principal)

        def work(conn: sa.Connection) -> Delivery:
            row = rows.find(conn, account_id, webhook_id)
            _check_on(row)
            before = _of(conn, principal, row["id"], delivery_id)
            if before["state"] == DeliveryState.WAITING.value:
                raise Conflict("This delivery waits to be sent already.")
            now = self._clock()
            values = {
                "state": DeliveryState.WAITING.value,
                "due_at": now,
                "tries": 0,
                "problem": "",
            }
            conn.execute(
                sa.update(_deliveries).where(_deliveries.c.id == before["id"]).values(values)
            )
            self._tell(conn, now, principal, "redelivered", webhook_id)
            return _delivery_from(_of(conn, principal, row["id"], delivery_id), with_bodies=True)

        return self._database.write(work)

    def test(self, principal: Principal, webhook_id: str) -> Delivery:
        """Send something that tells of nothing.

        Raises:
            Conflict: the webhook is off.
            TooManyRequests: some tests wait already.
            NotFound, Unauthenticated, Forbidden: as ``get``.
        """
        account_id = _owner(principal)
        public_id = secrets.token_hex(12)

        def work(conn: sa.Connection) -> Delivery:
            now = self._clock()
            row = rows.find(conn, account_id, webhook_id)
            _check_on(row)
            waiting = sa.select(sa.func.count()).where(
                _deliveries.c.webhook_id == row["id"],
                _deliveries.c.event_id.is_(None),
                _deliveries.c.state == DeliveryState.WAITING.value,
            )
            if conn.execute(waiting).scalar_one() >= TESTS_WAITING_MAX:
                raise TooManyRequests("Some tests of this webhook wait already.")
            values = {
                "public_id": public_id,
                "webhook_id": row["id"],
                "state": DeliveryState.WAITING.value,
                "created_at": now,
                "due_at": now,
            }
            conn.execute(sa.insert(_deliveries).values(values))
            self._tell(conn, now, principal, "tested", webhook_id)
            return _delivery_from(_of(conn, principal, row["id"], public_id), with_bodies=True)

        return self._database.write(work)

    # --- within -------------------------------------------------------------------------------

    def _checked(self, draft: WebhookDraft) -> dict[str, Any]:
        """The columns that a draft sets, its secret aside."""
        values: dict[str, Any] = {}
        if draft.url is not None:
            if not self._outbound.enabled:
                raise Forbidden("This hub sends nothing out: its operator switched that off.")
            try:
                values["url"] = self._outbound.parse(draft.url).url
            except UrlRefused as error:
                raise BadRequest(str(error)) from error
        if len(draft.watched) > WATCHED_MAX:
            raise BadRequest(f"A webhook watches at most {WATCHED_MAX} things.")
        if draft.domains is not None:
            if not draft.domains:
                raise BadRequest('A webhook is told of "repo", "discussion" or both.')
            values["of_repositories"] = Domain.REPO in draft.domains
            values["of_discussions"] = Domain.DISCUSSION in draft.domains
        if draft.secret:
            is_text = draft.secret.isascii() and draft.secret.isprintable()
            if not is_text or len(draft.secret) > SECRET_CHARACTERS_MAX or " " in draft.secret:
                msg = f"A secret has up to {SECRET_CHARACTERS_MAX} ASCII characters without spaces."
                raise BadRequest(msg)
        return values

    def _sealed(self, public_id: str, secret: str | None) -> dict[str, bytes | None]:
        if secret is None:
            return {}
        sealed = self._sealer.seal(SECRET_PURPOSE, public_id, secret) if secret else None
        return {"sealed_secret": sealed}

    def _tell(
        self, conn: sa.Connection, now: int, principal: Principal, what: str, webhook_id: str
    ) -> int:
        told = {"webhook": webhook_id, "account_id": principal.account_id}
        return record(conn, now, f"webhook.{what}", principal.account_id, None, told)


def _owner(principal: Principal) -> int:
    """Whose webhooks these are."""
    rights.require_full_rights(principal)
    assert speaks_for_itself(principal)
    assert principal.account_id is not None
    return principal.account_id


def _check_on(row: sa.RowMapping) -> None:
    if row["disabled_at"] is not None:
        raise Conflict("This webhook is off: switch it on first.")


def _log(principal: Principal) -> sa.Select[Any]:
    """Deliveries with what they are about, where the principal may see that."""
    events, table = tables.events, tables.repositories
    seen = sa.and_(table.c.id == events.c.repository_id, finding.visible_filter(principal))
    return (
        sa.select(
            _deliveries,
            events.c.type.label("event_type"),
            table.c.namespace,
            table.c.name,
        )
        .join_from(_deliveries, events, events.c.id == _deliveries.c.event_id, isouter=True)
        .join(table, seen, isouter=True)
    )


def _of(conn: sa.Connection, principal: Principal, number: int, delivery_id: str) -> sa.RowMapping:
    query = _log(principal).where(
        _deliveries.c.webhook_id == number, _deliveries.c.public_id == delivery_id
    )
    row = conn.execute(query).mappings().one_or_none() if rows.is_public_id(delivery_id) else None
    if row is None:
        raise NotFound("Delivery not found")
    return row


def _delivery_from(row: sa.RowMapping, *, with_bodies: bool) -> Delivery:
    """``with_bodies``: what was said of a repository is shown to who may still see it."""
    is_test, is_seen = row["event_id"] is None, row["name"] is not None
    shows = with_bodies and (is_test or is_seen)
    return Delivery(
        id=row["public_id"],
        number=row["id"],
        state=DeliveryState(row["state"]),
        created_at=row["created_at"],
        due_at=row["due_at"],
        tries=row["tries"],
        event_type=row["event_type"],
        repository=f"{row['namespace']}/{row['name']}" if is_seen else "",
        tried_at=row["tried_at"],
        status_code=row["status_code"],
        duration_ms=row["duration_ms"],
        problem=row["problem"],
        request_body=row["request_body"] if shows else "",
        response_body=row["response_body"] if shows else "",
    )
