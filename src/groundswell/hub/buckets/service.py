"""``Buckets``: what ``listing`` and ``following`` offer, and changing files."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from groundswell.core.errors import RepoNotFound
from groundswell.core.policy import Action
from groundswell.core.values import BucketOperation, Principal, RepoId, RepoKind
from groundswell.hub.buckets.batches import Batch
from groundswell.hub.buckets.following import Following
from groundswell.hub.buckets.values import BatchResult
from groundswell.hub.repos.finding import find


class Buckets(Following):
    """Everything one may do with the files of a bucket.

    Buckets as wholes are made, moved, changed and deleted by ``Repos``.
    """

    def batch(
        self, principal: Principal, repo_id: RepoId, operations: Sequence[BucketOperation]
    ) -> BatchResult:
        """Add, copy and delete files in order; durable, all of it together, when it returns.

        What cannot be done is told and keeps the rest from nothing. Deleting what is not there is
        done already, so a batch may be sent again.

        Raises:
            QuotaExceeded: the namespace has no room for what is new. Nothing is done then.
            RepoMoved, RepoNotFound, Unauthenticated, Forbidden, DisabledRepo: as ``Repos.find``.
        """
        if repo_id.kind is not RepoKind.BUCKET:
            raise RepoNotFound
        now = self._clock()

        def work(conn: sa.Connection) -> BatchResult:
            bucket = find(conn, principal, repo_id, Action.WRITE, now)
            return Batch(conn, self._blobs, principal, bucket, now).run(operations)

        return self._database.write(work)
