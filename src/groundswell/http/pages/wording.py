"""How values read on a page: sizes, counts, times, initials. Pure; no HTML but where it says so."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from markupsafe import Markup, escape

from groundswell.core.values import scaled, size_text

_MICROS: Final = 1_000_000
_COUNT_UNITS: Final = ("", "k", "M", "B", "T")
_AGES: Final = (
    (60, 1, "second"),
    (3600, 60, "minute"),
    (86_400, 3600, "hour"),
    (86_400 * 30, 86_400, "day"),
    (86_400 * 365, 86_400 * 30, "month"),
)
TINTS: Final = 6


def quantity(count: int) -> str:
    """A count in short: ``135M``."""
    return scaled(count, _COUNT_UNITS, "")


def plural(count: int, word: str) -> str:
    """``1 model``, ``2 models``."""
    endings = {"branch": "branches"}
    return f"{count:,} {word if count == 1 else endings.get(word, word + 's')}".replace(
        ",", "\u202f"
    )


def _moment(micros: int) -> datetime:
    try:
        return datetime.fromtimestamp(micros / _MICROS, UTC)
    except (OverflowError, ValueError, OSError):
        # A commit may claim any time at all.
        return datetime.fromtimestamp(0, UTC)


def iso(micros: int) -> str:
    """For machines."""
    return _moment(micros).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(micros: int) -> str:
    """For people who want it exactly."""
    return _moment(micros).strftime("%d %b %Y %H:%M UTC")


def day(micros: int) -> str:
    """The day."""
    return _moment(micros).strftime("%d %b %Y").lstrip("0")


def ago(micros: int, now: int) -> str:
    """How long before ``now``; a day after a year."""
    seconds = max(0, (now - micros) // _MICROS)
    if seconds < 10:
        return "just now"
    for below, unit_seconds, word in _AGES:
        if seconds < below:
            return f"{plural(seconds // unit_seconds, word)} ago"
    return f"on {day(micros)}"


def initials(name: str) -> str:
    """One or two letters that stand for a name."""
    words = [word for word in name.replace("_", "-").replace(".", "-").split("-") if word]
    if len(words) > 1:
        return (words[0][0] + words[1][0]).upper()
    return name[:2].upper()


def tint(name: str) -> int:
    """Which of the tints stands behind the initials: the same for a name on every page."""
    return zlib.crc32(name.lower().encode()) % TINTS


def breakable(name: str) -> Markup:
    """HTML: the name with places where a narrow column may break it."""
    text = str(escape(name))
    for sign in ("/", "-", "_", "."):
        text = text.replace(sign, f"{sign}<wbr>")
    return Markup(text)  # noqa: S704 - escaped above, only <wbr> was added


def segment(text: str) -> str:
    """Text as one segment of an address: ``refs/pr/1`` becomes ``refs%2Fpr%2F1``."""
    return quote(text, safe="")


def zip_self(words: Iterable[str]) -> list[tuple[str, str]]:
    """Each word as value and text of a choice."""
    return [(word, word) for word in words]


FILTERS: Final = {
    "size": size_text,
    "quantity": quantity,
    "plural": plural,
    "iso": iso,
    "moment": moment,
    "day": day,
    "ago": ago,
    "initials": initials,
    "tint": tint,
    "breakable": breakable,
    "segment": segment,
    "zip_self": zip_self,
}


def seen(text: str) -> str:
    """A text without characters that cannot be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
