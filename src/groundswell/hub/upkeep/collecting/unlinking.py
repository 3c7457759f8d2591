"""Links that no revision stands for any more: a repository lets go of what was cut off.

Knows that a link stays as long as any ref reaches a pointer to its content. A squash, a deleted
branch or a forced push takes refs away; then everything that refs still reach is listed, and the
rest of the links go. Works only in the process that serves, for it must meet no writer.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from groundswell.core.values import RepoKind
from groundswell.hub.blobs import marks as rules
from groundswell.hub.blobs.losing import lose_links
from groundswell.hub.events import record
from groundswell.hub.upkeep.premises import PAGE_ROWS, Premises
from groundswell.store.database import upsert
from groundswell.store.tables import links, marks, repositories

# A copy across repositories links contents just before the commit that names them.
YOUNG_SECONDS: Final = 3_600
ALONE_SECONDS: Final = 10.0
_ATTEMPTS: Final = 3
_MICROS: Final = 1_000_000


class Unlinking:
    """Takes links away from repositories."""

    def __init__(self, premises: Premises, young_seconds: float = YOUNG_SECONDS) -> None:
        self._premises = premises
        self._database = premises.database
        self._young = int(young_seconds * _MICROS)

    def want(self, number: int) -> None:
        """Something was cut off from the repository: look at its links, now or another time."""
        row = {"kind": rules.LINKS, "key": str(number), "marked_at": 0, "size_bytes": 0}
        row["doomed"] = False
        self._database.write(lambda conn: upsert(conn, marks, row, update=["marked_at"]))

    def run(self) -> int:
        """Look at every repository that was wanted; how many links went."""
        query = sa.select(marks.c.key).where(marks.c.kind == rules.LINKS)
        keys = self._database.read(lambda conn: conn.execute(query).scalars().all())
        return sum(self.look(int(key)) for key in keys)

    def look(self, number: int) -> int:
        """Let the repository go of what no ref reaches; how many links went.

        Stays wanted when writers left no moment for it, and while some links are young.
        """
        if not self._is_alive(number):
            self._done(number)
            return 0
        git = self._premises.git
        for _ in range(_ATTEMPTS):
            before = git.references(number)
            reached = {pointer.sha256 for _, pointer in git.all_pointers(number)}
            with git.gates.alone(number, ALONE_SECONDS) as is_alone:
                if not is_alone:
                    return 0
                if git.references(number) == before:
                    return self._lose(number, reached)
        return 0

    def _lose(self, number: int, reached: set[str]) -> int:
        now, count, is_done, after = self._premises.clock(), 0, True, ""
        while True:
            query = (
                sa.select(links.c.sha256, links.c.linked_at)
                .where(links.c.repository_id == number, links.c.sha256 > after)
                .order_by(links.c.sha256)
                .limit(PAGE_ROWS)
            )
            rows = self._database.read(lambda conn: conn.execute(query).all())  # noqa: B023 - at once
            loose = [row for row in rows if row.sha256 not in reached]
            old = [row.sha256 for row in loose if row.linked_at < now - self._young]
            is_done = is_done and len(old) == len(loose)
            if old:
                count += self._database.write(lambda conn: _let_go(conn, number, old, now))  # noqa: B023 - at once
            if len(rows) < PAGE_ROWS:
                break
            after = rows[-1].sha256
        if is_done:
            self._done(number)
        return count

    def _is_alive(self, number: int) -> bool:
        table = repositories
        # A bucket lets go by itself, when a batch takes the last file of a content away.
        has_refs = table.c.kind != RepoKind.BUCKET.value
        here = (table.c.id == number, table.c.deleted_at.is_(None), has_refs)
        query = sa.select(table.c.id).where(*here)
        return self._database.read(lambda conn: conn.execute(query).first()) is not None

    def _done(self, number: int) -> None:
        which = sa.and_(marks.c.kind == rules.LINKS, marks.c.key == str(number))
        self._database.write(lambda conn: conn.execute(sa.delete(marks).where(which)).rowcount)


def _let_go(conn: sa.Connection, number: int, sha256s: list[str], now: int) -> int:
    which = sa.and_(links.c.repository_id == number, links.c.sha256.in_(sha256s))
    count = lose_links(conn, which, now)
    record(conn, now, "content.unreferenced", None, number, {"count": count})
    return count
