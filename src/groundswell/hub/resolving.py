"""Collisions of a pull request with main, shown to be settled by hand, and settled.

Knows what each file offers: a text with both sides between marks, or the choice of a side. The
answer becomes a merge of main into the pull request (``hub.merging``), if both still stand where
they stood when the question was asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from groundswell.core.errors import BadRequest, Conflict, NotFound
from groundswell.core.values import Principal, is_storable
from groundswell.hub.discussions import Discussion, Status
from groundswell.hub.merging import Merging
from groundswell.hub.repos import Repository
from groundswell.store.git import GitStore
from groundswell.store.git.merging import Collision, Resolution

FILES_MAX: Final = 50
TEXT_CHARACTERS_MAX: Final = 200_000  # of all texts that are shown together
RESULT_CHARACTERS_MAX: Final = 400_000  # of one text that comes back

_LIVE: Final = {Status.DRAFT, Status.OPEN}
_MARK: Final = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: |$)", re.MULTILINE)
_MIDDLE: Final = re.compile(r"^={7}$", re.MULTILINE)
_OPENING: Final = re.compile(r"^<{7} ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Knot:
    """A file that changed on both sides. ``marked`` is its text with both between marks, None
    where it is no text or too much; what a side lacks is deleted there.
    """

    path: str
    in_request: bool
    in_main: bool
    marked: str | None


@dataclass(frozen=True, slots=True)
class Tangle:
    """All such files, and where the two sides stand: ``head`` of the pull request, and ``main``.
    ``is_too_much``: more than can be settled here.
    """

    main: str
    head: str
    knots: tuple[Knot, ...]
    is_too_much: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """How a file shall be: the pull request's, main's, or this text."""

    side: str  # request | main | text
    text: str = ""


class Resolving:
    """Settles what stands in the way of pull requests in repositories that were found for the
    principal.
    """

    def __init__(self, git: GitStore, merging: Merging) -> None:
        self._git = git
        self._merging = merging

    def look(self, repository: Repository, request: Discussion) -> Tangle:
        """What there is to settle. Writes nothing.

        Raises:
            NotFound: no pull request.
            Conflict: closed or merged, or its history and main's do not meet.
            RevisionNotFound: its branch, or main, is not there.
        """
        if not request.is_pull_request:
            raise NotFound("Discussion not found")
        if request.status not in _LIVE:
            raise Conflict(f"This pull request is {request.status.value}.")
        main, head = self._merging.tips(repository.id, request)
        found = self._collisions(repository.id, head, main)
        knots, left = [], TEXT_CHARACTERS_MAX
        for each in found[:FILES_MAX]:
            marked = each.marked if each.marked and len(each.marked) <= left else None
            left -= len(marked or "")
            knots.append(_knot(each, marked))
        return Tangle(main, head, tuple(knots), len(found) > FILES_MAX)

    def settle(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        tips: tuple[str, str],
        answers: Mapping[str, Answer],
    ) -> str:
        """Merge main into the pull request with these answers (path -> how it shall be); its new
        head. ``tips`` are the pull request's head and main as they were when it was asked.

        Raises:
            BadRequest: a file without an answer, or with marks left in its text.
            Conflict: one of the two moved meanwhile; closed or merged.
            NotFound, Unauthenticated, Forbidden: as ``Merging.bring_up_to_date``.
        """
        join = partial(self._join, tips, answers)
        return self._merging.bring_up_to_date(principal, repository, number, join)

    def _collisions(self, repository_id: int, head: str, main: str) -> tuple[Collision, ...]:
        base = self._git.merging.base(repository_id, head, main)
        if base is None:
            raise Conflict("The histories of main and this pull request no longer meet.")
        return self._git.merging.collisions(repository_id, base, head, main)

    def _join(
        self,
        tips: tuple[str, str],
        answers: Mapping[str, Answer],
        repository_id: int,
        head: str,
        main: str,
    ) -> str:
        if (head, main) != tips:
            what = "Main" if head == tips[0] else "This pull request"
            raise Conflict(f"{what} moved meanwhile: look at what collides now, and save again.")
        found = self._collisions(repository_id, head, main)
        chosen = {each.path: _resolution(each, answers.get(each.path)) for each in found}
        base = self._git.merging.base(repository_id, head, main)
        merged = self._git.merging.merge(repository_id, base, head, main, chosen)
        if merged.tree is None:
            paths = ", ".join(each.path[:200] for each in merged.collisions[:20])
            raise Conflict(f"These cannot stand together: {paths}")
        return merged.tree


def _knot(each: Collision, marked: str | None) -> Knot:
    return Knot(each.path, each.ours is not None, each.theirs is not None, marked)


def _resolution(collision: Collision, answer: Answer | None) -> Resolution:
    path = collision.path[:200]
    if answer is None or answer.side not in {"request", "main", "text"}:
        raise BadRequest(f"Choose how {path} shall be.")
    if answer.side == "request":
        return Resolution(collision.ours)
    if answer.side == "main":
        return Resolution(collision.theirs)
    if collision.marked is None:
        raise BadRequest(f"{path} is no text: choose one side.")
    return Resolution(collision.ours, _checked(path, answer.text, collision.marked).encode())


def _checked(path: str, text: str, marked: str) -> str:
    """The text as it is kept: with the line ends of the file, and without marks."""
    if len(text) > RESULT_CHARACTERS_MAX or not is_storable(text):
        raise BadRequest(f"{path} is too long, or holds a character that cannot be kept.")
    text = text.replace("\r\n", "\n")
    plain = marked.replace("\r\n", "\n")
    # A line of seven "=" may be the file's own: as many as it has beside those of the marks.
    own = len(_MIDDLE.findall(plain)) - len(_OPENING.findall(plain))
    if _MARK.search(text) or len(_MIDDLE.findall(text)) > max(0, own):
        raise BadRequest(f"{path} still holds marks of both sides (<<<<<<<, =======, >>>>>>>).")
    return text.replace("\n", "\r\n") if marked.count("\r\n") * 2 > marked.count("\n") else text
