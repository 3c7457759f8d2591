"""What people choose to hear of: repositories, and single threads.

Knows that what is chosen counts from the next event on. Rights are those that reading takes: who
loses them keeps the choice and hears nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, NotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.hub.accounts.rights import require_full_rights
from groundswell.hub.events import record
from groundswell.hub.notifications.values import Level, Reason
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.store.database import Database, upsert
from groundswell.store.tables import (
    discussions,
    events,
    notifications,
    thread_subscriptions,
    watches,
)

WATCHES_MAX: Final = 20_000


class Watching:
    """Choices about repositories that ``Repos.find`` gave for the principal."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def level_of(self, principal: Principal, repository: Repository) -> Level:
        """What the principal hears of the repository."""
        query = sa.select(watches.c.level).where(
            watches.c.account_id == principal.account_id,
            watches.c.repository_id == repository.id,
        )
        found = self._database.read(lambda conn: conn.execute(query).scalar())
        return Level.PARTICIPATING if found is None else Level(found)

    def set_level(self, principal: Principal, repository: Repository, level: Level) -> None:
        """Hear that much of the repository from now on. With ``NONE`` its threads leave the inbox,
        and with less than ``ALL`` those that came because all were wanted.

        Raises:
            BadRequest: the principal watches as many as one account may.
            RepoNotFound: it became hidden meanwhile.
            Unauthenticated, Forbidden: nobody asks, or a token that does not speak for its owner.
        """
        require_full_rights(principal)

        def work(conn: sa.Connection) -> None:
            decide_again(conn, principal, repository.id, Action.SEE)
            mine = {"account_id": principal.account_id, "repository_id": repository.id}
            query = sa.select(watches.c.level).filter_by(**mine)
            before = conn.execute(query).scalar() or Level.PARTICIPATING.value
            if before == level.value:
                return
            newest = _newest(conn)
            row = {**mine, "level": level.value, "since_event": newest}
            upsert(conn, watches, row, update=["level", "since_event"])
            _check_bound(conn, principal)
            if before == Level.NONE.value:
                # Whoever listens again hears what comes then.
                _begin_again(conn, principal, repository.id, newest)
            elif level is not Level.ALL:
                leaves = mine if level is Level.NONE else {**mine, "reason": Reason.WATCHING.value}
                conn.execute(sa.delete(notifications).filter_by(**leaves))
            told = {"level": level.value}
            now, actor = self._clock(), principal.account_id
            record(conn, now, "repository.watched", actor, repository.id, told)

        self._database.write(work)

    def hears_of(self, principal: Principal, repository: Repository, number: int) -> bool:
        """Whether news of that thread come to the principal."""
        query = (
            sa.select(thread_subscriptions.c.reason)
            .join_from(thread_subscriptions, discussions)
            .where(
                discussions.c.repository_id == repository.id,
                discussions.c.number == number,
                thread_subscriptions.c.account_id == principal.account_id,
            )
        )
        reason = self._database.read(lambda conn: conn.execute(query).scalar())
        level = self.level_of(principal, repository)
        if reason == Reason.MUTED.value or level is Level.NONE:
            return False
        return reason is not None or level is Level.ALL

    def set_hears_of(
        self, principal: Principal, repository: Repository, number: int, *, hears: bool
    ) -> None:
        """Hear of a thread from now on, or no longer: then it leaves the inbox.

        Raises:
            NotFound: there is no such discussion.
            RepoNotFound, Unauthenticated, Forbidden: as ``set_level``.
        """
        require_full_rights(principal)
        reason = Reason.CHOSEN if hears else Reason.MUTED

        def work(conn: sa.Connection) -> None:
            decide_again(conn, principal, repository.id, Action.SEE)
            thread = sa.select(discussions.c.id).where(
                discussions.c.repository_id == repository.id, discussions.c.number == number
            )
            id_ = conn.execute(thread).scalar()
            if id_ is None:
                raise NotFound("Discussion not found")
            mine = {"account_id": principal.account_id, "discussion_id": id_}
            before = conn.execute(
                sa.select(thread_subscriptions.c.reason).filter_by(**mine)
            ).scalar()
            is_muted = before == Reason.MUTED.value
            if before is not None and is_muted is not hears:
                return
            row = {**mine, "reason": reason.value, "since_event": _newest(conn) + 1}
            upsert(conn, thread_subscriptions, row, update=["reason", "since_event"])
            if not hears:
                conn.execute(sa.delete(notifications).filter_by(**mine))
            type_ = "discussion.subscribed" if hears else "discussion.muted"
            actor, told = principal.account_id, {"number": number}
            # No part of the discussion's record: whether somebody listens is their own affair.
            record(conn, self._clock(), type_, actor, repository.id, told)

        self._database.write(work)


def _newest(conn: sa.Connection) -> int:
    return int(conn.execute(sa.select(sa.func.max(events.c.id))).scalar() or 0)


def _begin_again(
    conn: sa.Connection, principal: Principal, repository_id: int, newest: int
) -> None:
    threads = sa.select(discussions.c.id).where(discussions.c.repository_id == repository_id)
    conn.execute(
        sa.update(thread_subscriptions)
        .where(
            thread_subscriptions.c.account_id == principal.account_id,
            thread_subscriptions.c.discussion_id.in_(threads),
        )
        .values(since_event=newest + 1)
    )


def _check_bound(conn: sa.Connection, principal: Principal) -> None:
    """Refuse the row that was just written when it is one too many."""
    mine = sa.select(watches.c.repository_id).where(watches.c.account_id == principal.account_id)
    rows = mine.limit(WATCHES_MAX + 1).subquery()
    if conn.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one() > WATCHES_MAX:
        raise BadRequest(f"An account watches at most {WATCHES_MAX} repositories.")
