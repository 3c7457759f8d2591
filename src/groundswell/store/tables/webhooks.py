"""Webhooks: whom to tell of what, and what came of telling them.

Knows columns, keys and indexes. Deliveries are made from events; what was delivered is told here
alone, for a while.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns


def _webhook() -> sa.Column[int]:
    key = sa.ForeignKey("webhooks.id", ondelete="CASCADE")
    return sa.Column("webhook_id", columns.Id, key, nullable=False)


webhooks = sa.Table(
    "webhooks",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("public_id", sa.String(24), nullable=False, unique=True),
    columns.account("account_id", index=True),
    sa.Column("url", sa.String(2048), nullable=False),
    sa.Column("of_repositories", sa.Boolean, nullable=False),
    sa.Column("of_discussions", sa.Boolean, nullable=False),
    sa.Column("sealed_secret", sa.LargeBinary, nullable=True),  # by the keys of the data folder
    sa.Column("since_event", columns.Id, nullable=False),  # only later ones are told
    sa.Column("created_at", columns.Micros, nullable=False),
    sa.Column("disabled_at", columns.Micros, nullable=True),
    sa.Column("disabled_reason", sa.String(200), nullable=False, server_default=""),
    sa.Column("failing_since", columns.Micros, nullable=True),  # null: the last one arrived
)

# What a webhook watches. ``name`` is what it was called when it was chosen.
webhook_watches = sa.Table(
    "webhook_watches",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    _webhook(),
    sa.Column("type", sa.String(16), nullable=False),  # user | org | model | dataset | space
    sa.Column("name", sa.String(200), nullable=False),
    columns.account("watched_account_id", nullable=True, index=True),
    sa.Column(
        "watched_repository_id",
        columns.Id,
        sa.ForeignKey("repositories.id"),
        nullable=True,
        index=True,
    ),
    sa.Index("ix_webhook_watches_webhook_id", "webhook_id"),
)

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("public_id", sa.String(24), nullable=False, unique=True),
    _webhook(),
    sa.Column("event_id", columns.Id, nullable=True),  # null: a test that somebody asked for
    sa.Column("state", sa.String(16), nullable=False),  # waiting | delivered | failed | dropped
    sa.Column("created_at", columns.Micros, nullable=False),
    sa.Column("due_at", columns.Micros, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    # The last try.
    sa.Column("tried_at", columns.Micros, nullable=True),
    sa.Column("status_code", sa.Integer, nullable=True),
    sa.Column("duration_ms", sa.Integer, nullable=True),
    sa.Column("problem", sa.String(300), nullable=False, server_default=""),
    sa.Column("request_body", sa.Text, nullable=False, server_default=""),
    sa.Column("response_body", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("webhook_id", "event_id"),
    sa.Index("ix_webhook_deliveries_due", "state", "due_at"),
    sa.Index("ix_webhook_deliveries_list", "webhook_id", "created_at", "id"),
)
