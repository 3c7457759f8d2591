"""Small forms of the Hub API: dates, Link headers, query lists, avatars.

Source: Hub API 0.1 and 0.4, read from the clients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from groundswell.core.errors import BadRequest

QUERY_FIELDS_MAX: Final = 2000


def date_text(micros: int) -> str:
    """A time in microseconds since the epoch, in the one form that clients parse."""
    time = datetime.fromtimestamp(micros / 1_000_000, UTC)
    return time.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def micros_of(text: str, what: str) -> int:
    """Microseconds since the epoch of a time as ISO 8601 writes it; without a zone it is UTC.

    Raises:
        BadRequest: it is none; ``what`` names the field.
    """
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        return int(time.timestamp()) * 1_000_000 + time.microsecond
    except (ValueError, OverflowError) as error:
        msg = f'"{what}" must be a time such as 2026-01-31T12:00:00Z.'
        raise BadRequest(msg) from error


def next_link(url: str, query: Sequence[tuple[str, str]], replaced: Mapping[str, str]) -> str:
    """A Link header to the next page: this absolute URL with some query fields replaced."""
    kept = [(name, value) for name, value in query if name not in replaced]
    text = urlencode([*kept, *replaced.items()], quote_via=quote)
    return f'<{url}?{text}>; rel="next"'


def parse_query(query_string: bytes) -> list[tuple[str, str]]:
    """Every field of a query in order; ``name[]`` means ``name``, as JavaScript clients write it.

    Raises:
        BadRequest: not UTF-8, or too many fields.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=QUERY_FIELDS_MAX,
        )
    except ValueError as error:
        msg = "The address's query is not a URL-encoded form of bounded size."
        raise BadRequest(msg) from error
    return [(name.removesuffix("[]"), value) for name, value in pairs]


def values_of(query: Sequence[tuple[str, str]], name: str) -> list[str]:
    """Every value of a repeated field, with lists in one value split at commas."""
    found: list[str] = []
    for field, value in query:
        if field == name and value:
            found.extend(part for part in value.split(",") if part)
    return found


def last_values(query: Sequence[tuple[str, str]]) -> dict[str, str]:
    """One value for each field, the last one given."""
    return dict(query)
