"""The file .gitignore: whether a path is left out.

Knows gitignore(5): negation, folders, anchoring, the last match wins, deeper files win, and that
nothing below an ignored folder can be taken in again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from groundswell.wire.git.patterns import matches

NAME: Final = ".gitignore"
LINES_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Rule:
    folder: str
    pattern: str
    anchored: bool
    only_folders: bool
    ignores: bool


class Ignore:
    """The rules of several files: ``(folder, text)`` pairs, the root's first, deeper ones later."""

    def __init__(self, files: Sequence[tuple[str, str]]) -> None:
        rules = [
            rule
            for folder, text in files
            for line in text.split("\n")[:LINES_MAX]
            if (rule := _parse_line(line, folder)) is not None
        ]
        self._rules = rules[::-1]

    def ignores(self, path: str) -> bool:
        """Whether a file at the path is left out."""
        segments = path.split("/")
        for depth in range(1, len(segments)):
            if self._decides("/".join(segments[:depth]), is_folder=True):
                return True
        return self._decides(path, is_folder=False)

    def _decides(self, path: str, *, is_folder: bool) -> bool:
        name = path.rpartition("/")[2]
        for rule in self._rules:
            if (rule.only_folders and not is_folder) or not path.startswith(rule.folder):
                continue
            subject = path[len(rule.folder) :] if rule.anchored else name
            if subject and matches(rule.pattern, subject, anchored=rule.anchored):
                return rule.ignores
        return False


def _parse_line(line: str, folder: str) -> _Rule | None:
    line = line.removesuffix("\r")
    if line.startswith("#"):
        return None
    line = _without_trailing_spaces(line)
    ignores = not line.startswith("!")
    if not ignores:
        line = line[1:]
    only_folders = line.endswith("/")
    line = line.removesuffix("/")
    if not line:
        return None
    anchored = "/" in line
    return _Rule(folder, line.removeprefix("/"), anchored, only_folders, ignores)


def _without_trailing_spaces(line: str) -> str:
    """Trailing spaces do not count, unless a backslash stands before them."""
    bare = line.rstrip(" ")
    if len(bare) < len(line) and (len(bare) - len(bare.rstrip("\\"))) % 2:
        return bare + " "
    return bare
