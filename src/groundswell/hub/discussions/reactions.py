"""What people think of a comment, in one sign: counted, named, given and taken back.

One of each kind for each person. Does not show in the record of a discussion: it shows in the
comment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, NotFound
from groundswell.core.values import Principal
from groundswell.hub.discussions import rows
from groundswell.hub.discussions.comments import check_may_speak
from groundswell.hub.discussions.values import Discussion
from groundswell.hub.events import record
from groundswell.hub.repos import Repository
from groundswell.store import tables
from groundswell.store.database import Database, insert_ignore, portions

KINDS: Final = {
    "yes": "👍",
    "no": "👎",
    "laugh": "😄",
    "hooray": "🎉",
    "confused": "😕",
    "heart": "❤️",
    "rocket": "🚀",
    "eyes": "👀",
}
"""The signs there are, by their names."""

NAMES_SHOWN_MAX: Final = 10

_table = tables.reactions
_comments = tables.comments
_accounts = tables.accounts


@dataclass(frozen=True, slots=True)
class Reaction:
    """One kind of sign at a comment: how many gave it, the first of them, and whether who asks
    is among them.
    """

    kind: str
    count: int
    names: tuple[str, ...]
    is_own: bool = False


class Reactions:
    """Signs at comments of repositories that ``Repos.find`` gave for the principal."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def react(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        comment: int,
        kind: str,
        *,
        on: bool | None = None,
    ) -> bool:
        """Give a sign or take it back; ``on`` None turns it about. Whether it is given now.

        Raises:
            BadRequest: no such sign.
            NotFound: there is no such discussion or comment.
            Conflict: the comment is hidden.
            Unauthenticated, Forbidden: the principal may not comment there.
        """
        if kind not in KINDS:
            raise BadRequest(f"A reaction is one of these: {', '.join(KINDS)}.")

        def work(conn: sa.Connection) -> bool:
            discussion = rows.load(conn, repository.id, number)
            check_may_speak(conn, principal, repository.id, discussion, adds=False)
            _check_there(conn, discussion, comment)
            mine = {"comment_id": comment, "kind": kind, "account_id": principal.account_id}
            same = sa.and_(*(_table.c[name] == value for name, value in mine.items()))
            is_given = conn.execute(sa.select(_table.c.kind).where(same)).first() is not None
            wanted = not is_given if on is None else on
            if wanted == is_given:
                return wanted
            now = self._clock()
            if wanted:
                insert_ignore(conn, _table, {**mine, "reacted_at": now})
            else:
                conn.execute(sa.delete(_table).where(same))
            told = {"number": number, "comment": comment, "reaction": kind, "given": wanted}
            actor = principal.account_id
            record(conn, now, "comment.reacted", actor, repository.id, told, number)
            return wanted

        return self._database.write(work)

    def at(self, principal: Principal, comments: Sequence[int]) -> dict[int, tuple[Reaction, ...]]:
        """The signs at each of these comments that has any, in the order of ``KINDS``."""
        found: dict[int, dict[str, Reaction]] = {}

        def work(conn: sa.Connection) -> None:
            for some in portions(comments):
                for id_, reaction in _counted(conn, some, principal.account_id):
                    found.setdefault(id_, {})[reaction.kind] = reaction

        self._database.read(work)
        return {
            id_: tuple(given[kind] for kind in KINDS if kind in given)
            for id_, given in found.items()
        }


def _counted(
    conn: sa.Connection, comments: Sequence[int], account_id: int | None
) -> list[tuple[int, Reaction]]:
    place = sa.func.row_number().over(
        partition_by=[_table.c.comment_id, _table.c.kind],
        order_by=[_table.c.reacted_at, _table.c.account_id],
    )
    given = sa.select(_table, place.label("place")).where(_table.c.comment_id.in_(comments))
    ranked = given.subquery()
    own = ranked.c.account_id == (-1 if account_id is None else account_id)
    counts = sa.select(
        ranked.c.comment_id,
        ranked.c.kind,
        sa.func.count().label("count"),
        sa.func.max(sa.case((own, 1), else_=0)).label("is_own"),
    ).group_by(ranked.c.comment_id, ranked.c.kind)
    names = (
        sa.select(ranked.c.comment_id, ranked.c.kind, _accounts.c.name)
        .join(_accounts, _accounts.c.id == ranked.c.account_id)
        .where(ranked.c.place <= NAMES_SHOWN_MAX)
        .order_by(ranked.c.comment_id, ranked.c.kind, ranked.c.place)
    )
    first: dict[tuple[int, str], list[str]] = {}
    for row in conn.execute(names):
        first.setdefault((row.comment_id, row.kind), []).append(row.name)
    return [
        (id_, Reaction(kind, count, tuple(first.get((id_, kind), ())), bool(is_own)))
        for id_, kind, count, is_own in conn.execute(counts)
        if kind in KINDS
    ]


def _check_there(conn: sa.Connection, discussion: Discussion, comment: int) -> None:
    query = sa.select(_comments.c.hidden_at).where(
        _comments.c.id == comment, _comments.c.discussion_id == discussion.id
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFound("Comment not found")
    if row.hidden_at is not None:
        raise Conflict("A hidden comment stays as it is.")
