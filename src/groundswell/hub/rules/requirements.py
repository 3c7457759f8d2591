"""Finds out what a pull request needs: from the rules of main, its reviews, its checks, the
MAINTAINERS file of main, and its commits.

Knows who counts. An approval counts when its giver may write now and wrote none of the pull
request; an owner's, when they may write. The file is main's: a pull request cannot appoint its own
reviewers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import InvalidCredentials
from groundswell.core.policy import Action, may
from groundswell.core.values import fold_name
from groundswell.hub.accounts import credentials
from groundswell.hub.checks import rows as check_rows
from groundswell.hub.discussions.values import Discussion
from groundswell.hub.repos.finding import load_for
from groundswell.hub.reviews.standing import standing
from groundswell.hub.reviews.values import Verdict
from groundswell.hub.rules import reporters, rows
from groundswell.hub.rules.histories import COMMITS_LOOKED_MAX, lacking_sign_off
from groundswell.hub.rules.needs import Needs, OwnersNeed
from groundswell.hub.rules.values import MAIN, Rule, Terms, merged
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.git import CommitSummary, GitStore
from groundswell.wire import maintainers

PATHS_MAX: Final = 10_000
PUSHES_MAX: Final = 5_000


@dataclass(frozen=True, slots=True)
class _Brought:
    """What git tells of a pull request, as far as the rules ask."""

    areas: dict[tuple[str, ...], tuple[str, ...]]
    unsigned: tuple[CommitSummary, ...]
    faults: tuple[str, ...]


class Requirements:
    """What pull requests need. Reads only; rights are the caller's matter."""

    def __init__(self, database: Database, git: GitStore) -> None:
        self._database = database
        self._git = git

    def rules(self, repository_id: int) -> tuple[Rule, ...]:
        """The rules of main."""
        return self._database.read(lambda conn: rows.covering(conn, repository_id, MAIN))

    def look(
        self,
        request: Discussion,
        main: str,
        head: str,
        *,
        tested: str | None = None,
    ) -> Needs:
        """What the pull request at ``head`` needs to come into ``main``. Checks are those of
        ``tested``, the result of a merge, or else of ``head``.
        """
        rules = self.rules(request.repository_id)
        if not rules:
            return Needs()
        terms = merged(rules)
        brought = self._brought(request.repository_id, terms, main, head)

        def work(conn: sa.Connection) -> Needs:
            verdicts = _counting(conn, request, head, terms)
            writers = _writers(conn, request)
            reported = check_rows.of_commit(conn, request.repository_id, tested or head)
            approvals = [each for each in verdicts if each.verdict == "approved"]
            return Needs(
                rules=rules,
                approved_by=tuple(
                    each.reviewer for each in approvals if each.reviewer_id not in writers
                ),
                objected_by=_objecting(verdicts, terms),
                checks=reporters.check_needs(conn, terms, reported),
                owners=_owners(conn, request, brought.areas, approvals, writers),
                unsigned=brought.unsigned,
                faults=brought.faults,
            )

        return self._database.read(work)

    def _brought(self, repository_id: int, terms: Terms, main: str, head: str) -> _Brought:
        faults: list[str] = []
        areas: dict[tuple[str, ...], tuple[str, ...]] = {}
        unsigned: list[CommitSummary] = []
        base = self._git.merging.base(repository_id, main, head)
        if terms.maintainers:
            areas = touched_areas(self._git, repository_id, main, base, head, faults)
        if terms.sign_off:
            between = self._git.merging.between
            commits, count = between(repository_id, main, head, COMMITS_LOOKED_MAX)
            unsigned = lacking_sign_off(commits)
            if count > len(commits):
                faults.append(f"it brings more than {COMMITS_LOOKED_MAX} commits")
        return _Brought(areas, tuple(unsigned), tuple(faults))


