"""Tidying up: what a hub does now and then so that it need not be thought of.

Knows what may go and when. Does not know the time table. Everything here is safe beside a hub at
work, may be broken off at any moment, and does nothing that a second run would not do as well.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import GroundswellError
from groundswell.hub.repos.identities import note_identity
from groundswell.hub.upkeep.collecting import Unlinking
from groundswell.hub.upkeep.collecting.storetime import store_time
from groundswell.hub.upkeep.premises import Premises
from groundswell.hub.upkeep.repositories import living_numbers
from groundswell.store.tables import (
    attachment_uses,
    attachments,
    claims,
    device_grants,
    sessions,
)

_log = logging.getLogger(__name__)

# A client that was told of a xorb may use what it knows for three weeks: a claim lives longer.
CLAIM_SECONDS: Final = 28 * 24 * 3_600
ATTACHED_SECONDS: Final = 24 * 3_600
GIT_SECONDS_MAX: Final = 300.0
_MICROS: Final = 1_000_000


class Sweeping:
    """The chores. Each says how much it did."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._unlinking = Unlinking(premises)

    def end_sessions(self) -> int:
        """Forget browser sessions that have expired."""
        now = self._premises.clock()
        return self._delete(sa.delete(sessions).where(sessions.c.expires_at <= now))

    def end_device_grants(self) -> int:
        """Forget sign-ins of devices that nobody can finish any more."""
        now = self._premises.clock()
        return self._delete(sa.delete(device_grants).where(device_grants.c.expires_at <= now))

    def end_claims(self) -> int:
        """Forget claims of content that no commit came for in four weeks.

        A clock that leaps ahead ends none: what counts is what has passed for the store, too.
        """
        clock_time = self._premises.clock()
        passed = self._premises.database.read(lambda conn: store_time(conn, clock_time))
        oldest = min(clock_time, passed) - CLAIM_SECONDS * _MICROS
        return self._delete(sa.delete(claims).where(claims.c.claimed_at < oldest))

    def end_attachments(self) -> int:
        """Forget attachments older than a day that no comment names, or none any more."""
        passed = self._premises.database.read(lambda conn: store_time(conn, self._premises.clock()))
        oldest = min(self._premises.clock(), passed) - ATTACHED_SECONDS * _MICROS
        used = sa.select(attachment_uses.c.attachment_id)
        used = used.where(attachment_uses.c.attachment_id == attachments.c.id)
        old = sa.and_(attachments.c.created_at < oldest, ~used.exists())
        return self._delete(sa.delete(attachments).where(old))

    def note_identities(self) -> int:
        """Write the identities that a crash kept from their folders. How many were wrong."""
        premises = self._premises
        return sum(
            note_identity(premises.database, premises.git, number)
            for number in living_numbers(premises)
        )

    def pack_repositories(self) -> int:
        """Pack repositories that hold many loose objects or packs; how many.

        Ends after some minutes; ``pack_written`` goes on. Does nothing while a backup is made.
        """
        return self._pack(living_numbers(self._premises))

    def pack_written(self) -> int:
        """The same for repositories that were much written to, or from which something was cut
        off; how many. Those that have to wait stay due.
        """
        due = self._premises.git.tidying.due()
        return self._pack(due) if due else 0

    def _pack(self, numbers: Iterable[int]) -> int:
        deadline = time.monotonic() + GIT_SECONDS_MAX
        git, packed, is_allowed = self._premises.git, 0, True
        for number in numbers:
            if is_allowed and time.monotonic() < deadline:
                with self._premises.lease.deleting() as is_allowed:
                    if is_allowed:
                        packed += self._pack_one(number)
                        continue
            git.tidying.want(number)
        return packed

    def _pack_one(self, number: int) -> bool:
        try:
            if self._premises.git.tidying.is_cut(number):
                # First: the tidying takes away what says that something was cut off.
                self._unlinking.want(number)
                self._unlinking.look(number)
            return self._premises.git.upkeep(number)
        except (GroundswellError, FileNotFoundError) as error:
            _log.warning("repository %d cannot be packed: %s", number, error)
            return False

    def _delete(self, statement: sa.Delete | sa.Update) -> int:
        return self._premises.database.write(lambda conn: conn.execute(statement).rowcount)
