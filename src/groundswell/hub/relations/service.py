"""The use cases of relations.

A door finds the repository first (``Repos.find``) and hands it over. Everything about it and around
it is then asked in one transaction, so that what was just hidden is neither shown nor counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.policy import Action
from groundswell.core.values import Principal, RepoKind
from groundswell.hub.relations import finding
from groundswell.hub.relations.finding import Named
from groundswell.hub.relations.values import (
    RELATIONS_MAX,
    RELATIVES_MAX,
    Ancestry,
    Base,
    Bond,
    Kin,
    Relation,
    Relative,
    Seen,
)
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.store.database import Database

STEPS_MAX: Final = 5  # each way
ABOVE_MAX: Final = RELATIVES_MAX // 2  # what it comes from leaves room for what came of it


class Relations:
    """Relations of repositories that ``Repos.find`` gave for this principal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ancestry(self, principal: Principal, repository: Repository) -> Ancestry:
        """What it comes from and what came of it, as far as the principal sees.

        Raises:
            RepoNotFound: deleted or hidden meanwhile.
        """

        def work(conn: sa.Connection) -> Ancestry:
            here = decide_again(conn, principal, repository.id, Action.SEE)
            walk = _Walk(conn, principal, _seen(here))
            walk.up()
            walk.down()
            walk.other_bases()
            return walk.told()

        return self._database.read(work)

    def kin(self, principal: Principal, repository: Repository) -> Kin:
        """The nearest relations in short.

        Raises:
            RepoNotFound: deleted or hidden meanwhile.
        """

        def work(conn: sa.Connection) -> Kin:
            here = decide_again(conn, principal, repository.id, Action.SEE)
            named = finding.named_by(here.tags) if here.kind is not RepoKind.DATASET else ()
            known = finding.resolve(conn, principal, named) if named else {}
            bases = tuple(
                Base(_relative(each, known[finding.key_of(each.kind, each.name)]), each.bond)
                for each in named
            )
            counted = here.kind in {RepoKind.MODEL, RepoKind.DATASET}
            counts = finding.counts_of(conn, principal, _seen(here)) if counted else ()
            return Kin(bases, counts)

        return self._database.read(work)


def _seen(repository: Repository) -> Seen:
    return Seen(repository.id, repository.repo_id, repository.is_private)


def _of(seen: Seen) -> Relative:
    return Relative(seen.full_name, seen.kind, seen)


def _relative(named: Named, seen: Seen | None) -> Relative:
    return Relative(named.name, named.kind, None) if seen is None else _of(seen)


class _Walk:
    """One look around a repository, step by step and within bounds."""

    def __init__(self, conn: sa.Connection, principal: Principal, here: Seen) -> None:
        self._conn = conn
        self._principal = principal
        self._here = here
        self._relatives: list[Relative] = []
        self._places: dict[
            int | tuple[RepoKind, str], int
        ] = {}  # of a repository's number, or of a name elsewhere
        self._relations: dict[Relation, None] = {}
        self._is_whole = True
        self._most = RELATIVES_MAX
        self._place(_of(here))

    def told(self) -> Ancestry:
        return Ancestry(tuple(self._relatives), tuple(self._relations), self._is_whole)

    def up(self) -> None:
        """What it comes from, and what that comes from."""
        self._most = ABOVE_MAX
        frontier = [self._here]
        for _ in range(STEPS_MAX):
            frontier = self._above(frontier) if frontier else []
        self._is_whole = self._is_whole and not frontier

    def down(self) -> None:
        """What came of it, and what came of that."""
        self._most = RELATIVES_MAX
        frontier = [self._here]
        for _ in range(STEPS_MAX):
            if not frontier or not self._room():
                break
            frontier = self._below(frontier)
        self._is_whole = self._is_whole and not frontier

    def other_bases(self) -> None:
        """What else those were made of that came of it: a merge has several bases."""
        if self._here.kind is not RepoKind.DATASET:
            self._declared([each.seen for each in self._relatives if each.seen])

    def _room(self) -> int:
        return self._most - len(self._relatives)

    def _place(self, relative: Relative) -> tuple[int | None, bool]:
        """Where a relative stands, None when there is no room for it; and whether it is new."""
        seen = relative.seen
        key = finding.key_of(relative.kind, relative.name) if seen is None else seen.id
        place = self._places.get(key)
        if place is not None:
            return place, False
        if not self._room():
            self._is_whole = False
            return None, False
        self._places[key] = place = len(self._relatives)
        self._relatives.append(relative)
        return place, True

    def _relate(self, earlier: int | None, later: int | None, bond: Bond) -> None:
        if earlier is None or later is None or earlier == later:
            return
        if len(self._relations) < RELATIONS_MAX:
            self._relations[Relation(earlier, later, bond)] = None
        else:
            self._is_whole = False

    def _above(self, frontier: Sequence[Seen]) -> list[Seen]:
        numbers = [each.id for each in frontier]
        found = self._declared(frontier)
        upstreams = finding.upstreams_of(self._conn, self._principal, numbers)
        for number, upstream in sorted(upstreams.items()):
            place, is_new = self._place(_of(upstream))
            self._relate(place, self._places[number], Bond.FORK)
            if is_new:
                found.append(upstream)
        return found

    def _declared(self, frontier: Sequence[Seen]) -> list[Seen]:
        """Relate these to what their cards name, and say what of that is new."""
        named = finding.declared_by(self._conn, [each.id for each in frontier])
        # Whose data their bases learnt from is asked on the pages of those.
        wanted = {
            number: [
                each for each in some if each.bond is not Bond.DATASET or number == self._here.id
            ]
            for number, some in named.items()
        }
        known = finding.resolve(
            self._conn, self._principal, [each for some in wanted.values() for each in some]
        )
        found = []
        for number, some in wanted.items():
            for each in some:
                key = finding.key_of(each.kind, each.name)
                if key not in known:
                    self._is_whole = False
                    continue
                seen = known[key]
                place, is_new = self._place(_relative(each, seen))
                self._relate(place, self._places[number], each.bond)
                if is_new and seen is not None and each.bond is not Bond.DATASET:
                    found.append(seen)
        return found

    def _below(self, frontier: Sequence[Seen]) -> list[Seen]:
        limit = self._room() + 1
        numbers = [each.id for each in frontier]
        copies = finding.forks_of(self._conn, self._principal, numbers, limit)
        # What was trained on a dataset is told of that dataset, and not of its forks.
        naming = [
            each
            for each in frontier
            if each.kind is RepoKind.MODEL or (each is self._here and each.kind is RepoKind.DATASET)
        ]
        made = finding.declaring(self._conn, self._principal, naming, limit) if naming else []
        self._is_whole = self._is_whole and max(len(copies), len(made)) < limit
        found = []
        for step in made:
            later, is_new = self._place(_of(step.later))
            if self._here.kind is RepoKind.DATASET:
                self._relate(self._places[step.earlier_id], later, Bond.DATASET)
            # Else how it is declared stands in its own tags: ``other_bases`` reads those.
            elif is_new:
                found.append(step.later)
        for step in copies:
            later, is_new = self._place(_of(step.later))
            self._relate(self._places[step.earlier_id], later, Bond.FORK)
            found += [step.later] if is_new else []
        return found
