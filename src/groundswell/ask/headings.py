"""What headings and titles call what stands below them: without the number that it has in its
book, and by what is short for it.

Knows the texts alone; `retrieval.ranking` knows where they stand.
"""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = re.compile(
    r"(?:"
    r"(?i:chapter|part|section|appendix|kapitel|teil|abschnitt|chapitre|cap[íi]tulo)\s+"
    r"(?:\d{1,3}(?:\.\d{1,3}){0,5}|[IVXLC]{1,6}|[A-Z])\b[.:)]?"
    r"|\d{1,3}(?:\.\d{1,3}){1,5}[.:)]?"  # 4.9 and 5.11.2.
    r"|\d{1,3}[.)]"  # 9., and never 9: "7 Up" is no seventh section
    r"|[A-Z](?:\.\d{1,3}){1,5}[.:)]?"  # of an appendix
    r")\s+[-\u2013\u2014:]?\s*"
)
# As `wire.documents.pdf` writes them.
_PAGE: Final = re.compile(r"Page \d{1,6}")
_BRACKETS: Final = re.compile(r"\s*\([^()]{1,80}\)")
_SHORT: Final = re.compile(r"\(([^\W\d_]*[A-Z][^\W\d_]*[A-Z][^\W\d_]*)\)")
# Between a book and its chapter, in an article's title.
_BETWEEN: Final = " \u2014 "


def bare(heading: str) -> str:
    """A heading without its number; as it is where there is nothing else."""
    return _NUMBER.sub("", heading, count=1).strip() if _NUMBER.match(heading) else heading


def is_page(heading: str) -> bool:
    """Whether a heading is where a page of a printed book begins, and names nothing."""
    return _PAGE.fullmatch(heading) is not None


def called(title: str, path: str) -> str:
    """What people call an article: a chapter without its book and its number.

    ``path`` is the article's: that of a chapter stands behind its book's and "#".
    """
    return bare(title.rpartition(_BETWEEN)[2] if "#" in path else title)


def names_of(heading: str) -> tuple[str, ...]:
    """What a section is called: "5.11. Non-Maintainer Uploads (NMUs)" with and without what stands
    in brackets, and by what is short for it.
    """
    name = bare(heading)
    found = (name, _BRACKETS.sub("", name).strip(), *_SHORT.findall(name))
    return tuple(dict.fromkeys(each for each in found if each))
