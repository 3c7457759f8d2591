"""Whose reports of a check count: of anybody who may report, or of the accounts that rules name.

A commit keeps one report of each name, so what somebody else says is refused and takes no place;
what was reported before the rule came is there and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from groundswell.core.errors import Forbidden
from groundswell.core.values import Principal
from groundswell.hub.checks import Check
from groundswell.hub.rules import rows
from groundswell.hub.rules.needs import CheckNeed
from groundswell.hub.rules.values import MAIN, Terms, merged


def decide_report(conn: sa.Connection, principal: Principal, repository_id: int, name: str) -> None:
    """Nothing when what the principal reports of that check counts.

    Raises:
        Forbidden: rules of main name somebody else.
    """
    named = _named(merged(rows.covering(conn, repository_id, MAIN))).get(name)
    if not named:
        return
    voices = _voices(conn, [principal.account_id])
    if set(named) <= voices.get(principal.account_id, set()):
        return
    names = rows.names_of(conn, named)
    told = " and ".join(f"@{names[id_]}" for id_ in named if id_ in names)
    msg = f"A rule of main says that the check {name} is reported by {told}."
    raise Forbidden(msg)


def check_needs(
    conn: sa.Connection, terms: Terms, reported: Sequence[Check]
) -> tuple[CheckNeed, ...]:
    """The checks that the terms demand, each with the report that counts."""
    known = {each.name: each for each in reported}
    named = _named(terms)
    names = rows.names_of(conn, (id_ for ids in named.values() for id_ in ids))
    voices = _voices(conn, (known[name].reporter_id for name in named if name in known))
    found = []
    for name in terms.checks:
        check, ids = known.get(name), named.get(name, ())
        if check is not None and not set(ids) <= voices.get(check.reporter_id, set()):
            check = None
        awaited = tuple(names[id_] for id_ in ids if id_ in names)
        found.append(CheckNeed(name, check, awaited))
    return tuple(found)


def _named(terms: Terms) -> Mapping[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for name, id_ in terms.reporters:
        found[name] = (*found.get(name, ()), id_)
    return found


def _voices(conn: sa.Connection, account_ids: Iterable[int | None]) -> dict[int | None, set[int]]:
    """For whom each of the accounts speaks: itself, and organisations in which it may write."""
    found: dict[int | None, set[int]] = {id_: {id_} for id_ in account_ids if id_ is not None}
    for user_id, organisation_id in rows.writing_members(conn, found):
        found[user_id].add(organisation_id)
    return found
