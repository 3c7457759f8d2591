"""The first schema, frozen: what ``store.tables`` said when it was new."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

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


accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("public_id", sa.String(24), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("name", sa.String(96), nullable=False),
    sa.Column("folded", sa.String(96), nullable=False, unique=True),
    sa.Column("fullname", sa.String(200), nullable=False, server_default=""),
    sa.Column("email", sa.String(254), nullable=True),
    sa.Column("password_hash", sa.String(255), nullable=True),
    sa.Column("is_admin", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("private_by_default", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("quota_bytes", sa.BigInteger, nullable=True),
    sa.Column("disabled_at", _Micros, nullable=True),
    sa.Column("created_at", _Micros, nullable=False),
)

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
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("last4", sa.String(4), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
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
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
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
    sa.Column("state", sa.String(16), nullable=False),
    _account("account_id", nullable=True),
    sa.Column("created_at", _Micros, nullable=False),
    sa.Column("expires_at", _Micros, nullable=False, index=True),
    sa.Column("polled_at", _Micros, nullable=True),
)

repositories = sa.Table(
    "repositories",
    metadata,
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
    sa.Column("head_commit", sa.String(40), nullable=True),
    sa.Column("card", sa.JSON, nullable=True),
    sa.Column("description", sa.Text, nullable=True),
    sa.Column("library_name", sa.String(100), nullable=True),
    sa.Column("pipeline_tag", sa.String(100), nullable=True),
    sa.Column("sdk", sa.String(40), nullable=True),
    sa.Column("facts", sa.JSON, nullable=True),
    sa.Column("parameter_count", sa.BigInteger, nullable=True),
    sa.Column("used_bytes", sa.BigInteger, nullable=False, server_default="0"),
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

xorbs = sa.Table(
    "xorbs",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("stored_bytes", sa.BigInteger, nullable=False),
    sa.Column("raw_bytes", sa.BigInteger, nullable=False),
    sa.Column("chunk_count", sa.Integer, nullable=False),
    sa.Column("created_at", _Micros, nullable=False),
)

xorb_domains = sa.Table(
    "xorb_domains",
    metadata,
    sa.Column("domain", sa.String(64), primary_key=True),
    _xorb(),
    sa.Column("seen_at", _Micros, nullable=False),
)

cold_xorbs = sa.Table(
    "cold_xorbs",
    metadata,
    _cold("xorbs.hash"),
    sa.Column("cold_bytes", sa.BigInteger, nullable=True),
    sa.Column("tried_at", _Micros, nullable=False),
)

cold_bases = sa.Table(
    "cold_bases",
    metadata,
    _cold("cold_xorbs.xorb_hash"),
    _xorb("base_hash"),
)

chunk_samples = sa.Table(
    "chunk_samples",
    metadata,
    sa.Column("domain", sa.String(64), primary_key=True),
    sa.Column("chunk_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("xorb_hash", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
)

reconstructions = sa.Table(
    "reconstructions",
    metadata,
    sa.Column("file_hash", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("terms", sa.LargeBinary, nullable=False),
    sa.Column("created_at", _Micros, nullable=False),
)

xorb_uses = sa.Table(
    "xorb_uses",
    metadata,
    sa.Column("xorb_hash", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True, index=True),
)

shard_files = sa.Table(
    "shard_files",
    metadata,
    sa.Column("shard_hash", sa.String(64), primary_key=True),
    sa.Column("file_hash", sa.String(64), primary_key=True, index=True),
)

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    _recipe(),
    sa.Column("created_at", _Micros, nullable=False),
)

links = sa.Table(
    "links",
    metadata,
    _repository(primary_key=True),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), primary_key=True, index=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("linked_at", _Micros, nullable=False),
    sa.Index("ix_links_recent", "repository_id", "linked_at"),
)

claims = sa.Table(
    "claims",
    metadata,
    _repository(primary_key=True),
    sa.Column("account_id", _Id, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), primary_key=True, index=True),
    sa.Column("claimed_at", _Micros, nullable=False, index=True),
)

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

lost_links = sa.Table(
    "lost_links",
    metadata,
    _repository(primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True, index=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("linked_at", _Micros, nullable=False),
    sa.Column("lost_at", _Micros, nullable=False),
)

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

discussions = sa.Table(
    "discussions",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    _repository(),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("is_pull_request", sa.Boolean, nullable=False),
    sa.Column("title", sa.String(500), nullable=False),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("status", sa.String(16), nullable=False),
    _account("author_id", nullable=True),
    sa.Column("base_commit", sa.String(40), nullable=True),
    sa.Column("merge_commit", sa.String(40), nullable=True),
    sa.Column("created_at", _Micros, nullable=False),
    sa.UniqueConstraint("repository_id", "number"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("happened_at", _Micros, nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    _account("actor_id", nullable=True),
    sa.Column("repository_id", _Id, nullable=True, index=True),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("handled_at", _Micros, nullable=True),
    sa.Index("ix_events_unhandled", "handled_at", "id"),
)

faults = sa.Table(
    "faults",
    metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("key", sa.String(160), primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False, server_default=""),
    sa.Column("found_at", _Micros, nullable=False),
    sa.Column("healed_at", _Micros, nullable=True),
    sa.Column("healed_by", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_faults_open", "healed_at", "kind", "key"),
)

hub_facts = sa.Table(
    "hub_facts",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
)


def upgrade() -> None:
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
