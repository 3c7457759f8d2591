"""``Access``: asking to be let into a gated repository, and deciding about it.

Every call looks at the repository again inside its own transaction. Does not decide what may be
read: an accepted request is one of the facts that ``core.policy`` is given at each read, so what
is taken back or ends counts at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import (
    AccountNotFound,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    RepoNotFound,
    TooManyRequests,
    Unauthenticated,
)
from groundswell.core.policy import Action, Reason, may, may_ask, refusal
from groundswell.core.values import AccessStatus, Gate, Principal, is_storable
from groundswell.hub.access import rows
from groundswell.hub.access.values import AccessPage, Asker, Standing
from groundswell.hub.accounts import AccountKind, directory
from groundswell.hub.events import record
from groundswell.hub.repos import Repository, finding
from groundswell.store.database import Database
from groundswell.wire.cards import check_answers, read_gate_form

ASKS_A_DAY_MAX: Final = 50
REASON_CHARACTERS_MAX: Final = 200
EXPIRES_DAYS_MAX: Final = 3650
PAGE_MAX: Final = 1000
EXPIRES_DAYS: Final = "gate_expires_days"
"""The key of a repository's settings: after how many days access ends. Absent: never."""

_EVENTS: Final = {
    AccessStatus.ACCEPTED: "access.granted",
    AccessStatus.REJECTED: "access.rejected",
    AccessStatus.PENDING: "access.cancelled",
}


def check_expires_days(days: int) -> int:
    """The same number, when access may end after so many days.

    Raises:
        BadRequest: none, or too many.
    """
    if not 1 <= days <= EXPIRES_DAYS_MAX:
        raise BadRequest(f"Access ends after 1 to {EXPIRES_DAYS_MAX} days, or never.")
    return days


def expires_days(repository: Repository) -> int | None:
    """After how many days an accepted request ends; None: never."""
    days = repository.settings.get(EXPIRES_DAYS)
    return days if isinstance(days, int) and 1 <= days <= EXPIRES_DAYS_MAX else None


def _expiry(repository: Repository, now: int) -> int | None:
    days = expires_days(repository)
    return None if days is None else now + days * rows.DAY_MICROS


