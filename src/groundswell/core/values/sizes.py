"""Sizes as people write them: decimal units, or binary ones where they say so.

Knows words only. Does not know what has a size.
"""

from __future__ import annotations

import re
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
