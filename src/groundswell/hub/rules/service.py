"""The use cases of rules: listed for whoever may read, set by admins of the namespace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import sqlalchemy as sa

from groundswell.core.errors import Forbidden
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal
from groundswell.hub.events import record
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.hub.rules import rows
from groundswell.hub.rules.values import Draft, Rule, checked
from groundswell.store.database import Database


class Rules:
    """The rules of repositories that ``Repos.find`` gave for the principal."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def list(self, principal: Principal, repository: Repository) -> tuple[Rule, ...]:
        """All of them, by target and pattern: who is held to a rule may know it."""

        def work(conn: sa.Connection) -> tuple[Rule, ...]:
            decide_again(conn, principal, repository.id, Action.READ)
            found = rows.of(conn, repository.id)
            names = rows.names_of(conn, (id_ for each in found for id_ in each.terms.account_ids))
            return tuple(_named(each, names) for each in found)

        return self._database.read(work)

    def put(
        self, principal: Principal, repository: Repository, draft: Draft, number: int | None = None
    ) -> int:
        """Set a new rule, or the one of that number anew; its number.

        Raises:
            BadRequest: it cannot be a rule.
            Conflict: too many, or one for that pattern.
            NotFound: there is none of that number.
            Unauthenticated, Forbidden: the principal is no admin of the namespace.
        """

        def work(conn: sa.Connection) -> int:
            _decide(conn, principal, repository.id)
            now = self._clock()
            told = rows.put(conn, now, repository.id, number, checked(draft))
            type_ = "rule.created" if number is None else "rule.changed"
            record(conn, now, type_, principal.account_id, repository.id, told)
            return int(told["rule"])

        return self._database.write(work)

    def delete(self, principal: Principal, repository: Repository, number: int) -> None:
        """Let a rule hold no longer.

        Raises:
            NotFound: there is none of that number.
            Unauthenticated, Forbidden: the principal is no admin of the namespace.
        """

        def work(conn: sa.Connection) -> None:
            _decide(conn, principal, repository.id)
            told = rows.drop(conn, repository.id, number)
            record(conn, self._clock(), "rule.deleted", principal.account_id, repository.id, told)

        self._database.write(work)


def _named(rule: Rule, names: Mapping[int, str]) -> Rule:
    terms = rule.terms
    return replace(
        rule,
        pusher_names=tuple(names[id_] for id_ in terms.pusher_ids if id_ in names),
        reporter_names=tuple((name, names[id_]) for name, id_ in terms.reporters if id_ in names),
    )


def _decide(conn: sa.Connection, principal: Principal, repository_id: int) -> None:
    present = decide_again(conn, principal, repository_id, Action.ADMINISTER)
    if not may(principal, Action.GOVERN, present.subject).allowed:
        raise Forbidden("Rules are set by the namespace's admins.")
