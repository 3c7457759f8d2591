"""Reviews, threads and line comments as rows: read for one viewer, written, counted.

Knows that what is pending exists for its reviewer alone. Decides no rights on repositories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from groundswell.core.errors import Conflict, NotFound
from groundswell.core.values import Principal
from groundswell.hub.discussions import CommentVersion, Discussion
from groundswell.hub.discussions import rows as discussions
from groundswell.hub.events import record
from groundswell.hub.reviews import versions
from groundswell.hub.reviews.suggestions import split
from groundswell.hub.reviews.values import (
    LINE_COMMENTS_MAX,
    REVIEW_COMMENTS_MAX,
    REVIEWS_MAX,
    THREADS_MAX,
    Decision,
    Half,
    LineComment,
    Place,
    Review,
    Thread,
)
from groundswell.store import tables
from groundswell.store.database import portions

_reviews = tables.reviews
_threads = tables.review_threads
_comments = tables.line_comments
_said = tables.comments
_accounts = tables.accounts


def request_of(conn: sa.Connection, repository_id: int, number: int) -> Discussion:
    """The pull request of that number.

    Raises:
        NotFound: there is none.
    """
    found = discussions.load(conn, repository_id, number)
    if not found.is_pull_request:
        raise NotFound("Discussion not found")
    return found


def tell(
    conn: sa.Connection,
    now: int,
    principal: Principal,
    request: Discussion,
    type_: str,
    told: Mapping[str, Any],
) -> None:
    """Write an event of a pull request's record."""
    payload = {"number": request.number, **told}
    actor, repository = principal.account_id, request.repository_id
    record(conn, now, type_, actor, repository, payload, request.number)


# --- reading --------------------------------------------------------------------------------------


def _seen(viewer_id: int | None) -> sa.ColumnElement[bool]:
    submitted = _reviews.c.submitted_at.is_not(None)
    return submitted if viewer_id is None else submitted | (_reviews.c.reviewer_id == viewer_id)


def submitted(
    conn: sa.Connection,
    discussion: Discussion,
    *,
    after: int = 0,
    limit: int | None = None,
    only: Sequence[int] | None = None,
) -> list[Review]:
    """Reviews in the order they were said, without their threads: those after the comment of that
    id, or the ones that these comments say.
    """
    dismissers = _accounts.alias("dismissers")
    query = (
        sa.select(
            _reviews,
            _accounts.c.name.label("reviewer"),
            dismissers.c.name.label("dismissed_by"),
            _said.c.text,
        )
        .join_from(_reviews, _accounts, _accounts.c.id == _reviews.c.reviewer_id)
        .join(_said, _said.c.id == _reviews.c.comment_id)
        .join(dismissers, dismissers.c.id == _reviews.c.dismissed_by_id, isouter=True)
        .where(_reviews.c.discussion_id == discussion.id, _reviews.c.comment_id > after)
        .order_by(_reviews.c.comment_id)
        .limit(limit)
    )
    if only is not None:
        query = query.where(_reviews.c.comment_id.in_(only))
    return [_review_of(row) for row in conn.execute(query).mappings()]


def _review_of(row: sa.RowMapping) -> Review:
    return Review(
        id=row["id"],
        reviewer=row["reviewer"],
        decision=Decision(row["verdict"]),
        commit=row["reviewed_commit"],
        submitted_at=row["submitted_at"],
        comment_id=row["comment_id"],
        text=row["text"],
        dismissed_by=row["dismissed_by"],
        dismissal_reason=row["dismissal_reason"] if row["dismissed_at"] is not None else "",
    )


def threads(
    conn: sa.Connection,
    discussion: Discussion,
    viewer_id: int | None,
    *,
    reviews: Sequence[int] | None = None,
    only: Sequence[int] | None = None,
    limit: int = THREADS_MAX,
) -> list[Thread]:
    """Threads that the viewer may know of, newest last: all, those that these reviews began, or
    those of these ids. Where they stand today is not said.
    """
    resolvers = _accounts.alias("resolvers")
    query = (
        sa.select(
            _threads,
            _accounts.c.name.label("author"),
            resolvers.c.name.label("resolved_by"),
        )
        .join_from(_threads, _reviews, _reviews.c.id == _threads.c.review_id)
        .join(_accounts, _accounts.c.id == _reviews.c.reviewer_id)
        .join(resolvers, resolvers.c.id == _threads.c.resolved_by_id, isouter=True)
        .where(_threads.c.discussion_id == discussion.id, _seen(viewer_id))
    )
    if reviews is not None:
        query = query.where(_threads.c.review_id.in_(reviews))
    if only is not None:
        query = query.where(_threads.c.id.in_(only))
    # Of too many the newest: what is old is often done.
    found = list(conn.execute(query.order_by(_threads.c.id.desc()).limit(limit)).mappings())
    found.reverse()
    said = _said_in(conn, [row["id"] for row in found], viewer_id)
    return [_thread_of(row, said.get(row["id"], [])) for row in found]


