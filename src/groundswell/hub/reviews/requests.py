"""Requests for review: who was asked to look at a pull request, by whom, and who has answered.

Who may change a pull request asks; who is asked may read it. A verdict answers. Does not know who
hears of it (``hub.notifications``) nor whom to suggest (``hub.rules.suggesting``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, InvalidCredentials
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal, fold_name, is_storable
from groundswell.hub.accounts import credentials
from groundswell.hub.discussions import Discussion, Status
from groundswell.hub.discussions import comments as talk
from groundswell.hub.discussions import rows as discussions
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again, load_for
from groundswell.hub.reviews import rows
from groundswell.hub.reviews.values import ASKED_MAX, ReviewRequest
from groundswell.store import tables
from groundswell.store.database import Database, upsert

_table = tables.review_requests
_accounts = tables.accounts
_LIVE = {Status.DRAFT, Status.OPEN}


class Requests:
    """Requests for review in repositories that ``Repos.find`` gave for this principal."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def listed(
        self, principal: Principal, repository: Repository, request: Discussion
    ) -> tuple[ReviewRequest, ...]:
        """Who was asked, in the order they were; who may not read it now is left out.

        Raises:
            RepoNotFound, GatedRepo, …: the principal may not read the repository.
        """

        def look(conn: sa.Connection) -> tuple[ReviewRequest, ...]:
            decide_again(conn, principal, repository.id, Action.READ)
            return tuple(
                each
                for each in listed(conn, request)
                if may_read(conn, each.reviewer_id, repository.id)
            )

        return self._database.read(look)

    def ask(
        self, principal: Principal, repository: Repository, number: int, names: Sequence[str]
    ) -> None:
        """Ask people for a review; its author may, and who may write. Whoever is waited for
        already is not asked again; whoever has answered is.

        Raises:
            BadRequest: nobody, too many, the author, or nobody of that name may read it.
            Conflict: it is closed or merged.
            NotFound: there is no such pull request.
            Unauthenticated, Forbidden: the principal may not change it, or it is locked.
        """

        def work(conn: sa.Connection) -> None:
            request = _changed_by(conn, principal, repository.id, number)
            if request.status not in _LIVE:
                raise Conflict(f"This pull request is {request.status.value}: nobody reviews it.")
            people = _people(conn, repository.id, names)
            if request.author in people.values():
                raise BadRequest("Nobody reviews their own pull request.")
            present = listed(conn, request)
            waiting = {each.reviewer_id for each in present if not each.is_answered}
            new = {id_: name for id_, name in people.items() if id_ not in waiting}
            if len({each.reviewer_id for each in present} | people.keys()) > ASKED_MAX:
                raise BadRequest(f"At most {ASKED_MAX} people are asked for a review.")
            if not new:
                return
            now = self._clock()
            for id_ in new:
                row: dict[str, Any] = {"discussion_id": request.id, "account_id": id_}
                row |= {"asked_by_id": principal.account_id, "asked_at": now, "answered_at": None}
                upsert(conn, _table, row, update=["asked_by_id", "asked_at", "answered_at"])
            # The numbers are for notifications: whoever is asked hears of it.
            told = {"reviewers": list(new.values()), "account_ids": list(new)}
            rows.tell(conn, now, principal, request, "review.requested", told)

        self._database.write(work)

    def withdraw(
        self, principal: Principal, repository: Repository, number: int, name: str
    ) -> None:
        """Ask somebody no longer; or say that one will not. Nothing when they are not asked.

        Raises:
            NotFound: there is no such pull request.
            Unauthenticated, Forbidden: as ``ask``; who was asked may take themselves out.
        """

        def work(conn: sa.Connection) -> None:
            decide_again(conn, principal, repository.id, Action.CONTRIBUTE)
            request = rows.request_of(conn, repository.id, number)
            folded = fold_name(name.strip()) if is_storable(name) else ""
            is_own = not principal.is_anonymous and folded == fold_name(principal.name)
            if not is_own:
                _changed_by(conn, principal, repository.id, number)
            asked = next(
                (each for each in listed(conn, request) if fold_name(each.reviewer) == folded), None
            )
            if asked is None:
                return
            which = _table.c.discussion_id == request.id
            mine = sa.and_(which, _table.c.account_id == asked.reviewer_id)
            conn.execute(sa.delete(_table).where(mine))
            told = {"reviewer": asked.reviewer, "account_id": asked.reviewer_id}
            rows.tell(conn, self._clock(), principal, request, "review.unrequested", told)

        self._database.write(work)


def listed(conn: sa.Connection, request: Discussion) -> list[ReviewRequest]:
    """Everybody who was asked and whose account is open. No rights are asked."""
    askers = _accounts.alias("askers")
    query = (
        sa.select(
            _table.c.account_id,
            _table.c.asked_at,
            _table.c.answered_at,
            _accounts.c.name,
            askers.c.name.label("asker"),
        )
        .join_from(_table, _accounts, _accounts.c.id == _table.c.account_id)
        .join(askers, askers.c.id == _table.c.asked_by_id)
        .where(_table.c.discussion_id == request.id, _accounts.c.disabled_at.is_(None))
        .order_by(_table.c.asked_at, _table.c.account_id)
    )
    return [
        ReviewRequest(
            reviewer_id=row.account_id,
            reviewer=row.name,
            asked_by=row.asker,
            asked_at=row.asked_at,
            is_answered=row.answered_at is not None,
        )
        for row in conn.execute(query)
    ]


def note_answer(conn: sa.Connection, request: Discussion, account_id: int | None, now: int) -> None:
    """Whoever gave a verdict is waited for no longer."""
    mine = sa.and_(
        _table.c.discussion_id == request.id,
        _table.c.account_id == account_id,
        _table.c.answered_at.is_(None),
    )
    conn.execute(sa.update(_table).where(mine).values(answered_at=now))


def may_read(conn: sa.Connection, account_id: int, repository_id: int) -> bool:
    """Whether that person may read the content now."""
    try:
        person = credentials.by_account(conn, account_id)
    except InvalidCredentials:  # disabled
        return False
    present = load_for(conn, person, repository_id)
    return present is not None and may(person, Action.READ, present.subject).allowed


def _changed_by(
    conn: sa.Connection, principal: Principal, repository_id: int, number: int
) -> Discussion:
    """The pull request, for who may change it and speak in it."""
    decide_again(conn, principal, repository_id, Action.CONTRIBUTE)
    request = rows.request_of(conn, repository_id, number)
    discussions.decide_on(conn, principal, repository_id, number)
    talk.check_may_speak(conn, principal, repository_id, request, adds=False)
    return request


def _people(conn: sa.Connection, repository_id: int, names: Iterable[str]) -> dict[int, str]:
    """Numbers and names of those who are named. Who may not read it is as if they were not
    there.
    """
    wanted = {fold_name(name.strip()): name.strip() for name in names}
    if not 1 <= len(wanted) <= ASKED_MAX:
        raise BadRequest(f"1 to {ASKED_MAX} people are asked for a review.")
    found: dict[int, str] = {}
    for folded, name in wanted.items():
        query = sa.select(_accounts.c.id, _accounts.c.name).where(
            _accounts.c.folded == folded, _accounts.c.kind == "user"
        )
        row = conn.execute(query).one_or_none() if is_storable(folded) else None
        if row is None or not may_read(conn, row.id, repository_id):
            raise BadRequest(f"Nobody named {name[:96]!r} may read this repository.")
        found[row.id] = row.name
    return found
