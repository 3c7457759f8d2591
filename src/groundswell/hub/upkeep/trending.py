"""What trends: likes and downloads of the last days, the later the more.

Knows the rule, and that its figures can be made again from what is kept of those days. A day's
points are ten for each like and the square root of its downloads, so that downloading in a loop
does not lead a list; they halve every four days, and after 28 they are forgotten.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.hub.upkeep.premises import PAGE_ROWS, Premises
from groundswell.store.tables import daily_downloads, likes, repositories

DAY_MICROS: Final = 86_400 * 1_000_000
DAYS: Final = 28
HALVING_DAYS: Final = 4
LIKE_POINTS: Final = 10


def score(days: Iterable[tuple[int, int, int]]) -> int:
    """The score of ``(age in days, likes, downloads)``. A day that is yet to come counts as today:
    clocks are put back now and then.
    """
    points = (
        (LIKE_POINTS * liked + math.sqrt(downloads)) * math.exp2(-max(age, 0) / HALVING_DAYS)
        for age, liked, downloads in days
        if age < DAYS
    )
    return math.floor(sum(points))


class Trending:
    """A chore. May be broken off after any page of repositories."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._stopping = threading.Event()

    def break_off(self) -> None:
        """Come to an end soon."""
        self._stopping.set()

    def run(self) -> int:
        """Score every repository again and forget old days; how many scores are other ones."""
        today = self._premises.clock() // DAY_MICROS
        changed = after = 0
        while not self._stopping.is_set():
            page = self._page(after)
            if not page:
                break
            changed += self._score(dict(page), today)
            after = page[-1][0]
        self._forget(today)
        return changed

    def _page(self, after: int) -> Sequence[tuple[int, int]]:
        """The next repositories and their scores, by number."""
        table = repositories
        query = (
            sa.select(table.c.id, table.c.trending)
            .where(table.c.id > after, table.c.deleted_at.is_(None))
            .order_by(table.c.id)
            .limit(PAGE_ROWS)
        )
        rows = self._premises.database.read(lambda conn: conn.execute(query).all())
        return [(row.id, row.trending) for row in rows]

    def _score(self, present: dict[int, int], today: int) -> int:
        found = self._premises.database.read(lambda conn: _days(conn, list(present), today))
        scores = {number: score(found.get(number, ())) for number in present}
        changes = [
            {"number": number, "score": scores[number]}
            for number, before in present.items()
            if scores[number] != before
        ]
        if changes:
            change = (
                sa.update(repositories)
                .where(repositories.c.id == sa.bindparam("number"))
                .values(trending=sa.bindparam("score"))
            )
            self._premises.database.write(lambda conn: conn.execute(change, changes).rowcount)
        return len(changes)

    def _forget(self, today: int) -> None:
        old = sa.delete(daily_downloads).where(daily_downloads.c.day <= today - DAYS)
        self._premises.database.write(lambda conn: conn.execute(old).rowcount)


def _days(
    conn: sa.Connection, numbers: list[int], today: int
) -> dict[int, list[tuple[int, int, int]]]:
    """``(age in days, likes, downloads)`` of the repositories that have any."""
    first = today - DAYS + 1
    days: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    day = likes.c.liked_at // DAY_MICROS
    liked = (
        sa.select(likes.c.repository_id, day.label("day"), sa.func.count().label("found"))
        .where(likes.c.repository_id.in_(numbers), likes.c.liked_at >= first * DAY_MICROS)
        .group_by(likes.c.repository_id, day)
    )
    for row in conn.execute(liked):
        days[row.repository_id].append((today - int(row.day), row.found, 0))
    downloaded = sa.select(daily_downloads).where(
        daily_downloads.c.repository_id.in_(numbers), daily_downloads.c.day >= first
    )
    for row in conn.execute(downloaded):
        days[row.repository_id].append((today - row.day, 0, row.downloads))
    return days