class Access:
    """Requests for access. ``clock`` gives microseconds since the epoch.

    ``repository`` is one that ``Repos.find`` gave for this principal.
    """

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    # --- asking -------------------------------------------------------------------------------

    def ask(
        self,
        principal: Principal,
        repository: Repository,
        form: str,
        given: Mapping[int, str],
        address: str,
    ) -> AccessStatus:
        """Ask to be let in; where the gate accepts at once, one is in when this returns.

        Args:
            principal: who asks.
            repository: for what.
            form: the digest of the form that was answered.
            given: answers by the question's place in the form.
            address: the network address that the request came from.

        Raises:
            BadRequest: an answer is missing or does not fit; the card's form cannot be read.
            Conflict: one may read it already or waits for an answer; the form is another one now.
            Forbidden: one was rejected, or the credential does not speak for a person.
            TooManyRequests: one asked too often within a day.
            RepoNotFound, Unauthenticated, DisabledRepo: as ``core.policy`` decides.
        """

        def work(conn: sa.Connection) -> AccessStatus:
            now = self._clock()
            present = _load(conn, principal, repository.id, now)
            account_id = _check_may_ask(principal, present)
            questions = read_gate_form(present.card)
            if form != questions.digest:
                raise Conflict("The form has changed meanwhile: read it again, then ask.")
            fields = check_answers(questions, given, address)
            rows.forget_withdrawn(conn, account_id, now - rows.DAY_MICROS)
            before = rows.of_account(conn, repository.id, account_id)
            if rows.asked_since(conn, account_id, now - rows.DAY_MICROS) >= ASKS_A_DAY_MAX:
                raise TooManyRequests(f"One may ask for access {ASKS_A_DAY_MAX} times a day.")
            at_once = present.gate is Gate.AUTO
            status = AccessStatus.ACCEPTED if at_once else AccessStatus.PENDING
            values = {
                "status": status.value,
                "fields": fields,
                "asked_at": now,
                "ask_count": 1 + _recent_asks(before, now),
                "decided_at": now if at_once else None,
                "decided_by": None,
                "rejection_reason": "",
                "expires_at": _expiry(present, now) if at_once else None,
            }
            told = _put(conn, before, repository.id, account_id, values)
            record(conn, now, "access.requested", account_id, repository.id, told)
            if at_once:
                record(conn, now, "access.granted", account_id, repository.id, told)
            return status

        return self._database.write(work)

    def withdraw(self, principal: Principal, repository: Repository) -> None:
        """Take one's own request back, or give up access. The answers are deleted.

        Raises:
            NotFound: there is none that could be taken back.
        """

        def work(conn: sa.Connection) -> None:
            now = self._clock()
            _load(conn, principal, repository.id, now)
            account_id = _person(principal)
            before = rows.of_account(conn, repository.id, account_id)
            # A rejection stays: who was rejected does not begin anew.
            kept = {AccessStatus.REJECTED.value, AccessStatus.WITHDRAWN.value}
            if before is None or before["status"] in kept:
                raise NotFound("There is no request of yours to take back.")
            values = {
                "status": AccessStatus.WITHDRAWN.value,
                "fields": None,
                "asked_at": before["asked_at"] or 0,
                "decided_at": None,
                "decided_by": None,
                "expires_at": None,
            }
            told = _put(conn, before, repository.id, account_id, values)
            rows.forget_withdrawn(conn, account_id, now - rows.DAY_MICROS)
            record(conn, now, "access.withdrawn", account_id, repository.id, told)

        self._database.write(work)

    def standing(self, principal: Principal, repository: Repository) -> Standing | None:
        """What became of one's own request; None without one."""
        account_id = principal.account_id
        if account_id is None:
            return None

        def work(conn: sa.Connection) -> Standing | None:
            row = rows.of_account(conn, repository.id, account_id)
            if row is None or row["status"] == AccessStatus.WITHDRAWN.value:
                return None
            status = finding.status_at(row, self._clock())
            return Standing(status, row["asked_at"], row["rejection_reason"], row["expires_at"])

        return self._database.read(work)

    # --- deciding -----------------------------------------------------------------------------

    def list(
        self,
        principal: Principal,
        repository: Repository,
        status: AccessStatus,
        *,
        limit: int,
        cursor: str | None = None,
    ) -> AccessPage:
        """One page of the requests of a status, for those who administer the repository.

        Raises:
            BadRequest: no cursor of this list.
            RepoNotFound, Unauthenticated, Forbidden: the principal may not.
        """
        below = None if cursor is None else _number(cursor)
        limit = min(max(1, limit), PAGE_MAX)

        def work(conn: sa.Connection) -> AccessPage:
            now = self._clock()
            _administered(conn, principal, repository.id, now)
            found = rows.page(conn, repository.id, status, now, limit=limit + 1, below=below)
            more = str(found[limit - 1][0]) if len(found) > limit else None
            total = rows.count(conn, repository.id, status, now)
            return AccessPage(tuple(request for _, request in found[:limit]), total, more)

        return self._database.read(work)

    def count_pending(self, principal: Principal, repository: Repository) -> int:
        """How many wait for somebody to decide; 0 for whoever may not decide."""
        if repository.gate is Gate.OPEN:
            return 0
        if not may(principal, Action.ADMINISTER, repository.subject).allowed:
            return 0

        def work(conn: sa.Connection) -> int:
            return rows.count(conn, repository.id, AccessStatus.PENDING, self._clock())

        return self._database.read(work)

    def handle(
        self,
        principal: Principal,
        repository: Repository,
        asker: Asker,
        status: AccessStatus,
        reason: str = "",
    ) -> None:
        """Accept, reject, or put back to those who wait. ``reason`` is told to who was rejected.

        Raises:
            BadRequest: the repository is not gated; a reason without a rejection, or too long.
            NotFound: no such request, or it stands there already.
            RepoNotFound, Unauthenticated, Forbidden: the principal may not.
        """
        reason = _check_reason(reason, status)

        def work(conn: sa.Connection) -> None:
            now = self._clock()
            present = _gated(_administered(conn, principal, repository.id, now))
            before = rows.of_asker(conn, repository.id, asker) if asker.is_storable else None
            if before is None or before["status"] == AccessStatus.WITHDRAWN.value:
                raise NotFound("There is no such access request.")
            if finding.status_at(before, now) is status:
                raise NotFound(f"This access request is already {status.value}.")
            _decide(conn, principal, present, before, before["account_id"], status, reason, now)

        self._database.write(work)

    def grant(self, principal: Principal, repository: Repository, name: str) -> None:
        """Let a user in who need not have asked.

        Raises:
            BadRequest: the repository is not gated, or the user has access already.
            AccountNotFound: there is no such user.
            RepoNotFound, Unauthenticated, Forbidden: the principal may not.
        """

        def work(conn: sa.Connection) -> None:
            now = self._clock()
            present = _gated(_administered(conn, principal, repository.id, now))
            if not is_storable(name):
                raise AccountNotFound
            account = directory.find(conn, name, AccountKind.USER)
            if account.is_disabled:
                raise AccountNotFound
            before = rows.of_account(conn, repository.id, account.id)
            has_it = before and finding.status_at(before, now) is AccessStatus.ACCEPTED
            member = directory.role_of(conn, present.owner_id, account.id)
            if has_it or member or account.is_admin or account.id == present.owner_id:
                raise BadRequest(f"{account.name} already has access to this repository.")
            accepted = AccessStatus.ACCEPTED
            _decide(conn, principal, present, before, account.id, accepted, "", now)

        self._database.write(work)


