"""Collections, what stands in them, and who thinks well of them.

Knows columns, keys and indexes. Does not know who may read a row. These live only here.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns

collections = sa.Table(
    "collections",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("public_id", sa.String(24), nullable=False, unique=True),
    columns.account("owner_id"),
    columns.account("creator_id", nullable=True),
    sa.Column("title", sa.String(100), nullable=False),
    sa.Column("folded", sa.String(200), nullable=False),  # the title, to find it again
    sa.Column("description", sa.String(500), nullable=False, server_default=""),
    sa.Column("theme", sa.String(16), nullable=False),
    sa.Column("is_private", sa.Boolean, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # among those of its owner
    # Counts the rows of ``collection_upvotes`` of accounts that are not closed.
    sa.Column("upvotes", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", columns.Micros, nullable=False),
    sa.Column("updated_at", columns.Micros, nullable=False),
    sa.UniqueConstraint("owner_id", "folded"),
    sa.Index("ix_collections_updated", "is_private", "updated_at", "id"),
    sa.Index("ix_collections_upvotes", "is_private", "upvotes", "id"),
)

# ``key`` names the item within its type: a repository's or collection's number, a paper's id.
collection_items = sa.Table(
    "collection_items",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("public_id", sa.String(24), nullable=False, unique=True),
    sa.Column(
        "collection_id",
        columns.Id,
        sa.ForeignKey("collections.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("key", sa.String(100), nullable=False),
    sa.Column(
        "repository_id",
        columns.Id,
        sa.ForeignKey("repositories.id", ondelete="CASCADE"),
        nullable=True,
        index=True,
    ),
    sa.Column(
        "named_id",  # a collection that stands in another
        columns.Id,
        sa.ForeignKey("collections.id", ondelete="CASCADE"),
        nullable=True,
        index=True,
    ),
    sa.Column("note", sa.String(500), nullable=False, server_default=""),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("added_at", columns.Micros, nullable=False),
    sa.UniqueConstraint("collection_id", "type", "key"),
    sa.Index("ix_collection_items_key", "type", "key"),
)

collection_upvotes = sa.Table(
    "collection_upvotes",
    columns.metadata,
    sa.Column(
        "collection_id",
        columns.Id,
        sa.ForeignKey("collections.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("account_id", columns.Id, sa.ForeignKey("accounts.id"), primary_key=True, index=True),
    sa.Column("upvoted_at", columns.Micros, nullable=False),
)
