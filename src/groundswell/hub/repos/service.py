"""``Repos``: what ``lookup``, ``making`` and ``changing`` offer, and counting and indexing."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa

from groundswell.hub.repos.changing import Changing
from groundswell.hub.repos.indexing import Held, measure, write_description
from groundswell.hub.repos.making import Making
from groundswell.hub.repos.rows import Repository, load

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
            found = self._database.read(lambda conn: _look(conn, repository_id))
            if found is None:
                return
            present, held = found
            head = self._git.head(repository_id)
            described = self._describe(repository_id, present.kind, head, present.facts)
            write = partial(
                write_description,
                repository_id=repository_id,
                head=head,
                described=described,
                held=held,
            )
            self._database.write(write)
            if self._git.head(repository_id) == head:
                return


def _look(conn: sa.Connection, repository_id: int) -> tuple[Repository, Held] | None:
    present = load(conn, repository_id)
    if present is None:
        return None
    return present, measure(conn, repository_id, present.facts)
