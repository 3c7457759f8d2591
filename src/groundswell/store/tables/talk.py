"""What people add to discussions: attachments, reactions, labels, and who sees to them.

Knows columns, keys and indexes. These live only here: no other place could give them back.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns


def _key(name: str, to: str, *, index: bool = False) -> sa.Column[int]:
    """A part of the primary key; the row goes with the row it leads to."""
    key = sa.ForeignKey(f"{to}.id", ondelete="CASCADE")
    return sa.Column(name, columns.Id, key, primary_key=True, autoincrement=False, index=index)


# Pictures and other media in comments. Its content is a blob that no repository links. It belongs
# to no repository until a comment of its uploader names its address.
attachments = sa.Table(
    "attachments",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column("public_id", sa.String(32), nullable=False, unique=True),
    columns.account("uploader_id"),
    sa.Column(
        "repository_id",
        columns.Id,
        sa.ForeignKey("repositories.id", ondelete="CASCADE"),
        nullable=True,
        index=True,
    ),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), nullable=False, index=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.String(40), nullable=False),
    sa.Column("created_at", columns.Micros, nullable=False, index=True),
    sa.Index("ix_attachments_uploader", "uploader_id", "created_at"),
)

# Which comments name an attachment, or did before they were edited: without one it is swept.
attachment_uses = sa.Table(
    "attachment_uses",
    columns.metadata,
    _key("attachment_id", "attachments"),
    _key("comment_id", "comments", index=True),
)

reactions = sa.Table(
    "reactions",
    columns.metadata,
    _key("comment_id", "comments"),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("account_id", columns.Id, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("reacted_at", columns.Micros, nullable=False),
)

labels = sa.Table(
    "labels",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    columns.repository(),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("folded", sa.String(50), nullable=False),
    sa.Column("colour", sa.String(16), nullable=False),
    sa.Column("description", sa.String(200), nullable=False, server_default=""),
    sa.UniqueConstraint("repository_id", "folded"),
)

discussion_labels = sa.Table(
    "discussion_labels",
    columns.metadata,
    _key("discussion_id", "discussions"),
    _key("label_id", "labels", index=True),
)

discussion_assignees = sa.Table(
    "discussion_assignees",
    columns.metadata,
    _key("discussion_id", "discussions"),
    sa.Column("account_id", columns.Id, sa.ForeignKey("accounts.id"), primary_key=True, index=True),
)
