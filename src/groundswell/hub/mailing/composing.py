"""Messages, written from plain values.

Knows headers: none can be broken out of, since every text becomes one line and the standard
library's policy refuses others. Answers to a discussion stand under it by their ids, which never
change. Looks nothing up.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Final

LINE_CHARACTERS_MAX: Final = 200
TEXT_CHARACTERS_MAX: Final = 10_000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_UNPRINTED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


_IN_ONE_LINE: Final = {
    "message-id",
    "in-reply-to",
    "references",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
}


class _Policy(EmailPolicy):
    """As for every message to a server, and headers of ids and addresses stay on their line, which
    may have 998 characters (RFC 5322 section 2.1.1). One that is folded since it is too long
    becomes an encoded word, which programs take for no id and no address (RFC 2047 section 5).
    """

    def fold(self, name: str, value: str) -> str:
        if name.lower() in _IN_ONE_LINE:
            return f"{name}: {value}{self.linesep}"
        folded: str = super().fold(name, value)
        return folded

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in _IN_ONE_LINE:
            return self.fold(name, value).encode("ascii", "surrogateescape")
        folded: bytes = super().fold_binary(name, value)
        return folded


@dataclass(frozen=True, slots=True)
class Sender:
    """In whose name messages go out, and where their links lead."""

    address: str
    base_url: str

    @property
    def host(self) -> str:
        """The right half of the ids of messages."""
        return self.base_url.partition("://")[2].partition("/")[0].partition(":")[0]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that happened in a thread: who did what, and with which words."""

    event_id: int
    actor: str
    words: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ThreadNews:
    """What a message about a thread tells. ``key`` names the thread for ever; ``number`` is None
    when it is no discussion: then no message is its first, or an answer.
    """

    key: str
    repo: str
    number: int | None
    title: str
    url: str
    why: str
    said: Sequence[Said]
    is_new: bool


def one_line(text: str) -> str:
    """The text as one line that a header may hold."""
    return _CONTROL.sub(" ", text).strip()[:LINE_CHARACTERS_MAX]


def body_text(text: str) -> str:
    """The text as a message may hold it."""
    return _UNPRINTED.sub("", text.replace("\r\n", "\n"))[:TEXT_CHARACTERS_MAX]


def can_be_written_to(email: str) -> bool:
    """Whether the text is an address that may stand in a header, alone."""
    if one_line(email) != email or not email.isascii():
        return False
    try:
        return Address(addr_spec=email).addr_spec == email
    except (HeaderParseError, ValueError, IndexError):
        return False


def about_thread(
    sender: Sender, email: str, news: ThreadNews, end_url: str, now: int
) -> EmailMessage:
    """A message that tells of a thread."""
    last = news.said[-1]
    subject = f"[{news.repo}] {news.title}"
    if news.number is not None:
        subject = f"{'' if news.is_new else 'Re: '}{subject} (#{news.number})"
    message = _begin(sender, email, subject, now, last.actor)
    root = f"<thread-{news.key}@{sender.host}>"
    own = f"<thread-{news.key}-{last.event_id}@{sender.host}>"
    message["Message-ID"] = root if news.is_new else own
    if not news.is_new:
        message["In-Reply-To"] = root
        message["References"] = root
    message["List-ID"] = f"<{news.key}.{sender.host}>"
    _offer_end(message, end_url)
    parts = []
    for each in news.said:
        parts.append(f"{one_line(each.actor)} {each.words}" + (":" if each.text else "."))
        if each.text:
            parts.append(body_text(each.text))
    foot = f"-- \n{news.url}\nYou get this because {news.why}. No more e-mail: {end_url}\n"
    message.set_content("\n\n".join([*parts, foot]))
    return message


def digest(
    sender: Sender, email: str, lines: Sequence[tuple[str, str]], end_url: str, now: int
) -> EmailMessage:
    """A message of a day: titles with their addresses."""
    count, own = len(lines), hashlib.sha256(end_url.encode()).hexdigest()[:16]
    subject = f"{count} unread {'thread' if count == 1 else 'threads'}"
    message = _begin(sender, email, subject, now)
    message["Message-ID"] = f"<digest-{now}-{own}@{sender.host}>"
    _offer_end(message, end_url)
    told = [f"{one_line(title)}\n{url}" for title, url in lines]
    foot = f"-- \n{sender.base_url}/notifications\nNo more e-mail: {end_url}\n"
    message.set_content("\n\n".join([*told, foot]))
    return message


def confirmation(sender: Sender, email: str, name: str, url: str, now: int) -> EmailMessage:
    """A message whose link shows that the address receives mail."""
    message = _begin(sender, email, "Confirm your e-mail address", now)
    message["Message-ID"] = f"<confirm-{now}@{sender.host}>"
    message.set_content(
        f"The account {one_line(name)} of {sender.base_url} wants to be told of news at this "
        f"address. If it is yours, open this within a day:\n\n{url}\n\n"
        "If you know nothing of it, do nothing: no more messages will come.\n"
    )
    return message


def _offer_end(message: EmailMessage, end_url: str) -> None:
    """Lets the reader's own program end it: by a request that opening the link does not make
    (RFC 8058).
    """
    message["List-Unsubscribe"] = f"<{end_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _begin(sender: Sender, email: str, subject: str, now: int, actor: str = "") -> EmailMessage:
    message = EmailMessage(policy=_Policy(linesep="\r\n"))
    name = f"{one_line(actor)} (Groundswell)" if actor else "Groundswell"
    message["From"] = Address(display_name=name, addr_spec=sender.address)
    message["To"] = Address(addr_spec=email)
    message["Subject"] = one_line(subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(now / 1_000_000, UTC))
    message["Auto-Submitted"] = "auto-generated"
    return message
