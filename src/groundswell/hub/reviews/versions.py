"""Texts of line comments: what they said before, edits, and wiping them.

Knows that an edit keeps what was said, and that of a hidden comment nothing is kept. Decides no
rights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from groundswell.hub.discussions.values import CommentVersion
from groundswell.hub.reviews.values import VERSIONS_READ_MAX, LineComment
from groundswell.store import tables
from groundswell.store.database import portions

_comments = tables.line_comments
_versions = tables.line_comment_versions


def earlier(conn: sa.Connection, ids: Sequence[int]) -> dict[int, list[CommentVersion]]:
    """What these comments said before; of very much the newest."""
    found: dict[int, list[CommentVersion]] = {}
    for some in portions(ids):
        query = (
            sa.select(_versions)
            .where(_versions.c.comment_id.in_(some))
            .order_by(_versions.c.comment_id.desc(), _versions.c.version.desc())
            .limit(VERSIONS_READ_MAX)
        )
        for row in conn.execute(query):
            version = CommentVersion(row.text, row.written_at)
            found.setdefault(row.comment_id, []).insert(0, version)
    return found


def put_text(conn: sa.Connection, comment: LineComment, text: str, now: int) -> None:
    """Let a comment say something else. What it said is kept, unless only its author saw it."""
    if comment.is_pending:
        _change(conn, comment.id, text=text, written_at=now)
        return
    since = comment.edited_at or comment.written_at
    kept = {"comment_id": comment.id, "version": comment.version}
    conn.execute(sa.insert(_versions).values(**kept, text=comment.text, written_at=since))
    _change(conn, comment.id, text=text, version=comment.version + 1, edited_at=now)


def wipe(conn: sa.Connection, comment_id: int, account_id: int | None, now: int) -> None:
    """Remove what a line comment says, for ever, and what it said before."""
    conn.execute(sa.delete(_versions).where(_versions.c.comment_id == comment_id))
    values = {"hidden_at": now, "hidden_by_id": account_id, "version": 1, "edited_at": None}
    _change(conn, comment_id, text="", **values)


def _change(conn: sa.Connection, id_: int, **values: Any) -> None:  # noqa: ANN401 - SQL values
    conn.execute(sa.update(_comments).where(_comments.c.id == id_).values(values))
