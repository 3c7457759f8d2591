"""Applying suggestions: several of them become one commit on the pull request's branch.

Knows that lines must be as they were when the suggestion was made. Who may move the branch is
decided by ``hub.commits``. The commit comes first and the marks follow: when the process ends
between the two, the suggestion only reads as one for lines that have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, RevisionNotFound
from groundswell.core.policy import Action
from groundswell.core.values import AddRegular, CommitHeader, Principal
from groundswell.hub.commits import Commits
from groundswell.hub.discussions import Discussion
from groundswell.hub.discussions import rows as discussions
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.hub.repos.trees import author_of
from groundswell.hub.reviews import rows
from groundswell.hub.reviews.places import Diff
from groundswell.hub.reviews.suggestions import Replacement, replaced
from groundswell.hub.reviews.values import SUGGESTIONS_MAX, Half, LineComment, Thread
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.git import GitStore
from groundswell.store.git.values import MODE_EXECUTABLE, MODE_FILE

_Chosen = Sequence[tuple[Thread, LineComment]]
_TITLE_PATH_CHARACTERS: Final = 100


class Applying:
    """Applies suggestions in repositories that ``Repos.find`` gave for this principal."""

    def __init__(
        self, database: Database, git: GitStore, commits: Commits, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._git = git
        self._commits = commits
        self._clock = clock

    def apply(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        comments: Sequence[int],
        summary: str = "",
        *,
        signs_off: bool = False,
    ) -> str:
        """Make one commit of the suggestions in these comments; its id. The pull request's author
        may, and who may write; who suggested is named in the commit. ``signs_off``: whoever applies
        them signs the commit off.

        Raises:
            BadRequest: none or too many, or a comment without a suggestion.
            Conflict: the lines have changed since, two suggestions meet, or one was applied.
            ParentMoved: the branch moved meanwhile. Retrying is safe.
            NotFound: there is no such comment.
            Unauthenticated, Forbidden: the principal may not; or it is closed or merged.
        """
        wanted = list(dict.fromkeys(comments))
        if not 1 <= len(wanted) <= SUGGESTIONS_MAX:
            raise BadRequest(f"1 to {SUGGESTIONS_MAX} suggestions are applied at once.")

        def look(conn: sa.Connection) -> tuple[Discussion, _Chosen]:
            decide_again(conn, principal, repository.id, Action.CONTRIBUTE)
            rows.request_of(conn, repository.id, number)
            request = discussions.decide_on(conn, principal, repository.id, number)
            found = rows.places_of(conn, request, principal.account_id, wanted)
            for thread, comment in found:
                _check(thread, comment)
            return request, found

        request, chosen = self._database.read(look)
        head = self._git.resolve(repository.id, request.reference)
        if head is None:
            raise RevisionNotFound(request.reference)
        operations = self._operations(repository.id, head, chosen)
        header = CommitHeader(
            summary.strip()[:500] or _title(chosen),
            _with(principal, chosen, signs_off=signs_off),
            parent_commit=head,
        )
        reference = request.reference
        made = self._commits.commit(principal, repository, reference, header, operations)
        if made.commit == head:
            raise Conflict("The lines read like this already.")
        self._database.write(lambda conn: self._mark(conn, principal, request, chosen, made.commit))
        return made.commit

    def _operations(self, repository_id: int, head: str, chosen: _Chosen) -> list[AddRegular]:
        diff = Diff(self._git, repository_id, None, head)
        by_path: dict[str, list[Replacement]] = {}
        blobs: dict[str, str] = {}
        for thread, comment in chosen:
            path = thread.place.path
            name = repr(path[:200])
            side = self._git.side_at(repository_id, head, path)
            if side is None or side.mode not in {MODE_FILE, MODE_EXECUTABLE}:
                raise Conflict(f"{name} is no longer a file there.")
            now = diff.moved(thread.place, thread.blob, side.oid)
            if now is None or now.first_line is None or now.last_line is None:
                raise Conflict(f"The lines of {name} have changed since this was suggested.")
            assert comment.suggestion is not None
            replacement = Replacement(now.first_line, now.last_line, comment.suggestion)
            by_path.setdefault(path, []).append(replacement)
            blobs[path] = side.oid
        return [
            AddRegular(
                path, replaced(self._git.blob(repository_id, blobs[path]), each, repr(path[:200]))
            )
            for path, each in by_path.items()
        ]

    def _mark(
        self,
        conn: sa.Connection,
        principal: Principal,
        request: Discussion,
        chosen: _Chosen,
        commit: str,
    ) -> None:
        now, account = self._clock(), principal.account_id
        for thread, comment in chosen:
            values = {"applied_commit": commit, "applied_by_id": account}
            rows.change(conn, tables.line_comments, comment.id, **values)
            if not thread.is_resolved:
                done = {"resolved_at": now, "resolved_by_id": account}
                rows.change(conn, tables.review_threads, thread.id, **done)
        told = {"comments": [comment.id for _, comment in chosen], "commit": commit}
        rows.tell(conn, now, principal, request, "suggestion.applied", told)


def _check(thread: Thread, comment: LineComment) -> None:
    if comment.is_pending:
        raise Conflict("This is not said yet: finish the review first.")
    if comment.applied_commit is not None:
        raise Conflict("This suggestion was applied before.")
    is_lines = thread.place.side is Half.NEW and thread.place.first_line is not None
    if comment.suggestion is None or not is_lines:
        raise BadRequest("This comment suggests nothing that can be applied.")


def _title(chosen: _Chosen) -> str:
    if len(chosen) > 1:
        return f"Apply {len(chosen)} suggestions"
    return f"Apply a suggestion to {chosen[0][0].place.path[:_TITLE_PATH_CHARACTERS]}"


def _with(principal: Principal, chosen: _Chosen, *, signs_off: bool) -> str:
    """The lines of a commit's message that name who else made it, and who signs it off."""
    names = dict.fromkeys(comment.author for _, comment in chosen)
    others = [author_of(Principal(name=name)) for name in names if name != principal.name]
    lines = [f"Co-authored-by: {each.name} <{each.email}>" for each in others]
    own = author_of(principal)
    return "\n".join(lines + [f"Signed-off-by: {own.name} <{own.email}>"] * signs_off)
