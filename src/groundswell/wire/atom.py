"""Atom feeds (RFC 4287): entries as XML that any reader takes.

Knows which characters XML may hold. Does not know what an entry tells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from groundswell.wire.hub_api.text import date_text

MEDIA_TYPE: Final = "application/atom+xml; charset=utf-8"
TEXT_CHARACTERS_MAX: Final = 2_000

_NAMESPACE: Final = "http://www.w3.org/2005/Atom"
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC)
# What XML 1.0 cannot hold, also as a reference; and what turns the direction of text around.
_REFUSED: Final = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. ``id`` is an IRI that never changes; time in microseconds."""

    id: str
    title: str
    url: str
    updated_at: int
    author: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """Entries, newest first, with the address of the feed and of the page it tells of."""

    title: str
    url: str
    page_url: str
    entries: Sequence[Entry]
    began_at: int = 0

    @property
    def updated_at(self) -> int:
        """When something came last."""
        return max((entry.updated_at for entry in self.entries), default=self.began_at)


def clean(text: str) -> str:
    """The text without characters that cannot stand in XML, bounded."""
    return _REFUSED.sub("", text)[:TEXT_CHARACTERS_MAX]


def write(feed: Feed) -> bytes:
    """The feed as a document in UTF-8."""
    root = ET.Element("feed", {"xmlns": _NAMESPACE})
    _add(root, "id", feed.url)
    _add(root, "title", feed.title)
    _add(root, "updated", _date(feed.updated_at))
    ET.SubElement(root, "link", {"rel": "self", "href": clean(feed.url)})
    ET.SubElement(root, "link", {"rel": "alternate", "href": clean(feed.page_url)})
    _author(root, "Groundswell")
    for entry in feed.entries:
        made = ET.SubElement(root, "entry")
        _add(made, "id", entry.id)
        _add(made, "title", entry.title)
        _add(made, "updated", _date(entry.updated_at))
        ET.SubElement(made, "link", {"rel": "alternate", "href": clean(entry.url)})
        _author(made, entry.author or "somebody")
        if entry.text:
            _add(made, "content", entry.text).set("type", "text")
    written: bytes = ET.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + written


def _author(parent: ET.Element, name: str) -> None:
    _add(ET.SubElement(parent, "author"), "name", name)


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    made = ET.SubElement(parent, name)
    made.text = clean(text)
    return made


def _date(micros: int) -> str:
    latest = int(_LATEST.timestamp()) * 1_000_000
    return date_text(min(max(micros, 0), latest))
