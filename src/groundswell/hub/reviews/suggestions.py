"""Suggestions: what a fence in a comment says that lines shall become.

Knows the fence and how lines of a file are replaced. Does not know commits. A comment makes one
suggestion: its first fence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import Conflict

_OPENS: Final = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*suggestion[ \t]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Replacement:
    """Lines of a file, counted from 1, and what they become: each line with its end."""

    first_line: int
    last_line: int
    text: str


def split(text: str) -> tuple[str, str | None]:
    """What a comment says around its suggestion, and the suggestion: "" removes the lines, None
    is no suggestion.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for start, line in enumerate(lines):
        opened = _OPENS.fullmatch(line)
        if opened is None:
            continue
        fence = opened[1]
        closes = re.compile(rf" {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*", re.ASCII)
        end = start + 1
        while end < len(lines) and not closes.fullmatch(lines[end]):
            end += 1
        around = "\n".join([*lines[:start], "", *lines[end + 1 :]])
        return around.strip("\n"), "".join(each + "\n" for each in lines[start + 1 : end])
    return text, None


def replaced(content: bytes, replacements: Sequence[Replacement], name: str) -> bytes:
    """The content with these lines replaced. Line ends stay those of the lines before.

    Raises:
        Conflict: two of them are about the same lines, or the file is shorter.
    """
    lines = content.split(b"\n")
    ends_open = lines[-1] != b""  # the last line has no end
    if not ends_open:
        lines.pop()
    below = len(lines) + 1
    for each in sorted(replacements, key=lambda each: each.first_line, reverse=True):
        if each.last_line >= below:
            what = "the same lines" if below <= len(lines) else "lines that are not there"
            raise Conflict(f"Suggestions for {name} are about {what}.")
        below = each.first_line
        place = slice(each.first_line - 1, each.last_line)
        end = b"\r" if all(line.endswith(b"\r") for line in lines[place]) else b""
        new = each.text.encode("utf-8").split(b"\n")[:-1]
        lines[place] = [line + end for line in new]
    if not lines:
        return b""
    return b"\n".join(lines) + (b"" if ends_open else b"\n")
