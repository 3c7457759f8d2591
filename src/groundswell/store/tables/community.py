"""Discussions, the record of events, faults, what was checked, facts about the hub.

Knows columns, keys and indexes. These live only here: no other place could give them back.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns


def _discussion() -> sa.Column[int]:
    """A key to a discussion; the row goes when the discussion goes."""
    key = sa.ForeignKey("discussions.id", ondelete="CASCADE")
    return sa.Column("discussion_id", columns.Id, key, nullable=False)


discussions = sa.Table(
    "discussions",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    columns.repository(),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("is_pull_request", sa.Boolean, nullable=False),
    sa.Column("title", sa.String(500), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),  # draft | open | closed | merged
    columns.account("author_id", nullable=True, index=True),
    sa.Column("base_commit", sa.String(40), nullable=True),
    sa.Column("merge_commit", sa.String(40), nullable=True),
    sa.Column("created_at", columns.Micros, nullable=False),
    # The description counts: it is the first comment.
    sa.Column("comment_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("is_pinned", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_locked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("repository_id", "number"),
)

# What people say. A comment has the id of the event that tells of it: so the record of a discussion
# and its texts are one list. Nothing of a text is kept once it is hidden.
comments = sa.Table(
    "comments",
    columns.metadata,
    sa.Column("id", columns.Id, sa.ForeignKey("events.id"), primary_key=True, autoincrement=False),
    _discussion(),
    columns.account("author_id", nullable=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),  # of text, from 1
    sa.Column("written_at", columns.Micros, nullable=False),  # that version
    sa.Column("hidden_at", columns.Micros, nullable=True),
    columns.account("hidden_by_id", nullable=True),
    sa.Index("ix_comments_discussion_id", "discussion_id", "id"),
)

# What a comment said before it was edited.
comment_versions = sa.Table(
    "comment_versions",
    columns.metadata,
    sa.Column(
        "comment_id",
        columns.Id,
        sa.ForeignKey("comments.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("written_at", columns.Micros, nullable=False),
)

# The record of what happened: written in the transaction of the change itself. Numbers are given
# when a row is written, places once it can be seen: on PostgreSQL a lower number may come later.
events = sa.Table(
    "events",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("happened_at", columns.Micros, nullable=False),
    sa.Column("type", sa.String(64), nullable=False),  # such as repository.created, commit.landed
    columns.account("actor_id", nullable=True),
    sa.Column("repository_id", columns.Id, nullable=True),
    sa.Column("discussion_number", sa.Integer, nullable=True),  # of that repository
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("place", sa.BigInteger, nullable=True),  # in the line that projections follow
    sa.Index("ix_events_repository", "repository_id", "id"),
)
# What somebody did to repositories, for ``hub.activity``.
sa.Index(
    "ix_events_actor",
    events.c.actor_id,
    events.c.id,
    sqlite_where=events.c.repository_id.is_not(None),
    postgresql_where=events.c.repository_id.is_not(None),
)
# Rows without a place are in the one index, rows with one in the other: who writes an event does
# not touch what those who follow the line look at.
sa.Index(
    "ix_events_place",
    events.c.place,
    unique=True,
    sqlite_where=events.c.place.is_not(None),
    postgresql_where=events.c.place.is_not(None),
)
sa.Index(
    "ix_events_waiting",
    events.c.id,
    sqlite_where=events.c.place.is_(None),
    postgresql_where=events.c.place.is_(None),
)
sa.Index(
    "ix_events_discussion",
    events.c.repository_id,
    events.c.discussion_number,
    events.c.id,
    sqlite_where=events.c.discussion_number.is_not(None),
    postgresql_where=events.c.discussion_number.is_not(None),
)

# What was found broken at rest, until it is healed and after: one row for each thing. ``kind`` is
# that of the store (xorbs, shards), or repositories, with the number, or database.
faults = sa.Table(
    "faults",
    columns.metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("key", sa.String(160), primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False, server_default=""),  # in quarantine/, if it is
    sa.Column("found_at", columns.Micros, nullable=False),
    sa.Column("healed_at", columns.Micros, nullable=True),
    sa.Column("healed_by", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_faults_open", "healed_at", "kind", "key"),
)

# What fsck found sound, and a digest of what that rested on: while it is the same, it need not be
# looked at again. Kinds are those of ``hub.upkeep.checked``.
checked = sa.Table(
    "checked",
    columns.metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("state", sa.LargeBinary(16), nullable=False),
    sa.Column("is_deep", sa.Boolean, nullable=False),
    sa.Column("checked_at", columns.Micros, nullable=False),
    sqlite_with_rowid=False,
)

# Small facts about the hub itself: the Xet epoch, the number of the data format.
hub_facts = sa.Table(
    "hub_facts",
    columns.metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
)
