"""Who watches what, what came into whose inbox, and what is to be sent by e-mail.

Knows columns, keys and indexes. Does not know who may read a row. Notifications
are made again from the events, and from what people chose (``hub.notifications.rebuilding``).
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import columns


def _discussion(*, primary_key: bool = False, nullable: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey("discussions.id", ondelete="CASCADE")
    return sa.Column("discussion_id", columns.Id, key, primary_key=primary_key, nullable=nullable)


def _owner() -> sa.Column[int]:
    key = sa.ForeignKey("accounts.id", ondelete="CASCADE")
    return sa.Column("account_id", columns.Id, key, primary_key=True)


# What somebody chose to hear of a repository: all | participating | none. Without a row it is
# participating. Events up to ``since_event`` bring nothing by this row.
watches = sa.Table(
    "watches",
    columns.metadata,
    _owner(),
    columns.repository(primary_key=True),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("since_event", columns.Id, nullable=False),
    sa.Index("ix_watches_repository", "repository_id", "level", "account_id"),
)

# Who hears of a discussion. ``reason`` is why, or ``muted``.
thread_subscriptions = sa.Table(
    "thread_subscriptions",
    columns.metadata,
    _owner(),
    _discussion(primary_key=True),
    sa.Column("reason", sa.String(16), nullable=False),  # hub.notifications.values.Reason
    sa.Column("since_event", columns.Id, nullable=False),
    sa.Index("ix_thread_subscriptions_discussion", "discussion_id", "account_id"),
)

# One row for each person and thread: the newest event of it that concerns them.
notifications = sa.Table(
    "notifications",
    columns.metadata,
    _owner(),
    _discussion(primary_key=True),
    columns.repository(),
    sa.Column("event_id", columns.Id, nullable=False),
    sa.Column("reason", sa.String(16), nullable=False),
    sa.Column("happened_at", columns.Micros, nullable=False),
    sa.Column("read_at", columns.Micros, nullable=True),
    sa.Column("done_at", columns.Micros, nullable=True),
    sa.Index("ix_notifications_repository", "repository_id"),
)
_of = notifications.c
_waits = sa.and_(_of.read_at.is_(None), _of.done_at.is_(None))
sa.Index(
    "ix_notifications_inbox",
    _of.account_id,
    _of.event_id,
    sqlite_where=_of.done_at.is_(None),
    postgresql_where=_of.done_at.is_(None),
)
sa.Index(
    "ix_notifications_unread",
    _of.account_id,
    _of.event_id,
    sqlite_where=_waits,
    postgresql_where=_waits,
)

# The same for requests for access: one row for each person and repository. ``reason`` says whether
# they decide, or asked.
access_notices = sa.Table(
    "access_notices",
    columns.metadata,
    _owner(),
    columns.repository(primary_key=True),
    sa.Column("event_id", columns.Id, nullable=False),
    sa.Column("reason", sa.String(16), nullable=False),
    sa.Column("happened_at", columns.Micros, nullable=False),
    sa.Column("read_at", columns.Micros, nullable=True),
    sa.Column("done_at", columns.Micros, nullable=True),
    sa.Index("ix_access_notices_repository", "repository_id", "reason"),
)
sa.Index(
    "ix_access_notices_inbox",
    access_notices.c.account_id,
    access_notices.c.event_id,
    sqlite_where=access_notices.c.done_at.is_(None),
    postgresql_where=access_notices.c.done_at.is_(None),
)

# What somebody wants by e-mail: off | mentions | all | daily. ``confirmed_email`` is the address
# that showed it receives mail: nothing goes to an account whose address is another one.
mail_choices = sa.Table(
    "mail_choices",
    columns.metadata,
    _owner(),
    sa.Column("choice", sa.String(16), nullable=False),
    sa.Column("confirmed_email", sa.String(254), nullable=True),
    sa.Column("asked_at", columns.Micros, nullable=True),  # for a message that confirms it
    sa.Column("digest_at", columns.Micros, nullable=True),  # the last one
)

# What waits to be sent. A thread has one row for each person, which tells of its events from
# ``first_event`` to ``last_event``: a discussion, or a repository's requests for access. A message
# that confirms an address has no thread.
outbox = sa.Table(
    "outbox",
    columns.metadata,
    sa.Column("id", columns.Id, primary_key=True),
    sa.Column(
        "account_id",
        columns.Id,
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
    ),
    _discussion(nullable=True),
    sa.Column("kind", sa.String(16), nullable=False),  # thread | access | confirm
    sa.Column("reason", sa.String(16), nullable=False, server_default=""),
    sa.Column("first_event", columns.Id, nullable=False, server_default="0"),
    sa.Column("last_event", columns.Id, nullable=False, server_default="0"),
    sa.Column("due_at", columns.Micros, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("repository_id", columns.Id, nullable=True),  # of requests for access, if it is there
    sa.UniqueConstraint("account_id", "discussion_id"),
    sa.Index("ix_outbox_due", "due_at", "id"),
    sa.Index("ix_outbox_discussion", "discussion_id"),
)
