"""Sends what waits: composed with the rights of the moment, tried again, given up in the end.

Knows that between a piece of news and its message a right may end, a comment be hidden, a thread
be read or muted: then nothing goes. No transaction is held while the relay is spoken to. After a
crash a message may go twice; it has the same id then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import InvalidCredentials
from groundswell.core.values import Principal
from groundswell.hub.accounts import credentials
from groundswell.hub.mailing import composing
from groundswell.hub.mailing.choices import MailChoices, row_of
from groundswell.hub.mailing.composing import Sender, can_be_written_to
from groundswell.hub.mailing.telling import news_of
from groundswell.hub.mailing.values import Choice, Outcome, Relay
from groundswell.hub.notifications import Inbox
from groundswell.hub.notifications.values import ADDRESSED
from groundswell.store.database import Database
from groundswell.store.tables import accounts, mail_choices, outbox

_log = logging.getLogger(__name__)

AT_ONCE: Final = 20
DIGESTS_AT_ONCE: Final = 20
ATTEMPTS_MAX: Final = 10
RETRY_SECONDS: Final = 60
RETRY_SECONDS_MAX: Final = 6 * 3600
DAY_SECONDS: Final = 24 * 3600
_MICROS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Ready:
    """A row of the outbox and its message; None when nothing is to go any more."""

    row: Mapping[str, Any]
    message: EmailMessage | None


class Sending:
    """Empties the outbox through a relay."""

    def __init__(
        self,
        database: Database,
        choices: MailChoices,
        inbox: Inbox,
        relay: Relay,
        sender: Sender,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._choices = choices
        self._inbox = inbox
        self._relay = relay
        self._sender = sender
        self._clock = clock
        self._is_stopped = False

    def stop(self) -> None:
        """End soon, now and later."""
        self._is_stopped = True

    def run(self) -> int:
        """Send what is due. How many messages went."""
        sent = 0
        while not self._is_stopped:
            ready = self._database.read(self._compose)
            if not ready:
                break
            outcomes = self._send([each for each in ready if each.message is not None])
            self._database.write(
                lambda conn, found=ready, told=outcomes: _settle(  # type: ignore[misc]
                    conn, self._clock(), found, told
                )
            )
            sent += sum(outcome.is_sent for outcome in outcomes.values())
            if any(outcome.may_retry for outcome in outcomes.values()):
                break
        return sent + self._send_digests()

    def _send(self, ready: Sequence[_Ready]) -> dict[int, Outcome]:
        messages = [each.message for each in ready if each.message is not None]
        outcomes = self._relay.send(messages) if messages else ()
        return {each.row["id"]: told for each, told in zip(ready, outcomes, strict=True)}

    def _compose(self, conn: sa.Connection) -> list[_Ready]:
        due = sa.select(outbox).where(outbox.c.due_at <= self._clock())
        due = due.order_by(outbox.c.due_at, outbox.c.id).limit(AT_ONCE)
        found = [dict(row) for row in conn.execute(due).mappings()]
        return [_Ready(row, self._message(conn, row)) for row in found]

    def _message(self, conn: sa.Connection, row: Mapping[str, Any]) -> EmailMessage | None:
        principal = _principal(conn, row["account_id"])
        email = _email(conn, row["account_id"])
        if principal is None or email is None or not can_be_written_to(email):
            return None
        if row["kind"] == "confirm":
            text = self._choices.confirmation(row["account_id"], email)
            url = f"{self._sender.base_url}/-/mail/confirm/{text}"
            return composing.confirmation(self._sender, email, principal.name, url, self._clock())
        chosen = row_of(conn, row["account_id"])
        if chosen is None or chosen["confirmed_email"] != email or not _wants(chosen, row):
            return None
        news = news_of(conn, principal, row, self._sender.base_url)
        if news is None:
            return None
        end = self._end_url(row["account_id"])
        return composing.about_thread(self._sender, email, news, end, self._clock())

    def _end_url(self, account_id: int) -> str:
        return f"{self._sender.base_url}/-/mail/stop/{self._choices.end(account_id)}"

    def _send_digests(self) -> int:
        """To everybody who wants one and had none for a day, when there is something unread."""
        now = self._clock()
        old = now - DAY_SECONDS * _MICROS
        query = (
            sa.select(mail_choices.c.account_id, mail_choices.c.digest_at, accounts.c.email)
            .join_from(mail_choices, accounts, accounts.c.id == mail_choices.c.account_id)
            .where(
                mail_choices.c.choice == Choice.DAILY.value,
                mail_choices.c.confirmed_email == accounts.c.email,
                mail_choices.c.digest_at <= old,
            )
            .order_by(mail_choices.c.digest_at)
            .limit(DIGESTS_AT_ONCE)
        )
        sent = 0
        for row in self._database.read(lambda conn: conn.execute(query).all()):
            message = self._digest(row.account_id, row.email, row.digest_at)
            if message is not None:
                outcome = self._relay.send([message])[0]
                if outcome.may_retry:
                    break
                sent += outcome.is_sent
            done = sa.update(mail_choices).where(mail_choices.c.account_id == row.account_id)
            self._database.write(
                lambda conn, done=done: conn.execute(done.values(digest_at=now)).rowcount  # type: ignore[misc]
            )
        return sent

    def _digest(self, account_id: int, email: str, since: int) -> EmailMessage | None:
        principal = self._database.read(lambda conn: _principal(conn, account_id))
        if principal is None or not can_be_written_to(email):
            return None
        page = self._inbox.list(principal)
        base = self._sender.base_url
        lines = [
            (
                f"[{each.repository.full_name}] {each.title}"
                + (f" (#{each.number})" if each.number is not None else ""),
                f"{base}/{each.url_path}",
            )
            for each in page.notifications
            if each.happened_at > since
        ]
        if not lines:
            return None
        return composing.digest(
            self._sender, email, lines, self._end_url(account_id), self._clock()
        )


def _principal(conn: sa.Connection, account_id: int) -> Principal | None:
    try:
        return credentials.by_account(conn, account_id)
    except InvalidCredentials:
        return None


def _email(conn: sa.Connection, account_id: int) -> str | None:
    query = sa.select(accounts.c.email).where(accounts.c.id == account_id)
    return conn.execute(query).scalar()


def _wants(chosen: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    choice = Choice(chosen["choice"])
    is_addressed = row["reason"] in set(ADDRESSED)
    return choice is Choice.ALL or (choice is Choice.MENTIONS and is_addressed)


def _settle(
    conn: sa.Connection, now: int, ready: Sequence[_Ready], outcomes: Mapping[int, Outcome]
) -> None:
    """Rows whose messages went, go; but for what came meanwhile. Others wait longer each time."""
    for each in ready:
        row, outcome = each.row, outcomes.get(each.row["id"])
        mine = outbox.c.id == row["id"]
        attempts = row["attempts"] + 1
        if outcome is not None and outcome.may_retry and attempts < ATTEMPTS_MAX:
            wait = min(RETRY_SECONDS * 2 ** row["attempts"], RETRY_SECONDS_MAX)
            later = {"attempts": attempts, "due_at": now + wait * _MICROS}
            conn.execute(sa.update(outbox).where(mine).values(later))
            continue
        if outcome is not None and not outcome.is_sent:
            _log.warning("an e-mail to account %d is given up: %s", row["account_id"], outcome.why)
        same = outbox.c.last_event == row["last_event"]
        if not conn.execute(sa.delete(outbox).where(mine, same)).rowcount:
            rest = {"first_event": row["last_event"] + 1, "attempts": 0}
            conn.execute(sa.update(outbox).where(mine).values(rest))