def _thread_of(row: sa.RowMapping, said: Sequence[LineComment]) -> Thread:
    return Thread(
        id=row["id"],
        review_id=row["review_id"],
        author=row["author"],
        place=Place(row["path"], Half(row["side"]), row["first_line"], row["last_line"]),
        commit=row["made_on"],
        blob=row["blob"],
        excerpt=row["excerpt"],
        comments=tuple(said),
        is_resolved=row["resolved_at"] is not None,
        resolved_by=row["resolved_by"],
    )


def _said_in(
    conn: sa.Connection, ids: Sequence[int], viewer_id: int | None
) -> dict[int, list[LineComment]]:
    found: dict[int, list[LineComment]] = {}
    appliers = _accounts.alias("appliers")
    for some in portions(ids):
        query = (
            sa.select(
                _comments,
                _accounts.c.name.label("author"),
                appliers.c.name.label("applied_by"),
                _reviews.c.id.label("review"),
                _reviews.c.submitted_at,
            )
            .join_from(_comments, _accounts, _accounts.c.id == _comments.c.author_id)
            .join(_reviews, _reviews.c.id == _comments.c.review_id, isouter=True)
            .join(appliers, appliers.c.id == _comments.c.applied_by_id, isouter=True)
            .where(_comments.c.thread_id.in_(some))
            .where(_comments.c.review_id.is_(None) | _seen(viewer_id))
            .order_by(_comments.c.thread_id, _comments.c.id)
        )
        rows = conn.execute(query).mappings().all()
        earlier = versions.earlier(conn, [row["id"] for row in rows if row["version"] > 1])
        for row in rows:
            comment = _comment_of(row, earlier.get(row["id"], []))
            found.setdefault(row["thread_id"], []).append(comment)
    return found


def _comment_of(row: sa.RowMapping, earlier: Sequence[CommentVersion]) -> LineComment:
    return LineComment(
        id=row["id"],
        author=row["author"],
        text=row["text"],
        written_at=row["written_at"],
        suggestion=split(row["text"])[1],
        applied_commit=row["applied_commit"],
        applied_by=row["applied_by"],
        is_hidden=row["hidden_at"] is not None,
        is_pending=row["review"] is not None and row["submitted_at"] is None,
        version=row["version"],
        edited_at=row["edited_at"],
        earlier=tuple(earlier),
    )


def thread(conn: sa.Connection, discussion: Discussion, viewer_id: int | None, id_: int) -> Thread:
    """One thread.

    Raises:
        NotFound: there is none that the viewer may know of.
    """
    found = threads(conn, discussion, viewer_id, only=[id_])
    if not found:
        raise NotFound("Thread not found")
    return found[0]


def places_of(
    conn: sa.Connection, discussion: Discussion, viewer_id: int | None, ids: Sequence[int]
) -> list[tuple[Thread, LineComment]]:
    """These comments with their threads, in the order they were asked for.

    Raises:
        NotFound: one of them is not there for the viewer.
    """
    query = sa.select(_comments.c.thread_id).where(_comments.c.id.in_(ids)).distinct()
    numbers = list(conn.execute(query).scalars())
    known = {
        comment.id: (found, comment)
        for found in threads(conn, discussion, viewer_id, only=numbers)
        for comment in found.comments
    }
    if any(id_ not in known for id_ in ids):
        raise NotFound("Comment not found")
    return [known[id_] for id_ in ids]


def pending(conn: sa.Connection, discussion: Discussion, account_id: int | None) -> int | None:
    """The pending review of that account."""
    query = sa.select(_reviews.c.id).where(
        _reviews.c.discussion_id == discussion.id,
        _reviews.c.reviewer_id == account_id,
        _reviews.c.submitted_at.is_(None),
    )
    return conn.execute(query).scalar_one_or_none()


