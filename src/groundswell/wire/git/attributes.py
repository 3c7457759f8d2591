"""The file .gitattributes: which paths belong to git-lfs, and one line more.

Knows gitattributes(5): patterns, quoting, macros ``binary`` and ``[attr]``, the last match wins,
and files in deeper folders win over those above. Only the attribute ``filter`` is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from groundswell.core.attributes import LFS_ATTRIBUTES
from groundswell.wire.git.patterns import matches

NAME: Final = ".gitattributes"

LINES_MAX: Final = 20_000

_SPACE: Final = " \t\r\n"
_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True)
class _Rule:
    folder: str  # of the file it stands in, "" or ending in a slash
    pattern: str
    anchored: bool
    filter: str | None  # the value; "" when unset or unspecified


class Attributes:
    """The rules of several files: ``(folder, text)`` pairs, the root's first, deeper ones later.

    Lines that git would not understand are passed over, as git does.
    """

    def __init__(self, files: Sequence[tuple[str, str]]) -> None:
        self._rules: list[_Rule] = []
        macros: dict[str, str | None] = {"binary": None}
        for folder, text in files:
            for line in text.split("\n")[:LINES_MAX]:
                rule = _parse_line(line, folder, macros)
                if rule is not None:
                    self._rules.append(rule)
        self._rules.reverse()

    def is_lfs(self, path: str) -> bool:
        """Whether the path's ``filter`` is ``lfs``."""
        name = path.rpartition("/")[2]
        for rule in self._rules:
            if not path.startswith(rule.folder):
                continue
            subject = path[len(rule.folder) :] if rule.anchored else name
            if matches(rule.pattern, subject, anchored=rule.anchored):
                return rule.filter == "lfs"
        return False


def _parse_line(line: str, folder: str, macros: dict[str, str | None]) -> _Rule | None:
    """A rule that says something of ``filter``, or None."""
    line = line.strip(_SPACE)
    if not line or line.startswith("#"):
        return None
    parsed = _split_pattern(line)
    if parsed is None:
        return None
    pattern, words = parsed
    value = _filter_of(words, macros)
    if pattern.startswith("[attr]"):
        if not folder:  # macros count only at the top
            macros[pattern.removeprefix("[attr]")] = value
        return None
    if value is None or not pattern or pattern.startswith("!") or pattern.endswith("/"):
        return None
    anchored = "/" in pattern
    return _Rule(folder, pattern.removeprefix("/"), anchored, value)


def _split_pattern(line: str) -> tuple[str, list[str]] | None:
    if not line.startswith('"'):
        pattern, *words = re.split(r"[ \t\r\n]+", line)
        return pattern, words
    unquoted = _unquote(line)
    if unquoted is None:
        pattern, *words = re.split(r"[ \t\r\n]+", line)
        return pattern, words
    pattern, rest = unquoted
    return pattern, rest.split()


def _unquote(line: str) -> tuple[str, str] | None:
    """A C-style quoted pattern and what follows it."""
    out = bytearray()
    index = 1
    while index < len(line):
        letter = line[index]
        if letter == '"':
            return out.decode("utf-8", "replace"), line[index + 1 :]
        if letter != "\\":
            out += letter.encode("utf-8", "surrogatepass")
            index += 1
            continue
        octal = re.compile(r"[0-3][0-7]{2}").match(line, index + 1)
        if octal:
            out.append(int(octal[0], 8))
            index += 4
            continue
        escaped = line[index + 1 : index + 2]
        if escaped not in {*_ESCAPES, "\\", '"'}:
            return None
        out += _ESCAPES.get(escaped, escaped).encode("ascii")
        index += 2
    return None


def _filter_of(words: Sequence[str], macros: dict[str, str | None]) -> str | None:
    """What the attributes of a line say of ``filter``; None when nothing."""
    value: str | None = None
    for word in words:
        if word.startswith("filter="):
            value = word.removeprefix("filter=")
        elif word in {"-filter", "!filter", "filter"}:
            value = ""
        elif macros.get(word) is not None:
            value = macros[word]
    return value


def lfs_line(path: str) -> str:
    """A line, without its end, that puts exactly this path under git-lfs."""
    pattern = re.sub(r"([\\*?\[])", r"\\\1", path)
    if pattern[0] in "!#":
        pattern = "\\" + pattern
    if any(each.isspace() or each == '"' for each in pattern) or pattern.startswith("[attr]"):
        quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
        pattern = f'"{quoted}"'
    return f"{pattern} {LFS_ATTRIBUTES}"


def with_lfs_paths(text: str, paths: Sequence[str]) -> str:
    """The file's text with a line more for each path."""
    if text and not text.endswith("\n"):
        text += "\n"
    return text + "".join(f"{lfs_line(path)}\n" for path in paths)
