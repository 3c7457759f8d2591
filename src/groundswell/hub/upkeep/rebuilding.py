"""``fsck --rebuild``: the index from git, xorbs and shards; and the smaller step after a restore.

Knows the order: xorbs, recipes, repositories, links, descriptions. What only the database knew
(accounts, tokens, discussions, counters, where files lie in buckets) is not made again; owners are,
without passwords.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from groundswell.core.errors import GroundswellError
from groundswell.hub.blobs import marks as rules
from groundswell.hub.events import record
from groundswell.hub.repos import Repos
from groundswell.hub.repos.identities import note_identity
from groundswell.hub.upkeep.buckets import repair_buckets
from groundswell.hub.upkeep.checked import forget_checks
from groundswell.hub.upkeep.cooling import settle
from groundswell.hub.upkeep.epochs import begin_epoch
from groundswell.hub.upkeep.findings import Progress, Report, Silence
from groundswell.hub.upkeep.premises import PAGE_ROWS, Contents, Premises
from groundswell.hub.upkeep.recipes import Recipes
from groundswell.hub.upkeep.recovery import Recovery
from groundswell.hub.upkeep.repositories import deleted_contents, living_numbers
from groundswell.hub.upkeep.uses import repair_cold_rows, repair_uses
from groundswell.store.database import insert_ignore
from groundswell.store.tables import blobs, links, marks


def rebuild(premises: Premises, *, deep: bool = False, progress: Progress | None = None) -> Report:
    """Make the index again from what lies on disk. No hub may be at work on the data.

    What the database knows and the disk does not contradict stays. Clients forget what they know
    of this hub's xorbs. A check belongs after it.

    Args:
        premises: what is rebuilt.
        deep: also compute the sha256 of every file again, instead of believing shards whose
            bytes have their hash.
        progress: told how far it is.
    """
    progress = progress or Silence()
    report = Report("fsck --rebuild", premises.clock())
    recipes = Recipes(premises, report, progress, deep=deep)
    recipes.read_xorbs(forgets=True)
    settle(premises)
    recipes.read_shards()
    recipes.write_shards()
    report.counted["uses_repaired"] += repair_uses(premises)
    repair_cold_rows(premises)
    Recovery(premises, report).run()
    describe(premises, living_numbers(premises), report, progress)
    report.counted["buckets_repaired"] += repair_buckets(premises)
    _end(premises, "hub.rebuilt")
    report.finished_at = premises.clock()
    return report


def catch_up(premises: Premises, *, progress: Progress | None = None) -> Report:
    """Bring rows up to folders that are a little newer, as in a backup of a hub at work.

    Only adds: recipes that shards tell of, links of pointers, descriptions of heads that moved.
    """
    progress = progress or Silence()
    report = Report("restore", premises.clock())
    recipes = Recipes(premises, report, progress, deep=False)
    _match_xorbs(premises, recipes)
    recipes.read_shards()
    describe(premises, living_numbers(premises), report, progress)
    _end(premises, "hub.restored")
    report.finished_at = premises.clock()
    return report


def match_xorbs(premises: Premises, *, progress: Progress | None = None) -> None:
    """Let rows say of every xorb how it lies here: after a move, plain where it was cold or the
    other way round, with the bases that it needs noted.
    """
    report = Report("match", premises.clock())
    _match_xorbs(premises, Recipes(premises, report, progress or Silence(), deep=False))


def _match_xorbs(premises: Premises, recipes: Recipes) -> None:
    recipes.read_xorbs(forgets=False)
    settle(premises)


def describe(
    premises: Premises, numbers: Sequence[int], report: Report, progress: Progress
) -> None:
    """Links for every pointer in the history of any ref, then what the row says of the head."""
    repos = Repos(premises.database, premises.git, premises.clock, Contents(premises))
    progress.begin("repositories", len(numbers))
    try:
        for number in numbers:
            progress.advance()
            if not premises.git.exists(number):
                continue
            report.counted["repositories"] += 1
            try:
                _link(premises, number, report)
                repos.index(number)
            except GroundswellError:
                continue  # the check that follows tells of it
            note_identity(premises.database, premises.git, number)
    finally:
        repos.close()


def _link(premises: Premises, number: int, report: Report) -> None:
    places: dict[str, str] = {}
    for path, pointer in premises.git.all_pointers(number):
        places.setdefault(pointer.sha256, path)
    # Rights that were given up on purpose do not come back.
    wanted = sorted(places.keys() - deleted_contents(premises, number))
    for start in range(0, len(wanted), PAGE_ROWS):
        some = {each: places[each] for each in wanted[start : start + PAGE_ROWS]}
        report.counted["links"] += premises.database.write(
            lambda conn: _insert_links(conn, number, some, premises.clock())  # noqa: B023 - at once
        )


def _insert_links(conn: sa.Connection, number: int, places: dict[str, str], now: int) -> int:
    query = sa.select(blobs.c.sha256).where(blobs.c.sha256.in_(places))
    rows = [
        {"repository_id": number, "sha256": sha256, "path": places[sha256], "linked_at": now}
        for sha256 in conn.execute(query).scalars()
    ]
    return insert_ignore(conn, links, rows) if rows else 0


def _end(premises: Premises, event: str) -> None:
    now = premises.clock()

    def work(conn: sa.Connection) -> None:
        # What was unneeded is looked for anew, and its grace begins anew.
        conn.execute(sa.delete(marks).where(marks.c.kind != rules.REPOSITORY))
        forget_checks(conn)
        record(conn, now, event, None, None, {"epoch": begin_epoch(conn, now)})

    premises.database.write(work)
