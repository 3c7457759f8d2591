"""Indexes by which activity is read; watches, notifications, and what is to be sent by e-mail."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OF_A_REPOSITORY = sa.text("repository_id IS NOT NULL")
_IN_THE_INBOX = sa.text("done_at IS NULL")
_UNREAD = sa.text("read_at IS NULL AND done_at IS NULL")


def _key(table: str, column: str, to: str, *, nullable: bool = False) -> sa.Column[int]:
    name = f"fk_{table}_{column}"
    key = sa.ForeignKey(f"{to}.id", name=name, ondelete="CASCADE")
    return sa.Column(column, _Id, key, nullable=nullable)


def upgrade() -> None:
    op.drop_index("ix_events_repository_id", "events")
    op.create_index("ix_events_repository", "events", ["repository_id", "id"])
    op.create_index(
        "ix_events_actor",
        "events",
        ["actor_id", "id"],
        sqlite_where=_OF_A_REPOSITORY,
        postgresql_where=_OF_A_REPOSITORY,
    )
    op.drop_index("ix_repositories_owner_id", "repositories")
    op.create_index(
        "ix_repositories_owner",
        "repositories",
        ["owner_id", "modified_at", "visibility", "deleted_at", "id"],
    )
    _make_subscriptions()
    _make_notifications()
    _make_mail()
    _begin_quietly()


def _begin_quietly() -> None:
    """What happened before makes people hear of a discussion, but comes into no inbox."""
    newest = op.get_bind().execute(sa.text("SELECT max(id) FROM events")).scalar_one()
    if newest is not None:
        facts = sa.table("hub_facts", sa.column("name"), sa.column("value", sa.JSON))
        row = {"name": "notices_quiet_until", "value": newest}
        op.get_bind().execute(sa.insert(facts).values(row))


def _make_subscriptions() -> None:
    op.create_table(
        "watches",
        _key("watches", "account_id", "accounts"),
        _key("watches", "repository_id", "repositories"),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("since_event", _Id, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "repository_id", name="pk_watches"),
    )
    op.create_index("ix_watches_repository", "watches", ["repository_id", "level", "account_id"])
    table = "thread_subscriptions"
    op.create_table(
        table,
        _key(table, "account_id", "accounts"),
        _key(table, "discussion_id", "discussions"),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("since_event", _Id, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "discussion_id", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_discussion", table, ["discussion_id", "account_id"])


def _make_notifications() -> None:
    table = "notifications"
    op.create_table(
        table,
        _key(table, "account_id", "accounts"),
        _key(table, "discussion_id", "discussions"),
        _key(table, "repository_id", "repositories"),
        sa.Column("event_id", _Id, nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("happened_at", sa.BigInteger, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=True),
        sa.Column("done_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("account_id", "discussion_id", name=f"pk_{table}"),
    )
    op.create_index("ix_notifications_repository", table, ["repository_id"])
    for name, where in (("inbox", _IN_THE_INBOX), ("unread", _UNREAD)):
        op.create_index(
            f"ix_notifications_{name}",
            table,
            ["account_id", "event_id"],
            sqlite_where=where,
            postgresql_where=where,
        )


def _make_mail() -> None:
    op.create_table(
        "mail_choices",
        _key("mail_choices", "account_id", "accounts"),
        sa.Column("choice", sa.String(16), nullable=False),
        sa.Column("confirmed_email", sa.String(254), nullable=True),
        sa.Column("asked_at", sa.BigInteger, nullable=True),
        sa.Column("digest_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("account_id", name="pk_mail_choices"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", _Id, nullable=False),
        _key("outbox", "account_id", "accounts"),
        _key("outbox", "discussion_id", "discussions", nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False, server_default=""),
        sa.Column("first_event", _Id, nullable=False, server_default="0"),
        sa.Column("last_event", _Id, nullable=False, server_default="0"),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint(
            "account_id", "discussion_id", name="uq_outbox_account_id_discussion_id"
        ),
    )
    op.create_index("ix_outbox_due", "outbox", ["due_at", "id"])
    op.create_index("ix_outbox_discussion", "outbox", ["discussion_id"])


def downgrade() -> None:
    for table in ("outbox", "mail_choices", "notifications", "thread_subscriptions", "watches"):
        op.drop_table(table)
    op.drop_index("ix_repositories_owner", "repositories")
    op.create_index("ix_repositories_owner_id", "repositories", ["owner_id"])
    op.drop_index("ix_events_actor", "events")
    op.drop_index("ix_events_repository", "events")
    op.create_index("ix_events_repository_id", "events", ["repository_id"])
    op.execute("DELETE FROM hub_facts WHERE name IN ('notices_quiet_until', 'projection:notices')")
