"""Requests for access in inboxes; requests for review; edits of line comments."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0012"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_IN_THE_INBOX = sa.text("done_at IS NULL")


def _key(table: str, column: str, to: str, *, cascade: bool = True) -> sa.Column[int]:
    name = f"fk_{table}_{column}"
    key = sa.ForeignKey(f"{to}.id", name=name, ondelete="CASCADE" if cascade else None)
    return sa.Column(column, _Id, key, nullable=False)


def upgrade() -> None:
    _make_access_notices()
    _make_review_requests()
    _make_versions()
    _begin_quietly()


def _make_access_notices() -> None:
    table = "access_notices"
    op.create_table(
        table,
        _key(table, "account_id", "accounts"),
        _key(table, "repository_id", "repositories"),
        sa.Column("event_id", _Id, nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("happened_at", sa.BigInteger, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=True),
        sa.Column("done_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("account_id", "repository_id", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_repository", table, ["repository_id", "reason"])
    op.create_index(
        f"ix_{table}_inbox",
        table,
        ["account_id", "event_id"],
        sqlite_where=_IN_THE_INBOX,
        postgresql_where=_IN_THE_INBOX,
    )
    op.add_column("outbox", sa.Column("repository_id", _Id, nullable=True))


def _make_review_requests() -> None:
    table = "review_requests"
    op.create_table(
        table,
        _key(table, "discussion_id", "discussions"),
        _key(table, "account_id", "accounts", cascade=False),
        _key(table, "asked_by_id", "accounts", cascade=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("answered_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("discussion_id", "account_id", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_account_id", table, ["account_id"])


def _make_versions() -> None:
    version = sa.Column("version", sa.Integer, nullable=False, server_default="1")
    op.add_column("line_comments", version)
    op.add_column("line_comments", sa.Column("edited_at", sa.BigInteger, nullable=True))
    table = "line_comment_versions"
    op.create_table(
        table,
        _key(table, "comment_id", "line_comments"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("comment_id", "version", name=f"pk_{table}"),
    )


def _begin_quietly() -> None:
    """What was asked and decided before comes into no inbox."""
    newest = op.get_bind().execute(sa.text("SELECT max(id) FROM events")).scalar_one()
    if newest is not None:
        facts = sa.table("hub_facts", sa.column("name"), sa.column("value", sa.JSON))
        row = {"name": "access_notices_quiet_until", "value": newest}
        op.get_bind().execute(sa.insert(facts).values(row))


def downgrade() -> None:
    op.drop_table("line_comment_versions")
    for column in ("edited_at", "version"):
        op.drop_column("line_comments", column)
    op.drop_table("review_requests")
    op.execute("DELETE FROM outbox WHERE kind = 'access'")
    op.drop_column("outbox", "repository_id")
    op.drop_table("access_notices")
    op.execute("DELETE FROM hub_facts WHERE name = 'access_notices_quiet_until'")
