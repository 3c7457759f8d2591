"""Attachments, reactions, labels and assignees of discussions."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0009"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(
    table: str, column: str, to: str, *, cascade: bool = True, nullable: bool = False
) -> sa.Column[int]:
    name = f"fk_{table}_{column}"
    key = sa.ForeignKey(f"{to}.id", name=name, ondelete="CASCADE" if cascade else None)
    return sa.Column(column, _Id, key, nullable=nullable)


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _micros(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _index(table: str, *columns: str, name: str = "") -> None:
    op.create_index(name or f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    table = "attachments"
    blob = sa.ForeignKey("blobs.sha256", name=f"fk_{table}_sha256")
    op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        sa.Column("public_id", sa.String(32), nullable=False),
        _key(table, "uploader_id", "accounts", cascade=False),
        _key(table, "repository_id", "repositories", nullable=True),
        sa.Column("sha256", sa.String(64), blob, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        _micros("created_at"),
        _primary(table, "id"),
        sa.UniqueConstraint("public_id", name=f"uq_{table}_public_id"),
    )
    for column in ("repository_id", "sha256", "created_at"):
        _index(table, column)
    _index(table, "uploader_id", "created_at", name="ix_attachments_uploader")

    table = "attachment_uses"
    op.create_table(
        table,
        _key(table, "attachment_id", "attachments"),
        _key(table, "comment_id", "comments"),
        _primary(table, "attachment_id", "comment_id"),
    )
    _index(table, "comment_id")

    table = "reactions"
    op.create_table(
        table,
        _key(table, "comment_id", "comments"),
        sa.Column("kind", sa.String(16), nullable=False),
        _key(table, "account_id", "accounts", cascade=False),
        _micros("reacted_at"),
        _primary(table, "comment_id", "kind", "account_id"),
    )
    _make_labels()


def _make_labels() -> None:
    table = "labels"
    op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        _key(table, "repository_id", "repositories"),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("folded", sa.String(50), nullable=False),
        sa.Column("colour", sa.String(16), nullable=False),
        sa.Column("description", sa.String(200), nullable=False, server_default=""),
        _primary(table, "id"),
        sa.UniqueConstraint("repository_id", "folded", name=f"uq_{table}_repository_id_folded"),
    )
    table = "discussion_labels"
    op.create_table(
        table,
        _key(table, "discussion_id", "discussions"),
        _key(table, "label_id", "labels"),
        _primary(table, "discussion_id", "label_id"),
    )
    _index(table, "label_id")
    table = "discussion_assignees"
    op.create_table(
        table,
        _key(table, "discussion_id", "discussions"),
        _key(table, "account_id", "accounts", cascade=False),
        _primary(table, "discussion_id", "account_id"),
    )
    _index(table, "account_id")


def downgrade() -> None:
    for table in (
        "discussion_assignees",
        "discussion_labels",
        "labels",
        "reactions",
        "attachment_uses",
        "attachments",
    ):
        op.drop_table(table)
