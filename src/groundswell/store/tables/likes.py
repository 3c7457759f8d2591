"""Who likes which repository, who follows whom, and what was downloaded on which day.

Knows columns, keys and indexes. Does not know who may read a row.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns

# ``repositories.likes`` counts the rows of accounts that are not closed.
likes = sa.Table(
    "likes",
    columns.metadata,
    sa.Column("account_id", columns.Id, sa.ForeignKey("accounts.id"), primary_key=True),
    columns.repository(primary_key=True),
    sa.Column("liked_at", columns.Micros, nullable=False),
    sa.Index("ix_likes_account", "account_id", "liked_at", "repository_id"),
    sa.Index("ix_likes_repository", "repository_id", "liked_at", "account_id"),
)

follows = sa.Table(
    "follows",
    columns.metadata,
    sa.Column("follower_id", columns.Id, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("followed_id", columns.Id, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("followed_at", columns.Micros, nullable=False),
    sa.Index("ix_follows_follower", "follower_id", "followed_at", "followed_id"),
    sa.Index("ix_follows_followed", "followed_id", "followed_at", "follower_id"),
)

# Downloads of the last days, by whole days since the epoch: what trends is made of them and likes.
daily_downloads = sa.Table(
    "daily_downloads",
    columns.metadata,
    columns.repository(primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True, index=True),
    sa.Column("downloads", sa.BigInteger, nullable=False, server_default="0"),
)
