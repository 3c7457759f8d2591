"""Where repositories were forked from, and pull requests that come from a fork.

Knows columns, keys and indexes. Does not know who may learn of a lineage. These live only here.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns

# One row for each fork. It outlives both sides: upstream and root are numbers, which are never used
# twice, so that a lineage needs no name and nothing hinders the end of a repository.
forks = sa.Table(
    "forks",
    columns.metadata,
    columns.repository(primary_key=True),
    sa.Column("upstream_id", columns.Id, nullable=False),
    sa.Column("root_id", columns.Id, nullable=False),  # where the upstream's own lineage begins
    sa.Column("forked_at", columns.Micros, nullable=False),
    sa.Column("forked_commit", sa.String(40), nullable=False),
    # What came from the upstream while it was private, or behind a gate, binds the fork.
    sa.Column("bound_visibility", sa.String(16), nullable=False),
    sa.Column("bound_gate", sa.String(16), nullable=False),
    sa.Column("synced_at", columns.Micros, nullable=True),
    sa.Column("synced_commit", sa.String(40), nullable=True),  # the head of main after it
    sa.Index("ix_forks_upstream", "upstream_id", "forked_at", "repository_id"),
    sa.Index("ix_forks_root", "root_id", "forked_at"),
)

# Which branch of which repository a pull request takes its commits from.
fork_proposals = sa.Table(
    "fork_proposals",
    columns.metadata,
    sa.Column(
        "discussion_id",
        columns.Id,
        sa.ForeignKey("discussions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("source_id", columns.Id, nullable=False),
    sa.Column("branch", sa.String(255), nullable=False),
)
