"""Where sentences begin and end.

Rules for prose in scripts that end sentences with a mark, tried on texts of tests/unit. A sentence
that is cut too late is shown whole; one that is cut too early would be quoted without its end: in
doubt a text is not cut. Does not know languages beyond a list of abbreviations.
"""

from __future__ import annotations

import re
from typing import Final

# Marks that end a sentence, with the brackets and quotes that may close behind them.
_END: Final = re.compile(
    # From the first of several marks, and never again from one behind it: dots by the million.
    r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?=\s)|[。！？｡]["'”’」』）]*|\n""",  # noqa: RUF001 (marks of other scripts)
)
# Words before a full stop that seldom end a sentence.
_ABBREVIATIONS_LISTED: Final = (
    "mr mrs ms dr prof rev fr st sr jr gen col lt sgt capt cmdr adm maj gov sen rep hon pres "
    "vs etc eg ie cf al ca approx est no nos vol vols ch chap sec fig figs eq ed eds pp p "
    "inc ltd co corp dept univ assn bros jan feb mar apr jun jul aug sep sept oct nov dec "
    "mt ft ave blvd rd u.s u.k e.g i.e a.m p.m b.c a.d ph.d m.d d.c viz resp esp incl excl max min "
    "z.b d.h usw bzw nr bd hrsg abb vgl ggf evtl inkl ca str av m mme mlle "
)
_ABBREVIATIONS: Final = frozenset(_ABBREVIATIONS_LISTED.split())
_LAST_WORD: Final = re.compile(r"[^\s(\[\"'“‘«]{1,24}$")  # noqa: RUF001
_ENDED: Final = frozenset(".!?:;)]>")
_OPENERS: Final = "\"'“‘«([¿¡„"  # noqa: RUF001


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of a text as [start, stop) of its characters, without white space at the ends.

    A line feed always ends one.
    """
    found = list[tuple[int, int]]()
    start = 0
    for match in _END.finditer(text):
        if match[0] != "\n" and not _is_end(text, match):
            continue
        _add(found, text, start, match.end())
        start = match.end()
    _add(found, text, start, len(text))
    return found


def _add(found: list[tuple[int, int]], text: str, start: int, stop: int) -> None:
    piece = text[start:stop]
    start += len(piece) - len(piece.lstrip())
    stop -= len(piece) - len(piece.rstrip())
    if start < stop:
        found.append((start, stop))


def _is_end(text: str, match: re.Match[str]) -> bool:
    if match[0][0] in "。！？｡":  # noqa: RUF001
        return True
    after = text[match.end() : match.end() + 40].lstrip()
    following = after.lstrip(_OPENERS)[:1]
    if not following:
        return True
    if following.islower():
        return False
    if match[0][0] != ".":
        return True
    return not _is_abbreviation(text[max(0, match.start() - 24) : match.start()], following)


def _is_abbreviation(before: str, following: str) -> bool:
    """Whether the full stop behind these characters belongs to the word before it."""
    found = _LAST_WORD.search(before)
    if found is None:
        return True
    word = found[0]
    if word.lower() in _ABBREVIATIONS:
        # "No. 5" goes on; "in Oct. The" ends.
        return following.isdigit() or word[0].isupper() or "." in word
    if len(word) == 1 and word.isupper():  # an initial
        return True
    # "3. Title" counts something: at the head of a line, or where something else has ended.
    ahead = before[: -len(word)].rstrip()
    is_alone = not ahead or (before[-len(word) - 1].isspace() and ahead[-1] in _ENDED)
    return word.isdigit() and len(word) < 3 and is_alone
