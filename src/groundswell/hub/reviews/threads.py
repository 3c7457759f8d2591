"""What people do in threads: answering, editing, marking as done, taking back and hiding.

Who may is decided by ``core.policy`` on the repository and by authorship.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, Forbidden
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.hub.discussions import Discussion
from groundswell.hub.discussions import comments as talk
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.hub.reviews import rows, versions
from groundswell.hub.reviews.reading import Reading
from groundswell.hub.reviews.rows import tell
from groundswell.hub.reviews.suggestions import split
from groundswell.hub.reviews.values import (
    TEXT_CHARACTERS_MAX,
    THREAD_COMMENTS_MAX,
    VERSIONS_MAX,
    LineComment,
    Thread,
)
from groundswell.store import tables
from groundswell.store.database import Database


class Threads:
    """Threads in repositories that ``Repos.find`` gave for this principal."""

    def __init__(self, database: Database, reading: Reading, clock: Callable[[], int]) -> None:
        self._database = database
        self._reading = reading
        self._clock = clock

    def reply(
        self, principal: Principal, repository: Repository, number: int, thread: int, text: str
    ) -> Thread:
        """Answer in a thread.

        Raises:
            BadRequest: nothing, too much, or what cannot be kept.
            Conflict: not said yet, or the thread is full.
            NotFound: there is no such thread.
            Unauthenticated, Forbidden: the principal may not contribute, or it is locked.
        """
        text = checked_words(text)

        def work(conn: sa.Connection) -> Thread:
            request, found = _thread(conn, principal, repository.id, number, thread)
            if found.comments and found.comments[0].is_pending:
                raise Conflict("This is not said yet: finish the review first.")
            if len(found.comments) >= THREAD_COMMENTS_MAX:
                raise Conflict(f"A thread holds {THREAD_COMMENTS_MAX} comments.")
            rows.check_talk(conn, request, 1)
            values = {"author_id": principal.account_id, "text": text, "written_at": self._clock()}
            comment = rows.add_comment(conn, thread_id=thread, **values)
            told = {"thread": thread, "comment": comment}
            tell(conn, self._clock(), principal, request, "review_thread.answered", told)
            return rows.thread(conn, request, principal.account_id, thread)

        return self._placed_one(repository, number, self._database.write(work))

    def edit(
        self, principal: Principal, repository: Repository, number: int, comment: int, text: str
    ) -> Thread:
        """Let one's own comment say something else; what it said is kept, once it was said.

        Raises:
            BadRequest: nothing, too much, or what cannot be kept.
            Conflict: hidden, edited too often, or its suggestion was applied and would change.
            NotFound: there is no such comment.
            Unauthenticated, Forbidden: somebody else's, or one may not speak there.
        """
        text = checked_words(text)

        def work(conn: sa.Connection) -> Thread:
            decide_again(conn, principal, repository.id, Action.CONTRIBUTE)
            request = rows.request_of(conn, repository.id, number)
            talk.check_may_speak(conn, principal, repository.id, request, adds=False)
            [(thread, found)] = rows.places_of(conn, request, principal.account_id, [comment])
            if found.author != principal.name:
                raise Forbidden("Only who wrote a comment may edit it.")
            _check_editable(found, text)
            if found.text != text:
                versions.put_text(conn, found, text, self._clock())
                if not found.is_pending:
                    told = {"thread": thread.id, "comment": comment}
                    tell(conn, self._clock(), principal, request, "line_comment.edited", told)
            return rows.thread(conn, request, principal.account_id, thread.id)

        return self._placed_one(repository, number, self._database.write(work))

    def resolve(
        self, principal: Principal, repository: Repository, number: int, thread: int, *, done: bool
    ) -> Thread:
        """Mark a thread as done, or open it again. Who began it may, the pull request's author,
        and who may write.

        Raises:
            NotFound: there is no such thread.
            Conflict: not said yet.
            Unauthenticated, Forbidden: not for this principal, or it is locked.
        """

        def work(conn: sa.Connection) -> Thread:
            request, found = _thread(conn, principal, repository.id, number, thread)
            if principal.name not in {found.author, request.author}:
                decide_again(conn, principal, repository.id, Action.WRITE)
            if found.comments and found.comments[0].is_pending:
                raise Conflict("This is not said yet: finish the review first.")
            if found.is_resolved is not done:
                at, by = (self._clock(), principal.account_id) if done else (None, None)
                rows.change(conn, tables.review_threads, thread, resolved_at=at, resolved_by_id=by)
                type_ = "review_thread.resolved" if done else "review_thread.reopened"
                tell(conn, self._clock(), principal, request, type_, {"thread": thread})
            return rows.thread(conn, request, principal.account_id, thread)

        return self._placed_one(repository, number, self._database.write(work))

    def _placed_one(self, repository: Repository, number: int, found: Thread) -> Thread:
        request = self._database.read(lambda conn: rows.request_of(conn, repository.id, number))
        return self._reading.placed(repository, request, [found])[0]

    def remove(
        self, principal: Principal, repository: Repository, number: int, comment: int
    ) -> None:
        """Take a pending comment back, or hide for ever what one says; its author may, and
        whoever may write. Nothing when it is hidden already.

        Raises:
            NotFound: there is no such comment.
            Unauthenticated, Forbidden: not for this principal.
        """

        def work(conn: sa.Connection) -> None:
            decide_again(conn, principal, repository.id, Action.CONTRIBUTE)
            request = rows.request_of(conn, repository.id, number)
            [(thread, found)] = rows.places_of(conn, request, principal.account_id, [comment])
            if found.author != principal.name:
                decide_again(conn, principal, repository.id, Action.WRITE)
            if found.is_pending:
                rows.drop_thread(conn, thread.id)
            elif not found.is_hidden:
                versions.wipe(conn, comment, principal.account_id, self._clock())
                told = {"thread": thread.id, "comment": comment}
                tell(conn, self._clock(), principal, request, "line_comment.hidden", told)

        self._database.write(work)


def _check_editable(comment: LineComment, text: str) -> None:
    if comment.is_hidden:
        raise Conflict("A hidden comment stays as it is.")
    if comment.version >= VERSIONS_MAX:
        raise Conflict("This comment was edited too often: please write another one.")
    if comment.applied_commit is not None and split(text)[1] != comment.suggestion:
        raise Conflict("This suggestion was applied: it stays as it is.")


def checked_words(text: str) -> str:
    """The same text, when it may be said on a line.

    Raises:
        BadRequest: nothing, too much, or what cannot be kept.
    """
    if not text.strip() or len(text) > TEXT_CHARACTERS_MAX:
        raise BadRequest(f"A comment on lines has 1 to {TEXT_CHARACTERS_MAX} characters.")
    return talk.checked_text(text)


def _thread(
    conn: sa.Connection, principal: Principal, repository_id: int, number: int, id_: int
) -> tuple[Discussion, Thread]:
    """The thread, and its pull request, for who may speak there."""
    decide_again(conn, principal, repository_id, Action.CONTRIBUTE)
    request = rows.request_of(conn, repository_id, number)
    talk.check_may_speak(conn, principal, repository_id, request)
    return request, rows.thread(conn, request, principal.account_id, id_)
