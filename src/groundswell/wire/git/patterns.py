"""Git's path patterns (wildmatch).

Knows ``*``, ``**``, ``?`` and character classes as gitignore(5) and gitattributes(5) mean them.
A pattern is cut into segments. Within a segment the leftmost place for what follows a star is as
good as any, so the expression never goes back; ``**`` is tried over segments, of which there are
few. So no pattern can stall a match.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

PATTERN_LENGTH_MAX: Final = 1024
_SEGMENTS_MAX: Final = 100

_SLASH: Final = "/"
_STAR: Final = "*"  # no expression of a character begins with it
_GLOBSTARS: Final = [["**"]]

_CLASSES: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": r"\x21-\x7e", "lower": "a-z", "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e", "space": r" \t\n\r\f\v", "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip


class _NeverMatches(Exception):
    """The pattern is malformed: git lets it match nothing."""


def matches(pattern: str, subject: str, *, anchored: bool) -> bool:
    """Whether the pattern matches all of ``subject``, octet by octet as git does.

    ``anchored`` patterns are matched against the path; others against its last segment, which
    the caller passes then. A single star does not cross a slash.
    """
    compiled = _compiled(pattern, anchored=anchored)
    if compiled is None:
        return False
    segments = _octets(subject).split("/")
    return len(segments) <= _SEGMENTS_MAX and _match_segments(compiled, segments)


def _match_segments(pattern: tuple[re.Pattern[str] | None, ...], segments: list[str]) -> bool:
    """Whether segment patterns match segments; None stands for ``**``, which takes any number of
    segments, and at the end at least one.
    """
    reached = {0}  # how many segments the pattern so far may have taken
    last = len(pattern) - 1
    for place, each in enumerate(pattern):
        if each is None:
            first = min(reached, default=len(segments) + 1) + (1 if place == last else 0)
            reached = set(range(first, len(segments) + 1))
        else:
            reached = {
                taken + 1
                for taken in reached
                if taken < len(segments) and each.fullmatch(segments[taken])
            }
    return len(segments) in reached


def _octets(text: str) -> str:
    """Each octet of the UTF-8 form as one character."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@lru_cache(maxsize=4096)
def _compiled(pattern: str, *, anchored: bool) -> tuple[re.Pattern[str] | None, ...] | None:
    """The pattern's segments, or None when nothing ever matches."""
    if len(pattern) > PATTERN_LENGTH_MAX:
        return None
    try:
        segments: list[list[str]] = [[]]
        for token in _tokens(_octets(pattern)):
            if token == _SLASH:
                segments.append([])
            else:
                segments[-1].append(token)
        if len(segments) > _SEGMENTS_MAX:
            return None
        return tuple(
            None if anchored and tokens in _GLOBSTARS else _segment(tokens) for tokens in segments
        )
    except (_NeverMatches, re.error):
        return None


def _segment(tokens: list[str]) -> re.Pattern[str]:
    """The expression of one segment: after each star but the last, the leftmost match is kept."""
    chunks: list[str] = [""]
    for token in tokens:
        if token.startswith(_STAR):
            chunks.append("")
        else:
            chunks[-1] += token
    text = chunks[0]
    if len(chunks) > 1:
        text += "".join(f"(?>.*?{chunk})" for chunk in chunks[1:-1] if chunk)
        text += f".*{chunks[-1]}"
    return re.compile(text, re.DOTALL)


def _tokens(pattern: str) -> Iterator[str]:
    """Expressions of single characters, slashes, and runs of stars."""
    index = 0
    while index < len(pattern):
        letter = pattern[index]
        if letter == "*":
            stop = index
            while stop < len(pattern) and pattern[stop] == "*":
                stop += 1
            yield _STAR * min(stop - index, 2)
            index = stop
            continue
        if letter == "[":
            text, index = _class(pattern, index + 1)
            yield text
            continue
        if letter == "\\":
            index += 1
            if index == len(pattern):
                raise _NeverMatches
            yield _SLASH if pattern[index] == "/" else re.escape(pattern[index])
        elif letter == "/":
            yield _SLASH
        else:
            yield "[^/]" if letter == "?" else re.escape(letter)
        index += 1


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
