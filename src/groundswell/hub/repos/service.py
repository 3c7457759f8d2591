"""``Repos``: what ``lookup``, ``making`` and ``changing`` offer, and counting and indexing."""

from __future__ import annotations

from groundswell.hub.repos.changing import Changing
from groundswell.hub.repos.indexing import Reading
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
        over. When main moves meanwhile, the newer head is read before this returns. Links that came
        during the reading count at the next.
        """
        for _ in range(INDEX_ATTEMPTS_MAX):
            reading = self.reading(repository_id)
            if reading is None:
                return
            self._database.write(reading.write)
            if self.is_at_head(reading):
                return

    def reading(self, repository_id: int) -> Reading | None:
        """The first half of ``index``; its ``write`` belongs into a transaction of the caller.

        None when the repository is deleted.
        """
        present = self._database.read(lambda conn: load(conn, repository_id))
        if present is None:
            return None
        head = self._git.head(repository_id)
        described = self._describe(repository_id, present.kind, head, present.facts)
        return Reading(repository_id, head, described, present.facts)

    def is_at_head(self, reading: Reading) -> bool:
        """Whether main is still where it was read; otherwise ``index`` has to be called."""
        return self._git.head(reading.repository_id) == reading.head
