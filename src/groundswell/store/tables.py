"""The tables, for SQLite and PostgreSQL alike.

Knows columns, keys and indexes. Does not know who may read a row. Everything about models can be
made again from git, xorbs and shards (`swell fsck --rebuild`); accounts, tokens and discussions
live only here.

Times are whole microseconds since the epoch, UTC, taken by the hub's clock (`*_at`).
Hashes are lower-case hexadecimal text where people meet them, raw bytes where only code does.
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
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Micros = sa.BigInteger


def _account(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[int]:
    return sa.Column(name, _Id, sa.ForeignKey("accounts.id"), nullable=nullable, index=index)


def _repository(*, primary_key: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey("repositories.id", ondelete="CASCADE")
    return sa.Column("repository_id", _Id, key, nullable=False, primary_key=primary_key)


def _xorb(name: str = "xorb_hash") -> sa.Column[str]:
    key = sa.ForeignKey("xorbs.hash")
    return sa.Column(name, sa.String(64), key, primary_key=True, index=True)


def _cold(leaves_with: str) -> sa.Column[str]:
    key = sa.ForeignKey(leaves_with, ondelete="CASCADE")
    return sa.Column("xorb_hash", sa.String(64), key, primary_key=True)


def _recipe() -> sa.Column[str]:
    key = sa.ForeignKey("reconstructions.file_hash")
    return sa.Column("file_hash", sa.String(64), key, nullable=False, index=True)


# --- identity ---------------------------------------------------------------------------------

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("public_id", sa.String(24), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),  # user | organisation
    sa.Column("name", sa.String(96), nullable=False),
    sa.Column("folded", sa.String(96), nullable=False, unique=True),
    sa.Column("fullname", sa.String(200), nullable=False, server_default=""),
    sa.Column("email", sa.String(254), nullable=True),
    sa.Column("password_hash", sa.String(255), nullable=True),
    sa.Column("is_admin", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("private_by_default", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("disabled_at", _Micros, nullable=True),
    sa.Column("created_at", _Micros, nullable=False),
)

# Every account name that exists or ever existed, by what it looks like. Rows are never deleted.
account_names = sa.Table(
    "account_names",
    metadata,
    sa.Column("confusable", sa.String(96), primary_key=True),
    sa.Column("folded", sa.String(96), nullable=False, index=True),
    _account("account_id", nullable=True),
    sa.Column("retired_at", _Micros, nullable=True),
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("organisation_id", _Id, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("user_id", _Id, sa.ForeignKey("accounts.id"), primary_key=True, index=True),
    sa.Column("role", sa.String(16), nullable=False),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    _account("account_id", index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),  # sha256 of the token
    sa.Column("last4", sa.String(4), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),  # read | write | fineGrained
    sa.Column("created_at", _Micros, nullable=False),
    sa.Column("expires_at", _Micros, nullable=True),
    sa.Column("used_at", _Micros, nullable=True),
    sa.Column("revoked_at", _Micros, nullable=True),
)

token_grants = sa.Table(
    "token_grants",
    metadata,
    sa.Column("token_id", _Id, sa.ForeignKey("tokens.id", ondelete="CASCADE"), primary_key=True),
    _repository(primary_key=True),
    sa.Column("write", sa.Boolean, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),  # sha256 of the cookie
    _account("account_id", index=True),
    sa.Column("created_at", _Micros, nullable=False),
    sa.Column("expires_at", _Micros, nullable=False, index=True),
)

device_grants = sa.Table(
    "device_grants",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("device_digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("user_code", sa.String(16), nullable=False, unique=True),
    sa.Column("client_id", sa.String(200), nullable=False),
    sa.Column("scope", sa.String(500), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # pending | approved | denied | used
    _account("account_id", nullable=True),
    sa.Column("created_at", _Micros, nullable=False),
    sa.Column("expires_at", _Micros, nullable=False, index=True),
    sa.Column("polled_at", _Micros, nullable=True),
)

# --- repositories -----------------------------------------------------------------------------

repositories = sa.Table(
    "repositories",
    metadata,
    # The number names the folder on disk; it is never used twice.
    sa.Column("id", _Id, primary_key=True),
    sa.Column("public_id", sa.String(24), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    _account("owner_id", index=True),
    _account("creator_id", nullable=True),
    sa.Column("namespace", sa.String(96), nullable=False),
    sa.Column("name", sa.String(96), nullable=False),
    sa.Column("visibility", sa.String(16), nullable=False),
    sa.Column("gate", sa.String(16), nullable=False, server_default="open"),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", _Micros, nullable=False),
    sa.Column("modified_at", _Micros, nullable=False),
    sa.Column("deleted_at", _Micros, nullable=True),
    # Made from the head of main: rebuilt by `swell fsck --rebuild`.
    sa.Column("head_commit", sa.String(40), nullable=True),
    sa.Column("card", sa.JSON, nullable=True),  # the README's front matter
    sa.Column("description", sa.Text, nullable=True),
    sa.Column("library_name", sa.String(100), nullable=True),
    sa.Column("pipeline_tag", sa.String(100), nullable=True),
    sa.Column("sdk", sa.String(40), nullable=True),
    sa.Column("facts", sa.JSON, nullable=True),  # config, safetensors totals, gguf header
    sa.Column("parameter_count", sa.BigInteger, nullable=True),
    sa.Column("used_bytes", sa.BigInteger, nullable=False, server_default="0"),
    # Counters.
    sa.Column("downloads", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("likes", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("last_discussion", sa.Integer, nullable=False, server_default="0"),
    sa.Column("settings", sa.JSON, nullable=True),
    sa.Index("ix_repositories_list", "kind", "visibility", "modified_at", "id"),
    sa.Index("ix_repositories_created", "kind", "visibility", "created_at", "id"),
    sa.Index("ix_repositories_downloads", "kind", "visibility", "downloads", "id"),
    sa.Index("ix_repositories_likes", "kind", "visibility", "likes", "id"),
    sa.Index("ix_repositories_parameters", "kind", "parameter_count"),
)

# Every repository name that exists or ever existed. ``state``: current | moved | deleted.
# Rows are never deleted: a moved name redirects, a deleted one answers as gone, and neither is
# ever given to somebody else.
repository_names = sa.Table(
    "repository_names",
    metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("namespace_folded", sa.String(96), primary_key=True),
    sa.Column("name_folded", sa.String(96), primary_key=True),
    sa.Column("confusable", sa.String(96), nullable=False),
    sa.Column("repository_id", _Id, nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Index("ix_repository_names_confusable", "kind", "namespace_folded", "confusable"),
    # Searching for words reads this index alone.
    sa.Index(
        "ix_repository_names_search",
        *("kind", "state", "namespace_folded", "name_folded", "repository_id"),
    ),
)

repository_tags = sa.Table(
    "repository_tags",
    metadata,
    _repository(primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("tag", sa.String(200), nullable=False),
    sa.Index("ix_repository_tags_tag", "tag", "repository_id"),
)

repository_access = sa.Table(
    "repository_access",
    metadata,
    _repository(primary_key=True),
    sa.Column("account_id", _Id, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("granted_at", _Micros, nullable=False),
)

# --- content ----------------------------------------------------------------------------------

# A xorb whose every chunk was checked when it came. Bytes lie in xorbs/<ab>/<hash>.
xorbs = sa.Table(
    "xorbs",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("stored_bytes", sa.BigInteger, nullable=False),
    sa.Column("raw_bytes", sa.BigInteger, nullable=False),
    sa.Column("chunk_count", sa.Integer, nullable=False),
    sa.Column("created_at", _Micros, nullable=False),
)

# Which dedup domain sent a xorb: only there may shards name it, and only there is it found.
xorb_domains = sa.Table(
    "xorb_domains",
    metadata,
    sa.Column("domain", sa.String(64), primary_key=True),
    _xorb(),
    sa.Column("seen_at", _Micros, nullable=False),
)

# Xorbs that were tried as cold xorbs, and what came of it: no size where nothing was gained.
# Bytes lie in cold/<ab>/<hash>.
cold_xorbs = sa.Table(
    "cold_xorbs",
    metadata,
    _cold("xorbs.hash"),
    sa.Column("cold_bytes", sa.BigInteger, nullable=True),
    sa.Column("tried_at", _Micros, nullable=False),
)

# Which xorbs a cold xorb cannot be read without. A base stays while a row names it.
cold_bases = sa.Table(
    "cold_bases",
    metadata,
    _cold("cold_xorbs.xorb_hash"),
    _xorb("base_hash"),
)

# A sample of the chunks of a domain's xorbs, to find a xorb by one of its chunks.
chunk_samples = sa.Table(
    "chunk_samples",
    metadata,
    sa.Column("domain", sa.String(64), primary_key=True),
    sa.Column("chunk_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("xorb_hash", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
)

# How to rebuild a file from xorbs, by the Xet file hash. Terms are 48-byte records (formats/).
reconstructions = sa.Table(
    "reconstructions",
    metadata,
    sa.Column("file_hash", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("terms", sa.LargeBinary, nullable=False),
    sa.Column("created_at", _Micros, nullable=False),
)

# Which xorbs the recipes of a content name: the other way round than terms, which are packed.
xorb_uses = sa.Table(
    "xorb_uses",
    metadata,
    sa.Column("xorb_hash", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True, index=True),
)

# Which shards at rest tell of a file. Bytes lie in shards/<ab>/<hash>.
shard_files = sa.Table(
    "shard_files",
    metadata,
    sa.Column("shard_hash", sa.String(64), primary_key=True),
    sa.Column("file_hash", sa.String(64), primary_key=True, index=True),
)

# The content of one file, by a sha256 that the hub computed itself.
blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    _recipe(),
    sa.Column("created_at", _Micros, nullable=False),
)

# A repository's right to a blob: some revision of it holds, or held, a pointer to the blob.
links = sa.Table(
    "links",
    metadata,
    _repository(primary_key=True),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), primary_key=True, index=True),
    sa.Column("path", sa.Text, nullable=False),  # where it first stood
    sa.Column("linked_at", _Micros, nullable=False),
    sa.Index("ix_links_recent", "repository_id", "linked_at"),
)

# Proof that this account sent this content to this repository; a commit turns it into a link.
claims = sa.Table(
    "claims",
    metadata,
    _repository(primary_key=True),
    sa.Column("account_id", _Id, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), primary_key=True, index=True),
    sa.Column("claimed_at", _Micros, nullable=False, index=True),
)

# What nothing needs any more, and since when by the store's own time (``hub.upkeep.collecting``).
# Kinds stand in ``hub.blobs.marks``. ``doomed``: its rows are gone, its bytes follow.
marks = sa.Table(
    "marks",
    metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("marked_at", _Micros, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("doomed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_marks_due", "kind", "doomed", "marked_at"),
)

# Links that were given up, while what they led to can still be brought back.
lost_links = sa.Table(
    "lost_links",
    metadata,
    _repository(primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True, index=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("linked_at", _Micros, nullable=False),
    sa.Column("lost_at", _Micros, nullable=False),
)

# Parts of a multipart upload on its way (LFS). Bytes lie in spool/.
multipart_uploads = sa.Table(
    "multipart_uploads",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    _repository(),
    _account("account_id"),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("part_bytes", sa.BigInteger, nullable=False),
    sa.Column("created_at", _Micros, nullable=False, index=True),
)

# --- working together -------------------------------------------------------------------------

discussions = sa.Table(
    "discussions",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    _repository(),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("is_pull_request", sa.Boolean, nullable=False),
    sa.Column("title", sa.String(500), nullable=False),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("status", sa.String(16), nullable=False),  # draft | open | closed | merged
    _account("author_id", nullable=True),
    sa.Column("base_commit", sa.String(40), nullable=True),
    sa.Column("merge_commit", sa.String(40), nullable=True),
    sa.Column("created_at", _Micros, nullable=False),
    sa.UniqueConstraint("repository_id", "number"),
)

# The record of what happened: written in the transaction of the change itself.
events = sa.Table(
    "events",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("happened_at", _Micros, nullable=False),
    sa.Column("type", sa.String(64), nullable=False),  # such as repository.created, commit.landed
    _account("actor_id", nullable=True),
    sa.Column("repository_id", _Id, nullable=True, index=True),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("handled_at", _Micros, nullable=True),
    sa.Index("ix_events_unhandled", "handled_at", "id"),
)

# Small facts about the hub itself: the Xet epoch, the number of the data format.
hub_facts = sa.Table(
    "hub_facts",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
)
