"""Checking repositories: the row, the folder and its identity, every ref, every pointer.

Knows what a row promises of a folder. Reads only, unless it was given a quarantine. A hub at work
moves refs before it writes rows, so what differs is looked at again before it is reported.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Corrupt, GroundswellError
from groundswell.core.values import RepoKind
from groundswell.hub import faults
from groundswell.hub.repos.identities import identity_of
from groundswell.hub.upkeep.checked import REPOSITORY, Checked, state_of
from groundswell.hub.upkeep.findings import Code, Progress, Report
from groundswell.hub.upkeep.premises import PAGE_ROWS, Premises
from groundswell.hub.upkeep.quarantine import Quarantine
from groundswell.store.git import checking
from groundswell.store.git.identity import read_identity
from groundswell.store.tables import accounts, events, links, repositories, repository_names

_SECOND_LOOKS: Final = 5
_SECOND_LOOK_SECONDS: Final = 0.2
_STALE_SECONDS: Final = 3_600.0
# Repositories whose rows are read together.
_AT_ONCE: Final = 50
_LETTING_GO: Final = ("content.deleted", "content.restored")


class RepositoryCheck:
    """One run over all repositories."""

    def __init__(
        self,
        premises: Premises,
        report: Report,
        progress: Progress,
        *,
        deep: bool = False,
        quarantine: Quarantine | None = None,
        notes: Checked | None = None,
    ) -> None:
        self._premises = premises
        self._report = report
        self._progress = progress
        self._deep = deep
        self._quarantine = quarantine
        self._git = premises.git
        self._notes = notes or Checked(premises, report, is_kept=False)
        self._doubtful: set[str] = set()

    def run(self) -> None:
        """Look at every repository, and for folders that are none's."""
        numbers = living_numbers(self._premises)
        self._progress.begin("repositories", len(numbers))
        self._notes.begin(REPOSITORY)
        self._doubtful = self._premises.faults.open_keys(faults.REPOSITORY)
        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            facts = self._premises.database.read(lambda conn: facts_of(conn, some))  # noqa: B023 - at once
            for number in some:
                self._check(number, facts.get(number, b""))
                self._progress.advance()
        self._report.counted["repositories"] += len(numbers)
        self._check_names()
        self._look_for_strays()

    def _check(self, number: int, facts: bytes) -> None:
        if not self._git.exists(number):
            if self._is_living(number):
                what = "The folder of this repository is gone."
                self._report.add(Code.REPOSITORY_MISSING, self._named(number), what)
            return
        key, found_before = f"{number:020}", self._report.by_code.total()
        folder = self._git.path(number)
        try:
            state = state_of(facts, checking.fingerprint(folder))
            is_known = str(number) not in self._doubtful and self._notes.is_unchanged(key, state)
            troubles = [] if is_known else checking.broken_references(folder)
        except (Corrupt, OSError, ValueError) as error:
            what = f"The folder cannot be read as a repository ({error})."
            self._report.add(Code.REPOSITORY_DAMAGED, self._named(number), what)
            return
        for place in checking.leftovers(folder, _STALE_SECONDS):
            what = "Left behind by a process that is gone; removed when the hub starts."
            self._report.add(Code.LEFTOVER, f"{self._named(number)} {place}", what)
        if is_known:
            return
        self._check_identity(number)
        self._check_head(number, is_broken=bool(troubles))
        self._look_inside(number, troubles)
        if self._report.by_code.total() == found_before:
            # What a hub at work changed meanwhile was looked at half before and half after.
            now = self._premises.database.read(lambda conn: facts_of(conn, [number]))
            if state_of(now.get(number, b""), checking.fingerprint(folder)) == state:
                self._notes.note(key, state)

    def _look_inside(self, number: int, troubles: Sequence[checking.Trouble]) -> None:
        for each in troubles:
            where = f"{self._named(number)} {each.where}"
            self._report.add(Code.REFERENCE_BROKEN, where, f"The reference {each.what}.")
        self._report.counted["refs"] += len(checking.reference_names(self._git.path(number)))
        if not troubles:
            self._check_pointers(number)
        if self._deep:
            self._check_objects(number)

    # --- the row and the folder ---------------------------------------------------------------

    def _check_identity(self, number: int) -> None:
        found = None
        for look in range(_SECOND_LOOKS):
            found = read_identity(self._git.path(number))
            wanted = self._premises.database.read(lambda conn: identity_of(conn, number))
            if wanted is None or found == wanted:
                return
            _wait(look)
        what = "groundswell.json is missing." if found is None else "groundswell.json is outdated."
        what = f"{what} The hub writes it again when it starts."
        self._report.add(Code.IDENTITY_WRONG, self._named(number), what)

    def _check_head(self, number: int, *, is_broken: bool) -> None:
        query = sa.select(repositories.c.head_commit).where(repositories.c.id == number)
        seen: tuple[str | None, str | None] | None = None
        for look in range(_SECOND_LOOKS):
            row = self._premises.database.read(lambda conn: conn.execute(query).scalar())
            head = self._git.head(number)
            # A hub at work changes one or the other meanwhile: only what stays different counts.
            if row == head or (seen is not None and seen != (row, head)):
                return
            seen = (row, head)
            _wait(look)
        row, head = seen or (None, None)
        if not (is_broken and head is None):
            what = f"The row says that main is at {row}; git says {head}."
            self._report.add(Code.HEAD_WRONG, self._named(number), what)

    # --- pointers and objects -----------------------------------------------------------------

    def _check_pointers(self, number: int) -> None:
        """Every pointer in the history of any ref is linked; reads every tree on the way."""
        places: dict[str, str] = {}
        try:
            for path, pointer in self._git.all_pointers(number):
                places.setdefault(pointer.sha256, path)
        except GroundswellError as error:
            notes = " ".join(getattr(error, "__notes__", ()))
            said = notes.replace(str(self._git.root), "")[:300] or error.message
            what = f"The history cannot be read ({said})."
            self._report.add(Code.OBJECT_BROKEN, self._named(number), what)
            return
        self._report.counted["pointers"] += len(places)
        missing = places.keys() - self._linked(number) - deleted_contents(self._premises, number)
        for look in range(_SECOND_LOOKS):
            if not missing:
                return
            _wait(look)
            missing -= self._linked(number)
        if self._is_living(number):
            for sha256 in sorted(missing):
                what = f"A commit holds a pointer to {sha256}, which the repository may not read."
                where = f"{self._named(number)}: {places[sha256]}"
                self._report.add(Code.POINTER_UNLINKED, where, what)

    def _linked(self, number: int) -> set[str]:
        query = sa.select(links.c.sha256).where(links.c.repository_id == number)
        return set(self._premises.database.read(lambda conn: conn.execute(query).scalars().all()))

    def _check_objects(self, number: int) -> None:
        broken, unusual = checking.verify_objects(self._git.path(number))
        for each in broken:
            self._report.add(Code.OBJECT_BROKEN, self._named(number), each.what)
        for each in unusual:
            self._report.add(Code.OBJECT_UNUSUAL, self._named(number), each.what)
        if not broken:
            return
        for file in checking.broken_loose_objects(self._git.path(number)):
            where = f"{self._named(number)} object {file.parent.name}{file.name}"
            action = ""
            if self._quarantine is not None:
                action = f"moved to {self._quarantine.take_object(number, file)}"
                self._report.counted["quarantined"] += 1
            self._report.add(Code.OBJECT_BROKEN, where, "The object's bytes have changed.", action)

    # --- what belongs to nobody ---------------------------------------------------------------

    def _check_names(self) -> None:
        names = repository_names
        named = sa.and_(names.c.repository_id == repositories.c.id, names.c.state == "current")
        query = (
            sa.select(repositories.c.id)
            .outerjoin(names, named)
            .where(repositories.c.deleted_at.is_(None), names.c.repository_id.is_(None))
        )
        for number in self._premises.database.read(
            lambda conn: conn.execute(query).scalars().all()
        ):
            what = "No name leads to this repository."
            self._report.add(Code.ROW_WRONG, self._named(number), what)

    def _look_for_strays(self) -> None:
        on_disk = self._git.numbers()
        for number in sorted(set(on_disk) - set(living_numbers(self._premises))):
            if self._git.exists(number) and not self._is_living(number):
                identity = read_identity(self._git.path(number))
                called = f" ({identity.namespace}/{identity.name})" if identity else ""
                what = f"No row knows this folder{called}: a deletion or creation that broke off."
                self._report.add(Code.REPOSITORY_STRAY, f"repository {number}", what)
        for suffix in ("new", "gone"):
            for folder in sorted(self._git.root.glob(f"[0-9a-f]?/*.{suffix}")):
                what = "Left behind by a process that is gone; removed when the hub starts."
                self._report.add(Code.LEFTOVER, f"repos/{folder.parent.name}/{folder.name}", what)

    def _is_living(self, number: int) -> bool:
        query = sa.select(repositories.c.id).where(
            repositories.c.id == number, repositories.c.deleted_at.is_(None)
        )
        return self._premises.database.read(lambda conn: conn.execute(query).first()) is not None

    def _named(self, number: int) -> str:
        query = sa.select(repositories.c.kind, repositories.c.namespace, repositories.c.name).where(
            repositories.c.id == number
        )
        row = self._premises.database.read(lambda conn: conn.execute(query).one_or_none())
        if row is None:
            return f"repository {number}"
        return f"{row.kind} {row.namespace}/{row.name} (repository {number})"


