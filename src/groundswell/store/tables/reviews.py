"""Reviews of pull requests: who is asked, verdicts, threads on lines, what is said in them.

Knows columns, keys and indexes. Does not know where a line stands today. These live only here.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns


def _part_of(name: str, table: str, *, nullable: bool = False) -> sa.Column[int]:
    """A key to a row that this one is a part of, and goes with."""
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, columns.Id, key, nullable=nullable)


# One row for each review. While it is pending, only its reviewer sees it and what belongs to it.
# What it says as a whole is a comment of the discussion.
reviews = sa.Table(
    "reviews",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    _part_of("discussion_id", "discussions"),
    columns.account("reviewer_id"),
    sa.Column("verdict", sa.String(20), nullable=True),  # hub.reviews.Decision; null: pending
    sa.Column("reviewed_commit", sa.String(40), nullable=True),
    sa.Column("begun_at", columns.Micros, nullable=False),
    sa.Column("submitted_at", columns.Micros, nullable=True),
    _part_of("comment_id", "comments", nullable=True),
    sa.Column("dismissed_at", columns.Micros, nullable=True),
    columns.account("dismissed_by_id", nullable=True),
    sa.Column("dismissal_reason", sa.String(500), nullable=False, server_default=""),
    sa.UniqueConstraint("comment_id"),
    sa.Index("ix_reviews_discussion", "discussion_id", "id"),
)
sa.Index(
    "ix_reviews_pending",
    reviews.c.discussion_id,
    reviews.c.reviewer_id,
    unique=True,
    sqlite_where=reviews.c.submitted_at.is_(None),
    postgresql_where=reviews.c.submitted_at.is_(None),
)

# Who was asked for a review, and whether they gave a verdict since.
review_requests = sa.Table(
    "review_requests",
    columns.metadata,
    sa.Column(
        "discussion_id",
        columns.Id,
        sa.ForeignKey("discussions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column(
        "account_id",
        columns.Id,
        sa.ForeignKey("accounts.id"),
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
    columns.account("asked_by_id"),
    sa.Column("asked_at", columns.Micros, nullable=False),
    sa.Column("answered_at", columns.Micros, nullable=True),
)

# Where something is said: lines of one side of a file, or the file. ``blob`` is git's id of that
# side, so that the lines are found again in what the file became.
review_threads = sa.Table(
    "review_threads",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    _part_of("discussion_id", "discussions"),
    _part_of("review_id", "reviews"),  # the one that began it
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("side", sa.String(3), nullable=False),  # old | new
    sa.Column("first_line", sa.Integer, nullable=True),  # null: the file as a whole
    sa.Column("last_line", sa.Integer, nullable=True),
    sa.Column("made_on", sa.String(40), nullable=False),  # the commit that was looked at
    sa.Column("blob", sa.String(40), nullable=False),
    sa.Column("excerpt", sa.Text, nullable=False),  # the lines as they were
    sa.Column("resolved_at", columns.Micros, nullable=True),
    columns.account("resolved_by_id", nullable=True),
    sa.Index("ix_review_threads_discussion", "discussion_id", "id"),
    sa.Index("ix_review_threads_review", "review_id", "id"),
)

# Nothing of a text is kept once it is hidden.
line_comments = sa.Table(
    "line_comments",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    _part_of("thread_id", "review_threads"),
    _part_of("review_id", "reviews", nullable=True),  # null: an answer, said at once
    columns.account("author_id"),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("written_at", columns.Micros, nullable=False),  # its first version
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),  # of text, from 1
    sa.Column("edited_at", columns.Micros, nullable=True),  # that version, when not the first
    sa.Column("applied_commit", sa.String(40), nullable=True),  # that brought its suggestion in
    columns.account("applied_by_id", nullable=True),
    sa.Column("hidden_at", columns.Micros, nullable=True),
    columns.account("hidden_by_id", nullable=True),
    sa.Index("ix_line_comments_thread", "thread_id", "id"),
    sa.Index("ix_line_comments_review", "review_id", "id"),
)

# What a line comment said before it was edited. Nothing is kept of what only its author saw.
line_comment_versions = sa.Table(
    "line_comment_versions",
    columns.metadata,
    sa.Column(
        "comment_id",
        columns.Id,
        sa.ForeignKey("line_comments.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("written_at", columns.Micros, nullable=False),
)
