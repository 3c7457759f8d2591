"""Where repositories were forked from, and pull requests that come from a fork."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0011"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(table: str, column: str, to: str) -> sa.Column[int]:
    key = sa.ForeignKey(f"{to}.id", name=f"fk_{table}_{column}", ondelete="CASCADE")
    return sa.Column(column, _Id, key, nullable=False, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "forks",
        _key("forks", "repository_id", "repositories"),
        sa.Column("upstream_id", _Id, nullable=False),
        sa.Column("root_id", _Id, nullable=False),
        sa.Column("forked_at", sa.BigInteger, nullable=False),
        sa.Column("forked_commit", sa.String(40), nullable=False),
        sa.Column("bound_visibility", sa.String(16), nullable=False),
        sa.Column("bound_gate", sa.String(16), nullable=False),
        sa.Column("synced_at", sa.BigInteger, nullable=True),
        sa.Column("synced_commit", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("repository_id", name="pk_forks"),
    )
    op.create_index("ix_forks_upstream", "forks", ["upstream_id", "forked_at", "repository_id"])
    op.create_index("ix_forks_root", "forks", ["root_id", "forked_at"])
    op.create_table(
        "fork_proposals",
        _key("fork_proposals", "discussion_id", "discussions"),
        sa.Column("source_id", _Id, nullable=False),
        sa.Column("branch", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("discussion_id", name="pk_fork_proposals"),
    )


def downgrade() -> None:
    op.drop_table("fork_proposals")
    op.drop_table("forks")
