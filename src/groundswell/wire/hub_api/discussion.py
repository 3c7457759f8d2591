"""Discussions as the Hub API writes them (Hub API, section 11).

Knows the names of fields and kinds of entry. An entry's id is 24 hexadecimal digits: of the event,
and for a commit also its place in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from groundswell.wire.hub_api.text import date_text

Json = dict[str, Any]

NOBODY: Final = "deleted"
_COMMITS_OF_AN_EVENT_MAX: Final = 1 << 16


def entry_id(event: int, place: int = 0) -> str:
    """The id of an entry."""
    return f"{event * _COMMITS_OF_AN_EVENT_MAX + place:024x}"


def event_of(text: str) -> int:
    """The event that an entry's id means; 0, which no event has, where none can be meant."""
    if len(text) != 24 or not text.isascii() or not text.isalnum():
        return 0
    try:
        event, place = divmod(int(text, 16), _COMMITS_OF_AN_EVENT_MAX)
    except ValueError:
        return 0
    return event if place == 0 and event < 1 << 63 else 0


def entry(id_: str, kind: str, at: int, author: str | None, data: Mapping[str, Any]) -> Json:
    """One entry of a discussion's record."""
    return {
        "id": id_,
        "type": kind,
        "createdAt": date_text(at),
        "author": {"name": author or NOBODY},
        "data": dict(data),
    }


def version(raw: str, html: str, at: int, author: str | None) -> Json:
    """What a comment said from a time on."""
    return {
        "raw": raw,
        "html": html,
        "updatedAt": date_text(at),
        "author": {"name": author or NOBODY},
    }
