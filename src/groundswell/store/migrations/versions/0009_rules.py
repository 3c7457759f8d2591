"""Checks of commits, rules of branches and tags, the queue of merges."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0010"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(
    table: str, column: str, to: str, *, ondelete: str | None = None, nullable: bool = False
) -> sa.Column[int]:
    key = sa.ForeignKey(f"{to}.id", name=f"fk_{table}_{column}", ondelete=ondelete)
    return sa.Column(column, _Id, key, nullable=nullable)


def _repository(table: str) -> sa.Column[int]:
    return _key(table, "repository_id", "repositories", ondelete="CASCADE")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def upgrade() -> None:
    _create_checks()
    op.create_table(
        "rules",
        sa.Column("id", _Id, nullable=False),
        _repository("rules"),
        sa.Column("target", sa.String(16), nullable=False),
        sa.Column("pattern", sa.String(200), nullable=False),
        sa.Column("terms", sa.JSON, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rules"),
        _unique("rules", "repository_id", "target", "pattern"),
    )
    table = "queue_entries"
    op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        _repository(table),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("head", sa.String(40), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        _key(table, "queued_by_id", "accounts"),
        sa.Column("queued_at", sa.BigInteger, nullable=False),
        sa.Column("base", sa.String(40), nullable=True),
        sa.Column("commit", sa.String(40), nullable=True),
        sa.Column("made_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _unique(table, "repository_id", "number"),
    )


def _create_checks() -> None:
    op.create_table(
        "checks",
        sa.Column("id", _Id, nullable=False),
        _repository("checks"),
        sa.Column("commit", sa.String(40), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("summary", sa.Text, nullable=False, server_default=""),
        sa.Column("details_url", sa.String(2000), nullable=False, server_default=""),
        _key("checks", "reporter_id", "accounts", nullable=True),
        sa.Column("reported_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=True),
        sa.Column("finished_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_checks"),
        _unique("checks", "repository_id", "commit", "name"),
    )
    table = "check_logs"
    op.create_table(
        table,
        _key(table, "check_id", "checks", ondelete="CASCADE"),
        _repository(table),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("kept_bytes", sa.Integer, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("check_id", name=f"pk_{table}"),
    )
    op.create_index(
        "ix_check_logs_repository_id", table, ["repository_id", "written_at", "kept_bytes"]
    )


def downgrade() -> None:
    for table in ("queue_entries", "rules", "check_logs", "checks"):
        op.drop_table(table)
