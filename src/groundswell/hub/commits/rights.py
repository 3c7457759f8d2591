"""Who may move which ref: branches by writers, pull request refs also by their authors."""

from __future__ import annotations

import re
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Forbidden, RevisionNotFound
from groundswell.core.policy import Action, may, refusal
from groundswell.core.values import Principal
from groundswell.hub.repos import Repository
from groundswell.store import tables
from groundswell.store.database import Database

_PULL_REQUEST: Final = re.compile(r"refs/pr/([1-9][0-9]{0,8})")
_WRITABLE: Final = frozenset({"draft", "open"})


def pull_request_number(reference: str) -> int | None:
    """N of ``refs/pr/N``."""
    found = _PULL_REQUEST.fullmatch(reference)
    return int(found[1]) if found else None


def check_may_move(
    database: Database, principal: Principal, repository: Repository, reference: str
) -> None:
    """Nothing when the principal may move the ref of that full name.

    Raises:
        Unauthenticated, Forbidden, DisabledRepo, GatedRepo: as ``core.policy`` decides.
        RevisionNotFound: a pull request that does not exist.
        Forbidden: one that is closed or merged, or somebody else's.
    """
    number = pull_request_number(reference)
    if number is None:
        _demand(principal, repository, Action.WRITE)
        return
    _demand(principal, repository, Action.CONTRIBUTE)
    table = tables.discussions
    query = sa.select(table.c.author_id, table.c.status).where(
        table.c.repository_id == repository.id,
        table.c.number == number,
        table.c.is_pull_request.is_(True),
    )
    row = database.read(lambda conn: conn.execute(query).one_or_none())
    if row is None:
        raise RevisionNotFound(reference)
    if row.status not in _WRITABLE:
        msg = f"Pull request {number} is {row.status}."
        raise Forbidden(msg)
    if row.author_id is None or row.author_id != principal.account_id:
        _demand(principal, repository, Action.WRITE)


def _demand(principal: Principal, repository: Repository, action: Action) -> None:
    decision = may(principal, action, repository.subject)
    if not decision.allowed:
        raise refusal(decision)
