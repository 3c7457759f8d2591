"""Where lines stand: in the diff that was looked at, and in the present one.

Knows that an unchanged blob keeps its lines, that lines move when others come or go above them,
and that a line which itself changed is nowhere any more. Does not know what is said about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from groundswell.core.errors import BadRequest
from groundswell.core.values import check_path
from groundswell.hub.reviews.values import (
    EXCERPT_CHARACTERS_MAX,
    LINES_MAX,
    Half,
    Place,
    Thread,
)
from groundswell.store.git import FileDiff, GitStore, Hunk

# How often two versions of a file are compared for one answer; what comes later is outdated.
MOVES_MAX: Final = 200
FILES_MAX: Final = 200


class Diff:
    """What a pull request changes from ``base`` (None: nothing) to ``head``, file by file. Used
    for one answer by one thread.
    """

    def __init__(self, git: GitStore, repository_id: int, base: str | None, head: str) -> None:
        self._git = git
        self._repository_id = repository_id
        self._base = base
        self.head = head
        self._files: dict[str, FileDiff | None] = {}
        self._moves: dict[tuple[str, str], tuple[Hunk, ...] | None] = {}

    def check(self, place: Place) -> tuple[str, str]:
        """The blob that a place is in, and the text of its lines.

        Raises:
            InvalidPath: no repository can hold such a path.
            BadRequest: the diff shows no such lines; the message says why.
        """
        name = repr(check_path(place.path)[:200])
        file = self._file(place.path)
        if file is None:
            raise BadRequest(f"This pull request does not change {name}.")
        blob = _blob(file, place.side)
        if blob is None:
            raise BadRequest(f"{name} is not there on the {place.side} side.")
        if place.first_line is None or place.last_line is None:
            if place.first_line != place.last_line:
                raise BadRequest("A place has a first and a last line, or neither.")
            return blob, ""
        if file.is_binary:
            raise BadRequest(f"{name} has no lines to comment on: comment on the file as a whole.")
        if not file.hunks:
            raise BadRequest(f"The lines of {name} are not shown: comment on the file as a whole.")
        if not 0 <= place.last_line - place.first_line < LINES_MAX:
            raise BadRequest(f"A comment is about 1 to {LINES_MAX} lines, the first one first.")
        lines = _shown(file.hunks, place)
        if lines is None:
            raise BadRequest("The diff does not show these lines together.")
        return blob, "\n".join(lines)[:EXCERPT_CHARACTERS_MAX]

    def present(self, thread: Thread) -> Place | None:
        """Where the lines of a thread stand in this diff; None when they do not."""
        place = thread.place
        file = self._file(place.path)
        blob = None if file is None else _blob(file, place.side)
        if file is None or blob is None:
            return None
        found = self.moved(place, thread.blob, blob)
        if found is None or found.first_line is None:
            return found
        return found if _shown(file.hunks, found) is not None else None

    def moved(self, place: Place, old: str, new: str) -> Place | None:
        """Where lines of one blob stand in another one; None when they changed."""
        if old == new or place.first_line is None or place.last_line is None:
            return place
        key = (old, new)
        if key not in self._moves:
            if len(self._moves) >= MOVES_MAX:
                return None
            self._moves[key] = self._git.lines.moved(self._repository_id, old, new)
        hunks = self._moves[key]
        shift = None if hunks is None else shift_of(hunks, place.first_line, place.last_line)
        if shift is None:
            return None
        return replace(
            place, first_line=place.first_line + shift, last_line=place.last_line + shift
        )

    def _file(self, path: str) -> FileDiff | None:
        if path not in self._files:
            if len(self._files) >= FILES_MAX:
                return None
            compare = self._git.lines.compare
            self._files[path] = compare(self._repository_id, self._base, self.head, path)
        return self._files[path]


def shift_of(hunks: Sequence[Hunk], first_line: int, last_line: int) -> int | None:
    """By how much lines moved, from what differs without lines around; None when they changed, or
    something came between them.
    """
    shift = 0
    for hunk in hunks:
        if hunk.old_lines == 0:  # git names the line that it came after
            if hunk.old_start < first_line:
                shift += hunk.new_lines
            elif hunk.old_start < last_line:
                return None
        elif hunk.old_start + hunk.old_lines <= first_line:
            shift += hunk.new_lines - hunk.old_lines
        elif hunk.old_start <= last_line:
            return None
    return shift


def _blob(file: FileDiff, side: Half) -> str | None:
    found = file.change.old if side is Half.OLD else file.change.new
    return None if found is None else found.oid


def _shown(hunks: Sequence[Hunk], place: Place) -> list[str] | None:
    """The lines of a place, when one hunk shows them all."""
    assert place.first_line is not None
    assert place.last_line is not None
    wanted = range(place.first_line, place.last_line + 1)
    for hunk in hunks:
        lines = dict(_numbered(hunk, place.side))
        if wanted[0] in lines and wanted[-1] in lines:
            return [lines[number] for number in wanted]
    return None


def _numbered(hunk: Hunk, side: Half) -> Iterator[tuple[int, str]]:
    number = hunk.old_start if side is Half.OLD else hunk.new_start
    signs = " -" if side is Half.OLD else " +"
    for line in hunk.lines:
        if line[:1] in signs:
            yield number, line[1:]
            number += 1
