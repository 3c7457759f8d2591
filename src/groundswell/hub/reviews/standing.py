"""Where the reviewers of a pull request stand now.

One verdict for each of them: the last one they gave, unless it was dismissed. Rights are judged at
this moment: who may no longer contribute does not stand anywhere, and whether a reviewer may write
is what it is today. Does not know how many verdicts a merge needs.
"""

from __future__ import annotations

from typing import Any, Final, Literal, cast

import sqlalchemy as sa

from groundswell.core.errors import InvalidCredentials
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal
from groundswell.hub.accounts import credentials
from groundswell.hub.discussions.values import Discussion
from groundswell.hub.repos.finding import load_for
from groundswell.hub.reviews.values import Decision, Verdict
from groundswell.store import tables

_reviews = tables.reviews
_TAKES_SIDES: Final = (Decision.APPROVED.value, Decision.CHANGES_REQUESTED.value)


def standing(conn: sa.Connection, discussion: Discussion, head: str) -> tuple[Verdict, ...]:
    """One current verdict for each reviewer, in the order they were given.

    A later verdict of the same person replaces the earlier one; a dismissed one leaves none.
    ``head`` is the commit that the pull request is at. No rights are asked of who reads.
    """
    found = (_verdict(conn, discussion, row, head) for row in conn.execute(_last(discussion)))
    return tuple(each for each in found if each is not None)


def _last(discussion: Discussion) -> sa.Select[Any]:
    last = (
        sa.select(sa.func.max(_reviews.c.comment_id))
        .where(_reviews.c.discussion_id == discussion.id, _reviews.c.verdict.in_(_TAKES_SIDES))
        .group_by(_reviews.c.reviewer_id)
    )
    # Comments are numbered in the order they were said; who began first may have ended last.
    return (
        sa.select(
            _reviews.c.reviewer_id,
            _reviews.c.verdict,
            _reviews.c.reviewed_commit,
            _reviews.c.submitted_at,
        )
        .where(_reviews.c.comment_id.in_(last), _reviews.c.dismissed_at.is_(None))
        .order_by(_reviews.c.comment_id)
    )


def _verdict(
    conn: sa.Connection, discussion: Discussion, row: sa.Row[Any], head: str
) -> Verdict | None:
    reviewer = _reviewer(conn, row.reviewer_id)
    if reviewer is None:
        return None
    repository = load_for(conn, reviewer, discussion.repository_id)
    if repository is None or not may(reviewer, Action.CONTRIBUTE, repository.subject).allowed:
        return None
    return Verdict(
        reviewer_id=row.reviewer_id,
        reviewer=reviewer.name,
        verdict=cast("Literal['approved', 'changes_requested']", row.verdict),
        commit=row.reviewed_commit,
        given_at=row.submitted_at,
        is_stale=row.reviewed_commit != head,
        may_write=may(reviewer, Action.WRITE, repository.subject).allowed,
    )


def _reviewer(conn: sa.Connection, account_id: int) -> Principal | None:
    try:
        return credentials.by_account(conn, account_id)
    except InvalidCredentials:  # disabled
        return None