# --- within a transaction ---------------------------------------------------------------------


def _load(conn: sa.Connection, principal: Principal, repository_id: int, now: int) -> Repository:
    present = finding.load_for(conn, principal, repository_id, now)
    if present is None:
        raise RepoNotFound
    finding.decide(principal, present, Action.SEE)
    return present


def _administered(
    conn: sa.Connection, principal: Principal, repository_id: int, now: int
) -> Repository:
    present = _load(conn, principal, repository_id, now)
    finding.decide(principal, present, Action.ADMINISTER)
    return present


def _gated(repository: Repository) -> Repository:
    if repository.gate is Gate.OPEN:
        raise BadRequest("This repository is not gated.")
    return repository


def _person(principal: Principal) -> int:
    if principal.account_id is None:
        raise Unauthenticated
    return principal.account_id


def _check_may_ask(principal: Principal, present: Repository) -> int:
    """The account of who may ask."""
    decision = may_ask(principal, present.subject)
    if decision.reason is Reason.ROLE:
        raise Conflict("You may read this repository already.")
    if not decision.allowed:
        raise refusal(decision)
    if present.access is AccessStatus.REJECTED:
        raise Forbidden(finding.gate_message(present))
    if present.access is AccessStatus.PENDING and present.gate is Gate.MANUAL:
        raise Conflict(finding.gate_message(present))
    assert principal.account_id is not None
    return principal.account_id


def _recent_asks(before: sa.RowMapping | None, now: int) -> int:
    if before is None or (before["asked_at"] or 0) <= now - rows.DAY_MICROS:
        return 0
    return int(before["ask_count"])


def _put(
    conn: sa.Connection,
    before: sa.RowMapping | None,
    repository_id: int,
    account_id: int,
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the row; what an event tells of it."""
    public_id = before["public_id"] if before is not None else secrets.token_hex(12)
    key = {"public_id": public_id, "repository_id": repository_id, "account_id": account_id}
    rows.put(conn, before["id"] if before is not None else None, {**key, **values})
    return {"request": public_id, "account_id": account_id}


def _decide(
    conn: sa.Connection,
    principal: Principal,
    present: Repository,
    before: sa.RowMapping | None,
    account_id: int,
    status: AccessStatus,
    reason: str,
    now: int,
) -> None:
    is_decided = status is not AccessStatus.PENDING
    values = {
        "status": status.value,
        "decided_at": now if is_decided else None,
        "decided_by": principal.account_id if is_decided else None,
        "rejection_reason": reason,
        "expires_at": _expiry(present, now) if status is AccessStatus.ACCEPTED else None,
    }
    told = _put(conn, before, present.id, account_id, values)
    record(conn, now, _EVENTS[status], principal.account_id, present.id, told)


def _check_reason(reason: str, status: AccessStatus) -> str:
    if status not in _EVENTS:
        raise BadRequest("A request is accepted, rejected or pending.")
    reason = reason.strip()
    if reason and status is not AccessStatus.REJECTED:
        raise BadRequest("Only a rejection has a reason.")
    if len(reason) > REASON_CHARACTERS_MAX or not is_storable(reason):
        raise BadRequest(f"A reason has at most {REASON_CHARACTERS_MAX} characters.")
    return reason


def _number(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise BadRequest("This is no cursor of this list.")
    return int(cursor)
