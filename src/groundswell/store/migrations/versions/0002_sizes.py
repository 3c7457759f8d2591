"""What came with a commit, and what repositories and namespaces take to keep."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _bytes(name: str, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=default)


def _key(column: str, table: str, to: str, ondelete: str | None = None) -> sa.Column[int]:
    name = f"fk_{table}_{column}"
    return sa.Column(
        column, _Id, sa.ForeignKey(f"{to}.id", name=name, ondelete=ondelete), nullable=False
    )


def _repository(table: str) -> sa.Column[int]:
    return _key("repository_id", table, "repositories", "CASCADE")


def _sizes(table: str, key: str) -> list[sa.schema.SchemaItem]:
    return [
        _bytes("linked_bytes"),
        _bytes("stored_bytes"),
        _bytes("rest_bytes"),
        sa.Column("measured_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
    ]


def upgrade() -> None:
    op.add_column("claims", _bytes("sent_bytes", default="0"))
    op.add_column("claims", _bytes("new_bytes", default="0"))
    op.add_column("repositories", _bytes("plans", default="0"))
    op.create_table(
        "arrivals",
        _repository("arrivals"),
        sa.Column("commit_id", sa.String(40), nullable=False),
        sa.Column("file_count", sa.Integer, nullable=False),
        _bytes("size_bytes"),
        _bytes("sent_bytes"),
        _bytes("new_bytes"),
        sa.PrimaryKeyConstraint("repository_id", "commit_id", name="pk_arrivals"),
    )
    op.create_table(
        "repository_sizes",
        _repository("repository_sizes"),
        *_sizes("repository_sizes", "repository_id"),
    )
    op.create_index("ix_repository_sizes_measured_at", "repository_sizes", ["measured_at"])
    op.create_table(
        "namespace_sizes",
        _key("account_id", "namespace_sizes", "accounts"),
        *_sizes("namespace_sizes", "account_id"),
    )
    op.create_index("ix_namespace_sizes_measured_at", "namespace_sizes", ["measured_at"])
