"""``fsck``: the whole check, in order. See ``RepositoryCheck`` and ``ContentCheck``."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Corrupt, GroundswellError
from groundswell.hub.upkeep.buckets import report_buckets
from groundswell.hub.upkeep.checked import Checked, begin_anew, end_deep, interrupted_at
from groundswell.hub.upkeep.content import ContentCheck
from groundswell.hub.upkeep.findings import Code, Progress, Report, Silence
from groundswell.hub.upkeep.premises import Premises
from groundswell.hub.upkeep.quarantine import Quarantine
from groundswell.hub.upkeep.repositories import RepositoryCheck

_log = logging.getLogger(__name__)

_FAULTS_MAX = 100


def check(
    premises: Premises,
    *,
    deep: bool = False,
    only_changed: bool = False,
    resumes: bool = False,
    quarantine: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Look for damage, beside a hub at work if need be.

    What is found sound is noted as it goes on, so that a run which breaks off loses little.

    Args:
        premises: what is checked.
        deep: also read and hash every byte.
        only_changed: leave out what was found sound before and has not changed since.
        resumes: go on with a deep check that was interrupted, and leave out what that found sound.
        quarantine: move what is corrupt out of the way; without it nothing is changed.
        progress: told how far it is.

    Raises:
        BadRequest: ``resumes``, and no deep check was interrupted.
    """
    progress = progress or Silence()
    deep = deep or resumes
    report = Report("fsck --deep" if deep else "fsck", premises.clock())
    notes = _notes(premises, report, deep=deep, anew=not (only_changed or resumes))
    if resumes:
        report.resumed_from = interrupted_at(premises)
        if report.resumed_from is None:
            msg = "No deep check was interrupted: there is nothing to go on with."
            raise BadRequest(msg)
    place = None
    if quarantine:
        place = Quarantine(premises.folder.root / "quarantine", premises.store)
    check_database(premises, report, progress, deep=deep)
    try:
        ContentCheck(premises, report, progress, deep=deep, quarantine=place, notes=notes).run()
        RepositoryCheck(premises, report, progress, deep=deep, quarantine=place, notes=notes).run()
        report_buckets(premises, report)
    finally:
        notes.save()
    if deep and notes.is_kept:
        end_deep(premises)
    report.interrupted_at = None if deep else interrupted_at(premises)
    report.finished_at = premises.clock()
    return report


def _notes(premises: Premises, report: Report, *, deep: bool, anew: bool) -> Checked:
    """What is known of earlier runs. A database that takes no writes keeps nobody from checking:
    then nothing is believed and nothing noted.
    """
    if anew:
        try:
            begin_anew(premises, is_deep=deep)
        except GroundswellError as error:
            _log.warning("what is checked is not noted: %s", error.message)
            return Checked(premises, report, is_deep=deep, is_kept=False)
    return Checked(premises, report, is_deep=deep)


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
