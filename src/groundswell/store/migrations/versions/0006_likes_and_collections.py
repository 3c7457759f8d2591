"""Likes, follows, daily downloads, collections; and the order that is made of them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
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


def _micros(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, server_default="")


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def upgrade() -> None:
    op.add_column("repositories", _count("trending"))
    columns = ["kind", "visibility", "trending", "id"]
    op.create_index("ix_repositories_trending", "repositories", columns)
    op.create_index("ix_discussions_author_id", "discussions", ["author_id"])
    _make_likes()
    _make_follows()
    op.create_table(
        "daily_downloads",
        _key("daily_downloads", "repository_id", "repositories", cascade=True),
        sa.Column("day", sa.Integer, nullable=False),
        _count("downloads"),
        _primary("daily_downloads", "repository_id", "day"),
    )
    op.create_index("ix_daily_downloads_day", "daily_downloads", ["day"])
    _make_collections()
    _make_collection_items()
    op.create_table(
        "collection_upvotes",
        _key("collection_upvotes", "collection_id", "collections", cascade=True),
        _key("collection_upvotes", "account_id", "accounts"),
        _micros("upvoted_at"),
        _primary("collection_upvotes", "collection_id", "account_id"),
    )
    op.create_index("ix_collection_upvotes_account_id", "collection_upvotes", ["account_id"])


def _make_likes() -> None:
    op.create_table(
        "likes",
        _key("likes", "account_id", "accounts"),
        _key("likes", "repository_id", "repositories", cascade=True),
        _micros("liked_at"),
        _primary("likes", "account_id", "repository_id"),
    )
    op.create_index("ix_likes_account", "likes", ["account_id", "liked_at", "repository_id"])
    op.create_index("ix_likes_repository", "likes", ["repository_id", "liked_at", "account_id"])


def _make_follows() -> None:
    op.create_table(
        "follows",
        _key("follows", "follower_id", "accounts"),
        _key("follows", "followed_id", "accounts"),
        _micros("followed_at"),
        _primary("follows", "follower_id", "followed_id"),
    )
    op.create_index("ix_follows_follower", "follows", ["follower_id", "followed_at", "followed_id"])
    op.create_index("ix_follows_followed", "follows", ["followed_id", "followed_at", "follower_id"])


def _make_collections() -> None:
    op.create_table(
        "collections",
        sa.Column("id", _Id, nullable=False),
        sa.Column("public_id", sa.String(24), nullable=False),
        _key("collections", "owner_id", "accounts"),
        _key("collections", "creator_id", "accounts", nullable=True),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("folded", sa.String(200), nullable=False),
        _text("description", 500),
        sa.Column("theme", sa.String(16), nullable=False),
        sa.Column("is_private", sa.Boolean, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        _count("upvotes"),
        _micros("created_at"),
        _micros("updated_at"),
        _primary("collections", "id"),
        sa.UniqueConstraint("public_id", name="uq_collections_public_id"),
        sa.UniqueConstraint("owner_id", "folded", name="uq_collections_owner_id_folded"),
    )
    op.create_index("ix_collections_updated", "collections", ["is_private", "updated_at", "id"])
    op.create_index("ix_collections_upvotes", "collections", ["is_private", "upvotes", "id"])


def _make_collection_items() -> None:
    table = "collection_items"
    op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        sa.Column("public_id", sa.String(24), nullable=False),
        _key(table, "collection_id", "collections", cascade=True),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        _key(table, "repository_id", "repositories", cascade=True, nullable=True),
        _key(table, "named_id", "collections", cascade=True, nullable=True),
        _text("note", 500),
        sa.Column("position", sa.Integer, nullable=False),
        _micros("added_at"),
        _primary(table, "id"),
        sa.UniqueConstraint("public_id", name="uq_collection_items_public_id"),
        sa.UniqueConstraint(
            "collection_id", "type", "key", name="uq_collection_items_collection_id_type_key"
        ),
    )
    op.create_index("ix_collection_items_key", table, ["type", "key"])
    op.create_index("ix_collection_items_named_id", table, ["named_id"])
    op.create_index("ix_collection_items_repository_id", table, ["repository_id"])
