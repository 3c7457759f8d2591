"""Sign-offs: the line by which an author certifies where a change comes from (DCO 1.1).

Knows how ``git commit --signoff`` writes it. Does not know whether a rule asks for one.
"""

from __future__ import annotations

import re
from typing import Final

LINES_KEPT_MAX: Final = 50

_KEY: Final = "signed-off-by:"
_WHO: Final = re.compile(r"([^<>]{1,200})<([^<>\s]{1,320})>")


def signers(message: str) -> list[tuple[str, str]]:
    """Name and address of everybody who signed off, in order, each once."""
    found: dict[tuple[str, str], None] = {}
    for line in message.splitlines():
        if line[: len(_KEY)].casefold() != _KEY:
            continue
        who = _WHO.fullmatch(line[len(_KEY) :].strip())
        if who is not None and (name := who[1].strip()):
            found[name, who[2]] = None
    return list(found)[:LINES_KEPT_MAX]


def is_signed_off(message: str, name: str, email: str) -> bool:
    """Whether the author of that name and address signed off. One of the two is enough: of a commit
    made by the hub the author cannot know the address.
    """
    names, addresses = name.strip().casefold(), email.strip().casefold()
    return any(
        who.casefold() == names or where.casefold() == addresses for who, where in signers(message)
    )
