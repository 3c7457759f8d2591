"""Content: xorbs, recipes, blobs, and who may have them.

Knows columns, keys and indexes. All of it can be made again from git, xorbs and shards
(`swell fsck --rebuild`).
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns

# A xorb whose every chunk was checked when it came. Bytes lie in xorbs/<ab>/<hash>.
xorbs = sa.Table(
    "xorbs",
    columns.metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("stored_bytes", sa.BigInteger, nullable=False),
    sa.Column("raw_bytes", sa.BigInteger, nullable=False),
    sa.Column("chunk_count", sa.Integer, nullable=False),
    sa.Column("created_at", columns.Micros, nullable=False),
)

# Which dedup domain sent a xorb: only there may shards name it, and only there is it found.
xorb_domains = sa.Table(
    "xorb_domains",
    columns.metadata,
    sa.Column("domain", sa.String(64), primary_key=True),
    columns.xorb(),
    sa.Column("seen_at", columns.Micros, nullable=False),
)

# Xorbs that were tried as cold xorbs, and what came of it: no size where nothing was gained.
# Bytes lie in cold/<ab>/<hash>.
cold_xorbs = sa.Table(
    "cold_xorbs",
    columns.metadata,
    columns.cold("xorbs.hash"),
    sa.Column("cold_bytes", sa.BigInteger, nullable=True),
    sa.Column("tried_at", columns.Micros, nullable=False),
)

# Which xorbs a cold xorb cannot be read without. A base stays while a row names it.
cold_bases = sa.Table(
    "cold_bases",
    columns.metadata,
    columns.cold("cold_xorbs.xorb_hash"),
    columns.xorb("base_hash"),
)

# A sample of the chunks of a domain's xorbs, to find a xorb by one of its chunks.
chunk_samples = sa.Table(
    "chunk_samples",
    columns.metadata,
    sa.Column("domain", sa.String(64), primary_key=True),
    sa.Column("chunk_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("xorb_hash", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
)

# How to rebuild a file from xorbs, by the Xet file hash. Terms are 48-byte records (formats/).
reconstructions = sa.Table(
    "reconstructions",
    columns.metadata,
    sa.Column("file_hash", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("terms", sa.LargeBinary, nullable=False),
    sa.Column("created_at", columns.Micros, nullable=False),
)

# Which xorbs the recipes of a content name: the other way round than terms, which are packed.
xorb_uses = sa.Table(
    "xorb_uses",
    columns.metadata,
    sa.Column("xorb_hash", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True, index=True),
)

# Which shards at rest tell of a file. Bytes lie in shards/<ab>/<hash>.
shard_files = sa.Table(
    "shard_files",
    columns.metadata,
    sa.Column("shard_hash", sa.String(64), primary_key=True),
    sa.Column("file_hash", sa.String(64), primary_key=True, index=True),
)

# The content of one file, by a sha256 that the hub computed itself.
blobs = sa.Table(
    "blobs",
    columns.metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    columns.recipe(),
    sa.Column("created_at", columns.Micros, nullable=False),
)

# A repository's right to a blob: some revision of it holds, or held, a pointer to the blob.
links = sa.Table(
    "links",
    columns.metadata,
    columns.repository(primary_key=True),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), primary_key=True, index=True),
    sa.Column("path", sa.Text, nullable=False),  # where it first stood
    sa.Column("linked_at", columns.Micros, nullable=False),
    sa.Index("ix_links_recent", "repository_id", "linked_at"),
)

# Proof that this account sent this content to this repository; a commit turns it into a link.
claims = sa.Table(
    "claims",
    columns.metadata,
    columns.repository(primary_key=True),
    sa.Column("account_id", columns.Id, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), primary_key=True, index=True),
    sa.Column("claimed_at", columns.Micros, nullable=False, index=True),
    # What it took when it came (core.values.Arrival).
    sa.Column("sent_bytes", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("new_bytes", sa.BigInteger, nullable=False, server_default="0"),
)

# What nothing needs any more, and since when by the store's own time (``hub.upkeep.collecting``).
# Kinds stand in ``hub.blobs.marks``. ``doomed``: its rows are gone, its bytes follow.
marks = sa.Table(
    "marks",
    columns.metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("marked_at", columns.Micros, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("doomed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_marks_due", "kind", "doomed", "marked_at"),
)

# Links that were given up, while what they led to can still be brought back.
lost_links = sa.Table(
    "lost_links",
    columns.metadata,
    columns.repository(primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True, index=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("linked_at", columns.Micros, nullable=False),
    sa.Column("lost_at", columns.Micros, nullable=False),
)

# Parts of a multipart upload on its way (LFS). Bytes lie in spool/.
multipart_uploads = sa.Table(
    "multipart_uploads",
    columns.metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    columns.repository(),
    columns.account("account_id"),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("part_bytes", sa.BigInteger, nullable=False),
    sa.Column("created_at", columns.Micros, nullable=False, index=True),
)
