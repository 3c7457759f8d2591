"""Checks of commits and their logs, rules of branches and tags, the queue of merges.

Knows columns, keys and indexes. Does not know what a rule demands. These live only here.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns

# What somebody's test says of a commit: one row for each name, the newest report.
checks = sa.Table(
    "checks",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    columns.repository(),
    sa.Column("commit", sa.String(40), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # hub.checks.State
    sa.Column("summary", sa.Text, nullable=False, server_default=""),
    sa.Column("details_url", sa.String(2000), nullable=False, server_default=""),
    columns.account("reporter_id", nullable=True),
    sa.Column("reported_at", columns.Micros, nullable=False),
    sa.Column("started_at", columns.Micros, nullable=True),
    sa.Column("finished_at", columns.Micros, nullable=True),
    sa.UniqueConstraint("repository_id", "commit", "name"),
)

# Apart from their checks, so that lists read none of it. Compressed.
check_logs = sa.Table(
    "check_logs",
    columns.metadata,
    sa.Column(
        "check_id",
        columns.Id,
        sa.ForeignKey("checks.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    columns.repository(),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("kept_bytes", sa.Integer, nullable=False),  # of content
    sa.Column("written_at", columns.Micros, nullable=False),
    sa.Index("ix_check_logs_repository_id", "repository_id", "written_at", "kept_bytes"),
)

rules = sa.Table(
    "rules",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    columns.repository(),
    sa.Column("target", sa.String(16), nullable=False),  # branch | tag
    sa.Column("pattern", sa.String(200), nullable=False),
    sa.Column("terms", sa.JSON, nullable=False),  # hub.rules.Terms
    sa.Column("changed_at", columns.Micros, nullable=False),
    sa.UniqueConstraint("repository_id", "target", "pattern"),
)

# Pull requests that wait to come into main, in the order of their ids.
queue_entries = sa.Table(
    "queue_entries",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    columns.repository(),
    sa.Column("number", sa.Integer, nullable=False),  # of the pull request
    sa.Column("head", sa.String(40), nullable=False),  # as it was queued
    sa.Column("method", sa.String(16), nullable=False),
    columns.account("queued_by_id"),
    sa.Column("queued_at", columns.Micros, nullable=False),
    # The result that is tested, and what it was made on; null: not made yet.
    sa.Column("base", sa.String(40), nullable=True),
    sa.Column("commit", sa.String(40), nullable=True),
    sa.Column("made_at", columns.Micros, nullable=True),
    sa.UniqueConstraint("repository_id", "number"),
)
