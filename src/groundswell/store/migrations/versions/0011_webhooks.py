"""Webhooks; and a line of events, in the order in which they can be seen."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0008"
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


def _text(name: str, kind: sa.types.TypeEngine[str]) -> sa.Column[str]:
    return sa.Column(name, kind, nullable=False, server_default="")


def upgrade() -> None:
    op.drop_index("ix_events_unhandled", "events")
    op.drop_column("events", "handled_at")
    op.add_column("events", sa.Column("place", sa.BigInteger, nullable=True))
    # Nobody writes now, so that all that is there can be seen, in the order of its numbers.
    op.execute(sa.text("UPDATE events SET place = id"))
    _index("ix_events_place", "place", "place IS NOT NULL", unique=True)
    _index("ix_events_waiting", "id", "place IS NULL")
    _make_webhooks()
    _make_watches()
    _make_deliveries()


def _index(name: str, column: str, where: str, *, unique: bool = False) -> None:
    rows = sa.text(where)
    op.create_index(
        name, "events", [column], unique=unique, sqlite_where=rows, postgresql_where=rows
    )


def _make_webhooks() -> None:
    table = "webhooks"
    op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        sa.Column("public_id", sa.String(24), nullable=False),
        _key(table, "account_id", "accounts"),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("of_repositories", sa.Boolean, nullable=False),
        sa.Column("of_discussions", sa.Boolean, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=True),
        sa.Column("since_event", _Id, nullable=False),
        _micros("created_at"),
        _micros("disabled_at", nullable=True),
        _text("disabled_reason", sa.String(200)),
        _micros("failing_since", nullable=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("public_id", name=f"uq_{table}_public_id"),
    )
    op.create_index("ix_webhooks_account_id", table, ["account_id"])


def _make_watches() -> None:
    table = "webhook_watches"
    op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        _key(table, "webhook_id", "webhooks", cascade=True),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        _key(table, "watched_account_id", "accounts", nullable=True),
        _key(table, "watched_repository_id", "repositories", nullable=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
    for column in ("webhook_id", "watched_account_id", "watched_repository_id"):
        op.create_index(f"ix_{table}_{column}", table, [column])


def _make_deliveries() -> None:
    table = "webhook_deliveries"
    op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        sa.Column("public_id", sa.String(24), nullable=False),
        _key(table, "webhook_id", "webhooks", cascade=True),
        sa.Column("event_id", _Id, nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        _micros("created_at"),
        _micros("due_at"),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        _micros("tried_at", nullable=True),
        sa.Column("status_code", sa.Integer, nullable=True),
        sa.Column("duration_ms", sa.Integer, nullable=True),
        _text("problem", sa.String(300)),
        _text("request_body", sa.Text()),
        _text("response_body", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("public_id", name=f"uq_{table}_public_id"),
        sa.UniqueConstraint("webhook_id", "event_id", name=f"uq_{table}_webhook_id_event_id"),
    )
    op.create_index("ix_webhook_deliveries_due", table, ["state", "due_at"])
    op.create_index("ix_webhook_deliveries_list", table, ["webhook_id", "created_at", "id"])


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhook_watches", "webhooks"):
        op.drop_table(table)
    op.drop_index("ix_events_waiting", "events")
    op.drop_index("ix_events_place", "events")
    op.drop_column("events", "place")
    op.add_column("events", sa.Column("handled_at", sa.BigInteger, nullable=True))
    op.create_index("ix_events_unhandled", "events", ["handled_at", "id"])
