"""Names of articles: how two ways of writing one are the same, and where one stands in a text.

A name is its words, whatever is between them. Knows which names are too common to be looked for.
Does not know articles or files.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

# Longer ones are sentences; they are found by their whole text alone.
NAME_WORDS_MAX: Final = 8
NAME_CHARACTERS_MAX: Final = 120
# A single word that is shorter is a sign or a syllable.
SINGLE_CHARACTERS_MIN: Final = 3
# So many fit into 150 MB. A pack with more names is an encyclopedia, whose articles have links.
GAZETTEER_NAMES_MAX: Final = 300_000

_WORD: Final = re.compile(r"\w[\w+#]*")


def key_of(name: str) -> str:
    """A name as it is compared: its words, without case; "" for one that is none."""
    words = _WORD.findall(name[:NAME_CHARACTERS_MAX])
    return " ".join(words).casefold() if len(words) <= NAME_WORDS_MAX else ""


@dataclass(frozen=True, slots=True)
class Naming:
    """Characters [start, stop) of a text are a name, and this is what it leads to."""

    start: int
    stop: int
    path: str


class Gazetteer:
    """Names that are looked for in texts.

    A name of one word is found only as it is written, and only with a capital or a digit in it:
    "Java" and not "kernel", for words are names more seldom than names are words.
    """

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """Take (name as it is written, path), the first one where several are the same."""
        self._names: dict[str, tuple[str, str]] = {}
        self._longest: dict[str, int] = {}  # by the first two words of a name, or its only one
        for name, path in names:
            key = key_of(name)
            if key and (" " in key or _is_single_name(name.strip())):
                self._names.setdefault(key, (name.strip(), path))
                words = key.split(" ")
                first = " ".join(words[:2])
                self._longest[first] = max(len(words), self._longest.get(first, 0))

    def find(self, text: str) -> Iterator[Naming]:
        """Names in a text, the longest where several begin, none within another."""
        written = _WORD.findall(text)
        folded = " ".join(written).casefold().split(" ")
        longest = self._longest
        pairs = map(" ".join, itertools.pairwise((*folded, "")))
        begins = [
            at for at, (word, pair) in enumerate(zip(folded, pairs, strict=True))
            if pair in longest or word in longest
        ]  # fmt: skip
        spans: list[tuple[int, int]] = []  # most texts hold no name: then nobody looks
        done = 0
        for at in begins:
            if at < done:
                continue
            most = longest.get(" ".join(folded[at : at + 2]), 1)
            for count in range(min(most, len(folded) - at), 0, -1):
                known = self._names.get(" ".join(folded[at : at + count]))
                if known is None or (count == 1 and written[at] != known[0]):
                    continue
                spans = spans or [word.span() for word in _WORD.finditer(text)]
                start, stop = spans[at][0], spans[at + count - 1][1]
                if count == 1 or _is_meant(text, start, stop, known[0], count):
                    yield Naming(start, stop, known[1])
                    done = at + count
                    break


def _is_single_name(name: str) -> bool:
    return len(name) >= SINGLE_CHARACTERS_MIN and name != name.lower()


def _is_meant(text: str, start: int, stop: int, written: str, words: int) -> bool:
    # Between the words of a name stand few signs, and no end of a line.
    if stop - start > len(written) + words or "\n" in text[start:stop]:
        return False
    return text[start] == written[0] or text[start].isupper()
