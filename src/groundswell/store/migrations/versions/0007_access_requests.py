"""Requests for access to gated repositories; they take the place of the access list."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(
    table: str, column: str, to: str, ondelete: str, *, nullable: bool = False
) -> sa.Column[int]:
    name = f"fk_{table}_{column}"
    key = sa.ForeignKey(f"{to}.id", name=name, ondelete=ondelete)
    return sa.Column(column, _Id, key, nullable=nullable)


def upgrade() -> None:
    table = "access_requests"
    made = op.create_table(
        table,
        sa.Column("id", _Id, nullable=False),
        sa.Column("public_id", sa.String(24), nullable=False),
        _key(table, "repository_id", "repositories", "CASCADE"),
        _key(table, "account_id", "accounts", "CASCADE"),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("fields", sa.JSON, nullable=True),
        sa.Column("asked_at", sa.BigInteger, nullable=True),
        sa.Column("ask_count", sa.Integer, nullable=False, server_default="0"),
        sa.Column("decided_at", sa.BigInteger, nullable=True),
        _key(table, "decided_by", "accounts", "SET NULL", nullable=True),
        sa.Column("rejection_reason", sa.String(200), nullable=False, server_default=""),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("public_id", name=f"uq_{table}_public_id"),
        sa.UniqueConstraint(
            "repository_id", "account_id", name=f"uq_{table}_repository_id_account_id"
        ),
    )
    op.create_index("ix_access_requests_list", table, ["repository_id", "status", "id"])
    op.create_index("ix_access_requests_asked", table, ["account_id", "asked_at"])
    _take_over(made)
    op.drop_table("repository_access")


def _take_over(made: sa.Table) -> None:
    """Who was on the list is let in as before."""
    conn = op.get_bind()
    listed = sa.table(
        "repository_access",
        *(sa.column(name) for name in ("repository_id", "account_id", "granted_at")),
    )
    rows = [
        {
            "public_id": secrets.token_hex(12),
            "repository_id": row.repository_id,
            "account_id": row.account_id,
            "status": "accepted",
            "decided_at": row.granted_at,
        }
        for row in conn.execute(sa.select(listed))
    ]
    if rows:
        conn.execute(sa.insert(made), rows)


def downgrade() -> None:
    table = "repository_access"
    listed = op.create_table(
        table,
        _key(table, "repository_id", "repositories", "CASCADE"),
        sa.Column(
            "account_id",
            _Id,
            sa.ForeignKey("accounts.id", name=f"fk_{table}_account_id"),
            nullable=False,
        ),
        sa.Column("granted_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "account_id", name=f"pk_{table}"),
    )
    asked = sa.table(
        "access_requests",
        *(sa.column(name) for name in ("repository_id", "account_id", "decided_at", "status")),
    )
    chosen = sa.select(asked.c.repository_id, asked.c.account_id, asked.c.decided_at).where(
        asked.c.status == "accepted", asked.c.decided_at.is_not(None)
    )
    names = ["repository_id", "account_id", "granted_at"]
    op.get_bind().execute(sa.insert(listed).from_select(names, chosen))
    op.drop_table("access_requests")
