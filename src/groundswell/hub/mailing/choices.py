"""What people choose to get by e-mail, and that an address is theirs.

Knows that mail goes only to an address from which somebody came back with what was sent there:
else a hub would send to whomever its people name. Links carry one right each, and none signs in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Forbidden, TooManyRequests
from groundswell.core.values import Principal
from groundswell.hub.accounts import directory
from groundswell.hub.accounts.rights import require_session
from groundswell.hub.events import record
from groundswell.hub.mailing.values import Choice, MailState
from groundswell.hub.signing import Signer
from groundswell.store.database import Database, upsert
from groundswell.store.tables import mail_choices, outbox

CONFIRM_SECONDS: Final = 24 * 3600
STOP_SECONDS: Final = 365 * 24 * 3600
ASK_EVERY_SECONDS: Final = 600

_CONFIRM: Final = "confirm mail address"
_STOP: Final = "stop mail"
_MICROS: Final = 1_000_000


class MailChoices:
    """Choices of whoever is signed in by browser; and what the links in messages do."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        clock: Callable[[], int],
        *,
        can_send: bool = False,
    ) -> None:
        self._database = database
        self._signer = signer
        self._clock = clock
        self._can_send = can_send

    def state(self, principal: Principal) -> MailState:
        """Where the principal stands.

        Raises:
            Unauthenticated, Forbidden: nobody in a session asks.
        """
        account_id = require_session(principal)

        def work(conn: sa.Connection) -> MailState:
            email = directory.by_id(conn, account_id).email
            row = row_of(conn, account_id)
            confirmed = None if row is None else row["confirmed_email"]
            choice = Choice.OFF if row is None else Choice(row["choice"])
            is_confirmed = email is not None and email == confirmed
            return MailState(self._can_send, email, is_confirmed, choice)

        return self._database.read(work)

    def choose(self, principal: Principal, choice: Choice) -> None:
        """Get that much by e-mail from now on.

        Raises:
            Unauthenticated, Forbidden: as ``state``.
        """
        self._set(require_session(principal), choice, principal.account_id)

    def ask_to_confirm(self, principal: Principal) -> None:
        """Send a link to the principal's address that confirms it.

        Raises:
            BadRequest: this hub sends no mail, or there is no address.
            TooManyRequests: one was sent a moment ago.
            Unauthenticated, Forbidden: as ``state``.
        """
        account_id = require_session(principal)
        if not self._can_send:
            raise BadRequest("This hub sends no e-mail.")

        def work(conn: sa.Connection) -> None:
            now = self._clock()
            if directory.by_id(conn, account_id).email is None:
                raise BadRequest("Your profile has no e-mail address.")
            before = row_of(conn, account_id)
            asked_at = None if before is None else before["asked_at"]
            if asked_at is not None and now - asked_at < ASK_EVERY_SECONDS * _MICROS:
                left = ASK_EVERY_SECONDS - (now - asked_at) // _MICROS
                raise TooManyRequests("A message was sent a moment ago: look for it.", left)
            choice = Choice.OFF.value if before is None else before["choice"]
            row = {"account_id": account_id, "choice": choice, "asked_at": now}
            upsert(conn, mail_choices, row, update=["asked_at"])
            waits = {"account_id": account_id, "kind": "confirm"}
            conn.execute(sa.delete(outbox).filter_by(**waits))
            conn.execute(sa.insert(outbox).values(**waits, due_at=now))
            record(conn, now, "mail.confirmation_asked", account_id, None, {})

        self._database.write(work)

    def confirmation(self, account_id: int, email: str) -> str:
        """The text of a link that confirms this address."""
        payload = {"account": account_id, "email": email}
        return self._signer.sign(_CONFIRM, payload, CONFIRM_SECONDS)

    def confirm(self, text: str) -> None:
        """Take an address for confirmed, when it still is the account's.

        Raises:
            Forbidden: no such link, an old one, or of an address that was changed since.
        """
        payload = self._signer.open(_CONFIRM, text)
        account_id, email = int(payload["account"]), str(payload["email"])

        def work(conn: sa.Connection) -> None:
            if directory.by_id(conn, account_id).email != email:
                raise Forbidden("This address is not your account's any more.")
            before, now = row_of(conn, account_id), self._clock()
            if before is not None and before["confirmed_email"] == email:
                return
            # Whoever confirms wants something: what they are told personally, to begin with.
            choice = Choice.MENTIONS.value
            if before is not None and before["choice"] != Choice.OFF.value:
                choice = before["choice"]
            row = {"account_id": account_id, "choice": choice, "confirmed_email": email}
            upsert(conn, mail_choices, row, update=["choice", "confirmed_email"])
            record(conn, now, "mail.confirmed", account_id, None, {})

        self._database.write(work)

    def end(self, account_id: int) -> str:
        """The text of a link that ends mail to this account."""
        return self._signer.sign(_STOP, {"account": account_id}, STOP_SECONDS)

    def check_confirmation(self, text: str) -> str:
        """The address that a link confirms. Raises Forbidden as ``confirm``."""
        return str(self._signer.open(_CONFIRM, text)["email"])

    def check_end(self, text: str) -> None:
        """Nothing when that link ends mail. Raises Forbidden as ``stop``."""
        self._signer.open(_STOP, text)

    def stop(self, text: str) -> None:
        """Send nothing more to the account of that link.

        Raises:
            Forbidden: no such link, or an old one.
        """
        account_id = int(self._signer.open(_STOP, text)["account"])
        self._set(account_id, Choice.OFF, account_id)

    def _set(self, account_id: int, choice: Choice, actor_id: int | None) -> None:
        def work(conn: sa.Connection) -> None:
            now, before = self._clock(), row_of(conn, account_id)
            if before is not None and before["choice"] == choice.value:
                return
            row = {"account_id": account_id, "choice": choice.value, "digest_at": now}
            upsert(conn, mail_choices, row, update=["choice", "digest_at"])
            if choice in {Choice.OFF, Choice.DAILY}:
                threads = outbox.c.kind != "confirm"
                mine = sa.delete(outbox).where(outbox.c.account_id == account_id, threads)
                conn.execute(mine)
            record(conn, now, "mail.chosen", actor_id, None, {"choice": choice.value})

        self._database.write(work)


def row_of(conn: sa.Connection, account_id: int) -> dict[str, Any] | None:
    """What an account chose; None when nothing."""
    query = sa.select(mail_choices).where(mail_choices.c.account_id == account_id)
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)
