"""What e-mail is told and asked in. Times are microseconds since the epoch."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol


class Choice(enum.StrEnum):
    """What somebody wants by e-mail."""

    OFF = "off"
    MENTIONS = "mentions"
    ALL = "all"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class MailState:
    """Where somebody stands: ``can_send`` is the hub's, the rest their own. Mail goes only to an
    address that showed that it receives mail.
    """

    can_send: bool
    email: str | None
    is_confirmed: bool
    choice: Choice


class Outcome(Protocol):
    """What became of one message: sent, or why not, and whether it may be tried again."""

    @property
    def is_sent(self) -> bool:
        """Whether the relay took it."""

    @property
    def why(self) -> str:
        """Why it did not."""

    @property
    def may_retry(self) -> bool:
        """Whether it may take it later."""


class Relay(Protocol):
    """Somebody who takes messages and passes them on."""

    def send(self, messages: Sequence[EmailMessage]) -> Sequence[Outcome]:
        """Pass each of them on; an outcome for each, in their order."""
