"""Events as activity, for one who asks: what they may not see now is left out.

Knows which rows beside the event are needed to tell of it. Rights are judged in the transaction
that reads, on what repositories are now, whatever they were when it happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.values import Principal
from groundswell.hub.activity.streams import Row
from groundswell.hub.activity.values import EXCERPT_CHARACTERS_MAX, TOLD, Activity, Thread
from groundswell.hub.repos import Repository, visible_filter
from groundswell.hub.repos.rows import load_without_details
from groundswell.store.database import portions
from groundswell.store.tables import accounts, comments, discussions, likes, repositories

_SAYING: Final = frozenset({"discussion.created", "discussion.commented"})


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is looked up for many events at once."""

    repositories: dict[int, Repository]
    names: dict[int, str]
    threads: dict[tuple[int, int], Thread]
    excerpts: dict[int, str]
    liked: dict[tuple[int, int], int]


def tell(conn: sa.Connection, principal: Principal, rows: Sequence[Row]) -> list[Activity]:
    """The activity that these events are, as far as it may be told, in their order."""
    told = [row for row in rows if row["type"] in TOLD and row["repository_id"] is not None]
    beside = _look_up(conn, principal, told)
    return [
        _activity(row, beside)
        for row in told
        if row["repository_id"] in beside.repositories and _still_holds(row, beside)
    ]


def seen_among(conn: sa.Connection, principal: Principal, numbers: Sequence[int]) -> list[int]:
    """Those of the repositories that the principal may see now."""
    seen: list[int] = []
    for some in portions(numbers):
        query = sa.select(repositories.c.id).where(
            repositories.c.id.in_(some), visible_filter(principal)
        )
        seen += conn.execute(query).scalars()
    return seen


def _look_up(conn: sa.Connection, principal: Principal, rows: Sequence[Row]) -> _Beside:
    seen = seen_among(conn, principal, sorted({row["repository_id"] for row in rows}))
    visible = [row for row in rows if row["repository_id"] in set(seen)]
    said = [row["id"] for row in visible if row["type"] in _SAYING]
    return _Beside(
        repositories=load_without_details(conn, seen),
        names=_names(conn, visible),
        threads=_threads(conn, visible),
        excerpts=_excerpts(conn, said),
        liked=_liked(conn, visible),
    )


def _names(conn: sa.Connection, rows: Sequence[Row]) -> dict[int, str]:
    found: dict[int, str] = {}
    numbers = sorted({row["actor_id"] for row in rows if row["actor_id"] is not None})
    for some in portions(numbers):
        query = sa.select(accounts.c.id, accounts.c.name).where(accounts.c.id.in_(some))
        found |= {row.id: row.name for row in conn.execute(query)}
    return found


def _threads(conn: sa.Connection, rows: Sequence[Row]) -> dict[tuple[int, int], Thread]:
    keys = {(row["repository_id"], row["discussion_number"]) for row in rows}
    pairs = sorted(key for key in keys if key[1] is not None)
    found: dict[tuple[int, int], Thread] = {}
    table = discussions.c
    for some in portions(pairs):
        query = sa.select(
            table.repository_id, table.number, table.title, table.is_pull_request
        ).where(sa.tuple_(table.repository_id, table.number).in_(some))
        for row in conn.execute(query):
            key = (row.repository_id, row.number)
            found[key] = Thread(row.number, row.title, row.is_pull_request)
    return found


def _excerpts(conn: sa.Connection, ids: Sequence[int]) -> dict[int, str]:
    """How comments begin. Hidden ones hold no text any more; they are left out all the same."""
    found: dict[int, str] = {}
    beginning = sa.func.substr(comments.c.text, 1, EXCERPT_CHARACTERS_MAX)
    for some in portions(ids):
        query = sa.select(comments.c.id, beginning.label("text")).where(
            comments.c.id.in_(some), comments.c.hidden_at.is_(None)
        )
        found |= {row.id: " ".join(row.text.split()) for row in conn.execute(query)}
    return found


def _liked(conn: sa.Connection, rows: Sequence[Row]) -> dict[tuple[int, int], int]:
    """When the likes were given that still stand, those of closed accounts left out."""
    keys = sorted(
        {
            (row["actor_id"], row["repository_id"])
            for row in rows
            if row["type"] == "repository.liked" and row["actor_id"] is not None
        }
    )
    found: dict[tuple[int, int], int] = {}
    for some in portions(keys):
        query = (
            sa.select(likes.c.account_id, likes.c.repository_id, likes.c.liked_at)
            .join_from(likes, accounts, likes.c.account_id == accounts.c.id)
            .where(
                sa.tuple_(likes.c.account_id, likes.c.repository_id).in_(some),
                accounts.c.disabled_at.is_(None),
            )
        )
        for row in conn.execute(query):
            found[row.account_id, row.repository_id] = row.liked_at
    return found


def _still_holds(row: Row, beside: _Beside) -> bool:
    """Whether it is worth telling: a like while it stands, what belongs to a thread with it."""
    key = (row["actor_id"], row["repository_id"])
    if row["type"] == "repository.liked":
        liked_at: int = row["happened_at"]
        return beside.liked.get(key) == liked_at
    if row["discussion_number"] is not None:
        return (row["repository_id"], row["discussion_number"]) in beside.threads
    return True


def _activity(row: Row, beside: _Beside) -> Activity:
    payload: dict[str, Any] = row["payload"]
    moved = row["type"] in {"commit.landed", "reference.changed"}
    return Activity(
        id=row["id"],
        type=row["type"],
        actor=beside.names.get(row["actor_id"]),
        happened_at=row["happened_at"],
        repository=beside.repositories[row["repository_id"]],
        thread=beside.threads.get((row["repository_id"], row["discussion_number"])),
        reference=payload.get("ref") if moved else None,
        commit=payload.get("new") if moved else payload.get("commit"),
        commit_count=payload.get("commit_count"),
        status=payload.get("status"),
        before=payload.get("from") if row["type"] == "discussion.status_changed" else None,
        excerpt=beside.excerpts.get(row["id"], ""),
    )
