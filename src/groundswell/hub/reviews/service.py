"""The use cases of reviews, each one transaction.

Who may review is who may contribute; git is read before, rights are asked again in the transaction
that writes. Does not make commits: ``applying`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, Forbidden, NotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal, is_storable
from groundswell.hub.commits import Commits
from groundswell.hub.discussions import Discussion, Status
from groundswell.hub.discussions import comments as talk
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.hub.reviews import rows
from groundswell.hub.reviews.applying import Applying
from groundswell.hub.reviews.reading import PullRequests, Reading
from groundswell.hub.reviews.requests import Requests, note_answer
from groundswell.hub.reviews.threads import Threads, checked_words
from groundswell.hub.reviews.values import (
    REASON_CHARACTERS_MAX,
    REVIEW_COMMENTS_MAX,
    Decision,
    NewComment,
    Review,
    Thread,
)
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.git import GitStore

_LIVE: Final = {Status.DRAFT, Status.OPEN}


class Reviews:
    """Reviews in repositories that ``Repos.find`` gave for this principal."""

    def __init__(
        self,
        database: Database,
        git: GitStore,
        merging: PullRequests,
        commits: Commits,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._clock = clock
        self.reading = Reading(database, git, merging)
        self.requests = Requests(database, clock)
        self.threads = Threads(database, self.reading, clock)
        self.applying = Applying(database, git, commits, clock)

    def draft(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        comments: Sequence[NewComment],
        commit: str | None = None,
    ) -> tuple[int, ...]:
        """Add comments to one's pending review, which nobody else sees; the ids of their threads.

        Raises:
            BadRequest, InvalidPath: places that the diff does not show, or no words.
            Conflict: too many.
            NotFound: there is no such pull request.
            Unauthenticated, Forbidden, GatedRepo: the principal may not contribute.
        """
        new, _ = self._new_threads(principal, repository, number, comments, commit)

        def work(conn: sa.Connection) -> tuple[int, ...]:
            request = rows.request_of(conn, repository.id, number)
            talk.check_may_speak(conn, principal, repository.id, request)
            now = self._clock()
            review = rows.begin(conn, request, principal.account_id, now)
            return _add(conn, request, review, principal, new, now)

        return self._database.write(work)

    def submit(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        decision: Decision,
        text: str = "",
        comments: Sequence[NewComment] = (),
        *,
        commit: str | None = None,
        with_pending: bool = True,
    ) -> Review:
        """Say a review: its verdict, its words and everything on lines at once, with what was
        pending. ``commit`` is what was looked at; the head when it is None.

        Raises:
            BadRequest: nothing is said, places that the diff does not show, another's commit.
            Forbidden: one's own pull request takes no verdict of oneself; or it is locked.
            Conflict: a verdict on what is closed or merged; too many.
            NotFound: there is no such pull request.
            Unauthenticated, Forbidden, GatedRepo: the principal may not contribute.
        """
        talk.checked_text(text)
        new, looked_at = self._new_threads(principal, repository, number, comments, commit)

        def work(conn: sa.Connection) -> tuple[Discussion, int]:
            request = rows.request_of(conn, repository.id, number)
            talk.check_may_speak(conn, principal, repository.id, request)
            _check_verdict(principal, request, decision)
            now, account = self._clock(), principal.account_id
            review = rows.pending(conn, request, account) if with_pending else None
            if review is None:
                review = rows.make(conn, request, account, now, submitted_at=now)
            _add(conn, request, review, principal, new, now)
            if decision is not Decision.APPROVED and not text.strip():
                _check_says_something(conn, review)
            told = {"review": review, "verdict": decision.value, "commit": looked_at}
            said = talk.say(conn, now, account, request, text, talk.REVIEWING, told)
            values = {"verdict": decision.value, "reviewed_commit": looked_at, "comment_id": said}
            rows.change(conn, tables.reviews, review, submitted_at=now, **values)
            if decision is not Decision.COMMENT:
                note_answer(conn, request, account, now)
            return request, said

        request, said = self._database.write(work)
        return self.reading.listed(principal, repository, request, only=[said])[0]

    def _new_threads(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        comments: Sequence[NewComment],
        commit: str | None,
    ) -> tuple[list[tuple[Thread, str]], str]:
        """Threads that are about to be, with what is said in them; and the commit looked at."""
        if len(comments) > REVIEW_COMMENTS_MAX:
            raise Conflict(f"A review has at most {REVIEW_COMMENTS_MAX} comments on lines.")

        def look(conn: sa.Connection) -> Discussion:
            decide_again(conn, principal, repository.id, Action.CONTRIBUTE)
            return rows.request_of(conn, repository.id, number)

        diff = self.reading.diff(repository, self._database.read(look), commit)
        found = []
        for each in comments:
            blob, excerpt = diff.check(each.place)
            new = Thread(0, 0, principal.name, each.place, diff.head, blob, excerpt)
            found.append((new, checked_words(each.text)))
        return found, diff.head

    def discard(self, principal: Principal, repository: Repository, number: int) -> None:
        """Throw one's pending review away; nothing when there is none.

        Raises:
            NotFound, Unauthenticated, Forbidden: as ``draft``.
        """

        def work(conn: sa.Connection) -> None:
            decide_again(conn, principal, repository.id, Action.CONTRIBUTE)
            request = rows.request_of(conn, repository.id, number)
            review = rows.pending(conn, request, principal.account_id)
            if review is not None:
                rows.drop_review(conn, review)

        self._database.write(work)

    def dismiss(
        self, principal: Principal, repository: Repository, number: int, review: int, reason: str
    ) -> None:
        """Let a verdict count no longer. It takes the right to write, and a reason.

        Raises:
            BadRequest: no reason, or one that cannot be kept.
            Conflict: it has no verdict, or was dismissed before.
            NotFound: there is no such review.
            Unauthenticated, Forbidden: the principal may not write.
        """
        reason = reason.strip()
        if not reason or len(reason) > REASON_CHARACTERS_MAX or not is_storable(reason):
            raise BadRequest(f"A reason has 1 to {REASON_CHARACTERS_MAX} characters.")

        def work(conn: sa.Connection) -> None:
            decide_again(conn, principal, repository.id, Action.WRITE)
            request = rows.request_of(conn, repository.id, number)
            found = next(
                (each for each in rows.submitted(conn, request) if each.id == review), None
            )
            if found is None:
                raise NotFound("Review not found")
            if found.decision is Decision.COMMENT or found.is_dismissed:
                raise Conflict("This review holds no verdict that counts.")
            values = {"dismissed_by_id": principal.account_id, "dismissal_reason": reason}
            rows.change(conn, tables.reviews, review, dismissed_at=self._clock(), **values)
            told = {"review": review, "reviewer": found.reviewer, "reason": reason}
            rows.tell(conn, self._clock(), principal, request, "review.dismissed", told)

        self._database.write(work)


def _check_verdict(principal: Principal, request: Discussion, decision: Decision) -> None:
    if decision is Decision.COMMENT:
        return
    if request.author == principal.name:
        raise Forbidden("One's own pull request cannot be approved or refused.")
    if request.status not in _LIVE:
        raise Conflict(f"This pull request is {request.status.value}: it takes no verdict.")


def _check_says_something(conn: sa.Connection, review: int) -> None:
    if not rows.count_said(conn, review):
        raise BadRequest("A review without approval needs words, here or on lines.")


def _add(
    conn: sa.Connection,
    request: Discussion,
    review: int,
    principal: Principal,
    new: Sequence[tuple[Thread, str]],
    now: int,
) -> tuple[int, ...]:
    """Begin these threads; their ids."""
    rows.check_room(conn, request, review, len(new))
    found = []
    for thread, text in new:
        id_ = rows.add_thread(conn, request, review, thread)
        values = {"author_id": principal.account_id, "text": text, "written_at": now}
        rows.add_comment(conn, thread_id=id_, review_id=review, **values)
        found.append(id_)
    return tuple(found)
