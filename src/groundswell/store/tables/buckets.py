"""Buckets: repositories without history, whose files are rows.

Knows columns, keys and indexes. They live only here: neither git nor shards could tell them again.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns

# Paths are compared octet by octet, whatever language the server of a database speaks.
Path = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

# One row for each bucket, beside its row in ``repositories``. The sums are of ``bucket_files``.
buckets = sa.Table(
    "buckets",
    columns.metadata,
    columns.repository(primary_key=True),
    sa.Column("file_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("size_bytes", sa.BigInteger, nullable=False, server_default="0"),
    # Numbers of changes: the last one, and the last one that is forgotten.
    sa.Column("last_change", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("forgotten_change", sa.BigInteger, nullable=False, server_default="0"),
)

# What lies at each path now. The content is one that the bucket holds by a link.
bucket_files = sa.Table(
    "bucket_files",
    columns.metadata,
    columns.repository(primary_key=True),
    sa.Column("path", Path, primary_key=True),
    sa.Column("folded", Path, nullable=False),  # of two paths that look the same, one may be
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("changed_at", columns.Micros, nullable=True),  # on the uploader's disk, as told
    sa.Column("uploaded_at", columns.Micros, nullable=False),
    sa.Column("uploader_id", columns.Id, nullable=True),
    sa.Column("content_type", sa.String(255), nullable=True),  # as told; decides nothing
    sa.Index("ix_bucket_files_folded", "repository_id", "folded", unique=True),
    sa.Index("ix_bucket_files_content", "repository_id", "sha256"),
)

# The last changes of each bucket, for whoever follows it. ``op``: add | update | delete.
bucket_changes = sa.Table(
    "bucket_changes",
    columns.metadata,
    columns.repository(primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("happened_at", columns.Micros, nullable=False),
    sa.Column("op", sa.String(8), nullable=False),
    sa.Column("path", Path, nullable=False),
    sa.Column("file_hash", sa.String(64), nullable=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=True),
    sa.Column("changed_at", columns.Micros, nullable=True),
    sa.Index("ix_bucket_changes_time", "repository_id", "happened_at"),
)
