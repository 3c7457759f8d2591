"""E-mail: what people choose to get, what waits to be sent, and sending it."""

from __future__ import annotations

from groundswell.hub.mailing.choices import MailChoices
from groundswell.hub.mailing.composing import Sender, can_be_written_to
from groundswell.hub.mailing.queueing import queueing
from groundswell.hub.mailing.sending import Sending
from groundswell.hub.mailing.values import Choice, MailState, Outcome, Relay

__all__ = [
    "Choice",
    "MailChoices",
    "MailState",
    "Outcome",
    "Relay",
    "Sender",
    "Sending",
    "can_be_written_to",
    "queueing",
]
