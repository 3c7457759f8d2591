"""What an account's likes and upvotes count for: nothing while it is closed.

Knows the counters that count them. Does not know who closes an account.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.store.tables import collection_upvotes, collections, likes, repositories


def count(conn: sa.Connection, account_id: int, *, closed: bool) -> None:
    """Take the account's likes and upvotes out of every counter, or put them back."""
    one = -1 if closed else 1
    liked = sa.select(likes.c.repository_id).where(likes.c.account_id == account_id)
    conn.execute(
        sa.update(repositories)
        .where(repositories.c.id.in_(liked))
        .values(likes=repositories.c.likes + one)
    )
    upvotes = collection_upvotes
    upvoted = sa.select(upvotes.c.collection_id).where(upvotes.c.account_id == account_id)
    conn.execute(
        sa.update(collections)
        .where(collections.c.id.in_(upvoted))
        .values(upvotes=collections.c.upvotes + one)
    )
