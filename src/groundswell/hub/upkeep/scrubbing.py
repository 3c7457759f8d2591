"""Scrubbing: reading everything that a hub keeps, a little at a time, to find what has rotted.

Knows the order (what was broken before, xorbs, shards, repositories, rows and keys), where a pass
stopped, and what is done about a fault: it is put on record, put aside and healed if there is
another copy. Does not know when it is a good time: whoever calls gives it an allowance of bytes.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import Corrupt, GroundswellError
from groundswell.hub.blobs.scanning import fault_of, lies_there
from groundswell.hub.events import record
from groundswell.hub.faults import DATABASE, REPOSITORY
from groundswell.hub.upkeep.checking import check_database
from groundswell.hub.upkeep.content import ContentCheck
from groundswell.hub.upkeep.epochs import begin_epoch
from groundswell.hub.upkeep.findings import Code, Finding, Progress, Report, Severity, Silence
from groundswell.hub.upkeep.healing import Healing
from groundswell.hub.upkeep.premises import Premises
from groundswell.hub.upkeep.quarantine import Quarantine
from groundswell.hub.upkeep.recipes import Recipes
from groundswell.hub.upkeep.repositories import living_numbers
from groundswell.hub.upkeep.uses import repair_uses
from groundswell.store.database import upsert
from groundswell.store.git import checking
from groundswell.store.ports import ColdBlobs, Kind
from groundswell.store.tables import hub_facts

_log = logging.getLogger(__name__)

FAULTS, XORBS, SHARDS = "faults", "xorbs", "shards"
REPOSITORIES, ROWS = "repositories", "rows"
_STAGES: Final = (FAULTS, XORBS, SHARDS, REPOSITORIES, ROWS)
_FACT: Final = "scrub"
_MENDED: Final = f"{Code.USE_MISSING.value} "
_TOLD_BY_SHARDS: Final = (f"{Code.RECIPE_BROKEN.value} ", f"{Code.ROW_WRONG.value} ")
_KEYS_FACT: Final = "key_digests"
# Objects between two notes of where it stopped: what a killed hub reads again.
_NOTE_EVERY: Final = 16
# What looking at any object costs besides its bytes.
_OBJECT_BYTES: Final = 4096


@dataclass(slots=True)
class Pass:
    """A pass under way, as it is noted: ``after`` is the last object of ``stage`` that was read.
    ``loses_content``: something was put aside that nothing healed, and clients were not told yet.

    Times are microseconds since the epoch; ``last_*`` speak of the pass before.
    """

    stage: str = FAULTS
    after: str = ""
    began_at: int = 0
    objects: int = 0
    size_bytes: int = 0
    faults: int = 0
    loses_content: bool = False
    last_finished_at: int = 0
    last_objects: int = 0
    last_size_bytes: int = 0
    last_faults: int = 0

    @property
    def is_under_way(self) -> bool:
        """Whether it has begun."""
        return self.began_at > 0


class Scrub:
    """One pass after another. For one thread; ``stop`` may be called from any."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._healing = Healing(premises)
        self._quarantine = Quarantine(premises.folder.root / "quarantine", premises.store)
        self._stopping = threading.Event()
        self._pass = state_of(premises)
        self._left_bytes = 0
        self._spent_bytes = 0

    @property
    def state(self) -> Pass:
        """How far it is."""
        return self._pass

    def catch_up(self) -> Pass:
        """Take over what stands noted: another process may have gone on meanwhile."""
        self._pass = state_of(self._premises)
        return self._pass

    def stop(self) -> None:
        """End soon, this time and every other."""
        self._stopping.set()

    def begin(self, *, again: bool = False) -> None:
        """Begin a pass, unless one is under way that is not to be begun ``again``."""
        if again or not self._pass.is_under_way:
            before = self._pass
            self._pass = Pass(
                began_at=self._premises.clock(),
                last_finished_at=before.last_finished_at,
                last_objects=before.last_objects,
                last_size_bytes=before.last_size_bytes,
                last_faults=before.last_faults,
            )
            self._note()

    def run(self, allowance_bytes: int | None = None, progress: Progress | None = None) -> int:
        """Go on with the pass under way; how many bytes were read.

        Ends when the pass does, when ``allowance_bytes`` are used up (the last object may go
        beyond), or soon after ``stop``.
        """
        progress = progress or Silence()
        self._spent_bytes = 0
        self._left_bytes = allowance_bytes if allowance_bytes is not None else 1 << 62
        steps = {
            FAULTS: self._known_faults,
            XORBS: self._blobs,
            SHARDS: self._blobs,
            REPOSITORIES: self._repositories,
        }
        while self._pass.is_under_way and self._goes_on():
            progress.begin(self._pass.stage, None)
            step: Callable[[Progress], bool] = steps.get(self._pass.stage, self._rows)
            if not step(progress):
                break
            self._next_stage()
        if self._pass.loses_content:
            # Clients remember for weeks that a xorb is here, and would not send it again. A pass
            # may take weeks too: they forget now.
            self._premises.database.write(lambda conn: begin_epoch(conn, self._premises.clock()))
            self._pass.loses_content = False
        self._note()
        return self._spent_bytes

    def _goes_on(self) -> bool:
        return self._left_bytes > 0 and not self._stopping.is_set()

    def _paid(self, size_bytes: int) -> None:
        self._left_bytes -= size_bytes
        self._spent_bytes += size_bytes
        self._pass.size_bytes += size_bytes

    def _done(self, key: str, progress: Progress) -> None:
        self._pass.after = key
        self._pass.objects += 1
        self._paid(_OBJECT_BYTES)
        progress.advance()
        if self._pass.objects % _NOTE_EVERY == 0:
            self._note()

    def _next_stage(self) -> None:
        number = _STAGES.index(self._pass.stage) + 1
        if number < len(_STAGES):
            self._pass.stage, self._pass.after = _STAGES[number], ""
            return
        done = self._pass
        self._pass = Pass(
            last_finished_at=self._premises.clock(),
            last_objects=done.objects,
            last_size_bytes=done.size_bytes,
            last_faults=done.faults,
            loses_content=done.loses_content,
        )

    def _note(self) -> None:
        row = {"name": _FACT, "value": asdict(self._pass)}
        self._premises.database.write(lambda conn: upsert(conn, hub_facts, row, update=["value"]))

    # --- xorbs and shards -----------------------------------------------------------------------

    def _blobs(self, progress: Progress) -> bool:
        kind = Kind.XORB if self._pass.stage == XORBS else Kind.SHARD
        for key in self._premises.store.list_keys(kind, self._pass.after):
            if not self._goes_on():
                return False
            self._blob(kind, key)
            self._done(key, progress)
        return True

    def _blob(self, kind: str, key: str) -> None:
        fault = fault_of(self._premises.store, kind, key, self._paid)
        if fault is None:
            return
        if not lies_there(self._premises.store, kind, key):
            return  # deleted meanwhile; that rows miss it is found with the rows
        if (base := self._broken_base(kind, key)) is not None:
            self._found(kind, key, f"It needs xorb {base}, which is broken.")
            return
        if fault_of(self._premises.store, kind, key, self._paid) is None:
            return  # its base was healed
        self._found(kind, key, fault)
        try:
            place = self._premises.store.set_aside(kind, key)
        except FileNotFoundError:
            return
        self._premises.indexes.forget(key)
        self._premises.faults.note(kind, key, fault, place)
        how = self._healing.heal(kind, key, place)
        if how is None and kind == Kind.XORB:
            self._pass.loses_content = True
            self._note()
        _log.error("%s %s was put aside (%s); healed by %s", kind, key, fault, how or "nothing")

    def _broken_base(self, kind: str, key: str) -> str | None:
        """A xorb without which a cold one cannot be read, and that is broken and stays so: then
        the cold one itself is left where it is. Bases have no bases.
        """
        store = self._premises.store
        if kind != Kind.XORB or not isinstance(store, ColdBlobs):
            return None
        try:
            bases = store.cold(key).bases
        except (FileNotFoundError, Corrupt):
            return None
        for base in bases:
            if fault_of(store, kind, base, self._paid) is None:
                continue
            self._blob(kind, base)
            if fault_of(store, kind, base, self._paid) is not None:
                return base
        return None

    def _found(self, kind: str, key: str, what: str) -> None:
        if not self._premises.faults.note(kind, key, what):
            return
        self._pass.faults += 1
        _log.error("%s %s: %s", kind, key, what)
        now = self._premises.clock()
        told = {"kind": kind, "key": key, "what": what}
        self._premises.database.write(
            lambda conn: record(conn, now, "fault.found", None, None, told)
        )

    def _known_faults(self, progress: Progress) -> bool:
        """Close faults of what was brought back by hand, and heal what can be healed by now."""
        for kind in (Kind.XORB, Kind.SHARD):
            for key in sorted(self._premises.faults.open_keys(kind)):
                if f"{kind}/{key}" <= self._pass.after:
                    continue
                if not self._goes_on():
                    return False
                self._known_fault(kind, key)
                self._done(f"{kind}/{key}", progress)
        return True

    def _known_fault(self, kind: str, key: str) -> None:
        store, faults = self._premises.store, self._premises.faults
        if not lies_there(store, kind, key):
            if place := faults.place_of(kind, key):
                self._healing.heal(kind, key, place)
        elif fault_of(store, kind, key, self._paid) is None:
            faults.heal(kind, key, "found whole")

    # --- repositories ---------------------------------------------------------------------------

    def _repositories(self, progress: Progress) -> bool:
        after = int(self._pass.after or 0)
        for number in living_numbers(self._premises):
            if number <= after:
                continue
            if not self._goes_on():
                return False
            self._repository(number)
            self._done(str(number), progress)
        return True

    def _repository(self, number: int) -> None:
        git = self._premises.git
        if not git.exists(number):
            return  # being deleted, or missing: fsck tells of it
        folder = git.path(number)
        try:
            troubles = self._derived(number, folder)
            troubles += [f"{each.where} {each.what}" for each in checking.broken_references(folder)]
            broken, _ = checking.verify_objects(folder)
            troubles += [each.what for each in broken]
            for file in checking.broken_loose_objects(folder) if broken else ():
                place = self._quarantine.take_object(number, file)
                troubles.append(f"object {file.parent.name}{file.name} was moved to {place}")
        except (Corrupt, OSError, ValueError) as error:
            troubles = [f"The folder cannot be read as a repository ({error})."]
        if troubles:
            self._found(REPOSITORY, str(number), "; ".join(troubles))
        else:
            self._premises.faults.heal(REPOSITORY, str(number), "found whole")

    def _derived(self, number: int, folder: Path) -> list[str]:
        """Files with a wrong checksum. What git can make again goes, and is made again."""
        troubles = []
        for file in checking.broken_files(folder, self._paid):
            what = f"{file.relative_to(folder)} does not have its checksum"
            if file.suffix in {".pack", ".idx"}:
                troubles.append(what)
                continue
            place = self._quarantine.take_object(number, file)
            key = f"{number}/{file.name}"
            self._found(REPOSITORY, key, what)
            self._premises.faults.note(REPOSITORY, key, what, place)
            self._premises.faults.heal(REPOSITORY, key, "not needed: git makes it again")
        return troubles

    # --- rows and keys --------------------------------------------------------------------------

    def _rows(self, progress: Progress) -> bool:
        report = Report("scrub", self._premises.clock())
        check_database(self._premises, report, progress, deep=True)
        self._check_content_rows(report, progress)
        self._check_keys(report)
        seen = {key for kind, key in self._tell(report) if kind == DATABASE}
        # Recipes name what rows should say: nobody need wait for a rebuild.
        if report.by_code[Code.USE_MISSING] or report.by_code[Code.USE_EXTRA]:
            repair_uses(self._premises)
            for key in seen:
                if key.startswith(_MENDED) and not key.startswith(f"{_MENDED}{Kind.COLD}/"):
                    self._premises.faults.heal(DATABASE, key, "the recipes")
        if any(key.startswith(_TOLD_BY_SHARDS) for key in seen):
            self._mend(seen, progress)
        for key in self._premises.faults.open_keys(DATABASE) - seen:
            self._premises.faults.heal(DATABASE, key, "found whole")
        self._done("", progress)
        return True

    def _check_content_rows(self, report: Report, progress: Progress) -> None:
        try:
            ContentCheck(self._premises, report, progress).run_rows()
        except GroundswellError as error:
            report.add(Code.DATABASE_DAMAGED, "database", error.message)

    def _tell(self, report: Report) -> list[tuple[str, str]]:
        """Note each error of a report as a fault; their kinds and keys."""
        told = []
        for each in report.findings:
            if each.severity is not Severity.ERROR:
                continue
            if each.code is Code.RECIPE_BROKEN and "missing or broken" in each.what:
                continue  # follows from a xorb's fault, which is told
            kind, key = _fault_of(each)
            told.append((kind, key))
            self._found(kind, key, each.what)
        return told

    def _mend(self, seen: set[str], progress: Progress) -> None:
        """Take recipes and blobs from the shards that tell of them; what is right then, heals."""
        report = Report("scrub", self._premises.clock())
        Recipes(self._premises, report, progress, deep=False).mend()
        self._check_content_rows(report, progress)
        left = {_fault_of(each)[1] for each in report.findings}
        for key in seen:
            if key.startswith(_TOLD_BY_SHARDS) and key not in left:
                self._premises.faults.heal(DATABASE, key, "a shard")

    def _check_keys(self, report: Report) -> None:
        """Signing keys are random bytes: their digests are noted when they are first seen."""
        query = sa.select(hub_facts.c.value).where(hub_facts.c.name == _KEYS_FACT)
        found = self._premises.database.read(lambda conn: conn.execute(query).scalar())
        known: dict[str, Any] = found or {}
        digests = {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(self._premises.folder.keys.glob("*.key"))
        }
        for name, digest in known.items():
            if digests.get(name, digest) != digest:
                what = "This signing key has changed: bring it back from a backup."
                report.add(Code.KEY_CHANGED, f"keys/{name}", what)
        fresh = {**digests, **known}
        if fresh != known:
            row = {"name": _KEYS_FACT, "value": fresh}
            self._premises.database.write(
                lambda conn: upsert(conn, hub_facts, row, update=["value"])
            )


def _fault_of(finding: Finding) -> tuple[str, str]:
    """The kind and key under which a finding is noted."""
    if finding.code is Code.XORB_MISSING:
        return Kind.XORB, finding.where
    return DATABASE, f"{finding.code.value} {finding.where}"[:160]


def state_of(premises: Premises) -> Pass:
    """How far the pass under way is, and how the last one ended, as it was noted."""
    query = sa.select(hub_facts.c.value).where(hub_facts.c.name == _FACT)
    value = premises.database.read(lambda conn: conn.execute(query).scalar())
    return Pass(**value) if isinstance(value, dict) else Pass()