def facts_of(conn: sa.Connection, numbers: Sequence[int]) -> dict[int, bytes]:
    """For each repository, a digest of the rows that its folder has to agree with: who it is, where
    main is, what it may read and what it was made to let go of.
    """
    table = repositories
    own = (table.c.kind, table.c.namespace, table.c.name, table.c.visibility, table.c.gate)
    more = (table.c.disabled, table.c.public_id, table.c.created_at, table.c.head_commit)
    queries = (
        sa.select(table.c.id, *own, *more, accounts.c.kind)
        .join_from(table, accounts, accounts.c.id == table.c.owner_id)
        .where(table.c.id.in_(numbers)),
        sa.select(links.c.repository_id, links.c.sha256)
        .where(links.c.repository_id.in_(numbers))
        .order_by(links.c.repository_id, links.c.sha256),
        sa.select(events.c.repository_id, events.c.id)
        .where(events.c.repository_id.in_(numbers), events.c.type.in_(_LETTING_GO))
        .order_by(events.c.id),
    )
    found = {number: hashlib.blake2b(digest_size=16) for number in numbers}
    for query in queries:
        for number, *values in conn.execute(query):
            found[number].update(repr(values).encode())
        for hasher in found.values():
            hasher.update(b"\0")
    return {number: hasher.digest() for number, hasher in found.items()}


