"""Comments of discussions, and which events tell of which discussion.

What was the description becomes the first comment, under the id of the event that told of the
discussion.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PULL_REQUEST: Final = re.compile(r"refs/pr/([1-9][0-9]{0,8})", re.ASCII)
_ROWS: Final = 500

_events = sa.table(
    "events",
    sa.column("id", _Id),
    sa.column("happened_at", sa.BigInteger),
    sa.column("type", sa.String),
    sa.column("actor_id", _Id),
    sa.column("repository_id", _Id),
    sa.column("discussion_number", sa.Integer),
    sa.column("payload", sa.JSON),
)
_discussions = sa.table(
    "discussions",
    sa.column("id", _Id),
    sa.column("repository_id", _Id),
    sa.column("number", sa.Integer),
    sa.column("is_pull_request", sa.Boolean),
    sa.column("description", sa.Text),
    sa.column("author_id", _Id),
    sa.column("created_at", sa.BigInteger),
    sa.column("comment_count", sa.Integer),
)
_comments = sa.table(
    "comments",
    sa.column("id", _Id),
    sa.column("discussion_id", _Id),
    sa.column("author_id", _Id),
    sa.column("text", sa.Text),
    sa.column("written_at", sa.BigInteger),
)


def upgrade() -> None:
    _make()
    conn = op.get_bind()
    _number_events(conn)
    _move_descriptions(conn)
    op.drop_column("discussions", "description")


def _make() -> None:
    op.add_column("events", sa.Column("discussion_number", sa.Integer, nullable=True))
    numbered = sa.text("discussion_number IS NOT NULL")
    op.create_index(
        "ix_events_discussion",
        "events",
        ["repository_id", "discussion_number", "id"],
        sqlite_where=numbered,
        postgresql_where=numbered,
    )
    op.add_column(
        "discussions", sa.Column("comment_count", sa.Integer, nullable=False, server_default="0")
    )
    for name in ("is_pinned", "is_locked"):
        column = sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column("discussions", column)
    op.create_table(
        "comments",
        sa.Column("id", _Id, nullable=False, autoincrement=False),
        sa.Column("discussion_id", _Id, nullable=False),
        sa.Column("author_id", _Id, nullable=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.Column("hidden_at", sa.BigInteger, nullable=True),
        sa.Column("hidden_by_id", _Id, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
        sa.ForeignKeyConstraint(["id"], ["events.id"], name="fk_comments_id"),
        sa.ForeignKeyConstraint(
            ["discussion_id"],
            ["discussions.id"],
            name="fk_comments_discussion_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name="fk_comments_author_id"),
        sa.ForeignKeyConstraint(["hidden_by_id"], ["accounts.id"], name="fk_comments_hidden_by_id"),
    )
    op.create_index("ix_comments_discussion_id", "comments", ["discussion_id", "id"])
    op.create_table(
        "comment_versions",
        sa.Column("comment_id", _Id, nullable=False, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("comment_id", "version", name="pk_comment_versions"),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name="fk_comment_versions_comment_id",
            ondelete="CASCADE",
        ),
    )


def _number_events(conn: sa.Connection) -> None:
    """Say of each event which discussion it tells of."""
    told = sa.cast(_events.c.payload, sa.Text).like("%refs/pr/%")
    chosen = sa.or_(
        _events.c.type.like("discussion.%"),
        _events.c.type.like("pull_request.%"),
        sa.and_(_events.c.type == "commit.landed", told),
    )
    last = 0
    while True:
        query = sa.select(_events.c.id, _events.c.payload).where(_events.c.id > last, chosen)
        rows = conn.execute(query.order_by(_events.c.id).limit(_ROWS)).all()
        if not rows:
            return
        for id_, payload in rows:
            number = _number_in(payload)
            if number is not None:
                update = sa.update(_events).where(_events.c.id == id_)
                conn.execute(update.values(discussion_number=number))
        last = rows[-1][0]


def _number_in(payload: Any) -> int | None:  # noqa: ANN401 - JSON
    told = json.loads(payload) if isinstance(payload, str) else payload
    if isinstance(told.get("number"), int):
        return int(told["number"])
    found = _PULL_REQUEST.fullmatch(str(told.get("ref", "")))
    return int(found[1]) if found else None


def _move_descriptions(conn: sa.Connection) -> None:
    last = 0
    while True:
        query = sa.select(_discussions).where(_discussions.c.id > last)
        rows = conn.execute(query.order_by(_discussions.c.id).limit(_ROWS)).mappings().all()
        if not rows:
            return
        for row in rows:
            conn.execute(
                sa.insert(_comments).values(
                    id=_event_of(conn, row),
                    discussion_id=row["id"],
                    author_id=row["author_id"],
                    text=row["description"],
                    written_at=row["created_at"],
                )
            )
            update = sa.update(_discussions).where(_discussions.c.id == row["id"])
            conn.execute(update.values(comment_count=1))
        last = rows[-1]["id"]


def _event_of(conn: sa.Connection, row: sa.RowMapping) -> int:
    """The event that told of a discussion; made when there is none."""
    query = sa.select(_events.c.id).where(
        _events.c.repository_id == row["repository_id"],
        _events.c.discussion_number == row["number"],
        _events.c.type == "discussion.created",
    )
    found = conn.execute(query.order_by(_events.c.id)).scalar()
    if found is not None:
        return int(found)
    made = sa.insert(_events).values(
        happened_at=row["created_at"],
        type="discussion.created",
        actor_id=row["author_id"],
        repository_id=row["repository_id"],
        discussion_number=row["number"],
        payload={"number": row["number"], "is_pull_request": row["is_pull_request"]},
    )
    return int(conn.execute(made.returning(_events.c.id)).scalar_one())


def downgrade() -> None:
    op.add_column(
        "discussions", sa.Column("description", sa.Text, nullable=False, server_default="")
    )
    conn = op.get_bind()
    first = sa.select(sa.func.min(_comments.c.id)).where(
        _comments.c.discussion_id == _discussions.c.id
    )
    text = sa.select(_comments.c.text).where(_comments.c.id == first.scalar_subquery())
    conn.execute(
        sa.update(_discussions).values(description=sa.func.coalesce(text.scalar_subquery(), ""))
    )
    op.drop_table("comment_versions")
    op.drop_table("comments")
    for name in ("is_locked", "is_pinned", "comment_count"):
        op.drop_column("discussions", name)
    op.drop_index("ix_events_discussion", "events")
    op.drop_column("events", "discussion_number")
