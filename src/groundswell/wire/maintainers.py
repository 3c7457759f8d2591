"""The MAINTAINERS file: who looks after which paths of a repository.

One line for each area: who, then what.

    # whoever looks after the texts
    @ann @acme      docs/**  *.md
    D: @legal       data/legal/**
    T: @ben         model.layers.{16..31}.mlp.*

Owners are people or organisations. What they own are patterns as in .gitattributes: one without a
slash is for names in any folder, ``folder/`` is for everything below. **The last line that matches
a path decides**; a line that names patterns and no owner lets go of them. A letter says what the
patterns are: ``D:`` data and ``E:`` evaluations are paths like any others; ``T:`` tensors and
``K:`` keywords are read and kept, and say nothing of paths.

Knows the syntax. Does not know whether an owner exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from groundswell.wire.git.patterns import PATTERN_LENGTH_MAX, matches

FILE_NAME: Final = "MAINTAINERS"
FILE_BYTES_MAX: Final = 64 * 1024
LINES_MAX: Final = 2_000
AREAS_MAX: Final = 500
WORDS_MAX: Final = 50  # of one line
PATHS_LETTERS: Final = frozenset({"", "D", "E"})

_LETTER: Final = re.compile(r"([TDEK]):")
_OWNER: Final = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Area:
    """One line. ``owners`` are names without their ``@``."""

    line: int
    letter: str
    owners: tuple[str, ...]
    patterns: tuple[str, ...]

    def holds(self, path: str) -> bool:
        """Whether the path belongs to this area."""
        return self.letter in PATHS_LETTERS and any(_holds(each, path) for each in self.patterns)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line, counted from 1; 0 is the file as a whole."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Maintainers:
    """A file as read. With faults it must not be relied on: an owner may be missing."""

    areas: tuple[Area, ...]
    faults: tuple[Fault, ...] = ()

    def area_of(self, path: str) -> Area | None:
        """The last area that holds the path; None when nobody looks after it."""
        return next((each for each in reversed(self.areas) if each.holds(path)), None)


def parse(content: bytes) -> Maintainers:
    """Read a file. Never fails: what cannot be understood is a fault."""
    if len(content) > FILE_BYTES_MAX:
        return Maintainers((), (Fault(0, f"larger than {FILE_BYTES_MAX} bytes"),))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return Maintainers((), (Fault(0, "not UTF-8"),))
    lines = text.split("\n")
    if len(lines) > LINES_MAX:
        return Maintainers((), (Fault(0, f"more than {LINES_MAX} lines"),))
    areas: list[Area] = []
    faults: list[Fault] = []
    for number, line in enumerate(lines, start=1):
        found = _parse_line(number, line)
        if isinstance(found, Area):
            areas.append(found)
        elif found is not None:
            faults.append(found)
    if len(areas) > AREAS_MAX:
        faults.append(Fault(0, f"more than {AREAS_MAX} areas"))
        areas = []
    return Maintainers(tuple(areas), tuple(faults))


def _parse_line(number: int, line: str) -> Area | Fault | None:
    words = _words(line)
    if not words:
        return None
    letter = ""
    if (found := _LETTER.fullmatch(words[0])) is not None:
        letter, words = found[1], words[1:]
    if len(words) > WORDS_MAX:
        return Fault(number, f"more than {WORDS_MAX} words")
    owners = [each for each in words if each.startswith("@")]
    patterns = [each for each in words if not each.startswith("@")]
    if words != owners + patterns:
        return Fault(number, "owners stand before patterns")
    if not patterns:
        return Fault(number, "no pattern")
    for each in owners:
        if not _OWNER.fullmatch(each):
            return Fault(number, f"no name of a user or organisation: {each[:100]}")
    if any(len(each) > PATTERN_LENGTH_MAX for each in patterns):
        return Fault(number, f"a pattern of more than {PATTERN_LENGTH_MAX} characters")
    return Area(number, letter, tuple(each[1:] for each in owners), tuple(patterns))


def _words(line: str) -> list[str]:
    """The words of a line before its comment, which begins at a ``#`` that begins a word."""
    words: list[str] = []
    for each in line.split():
        if each.startswith("#"):
            break
        words.append(each)
    return words


def _holds(pattern: str, path: str) -> bool:
    if pattern.endswith("/"):
        pattern += "**"
    if "/" not in pattern:
        return matches(pattern, path.rpartition("/")[2], anchored=False)
    return matches(pattern.removeprefix("/"), path, anchored=True)


def write(areas: Iterable[Area]) -> str:
    """The file of these areas, one line each."""
    return "".join(
        " ".join(
            [
                *([f"{each.letter}:"] if each.letter else []),
                *(f"@{owner}" for owner in each.owners),
                *each.patterns,
            ]
        )
        + "\n"
        for each in areas
    )