def deleted_contents(premises: Premises, number: int) -> set[str]:
    """Contents that the repository was made to let go of, though its history may name them."""
    query = sa.select(events.c.type, events.c.payload).where(
        events.c.repository_id == number, events.c.type.in_(_LETTING_GO)
    )
    gone: set[str] = set()
    rows = premises.database.read(lambda conn: conn.execute(query.order_by(events.c.id)).all())
    for type_, payload in rows:
        if type_ == "content.deleted":
            gone.update(payload["sha256s"])
        else:
            gone.difference_update(payload["sha256s"])
    return gone


def living_numbers(premises: Premises) -> list[int]:
    """The numbers of all repositories with a folder that are not deleted, ascending: buckets have
    none (``hub.upkeep.buckets``).
    """
    table = repositories
    has_folder = table.c.kind != RepoKind.BUCKET.value
    numbers: list[int] = []
    while True:
        after = numbers[-1] if numbers else 0
        query = (
            sa.select(table.c.id)
            .where(table.c.id > after, table.c.deleted_at.is_(None), has_folder)
            .order_by(table.c.id)
            .limit(PAGE_ROWS)
        )
        page = premises.database.read(lambda conn: conn.execute(query).scalars().all())  # noqa: B023 - at once
        numbers += page
        if len(page) < PAGE_ROWS:
            return numbers


def _wait(look: int) -> None:
    """A moment for a hub at work to finish what it has begun; none after the last look."""
    if look < _SECOND_LOOKS - 1:
        time.sleep(_SECOND_LOOK_SECONDS / 2 ** (_SECOND_LOOKS - look))
