"""``Buckets``: what ``listing`` and ``following`` offer, and changing files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import RepoNotFound, Unavailable
from groundswell.core.policy import Action
from groundswell.core.values import BucketOperation, Principal, RepoId, RepoKind, fold_name
from groundswell.hub.blobs import Blobs
from groundswell.hub.buckets.batches import Batch
from groundswell.hub.buckets.following import Following
from groundswell.hub.buckets.values import BatchResult
from groundswell.hub.repos.finding import find
from groundswell.store.database import Database

_TURNS: Final = 64
_TURN_SECONDS: Final = 30.0


class Buckets(Following):
    """Everything one may do with the files of a bucket.

    Buckets as wholes are made, moved, changed and deleted by ``Repos``.
    """

    def __init__(self, database: Database, blobs: Blobs, clock: Callable[[], int]) -> None:
        super().__init__(database, blobs, clock)
        self._turns = [threading.Lock() for _ in range(_TURNS)]

    def batch(
        self, principal: Principal, repo_id: RepoId, operations: Sequence[BucketOperation]
    ) -> BatchResult:
        """Add, copy and delete files in order; durable, all of it together, when it returns.

        What cannot be done is told and keeps the rest from nothing. Deleting what is not there is
        done already, so a batch may be sent again.

        Raises:
            QuotaExceeded: the namespace has no room for what is new. Nothing is done then.
            Unavailable: too many change the bucket at the same time.
            RepoMoved, RepoNotFound, Unauthenticated, Forbidden, DisabledRepo: as ``Repos.find``.
        """
        if repo_id.kind is not RepoKind.BUCKET:
            raise RepoNotFound
        now = self._clock()

        def work(conn: sa.Connection) -> BatchResult:
            bucket = find(conn, principal, repo_id, Action.WRITE, now)
            return Batch(conn, self._blobs, principal, bucket, now).run(operations)

        with self._turn(repo_id):
            return self._database.write(work)

    @contextmanager
    def _turn(self, repo_id: RepoId) -> Iterator[None]:
        """Batches of one bucket go one after another: those that meet in a database which lets
        several write would only undo each other's work.
        """
        key = (fold_name(repo_id.namespace), fold_name(repo_id.name))
        turn = self._turns[hash(key) % len(self._turns)]
        if not turn.acquire(timeout=_TURN_SECONDS):
            raise Unavailable
        try:
            yield
        finally:
            turn.release()
