"""Words as pieces of a static model: the longest that fits, again and again.

A piece that begins a word has the mark ``▁`` before it, as SentencePiece writes it. Letters are
small on both sides: a question in capitals asks the same. This is not how the model's own tokenizer
cuts every word, and it need not be: passages and questions are cut alike, and nothing of a
stranger's tokenizer, which may hold any pattern, runs when a pack is asked. Does not know vectors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

START: Final = "▁"
PIECE_CHARACTERS_MAX: Final = 64
WORD: Final = re.compile(r"[^\W_]+")
# Words whose pieces are kept; a corpus has more, seldom many of them again.
_KEPT_MAX: Final = 50_000


class Cutter:
    """Cuts texts. ``pieces`` are as a pack holds them; their places are the numbers given."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(pieces)}
        self._longest = max(map(len, pieces), default=0)
        self._kept: dict[str, tuple[int, ...]] = {}

    def numbers(self, text: str, count_max: int) -> list[int]:
        """The numbers of a text's pieces in their order, at most so many."""
        found: list[int] = []
        for word in WORD.findall(text.lower()):
            known = self._kept.get(word)
            if known is None:
                if len(self._kept) >= _KEPT_MAX:
                    self._kept.clear()
                known = self._kept[word] = self._cut(word)
            found += known
            if len(found) >= count_max:
                return found[:count_max]
        return found

    def _cut(self, word: str) -> tuple[int, ...]:
        rest, found = START + word, []
        while rest:
            for size in range(min(self._longest, len(rest)), 0, -1):
                number = self._numbers.get(rest[:size])
                if number is not None:
                    found.append(number)
                    rest = rest[size:]
                    break
            else:
                rest = rest[1:]  # the mark, or a character that no piece has
        return tuple(found)
