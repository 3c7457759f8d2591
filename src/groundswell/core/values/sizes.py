"""Sizes as people write them: decimal units, or binary ones where they say so.

Knows words, and the figures that people are told. Does not know how anything is measured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import BadRequest

_SIZE_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_LETTERS: Final = "kmgtp"
_SIZE: Final = re.compile(
    r"(\d{1,15}(?:\.\d{1,9})?)\s*(?:([kmgtp])(i?))?b?", re.ASCII | re.IGNORECASE
)


def scaled(value: float, units: tuple[str, ...], gap: str) -> str:
    """Three digits and the unit that fits, each a thousand of the one before."""
    step = 0
    while value >= 999.5 and step < len(units) - 1:
        value /= 1000
        step += 1
    digits = f"{value:.0f}" if step == 0 or value >= 99.5 else f"{value:.3g}"
    return f"{digits}{gap}{units[step]}" if units[step] else digits


def size_text(size_bytes: int) -> str:
    """Bytes in decimal units: ``98.3 MB``."""
    return scaled(size_bytes, _SIZE_UNITS, " ")


def parse_size(text: str) -> int:
    """The bytes that ``500``, ``500GB``, ``1.5 TB`` or ``2GiB`` name.

    Raises:
        BadRequest: it is no size.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        msg = f"{text[:100]!r} is no size. Write one as 500GB, 1.5TB or 2GiB."
        raise BadRequest(msg)
    number, letter, binary = found.groups()
    power = _LETTERS.index(letter.lower()) + 1 if letter else 0
    return int(float(number) * (1024 if binary else 1000) ** power)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The large files of a commit, and what it took to bring them.

    ``sent_bytes`` of their ``size_bytes`` had to travel, ``new_bytes`` had to be stored: what was
    not in the deduplication domain yet. A file that the repository held already takes neither.
    """

    file_count: int
    size_bytes: int
    sent_bytes: int
    new_bytes: int

    @property
    def text(self) -> str:
        """In words: ``sent 3%; 2.9 GB of 3.0 GB were here``."""
        here = max(0, self.size_bytes - self.new_bytes)
        sent = f"sent {share_text(self.sent_bytes, self.size_bytes)}"
        if here == 0:
            return f"{sent}, {size_text(self.size_bytes)}; nothing of it was here"
        return f"{sent}; {size_text(here)} of {size_text(self.size_bytes)} were here"


@dataclass(frozen=True, slots=True)
class StoredSize:
    """What the large files of a repository or namespace take, in all revisions.

    ``linked_bytes`` is their length together, ``stored_bytes`` what their chunks take once each,
    ``rest_bytes`` the same where xorbs lie cold. The last two are proportions of whole xorbs.
    ``measured_at`` are microseconds since the epoch.
    """

    linked_bytes: int
    stored_bytes: int
    rest_bytes: int
    measured_at: int


def share_text(part: int, whole: int) -> str:
    """A part of a whole in per cent; only all is 100, and only nothing is 0."""
    if whole <= 0:
        return "0%"
    per_cent = 100 * part / whole
    if 0 < per_cent < 1:
        return "under 1%"
    if part < whole and per_cent > 99:
        return "99%"
    return f"{per_cent:.0f}%"
