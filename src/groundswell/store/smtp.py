"""A mail server that takes our messages: SMTP as the standard library speaks it.

Knows how a line is secured and how refusals are told apart: what a server says with 5xx about one
message is final for it, everything else may pass. Does not know who gets what.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, Literal

TIMEOUT_SECONDS: Final = 20.0

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one message."""

    is_sent: bool
    why: str = ""
    may_retry: bool = False


class SmtpRelay:
    """One server. A connection for each batch, so that none is kept for nothing."""

    def __init__(
        self,
        host: str,
        port: int,
        security: Security,
        user: str | None = None,
        password: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._user = user
        self._password = password
        self._timeout_seconds = timeout_seconds

    def send(self, messages: Sequence[EmailMessage]) -> list[Sent]:
        """Pass each of them on. What the line cannot carry now may be tried again."""
        found: list[Sent] = []
        try:
            with self._connect() as line:
                found.extend(_send_one(line, message) for message in messages)
        except (OSError, smtplib.SMTPException) as error:
            # What was sent before the line broke stays sent.
            lost = Sent(is_sent=False, why=_told(error), may_retry=True)
            found += [lost] * (len(messages) - len(found))
        return found

    def _connect(self) -> smtplib.SMTP:
        if self._security == "tls":
            line: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host,
                self._port,
                timeout=self._timeout_seconds,
                context=ssl.create_default_context(),
            )
        else:
            line = smtplib.SMTP(self._host, self._port, timeout=self._timeout_seconds)
        is_ready = False
        try:
            if self._security == "starttls":
                # Raises when the server does not offer it: nothing goes over an open line.
                line.starttls(context=ssl.create_default_context())
            if self._user is not None:
                line.login(self._user, self._password or "")
            is_ready = True
        finally:
            if not is_ready:
                line.close()
        return line


def _send_one(line: smtplib.SMTP, message: EmailMessage) -> Sent:
    try:
        line.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return Sent(is_sent=False, why=_told(error), may_retry=any(code < 500 for code in codes))
    except smtplib.SMTPSenderRefused as error:
        return Sent(is_sent=False, why=_told(error), may_retry=error.smtp_code < 500)
    except smtplib.SMTPDataError as error:
        return Sent(is_sent=False, why=_told(error), may_retry=error.smtp_code < 500)
    return Sent(is_sent=True)


def _told(error: Exception) -> str:
    """For the log: one line, without what a server may have put into it."""
    return f"{type(error).__name__}: {str(error)[:200]!r}"
