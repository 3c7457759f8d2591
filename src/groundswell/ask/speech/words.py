"""What is said of an answer: the sentence that is quoted first, and where it stands.

Knows the form of words. Does not know packs, nor who says them.
"""

from __future__ import annotations

from typing import Final

WORDS_CHARACTERS_MAX: Final = 2_000
_NAME_CHARACTERS_MAX: Final = 120
_ENDS: Final = ".!?…。！？"  # noqa: RUF001
_CLOSERS: Final = "\"'”’») "  # noqa: RUF001


def quoted_words(text: str, article: str, pack: str) -> str:
    """A quote, and its source."""
    text = text[:WORDS_CHARACTERS_MAX]
    end = "" if text.rstrip(_CLOSERS)[-1:] in _ENDS else "."
    return f"{text}{end} From {article[:_NAME_CHARACTERS_MAX]}, {pack[:_NAME_CHARACTERS_MAX]}."


def unknown_words(why: str) -> str:
    """That there is no answer, and why."""
    return f"Not in these packs. {why}"[:WORDS_CHARACTERS_MAX]
