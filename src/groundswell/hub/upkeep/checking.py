"""``fsck``: the whole check, in order. See ``RepositoryCheck`` and ``ContentCheck``."""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.core.errors import Corrupt
from groundswell.hub.upkeep.content import ContentCheck
from groundswell.hub.upkeep.findings import Code, Progress, Report, Silence
from groundswell.hub.upkeep.premises import Premises
from groundswell.hub.upkeep.quarantine import Quarantine
from groundswell.hub.upkeep.repositories import RepositoryCheck

_FAULTS_MAX = 100


def check(
    premises: Premises,
    *,
    deep: bool = False,
    quarantine: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Look for damage, beside a hub at work if need be.

    Args:
        premises: what is checked.
        deep: also read and hash every byte.
        quarantine: move what is corrupt out of the way; without it nothing is changed.
        progress: told how far it is.
    """
    progress = progress or Silence()
    report = Report("fsck --deep" if deep else "fsck", premises.clock())
    place = None
    if quarantine:
        place = Quarantine(premises.folder.root / "quarantine", premises.store)
    check_database(premises, report, progress, deep=deep)
    ContentCheck(premises, report, progress, deep=deep, quarantine=place).run()
    RepositoryCheck(premises, report, progress, deep=deep, quarantine=place).run()
    report.finished_at = premises.clock()
    return report


def check_database(premises: Premises, report: Report, progress: Progress, *, deep: bool) -> None:
    """SQLite's own check of its pages; PostgreSQL has tools of its own."""
    progress.begin("database", None)

    def work(conn: sa.Connection) -> list[str]:
        if conn.dialect.name != "sqlite":
            return []
        pragma = "integrity_check" if deep else "quick_check"
        rows = conn.exec_driver_sql(f"PRAGMA {pragma}({_FAULTS_MAX})").scalars().all()
        return [str(row) for row in rows if row != "ok"]

    try:
        faults = premises.database.read(work)
    except Corrupt as error:
        faults = [error.message]
    for fault in faults:
        report.add(Code.DATABASE_DAMAGED, "database", fault)
