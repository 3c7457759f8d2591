"""Browser sessions in the tables: begun and ended. Only digests of cookies are kept.

Every function runs inside a transaction of the caller.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from groundswell.hub.events import record
from groundswell.store.tables import sessions

SESSION_SECONDS: Final = 30 * 24 * 3600


def start(conn: sa.Connection, now: int, account_id: int, cookie_digest: bytes) -> int:
    """Begin a session and forget the expired ones. Gives its number."""
    conn.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
    row = {
        "account_id": account_id,
        "digest": cookie_digest,
        "created_at": now,
        "expires_at": now + SESSION_SECONDS * 1_000_000,
    }
    statement = sa.insert(sessions).values(row).returning(sessions.c.id)
    session_id: int = conn.execute(statement).scalar_one()
    record(conn, now, "session.started", account_id, None, {"session_id": session_id})
    return session_id


def end_one(conn: sa.Connection, now: int, account_id: int, session_id: int) -> None:
    """End one session of an account. Doing it twice changes nothing."""
    here = sa.and_(sessions.c.id == session_id, sessions.c.account_id == account_id)
    if conn.execute(sa.delete(sessions).where(here)).rowcount:
        record(conn, now, "session.ended", account_id, None, {"session_id": session_id})


def end_all(conn: sa.Connection, account_id: int) -> None:
    """End every session of an account."""
    conn.execute(sa.delete(sessions).where(sessions.c.account_id == account_id))
