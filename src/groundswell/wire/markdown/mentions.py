"""Whom a text speaks to: the ``@names`` in it, exactly those that a page shows as links."""

from __future__ import annotations

import re
from typing import Final

from groundswell.wire.markdown.render import names_in

MENTIONS_MAX: Final = 50
TEXT_LENGTH_MAX: Final = 64 * 1024

_POSSIBLE: Final = re.compile(r"@[A-Za-z0-9]")


def mentioned(text: str) -> frozenset[str]:
    """Names of users or organisations in a Markdown text, in lower case; at most
    ``MENTIONS_MAX`` of them, none of a text beyond ``TEXT_LENGTH_MAX`` characters or made of
    brackets. Whether there is anybody of that name is for the caller to find out.
    """
    if len(text) > TEXT_LENGTH_MAX or not _POSSIBLE.search(text):
        return frozenset()
    return frozenset(sorted(names_in(text))[:MENTIONS_MAX])
