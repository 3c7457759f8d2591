"""Who last changed each line of a text: git's own answer, read.

Knows git's porcelain format. Does not know how long one may wait, nor what becomes of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from groundswell.store.git.process import run

LINE_LENGTH_MAX: Final = 2_000
TITLE_LENGTH_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring lines that one commit brought. ``time`` is in microseconds since the epoch;
    ``path`` is the file's name in that commit, ``first_line`` the first one's number now.
    """

    commit: str
    title: str
    author: str
    time: int
    path: str
    first_line: int
    lines: tuple[str, ...]


@dataclass(slots=True)
class _Origin:
    """What git told of a commit; it does so once."""

    title: str = ""
    author: str = ""
    time: int = 0
    path: str = ""


def blame(folder: Path, commit_id: str, file: str, timeout_seconds: float) -> tuple[Stretch, ...]:
    """Every line of a file, with the commit that it came with.

    Raises:
        Unavailable: no answer in time.
        StorageFull, Corrupt: what git met.
    """
    arguments = ["blame", "--porcelain", commit_id, "--", file]  # commit_id is a full id
    return tuple(_stretches(run(folder, arguments, timeout_seconds=timeout_seconds)))


def _stretches(out: bytes) -> Iterator[Stretch]:
    origins: dict[str, _Origin] = {}
    commit, number, first = "", 0, 0
    lines: list[str] = []
    shown = ""
    for line in out.decode("utf-8", "replace").split("\n"):
        if line.startswith("\t"):
            if commit != shown and lines:
                yield _stretch(shown, origins[shown], first, lines)
                lines = []
            if not lines:
                shown, first = commit, number
            lines.append(line[1:].rstrip("\r")[:LINE_LENGTH_MAX])
        elif len(line) > 40 and line[40] == " " and line[:40].isalnum():
            commit, number = line[:40], int(line.split(" ")[2])
            origins.setdefault(commit, _Origin())
        elif line:
            _tell(origins[commit], line)
    if lines:
        yield _stretch(shown, origins[shown], first, lines)


def _tell(origin: _Origin, line: str) -> None:
    word, _, value = line.partition(" ")
    if word == "author":
        origin.author = value[:TITLE_LENGTH_MAX]
    elif word == "committer-time":
        origin.time = int(value) * 1_000_000
    elif word == "summary":
        origin.title = value[:TITLE_LENGTH_MAX]
    elif word == "filename":
        origin.path = value


def _stretch(commit: str, origin: _Origin, first: int, lines: list[str]) -> Stretch:
    return Stretch(
        commit, origin.title, origin.author, origin.time, origin.path, first, tuple(lines)
    )
