"""What fsck found sound, so that it goes on where it stopped and need not look twice."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checked",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("state", sa.LargeBinary(16), nullable=False),
        sa.Column("is_deep", sa.Boolean, nullable=False),
        sa.Column("checked_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_checked"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("checked")
