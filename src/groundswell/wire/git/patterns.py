"""Git's path patterns (wildmatch), as regular expressions.

Knows ``*``, ``**``, ``?`` and character classes as gitignore(5) and gitattributes(5) mean them.
Every pattern compiles to an expression without nested repetition of the same text, and patterns
with many stars are refused, so that no pattern can stall a match.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

PATTERN_LENGTH_MAX: Final = 1024
_STARS_MAX: Final = 12

_CLASSES: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": r"\x21-\x7e", "lower": "a-z", "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e", "space": r"\s", "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip


class _NeverMatches(Exception):
    """The pattern is malformed: git lets it match nothing."""


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str, *, anchored: bool) -> re.Pattern[str] | None:
    """The expression that a whole path matches, or None when nothing ever does.

    ``anchored`` patterns are matched against the path; others against its last segment, for which
    the caller passes that segment. In anchored patterns a star does not cross a slash.
    """
    if len(pattern) > PATTERN_LENGTH_MAX or pattern.count("*") > _STARS_MAX:
        return None
    try:
        return re.compile(_translate(pattern, anchored=anchored), re.DOTALL)
    except (_NeverMatches, re.error):
        return None


def _translate(pattern: str, *, anchored: bool) -> str:
    out: list[str] = []
    index = 0
    while index < len(pattern):
        letter = pattern[index]
        if letter == "*":
            text, index = _stars(pattern, index, anchored=anchored)
            out.append(text)
        elif letter == "?":
            out.append("[^/]")
            index += 1
        elif letter == "[":
            text, index = _class(pattern, index + 1)
            out.append(text)
        elif letter == "\\":
            if index + 1 == len(pattern):
                raise _NeverMatches
            out.append(re.escape(pattern[index + 1]))
            index += 2
        else:
            out.append(re.escape(letter))
            index += 1
    return "".join(out)


def _stars(pattern: str, index: int, *, anchored: bool) -> tuple[str, int]:
    """One run of stars. Two that fill a whole segment cross slashes; any others do not."""
    stop = index
    while stop < len(pattern) and pattern[stop] == "*":
        stop += 1
    begins = index == 0 or pattern[index - 1] == "/"
    ends = stop == len(pattern) or pattern[stop] == "/"
    if stop - index < 2 or not (begins and ends) or not anchored:
        return "[^/]*", stop
    if stop == len(pattern):
        return ".*", stop
    return "(?:.*/)?", stop + 1


def _class(pattern: str, index: int) -> tuple[str, int]:
    """A bracket expression, from behind its ``[``; never a slash."""
    negated = index < len(pattern) and pattern[index] in "!^"
    if negated:
        index += 1
    out: list[str] = []
    first = True
    while True:
        if index >= len(pattern):
            raise _NeverMatches
        if pattern[index] == "]" and not first:
            break
        first = False
        if pattern.startswith("[:", index):
            name, index = _named_class(pattern, index)
            out.append(name)
            continue
        low, index = _member(pattern, index)
        if index + 1 < len(pattern) and pattern[index] == "-" and pattern[index + 1] != "]":
            high, index = _member(pattern, index + 1)
            if low <= high:
                out.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            out.append(re.escape(low))
    body = "".join(out)
    if not body:
        return ("[^/]" if negated else "(?!)"), index + 1
    return ("(?!/)[^" if negated else "(?!/)[") + body + "]", index + 1


def _member(pattern: str, index: int) -> tuple[str, int]:
    if pattern[index] == "\\":
        index += 1
        if index >= len(pattern):
            raise _NeverMatches
    return pattern[index], index + 1


def _named_class(pattern: str, index: int) -> tuple[str, int]:
    stop = pattern.find(":]", index + 2)
    if stop < 0:
        return re.escape("["), index + 1
    body = _CLASSES.get(pattern[index + 2 : stop])
    if body is None:
        raise _NeverMatches
    return body, stop + 2
