"""Rules as rows. Every function runs inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, NotFound
from groundswell.core.values import Role, fold_name
from groundswell.hub.rules.values import RULES_MAX, Draft, Rule, Target, terms_from, terms_json
from groundswell.store import tables
from groundswell.store.database import Prepared

_table = tables.rules
_OF: Final = Prepared(
    sa.select(_table)
    .where(_table.c.repository_id == sa.bindparam("repository"))
    .order_by(_table.c.target, _table.c.pattern)
)


def of(conn: sa.Connection, repository_id: int) -> tuple[Rule, ...]:
    """All rules of a repository, without names of accounts."""
    return tuple(
        Rule(row["id"], Target(row["target"]), row["pattern"], terms_from(row["terms"]))
        for row in _OF.all(conn, repository=repository_id)
    )


def covering(conn: sa.Connection, repository_id: int, reference: str) -> tuple[Rule, ...]:
    """The rules of a ref, by its full name."""
    return tuple(each for each in of(conn, repository_id) if each.covers(reference))


def names_of(conn: sa.Connection, account_ids: Iterable[int]) -> dict[int, str]:
    """What accounts are called now."""
    accounts = tables.accounts
    query = sa.select(accounts.c.id, accounts.c.name).where(accounts.c.id.in_(set(account_ids)))
    return {row.id: row.name for row in conn.execute(query)}


def ids_of(conn: sa.Connection, names: Iterable[str]) -> dict[str, int]:
    """The accounts of these names in any spelling, by folded name."""
    accounts = tables.accounts
    folded = {fold_name(each) for each in names}
    query = sa.select(accounts.c.folded, accounts.c.id).where(accounts.c.folded.in_(folded))
    return {row.folded: row.id for row in conn.execute(query)}


def writing_members(
    conn: sa.Connection, user_ids: Iterable[int | None]
) -> Iterator[tuple[int, int]]:
    """Of these users, who may write in which organisation: pairs of their numbers."""
    table = tables.memberships
    query = sa.select(table.c.user_id, table.c.organisation_id).where(
        table.c.user_id.in_([each for each in user_ids if each is not None]),
        table.c.role.in_((Role.WRITE.value, Role.ADMIN.value)),
    )
    for row in conn.execute(query):
        yield row.user_id, row.organisation_id


def put(
    conn: sa.Connection, now: int, repository_id: int, number: int | None, draft: Draft
) -> dict[str, Any]:
    """Write a rule: a new one, or the one of that number. What is told of it.

    Raises:
        BadRequest: it names accounts that are not there.
        Conflict: too many rules, or one for that pattern.
        NotFound: there is none of that number.
    """
    names = dict.fromkeys((*draft.pusher_names, *(who for _, who in draft.reporter_names)))
    known = ids_of(conn, names)
    unknown = [each for each in names if fold_name(each) not in known]
    if unknown:
        msg = "There is no account of the name " + ", ".join(each[:96] for each in unknown)
        raise BadRequest(msg)
    present = of(conn, repository_id)
    if any(
        each.id != number and (each.target, each.pattern) == (draft.target, draft.pattern)
        for each in present
    ):
        msg = f"There is a rule for the {draft.target.value} {draft.pattern} already."
        raise Conflict(msg)
    terms = terms_json(draft.terms)
    terms["pusher_ids"] = [known[fold_name(each)] for each in draft.pusher_names]
    terms["reporters"] = [[name, known[fold_name(who)]] for name, who in draft.reporter_names]
    values = {
        "target": draft.target.value,
        "pattern": draft.pattern,
        "terms": terms,
        "changed_at": now,
    }
    if number is None:
        if len(present) >= RULES_MAX:
            msg = f"A repository has at most {RULES_MAX} rules."
            raise Conflict(msg)
        made = conn.execute(sa.insert(_table).values(repository_id=repository_id, **values))
        assert made.inserted_primary_key is not None
        number = int(made.inserted_primary_key[0])
    else:
        changing = sa.update(_table).where(
            _table.c.repository_id == repository_id, _table.c.id == number
        )
        if not conn.execute(changing.values(values)).rowcount:
            raise NotFound("Rule not found")
    return {"rule": number, "target": draft.target.value, "pattern": draft.pattern, "terms": terms}


def drop(conn: sa.Connection, repository_id: int, number: int) -> dict[str, Any]:
    """Remove a rule; what is told of it.

    Raises:
        NotFound: there is none of that number.
    """
    gone = next((each for each in of(conn, repository_id) if each.id == number), None)
    if gone is None:
        raise NotFound("Rule not found")
    conn.execute(sa.delete(_table).where(_table.c.id == number))
    return {"rule": number, "target": gone.target.value, "pattern": gone.pattern}
