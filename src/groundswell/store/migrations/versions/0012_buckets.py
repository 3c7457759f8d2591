"""Buckets: files without history, and the last changes to them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0015"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Path = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _of_repository(table: str) -> sa.Column[int]:
    key = sa.ForeignKey("repositories.id", name=f"fk_{table}_repository_id", ondelete="CASCADE")
    return sa.Column("repository_id", _Id, key, nullable=False)


def upgrade() -> None:
    counts = ("file_count", "size_bytes", "last_change", "forgotten_change")
    op.create_table(
        "buckets",
        _of_repository("buckets"),
        *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in counts),
        sa.PrimaryKeyConstraint("repository_id", name="pk_buckets"),
    )
    op.create_table(
        "bucket_files",
        _of_repository("bucket_files"),
        sa.Column("path", _Path, nullable=False),
        sa.Column("folded", _Path, nullable=False),
        sa.Column(
            "sha256",
            sa.String(64),
            sa.ForeignKey("blobs.sha256", name="fk_bucket_files_sha256"),
            nullable=False,
        ),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=True),
        sa.Column("uploaded_at", sa.BigInteger, nullable=False),
        sa.Column("uploader_id", _Id, nullable=True),
        sa.Column("content_type", sa.String(255), nullable=True),
        sa.PrimaryKeyConstraint("repository_id", "path", name="pk_bucket_files"),
    )
    unique = ["repository_id", "folded"]
    op.create_index("ix_bucket_files_folded", "bucket_files", unique, unique=True)
    op.create_index("ix_bucket_files_content", "bucket_files", ["repository_id", "sha256"])
    op.create_table(
        "bucket_changes",
        _of_repository("bucket_changes"),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("happened_at", sa.BigInteger, nullable=False),
        sa.Column("op", sa.String(8), nullable=False),
        sa.Column("path", _Path, nullable=False),
        sa.Column("file_hash", sa.String(64), nullable=True),
        sa.Column("size_bytes", sa.BigInteger, nullable=True),
        sa.Column("changed_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("repository_id", "number", name="pk_bucket_changes"),
    )
    op.create_index("ix_bucket_changes_time", "bucket_changes", ["repository_id", "happened_at"])


def downgrade() -> None:
    op.drop_table("bucket_changes")
    op.drop_table("bucket_files")
    op.drop_table("buckets")
