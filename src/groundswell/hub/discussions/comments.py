"""What people say in discussions: said, edited, hidden; the record of a discussion, read.

A comment has the id of the event that tells of it. Edits keep what was said before; of a hidden
comment nothing is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, Forbidden, NotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal, is_storable
from groundswell.hub.discussions import attaching, rows
from groundswell.hub.discussions.values import (
    COMMENT_CHARACTERS_MAX,
    COMMENTS_MAX,
    VERSIONS_MAX,
    Comment,
    CommentVersion,
    Discussion,
    Happening,
    Timeline,
)
from groundswell.hub.events import record
from groundswell.hub.repos.finding import decide_again
from groundswell.store import tables
from groundswell.store.database import portions

_discussions = tables.discussions
_comments = tables.comments
_versions = tables.comment_versions
_events = tables.events

SAYING: Final = ("discussion.created", "discussion.commented")
REVIEWING: Final = "review.submitted"
# These show where they happened: in the comment itself, in the thread of a review.
_SILENT: Final = (
    "comment.edited",
    "comment.hidden",
    "comment.reacted",
    "line_comment.edited",
    "line_comment.hidden",
    "review_thread.answered",
    "review_thread.reopened",
    "review_thread.resolved",
    "suggestion.applied",
)


def checked_text(text: str) -> str:
    """The same text, when a comment may be it.

    Raises:
        BadRequest: too long, or with characters that cannot be kept.
    """
    if len(text) > COMMENT_CHARACTERS_MAX:
        raise BadRequest(f"A comment has at most {COMMENT_CHARACTERS_MAX} characters.")
    if not is_storable(text):
        raise BadRequest("The text holds a character that cannot be kept.")
    return text


def check_may_speak(
    conn: sa.Connection,
    principal: Principal,
    repository_id: int,
    discussion: Discussion,
    *,
    adds: bool = True,
) -> None:
    """Nothing when the principal may comment; ``adds``: by one more comment.

    Raises:
        Conflict: the discussion is full.
        Forbidden: it is locked, and the principal may not write to the repository.
        RepoNotFound, Unauthenticated, Forbidden, …: as ``finding.decide_again``.
    """
    present = decide_again(conn, principal, repository_id, Action.CONTRIBUTE)
    if discussion.is_locked and not may(principal, Action.WRITE, present.subject).allowed:
        raise Forbidden("This discussion is locked: only its maintainers may comment.")
    if adds and discussion.comment_count >= COMMENTS_MAX:
        raise Conflict(f"This discussion holds {COMMENTS_MAX} comments: please open a new one.")


def say(
    conn: sa.Connection,
    now: int,
    actor_id: int | None,
    discussion: Discussion,
    text: str,
    type_: str = SAYING[1],
    told: Mapping[str, Any] | None = None,
) -> int:
    """Write a comment and the event that tells of it, with what else it tells; their id."""
    payload: dict[str, Any] = {"number": discussion.number, **(told or {})}
    if type_ == SAYING[0]:
        payload["is_pull_request"] = discussion.is_pull_request
    id_ = record(conn, now, type_, actor_id, discussion.repository_id, payload, discussion.number)
    conn.execute(
        sa.insert(_comments).values(
            id=id_,
            discussion_id=discussion.id,
            author_id=actor_id,
            text=text,
            written_at=now,
        )
    )
    attaching.bind(conn, actor_id, discussion.repository_id, id_, text)
    count = _discussions.c.comment_count + 1
    rows.change(conn, discussion.id, comment_count=count)
    return id_


def edit(
    conn: sa.Connection, now: int, principal: Principal, discussion: Discussion, id_: int, text: str
) -> None:
    """Let a comment say something else; only its author may.

    Raises:
        NotFound: there is no such comment in this discussion.
        Forbidden: somebody else's.
        Conflict: hidden, or edited too often.
    """
    row = _row(conn, discussion, id_)
    if row["author_id"] is None or row["author_id"] != principal.account_id:
        raise Forbidden("Only who wrote a comment may edit it.")
    if row["hidden_at"] is not None:
        raise Conflict("A hidden comment stays as it is.")
    if row["text"] == text:
        return
    if row["version"] >= VERSIONS_MAX:
        raise Conflict("This comment was edited too often: please write another one.")
    keys = ("version", "text", "written_at")
    conn.execute(sa.insert(_versions).values(comment_id=id_, **{key: row[key] for key in keys}))
    new = {"text": text, "version": row["version"] + 1, "written_at": now}
    conn.execute(sa.update(_comments).where(_comments.c.id == id_).values(new))
    attaching.bind(conn, principal.account_id, discussion.repository_id, id_, text)
    _tell(conn, now, principal, discussion, "comment.edited", id_)


def hide(
    conn: sa.Connection, now: int, principal: Principal, discussion: Discussion, id_: int
) -> None:
    """Remove what a comment says, for ever, and what it said before.

    Its author may, and whoever may write to the repository. Nothing when it is hidden already.

    Raises:
        NotFound, Forbidden: no such comment, or not for this principal.
    """
    row = _row(conn, discussion, id_)
    own = row["author_id"] is not None and row["author_id"] == principal.account_id
    action = Action.CONTRIBUTE if own else Action.WRITE
    decide_again(conn, principal, discussion.repository_id, action)
    if row["hidden_at"] is not None:
        return
    conn.execute(sa.delete(_versions).where(_versions.c.comment_id == id_))
    gone = {"text": "", "hidden_at": now, "hidden_by_id": principal.account_id}
    conn.execute(sa.update(_comments).where(_comments.c.id == id_).values(gone))
    attaching.let_go(conn, id_)
    conn.execute(sa.delete(tables.reactions).where(tables.reactions.c.comment_id == id_))
    _tell(conn, now, principal, discussion, "comment.hidden", id_)


def _tell(
    conn: sa.Connection,
    now: int,
    principal: Principal,
    discussion: Discussion,
    type_: str,
    comment: int,
) -> None:
    payload = {"number": discussion.number, "comment": comment}
    actor, repository = principal.account_id, discussion.repository_id
    record(conn, now, type_, actor, repository, payload, discussion.number)


def _row(conn: sa.Connection, discussion: Discussion, id_: int) -> sa.RowMapping:
    query = sa.select(_comments).where(
        _comments.c.id == id_, _comments.c.discussion_id == discussion.id
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Comment not found")
    return row


# --- the record -----------------------------------------------------------------------------------


def _shown(discussion: Discussion) -> sa.ColumnElement[bool]:
    return sa.and_(
        _events.c.repository_id == discussion.repository_id,
        _events.c.discussion_number == discussion.number,
        _events.c.type.not_in(_SILENT),
    )


def timeline(
    conn: sa.Connection,
    discussion: Discussion,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> Timeline:
    """The record of a discussion: all of it, the last ``limit`` entries before the one of that
    id, or the first ones after one.
    """
    shown = _shown(discussion)
    count = conn.execute(sa.select(sa.func.count()).select_from(_events).where(shown)).scalar_one()
    newest_first = limit is not None and after is None
    query = _select().where(shown)
    if before is not None:
        query = query.where(_events.c.id < before)
    if after is not None:
        query = query.where(_events.c.id > after)
    query = query.order_by(_events.c.id.desc() if newest_first else _events.c.id).limit(limit)
    found = list(conn.execute(query).mappings().all())
    if newest_first:
        found.reverse()
    earlier = _earlier(conn, [row["id"] for row in found if (row["version"] or 1) > 1])
    return Timeline(tuple(_happening(row, earlier) for row in found), count)


def count_before(conn: sa.Connection, discussion: Discussion, id_: int) -> int:
    """How many entries of the record come before the one of that id."""
    query = sa.select(sa.func.count()).select_from(_events)
    return int(conn.execute(query.where(_shown(discussion), _events.c.id < id_)).scalar_one())


def one(conn: sa.Connection, discussion: Discussion, id_: int) -> Happening:
    """One entry of the record.

    Raises:
        NotFound: there is none of that id in this discussion.
    """
    query = _select().where(_shown(discussion), _events.c.id == id_)
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Comment not found")
    return _happening(row, _earlier(conn, [id_]))


def last(conn: sa.Connection, discussion: Discussion, type_: str) -> Happening:
    """The last entry of that type; the first of all when there is none."""
    shown = _shown(discussion)
    wanted = sa.select(sa.func.max(_events.c.id)).where(shown, _events.c.type == type_)
    id_ = conn.execute(wanted).scalar()
    if id_ is None:
        id_ = conn.execute(sa.select(sa.func.min(_events.c.id)).where(shown)).scalar_one()
    return one(conn, discussion, id_)


def _select() -> sa.Select[Any]:
    actors = tables.accounts.alias("actors")
    hiders = tables.accounts.alias("hiders")
    return (
        sa.select(
            _events.c.id,
            _events.c.type,
            _events.c.happened_at,
            _events.c.payload,
            actors.c.name.label("actor"),
            hiders.c.name.label("hidden_by"),
            _comments.c.text,
            _comments.c.version,
            _comments.c.written_at,
            _comments.c.hidden_at,
        )
        .select_from(_events)
        .join(actors, actors.c.id == _events.c.actor_id, isouter=True)
        .join(_comments, _comments.c.id == _events.c.id, isouter=True)
        .join(hiders, hiders.c.id == _comments.c.hidden_by_id, isouter=True)
    )


def _earlier(conn: sa.Connection, ids: Sequence[int]) -> dict[int, list[CommentVersion]]:
    found: dict[int, list[CommentVersion]] = {}
    for some in portions(ids):
        query = sa.select(_versions).where(_versions.c.comment_id.in_(some))
        query = query.order_by(_versions.c.comment_id, _versions.c.version)
        for row in conn.execute(query):
            version = CommentVersion(row.text, row.written_at)
            found.setdefault(row.comment_id, []).append(version)
    return found


def _happening(row: sa.RowMapping, earlier: dict[int, list[CommentVersion]]) -> Happening:
    comment = None
    if row["version"] is not None:
        comment = Comment(
            id=row["id"],
            author=row["actor"],
            text=row["text"],
            version=row["version"],
            created_at=row["happened_at"],
            written_at=row["written_at"],
            is_hidden=row["hidden_at"] is not None,
            hidden_by=row["hidden_by"],
            earlier=tuple(earlier.get(row["id"], ())),
        )
    return Happening(
        id=row["id"],
        type=row["type"],
        actor=row["actor"],
        happened_at=row["happened_at"],
        payload=row["payload"],
        comment=comment,
    )
