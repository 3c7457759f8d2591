"""What things took to bring here, and what they take to keep.

Knows columns, keys and indexes. Figures for people: nothing is decided by them.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns

# The large files that came with a commit, or with a push that ended at it.
arrivals = sa.Table(
    "arrivals",
    columns.metadata,
    columns.repository(primary_key=True),
    sa.Column("commit_id", sa.String(40), primary_key=True),
    sa.Column("file_count", sa.Integer, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sent_bytes", sa.BigInteger, nullable=False),
    sa.Column("new_bytes", sa.BigInteger, nullable=False),
)

# What a repository's large files take, in all revisions, as last measured.
repository_sizes = sa.Table(
    "repository_sizes",
    columns.metadata,
    columns.repository(primary_key=True),
    *columns.sizes(),
)

# The same of all repositories of a namespace together.
namespace_sizes = sa.Table(
    "namespace_sizes",
    columns.metadata,
    sa.Column("account_id", columns.Id, sa.ForeignKey("accounts.id"), primary_key=True),
    *columns.sizes(),
)
