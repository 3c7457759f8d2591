"""``Repos``: what ``lookup``, ``making`` and ``changing`` offer, and counting and indexing."""

from __future__ import annotations

from groundswell.hub.repos.changing import Changing
from groundswell.hub.repos.indexing import write_description
from groundswell.hub.repos.making import Making
from groundswell.hub.repos.rows import load

INDEX_ATTEMPTS_MAX = 3


class Repos(Making, Changing):
    """Everything one may do with a repository as a whole.

    Every method that takes a ``RepoId`` looks it up by ``find`` and raises what ``find`` raises.
    ``contents`` reads large files, for the headers of weights.
    """

    def count_download(self, repository_id: int) -> None:
        """One more download; written to the database a few seconds later."""
        self._downloads.count(repository_id)

    def flush_downloads(self) -> None:
        """Write the downloads counted so far.

        Raises:
            StorageFull, Unavailable: they stay counted for the next time.
        """
        self._downloads.flush()

    def close(self) -> None:
        """Write what is counted. The database is still open."""
        self._downloads.close()

    def index(self, repository_id: int) -> None:
        """Read card, tags, facts and sizes at the head of main into the row again.

        Content that cannot be read becomes a fault in ``facts``. A deleted repository is passed
        over. When main moves meanwhile, the newer head is read before this returns.
        """
        for _ in range(INDEX_ATTEMPTS_MAX):
            present = self._database.read(lambda conn: load(conn, repository_id))
            if present is None:
                return
            head = self._git.head(repository_id)
            described = self._describe(repository_id, present.kind, head, present.facts)
            self._database.write(
                lambda conn: write_description(conn, repository_id, head, described)  # noqa: B023 - runs at once
            )
            if self._git.head(repository_id) == head:
                return