# --- writing --------------------------------------------------------------------------------------


def begin(conn: sa.Connection, discussion: Discussion, account_id: int | None, now: int) -> int:
    """A pending review of that account: the one there is, or a new one.

    Raises:
        Conflict: the pull request has too many reviews.
    """
    there = pending(conn, discussion, account_id)
    if there is not None:
        return there
    return make(conn, discussion, account_id, now)


def make(
    conn: sa.Connection,
    discussion: Discussion,
    account_id: int | None,
    now: int,
    submitted_at: int | None = None,
) -> int:
    """A new review, whether one is pending or not.

    Raises:
        Conflict: the pull request has too many reviews.
    """
    if _count(conn, _reviews, _reviews.c.discussion_id == discussion.id) >= REVIEWS_MAX:
        raise Conflict(f"This pull request has {REVIEWS_MAX} reviews, and can take no more.")
    values = {
        "discussion_id": discussion.id,
        "reviewer_id": account_id,
        "begun_at": now,
        "submitted_at": submitted_at,
    }
    made = conn.execute(sa.insert(_reviews).values(values).returning(_reviews.c.id))
    return int(made.scalar_one())


def check_room(conn: sa.Connection, discussion: Discussion, review_id: int, more: int) -> None:
    """Nothing when a review may begin that many threads more.

    Raises:
        Conflict: it, or the pull request, has too many.
    """
    if count_said(conn, review_id) + more > REVIEW_COMMENTS_MAX:
        raise Conflict(f"A review has at most {REVIEW_COMMENTS_MAX} comments on lines.")
    if _count(conn, _threads, _threads.c.discussion_id == discussion.id) + more > THREADS_MAX:
        raise Conflict(f"This pull request has {THREADS_MAX} threads, and can take no more.")
    check_talk(conn, discussion, more)


def check_talk(conn: sa.Connection, discussion: Discussion, more: int) -> None:
    """Nothing when that many line comments more may be made.

    Raises:
        Conflict: the pull request has too many.
    """
    query = (
        sa.select(sa.func.count())
        .select_from(_comments)
        .join(_threads, _threads.c.id == _comments.c.thread_id)
        .where(_threads.c.discussion_id == discussion.id)
    )
    if conn.execute(query).scalar_one() + more > LINE_COMMENTS_MAX:
        raise Conflict(f"This pull request holds {LINE_COMMENTS_MAX} comments on lines.")


def _count(conn: sa.Connection, table: sa.Table, chosen: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(chosen)
    return int(conn.execute(query).scalar_one())


def add_thread(conn: sa.Connection, discussion: Discussion, review_id: int, new: Thread) -> int:
    """Write a thread without what is said in it; its id."""
    place = new.place
    statement = sa.insert(_threads).values(
        discussion_id=discussion.id,
        review_id=review_id,
        path=place.path,
        side=place.side.value,
        first_line=place.first_line,
        last_line=place.last_line,
        made_on=new.commit,
        blob=new.blob,
        excerpt=new.excerpt,
    )
    return int(conn.execute(statement.returning(_threads.c.id)).scalar_one())


def count_said(conn: sa.Connection, review_id: int) -> int:
    """How many comments on lines a review holds."""
    return _count(conn, _comments, _comments.c.review_id == review_id)


def add_comment(conn: sa.Connection, **values: Any) -> int:  # noqa: ANN401 - SQL values
    """Write a line comment; its id."""
    statement = sa.insert(_comments).values(values).returning(_comments.c.id)
    return int(conn.execute(statement).scalar_one())


def change(conn: sa.Connection, table: sa.Table, id_: int, **values: Any) -> None:  # noqa: ANN401 - SQL values
    """Set columns of a row of reviews, threads or line comments."""
    conn.execute(sa.update(table).where(table.c.id == id_).values(values))


def drop_review(conn: sa.Connection, review_id: int) -> None:
    """Remove a pending review with everything in it."""
    conn.execute(sa.delete(_reviews).where(_reviews.c.id == review_id))


def drop_thread(conn: sa.Connection, thread_id: int) -> None:
    """Remove a thread that nobody but its author saw."""
    conn.execute(sa.delete(_threads).where(_threads.c.id == thread_id))
