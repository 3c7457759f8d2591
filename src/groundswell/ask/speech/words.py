"""What is said of an answer: the sentence that is quoted first, and where it stands.

Knows the events of an answer. Does not know who says them, nor how.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from groundswell.ask.answering import Event, Quote

WORDS_CHARACTERS_MAX: Final = 1_000
_NAME_CHARACTERS_MAX: Final = 120
_SIDES_MAX: Final = 3
_ENDS: Final = ".!?…。！？"  # noqa: RUF001
_CLOSERS: Final = "\"'”’») "  # noqa: RUF001


def words_of(events: Sequence[Event]) -> str:
    """A quote and its source, or that there is no answer, and why."""
    from groundswell.ask.answering import Abstain, Conflict, Extract  # noqa: PLC0415 - an extra's

    for event in events:
        if isinstance(event, Conflict):
            sides = " ".join(_quoted(side.quote) for side in event.sides[:_SIDES_MAX])
            return f"The packs differ. {sides}"
    for event in events:
        if isinstance(event, Extract):
            return _quoted(event.quote)
    why = next((event.why for event in events if isinstance(event, Abstain)), "")
    return f"Not in these packs. {why}"[:WORDS_CHARACTERS_MAX]


def _quoted(quote: Quote) -> str:
    text = quote.text[:WORDS_CHARACTERS_MAX]
    end = "" if text.rstrip(_CLOSERS)[-1:] in _ENDS else "."
    article = (quote.title or quote.citation.article)[:_NAME_CHARACTERS_MAX]
    pack = quote.citation.pack.rpartition("/")[2].replace("-", " ").replace("_", " ")
    return f"{text}{end} From {article}, {pack}."
