"""Reviews of pull requests, and what is said on their lines."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(
    table: str, column: str, to: str, *, cascade: bool = False, nullable: bool = False
) -> sa.Column[int]:
    key = sa.ForeignKey(
        f"{to}.id", name=f"fk_{table}_{column}", ondelete="CASCADE" if cascade else None
    )
    return sa.Column(column, _Id, key, nullable=nullable)


def _micros(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def upgrade() -> None:
    _make_reviews()
    _make_threads()
    table = "line_comments"
    op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        _key(table, "thread_id", "review_threads", cascade=True),
        _key(table, "review_id", "reviews", cascade=True, nullable=True),
        _key(table, "author_id", "accounts"),
        sa.Column("text", sa.Text, nullable=False),
        _micros("written_at"),
        sa.Column("applied_commit", sa.String(40), nullable=True),
        _key(table, "applied_by_id", "accounts", nullable=True),
        _micros("hidden_at", nullable=True),
        _key(table, "hidden_by_id", "accounts", nullable=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
    op.create_index("ix_line_comments_thread", table, ["thread_id", "id"])
    op.create_index("ix_line_comments_review", table, ["review_id", "id"])


def _make_reviews() -> None:
    table = "reviews"
    op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        _key(table, "discussion_id", "discussions", cascade=True),
        _key(table, "reviewer_id", "accounts"),
        sa.Column("verdict", sa.String(20), nullable=True),
        sa.Column("reviewed_commit", sa.String(40), nullable=True),
        _micros("begun_at"),
        _micros("submitted_at", nullable=True),
        _key(table, "comment_id", "comments", cascade=True, nullable=True),
        _micros("dismissed_at", nullable=True),
        _key(table, "dismissed_by_id", "accounts", nullable=True),
        sa.Column("dismissal_reason", sa.String(500), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("comment_id", name=f"uq_{table}_comment_id"),
    )
    op.create_index("ix_reviews_discussion", table, ["discussion_id", "id"])
    pending = sa.text("submitted_at IS NULL")
    op.create_index(
        "ix_reviews_pending",
        table,
        ["discussion_id", "reviewer_id"],
        unique=True,
        sqlite_where=pending,
        postgresql_where=pending,
    )


def _make_threads() -> None:
    table = "review_threads"
    op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        _key(table, "discussion_id", "discussions", cascade=True),
        _key(table, "review_id", "reviews", cascade=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("side", sa.String(3), nullable=False),
        sa.Column("first_line", sa.Integer, nullable=True),
        sa.Column("last_line", sa.Integer, nullable=True),
        sa.Column("made_on", sa.String(40), nullable=False),
        sa.Column("blob", sa.String(40), nullable=False),
        sa.Column("excerpt", sa.Text, nullable=False),
        _micros("resolved_at", nullable=True),
        _key(table, "resolved_by_id", "accounts", nullable=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
    op.create_index("ix_review_threads_discussion", table, ["discussion_id", "id"])
    op.create_index("ix_review_threads_review", table, ["review_id", "id"])


def downgrade() -> None:
    for table in ("line_comments", "review_threads", "reviews"):
        op.drop_table(table)
