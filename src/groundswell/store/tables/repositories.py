"""Repositories, their names, gates and tags.

Knows columns, keys and indexes. Does not know what lies in git.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns

repositories = sa.Table(
    "repositories",
    columns.metadata,
    # The number names the folder on disk; it is never used twice.
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("public_id", sa.String(24), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    columns.account("owner_id"),
    columns.account("creator_id", nullable=True),
    sa.Column("namespace", sa.String(96), nullable=False),
    sa.Column("name", sa.String(96), nullable=False),
    sa.Column("visibility", sa.String(16), nullable=False),
    sa.Column("gate", sa.String(16), nullable=False, server_default="open"),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", columns.Micros, nullable=False),
    sa.Column("modified_at", columns.Micros, nullable=False),
    sa.Column("deleted_at", columns.Micros, nullable=True),
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
    # How often what is remembered of reading its contents became void.
    sa.Column("plans", sa.BigInteger, nullable=False, server_default="0"),
    # Counters.
    sa.Column("downloads", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("likes", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("trending", sa.BigInteger, nullable=False, server_default="0"),  # hub.trending
    sa.Column("last_discussion", sa.Integer, nullable=False, server_default="0"),
    sa.Column("settings", sa.JSON, nullable=True),
    # With all that decides who sees them: the newest of an owner, without a look at the rows.
    sa.Index("ix_repositories_owner", "owner_id", "modified_at", "visibility", "deleted_at", "id"),
    sa.Index("ix_repositories_list", "kind", "visibility", "modified_at", "id"),
    sa.Index("ix_repositories_created", "kind", "visibility", "created_at", "id"),
    sa.Index("ix_repositories_downloads", "kind", "visibility", "downloads", "id"),
    sa.Index("ix_repositories_likes", "kind", "visibility", "likes", "id"),
    sa.Index("ix_repositories_trending", "kind", "visibility", "trending", "id"),
    sa.Index("ix_repositories_parameters", "kind", "parameter_count"),
)

# Every repository name that exists or ever existed. ``state``: current | moved | deleted.
# Rows are never deleted: a moved name redirects, a deleted one answers as gone, and neither is
# ever given to somebody else.
repository_names = sa.Table(
    "repository_names",
    columns.metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("namespace_folded", sa.String(96), primary_key=True),
    sa.Column("name_folded", sa.String(96), primary_key=True),
    sa.Column("confusable", sa.String(96), nullable=False),
    sa.Column("repository_id", columns.Id, nullable=False, index=True),
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
    columns.metadata,
    columns.repository(primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("tag", sa.String(200), nullable=False),
    sa.Index("ix_repository_tags_tag", "tag", "repository_id"),
)
