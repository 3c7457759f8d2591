"""Requests for access to gated repositories.

Knows columns, keys and indexes. Does not know what a status allows. These live only here.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns

# One row for each account and repository. It goes with either of them.
access_requests = sa.Table(
    "access_requests",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("public_id", sa.String(24), nullable=False, unique=True),
    columns.repository(),
    sa.Column(
        "account_id",
        columns.Id,
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("status", sa.String(16), nullable=False),  # core.values.AccessStatus, but for ended
    sa.Column("fields", sa.JSON, nullable=True),  # answers by question; null: never asked
    sa.Column("asked_at", columns.Micros, nullable=True),  # null: granted without being asked
    # How often it was asked within a day of ``asked_at``.
    sa.Column("ask_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("decided_at", columns.Micros, nullable=True),
    sa.Column(
        "decided_by",
        columns.Id,
        sa.ForeignKey("accounts.id", ondelete="SET NULL"),
        nullable=True,  # the gate itself
    ),
    sa.Column("rejection_reason", sa.String(200), nullable=False, server_default=""),
    sa.Column("expires_at", columns.Micros, nullable=True),
    sa.UniqueConstraint("repository_id", "account_id"),
    sa.Index("ix_access_requests_list", "repository_id", "status", "id"),
    sa.Index("ix_access_requests_asked", "account_id", "asked_at"),
)
