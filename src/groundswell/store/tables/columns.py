"""What many tables share: the schema's metadata, kinds of column, keys to other tables.

Knows how names of keys and indexes are made. Does not know any table.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives its fast integer rowid only to INTEGER; PostgreSQL wants 64 bits.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Micros = sa.BigInteger


def account(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[int]:
    """A key to an account, which must exist as long as the row does."""
    return sa.Column(name, Id, sa.ForeignKey("accounts.id"), nullable=nullable, index=index)


def repository(*, primary_key: bool = False) -> sa.Column[int]:
    """A key to a repository; the row goes when the repository goes."""
    key = sa.ForeignKey("repositories.id", ondelete="CASCADE")
    return sa.Column("repository_id", Id, key, nullable=False, primary_key=primary_key)


def xorb(name: str = "xorb_hash") -> sa.Column[str]:
    """A key to a xorb as part of the primary key, indexed to ask who uses the xorb."""
    key = sa.ForeignKey("xorbs.hash")
    return sa.Column(name, sa.String(64), key, primary_key=True, index=True)


def cold(leaves_with: str) -> sa.Column[str]:
    """A xorb's hash as the whole key; the row goes with the row that `leaves_with` names."""
    key = sa.ForeignKey(leaves_with, ondelete="CASCADE")
    return sa.Column("xorb_hash", sa.String(64), key, primary_key=True)


def sizes() -> list[sa.Column[int]]:
    """What the large files of a repository or namespace take (``core.values.StoredSize``)."""
    names = ("linked_bytes", "stored_bytes", "rest_bytes")
    figures = [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
    return [*figures, sa.Column("measured_at", Micros, nullable=False, index=True)]


def recipe() -> sa.Column[str]:
    """A key to the reconstruction of a file by its Xet hash."""
    key = sa.ForeignKey("reconstructions.file_hash")
    return sa.Column("file_hash", sa.String(64), key, nullable=False, index=True)