def touched_areas(
    git: GitStore,
    repository_id: int,
    main: str,
    base: str | None,
    head: str,
    faults: list[str],
) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The touched paths of each set of owners; why that cannot be told is added to ``faults``."""
    found = git.entry(repository_id, main, maintainers.FILE_NAME)
    if found is None:
        return {}
    most = maintainers.FILE_BYTES_MAX
    content = git.text_at(repository_id, main, maintainers.FILE_NAME, most)
    if content is None:
        faults.append(f"{maintainers.FILE_NAME} of main is no small text file")
        return {}
    read = maintainers.parse(content)
    if read.faults:
        first = read.faults[0]
        where = f"line {first.line}" if first.line else "the file"
        faults.append(f"{maintainers.FILE_NAME} of main has a fault: {where}: {first.why}")
        return {}
    changes = git.changes(repository_id, base, head)
    paths = [each.path for each in islice(changes, PATHS_MAX + 1)]
    if len(paths) > PATHS_MAX:
        faults.append(f"it touches more than {PATHS_MAX} files")
        return {}
    areas: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        area = read.area_of(path)
        if area is not None and area.owners:
            areas.setdefault(area.owners, []).append(path)
    return {owners: tuple(held) for owners, held in areas.items()}


def _counting(
    conn: sa.Connection, request: Discussion, head: str, terms: Terms
) -> tuple[Verdict, ...]:
    """Verdicts of people who may write; of approvals only those of this head, if a rule says so."""
    return tuple(
        each
        for each in standing(conn, request, head)
        if each.may_write
        and not (each.verdict == "approved" and each.is_stale and terms.dismisses_stale)
    )


def _objecting(verdicts: Iterable[Verdict], terms: Terms) -> tuple[str, ...]:
    if not (terms.approvals or terms.maintainers):
        return ()
    return tuple(each.reviewer for each in verdicts if each.verdict == "changes_requested")


def _writers(conn: sa.Connection, request: Discussion) -> frozenset[int | None]:
    """Who opened the pull request, and who sent commits to it. Where there are too many pushes to
    look at, None is among them.
    """
    table, events = tables.discussions, tables.events
    author = sa.select(table.c.author_id).where(table.c.id == request.id)
    found: set[int | None] = {conn.execute(author).scalar_one()}
    pushes = (
        sa.select(events.c.actor_id, events.c.payload)
        .where(
            events.c.repository_id == request.repository_id,
            events.c.discussion_number == request.number,
            events.c.type == "commit.landed",
        )
        .order_by(events.c.id.desc())
        .limit(PUSHES_MAX)
    )
    told = conn.execute(pushes).all()
    found |= {each.actor_id for each in told if not each.payload.get("brings_main")}
    if len(told) == PUSHES_MAX:
        found.add(None)
    return frozenset(found)


def _owners(
    conn: sa.Connection,
    request: Discussion,
    areas: dict[tuple[str, ...], tuple[str, ...]],
    approvals: Sequence[Verdict],
    writers: frozenset[int | None],
) -> tuple[OwnersNeed, ...]:
    """Of each set of owners, who gave their word. An owner who wrote all of it has given it."""
    if not areas:
        return ()
    givers = {each.reviewer_id: each.reviewer for each in approvals}
    if len(writers) == 1 and request.author is not None:
        (only,) = writers
        if only is not None and _may_write(conn, only, request.repository_id):
            givers[only] = request.author
    ids = rows.ids_of(conn, {each for owners in areas for each in owners})
    members = _members(conn, ids.values(), givers)
    found = []
    for owners, paths in areas.items():
        numbers = {ids[fold_name(each)] for each in owners if fold_name(each) in ids}
        speaking = tuple(
            name
            for number, name in givers.items()
            if number in numbers or members.get(number, set()) & numbers
        )
        found.append(OwnersNeed(owners, paths, speaking))
    return tuple(found)


def _may_write(conn: sa.Connection, account_id: int, repository_id: int) -> bool:
    try:
        principal = credentials.by_account(conn, account_id)
    except InvalidCredentials:  # disabled
        return False
    present = load_for(conn, principal, repository_id)
    return present is not None and may(principal, Action.WRITE, present.subject).allowed


def _members(
    conn: sa.Connection, organisation_ids: Iterable[int], user_ids: Iterable[int]
) -> dict[int, set[int]]:
    """Those of the organisations in which each of the users may write."""
    asked = set(organisation_ids)
    found: dict[int, set[int]] = {}
    for user_id, organisation_id in rows.writing_members(conn, user_ids):
        if organisation_id in asked:
            found.setdefault(user_id, set()).add(organisation_id)
    return found
