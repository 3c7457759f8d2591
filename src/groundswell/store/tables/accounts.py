"""Who there is: accounts, organisations, sessions, tokens.

Knows columns, keys and indexes. Does not know who may do what.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns

accounts = sa.Table(
    "accounts",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("public_id", sa.String(24), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),  # user | organisation
    sa.Column("name", sa.String(96), nullable=False),
    sa.Column("folded", sa.String(96), nullable=False, unique=True),
    sa.Column("fullname", sa.String(200), nullable=False, server_default=""),
    sa.Column("email", sa.String(254), nullable=True),
    sa.Column("password_hash", sa.String(255), nullable=True),
    sa.Column("is_admin", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("private_by_default", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("quota_bytes", sa.BigInteger, nullable=True),  # 0: none; null: the hub's
    sa.Column("disabled_at", columns.Micros, nullable=True),
    sa.Column("created_at", columns.Micros, nullable=False),
)

# Every account name that exists or ever existed, by what it looks like. Rows are never deleted.
account_names = sa.Table(
    "account_names",
    columns.metadata,
    sa.Column("confusable", sa.String(96), primary_key=True),
    sa.Column("folded", sa.String(96), nullable=False, index=True),
    columns.account("account_id", nullable=True),
    sa.Column("retired_at", columns.Micros, nullable=True),
)

memberships = sa.Table(
    "memberships",
    columns.metadata,
    sa.Column("organisation_id", columns.Id, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("user_id", columns.Id, sa.ForeignKey("accounts.id"), primary_key=True, index=True),
    sa.Column("role", sa.String(16), nullable=False),
)

tokens = sa.Table(
    "tokens",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    columns.account("account_id", index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),  # sha256 of the token
    sa.Column("last4", sa.String(4), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),  # read | write | fineGrained
    sa.Column("created_at", columns.Micros, nullable=False),
    sa.Column("expires_at", columns.Micros, nullable=True),
    sa.Column("used_at", columns.Micros, nullable=True),
    sa.Column("revoked_at", columns.Micros, nullable=True),
)

token_grants = sa.Table(
    "token_grants",
    columns.metadata,
    sa.Column(
        "token_id", columns.Id, sa.ForeignKey("tokens.id", ondelete="CASCADE"), primary_key=True
    ),
    columns.repository(primary_key=True),
    sa.Column("write", sa.Boolean, nullable=False),
)

sessions = sa.Table(
    "sessions",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),  # sha256 of the cookie
    columns.account("account_id", index=True),
    sa.Column("created_at", columns.Micros, nullable=False),
    sa.Column("expires_at", columns.Micros, nullable=False, index=True),
)

device_grants = sa.Table(
    "device_grants",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("device_digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("user_code", sa.String(16), nullable=False, unique=True),
    sa.Column("client_id", sa.String(200), nullable=False),
    sa.Column("scope", sa.String(500), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # pending | approved | denied | used
    columns.account("account_id", nullable=True),
    sa.Column("created_at", columns.Micros, nullable=False),
    sa.Column("expires_at", columns.Micros, nullable=False, index=True),
    sa.Column("polled_at", columns.Micros, nullable=True),
)
