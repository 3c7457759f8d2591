"""Whether a ref may move: asked in the turn that moves it, on every way in.

Commits, pushes, branches, tags, squashes and forms all come by ``Guard.decide``. A merge of a pull
request has shown what ``requirements`` demand, in the same turn, and is not asked again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from groundswell.core.errors import ConcurrentWrite, ProtectedReference
from groundswell.core.values import Principal
from groundswell.hub.commits.values import RefChange
from groundswell.hub.repos import Repository
from groundswell.hub.rules import rows
from groundswell.hub.rules.histories import COMMITS_LOOKED_MAX, objections
from groundswell.hub.rules.values import MAIN, Pushers, Rule, Target, may_pass_over
from groundswell.store.database import Database
from groundswell.store.git import GitStore


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a rule does not let something be."""

    rule: Rule
    words: str


class Guard:
    """Holds moves of refs against the rules of their repository."""

    def __init__(self, database: Database, git: GitStore) -> None:
        self._database = database
        self._git = git

    def decide(self, principal: Principal, repository: Repository, change: RefChange) -> RefChange:
        """The same change, when the rules let it be; with what an admin passes over.

        Both commits have to be in the repository by now.

        Raises:
            ProtectedReference: a rule objects.
            ConcurrentWrite: the ref is not where the change begins.
        """
        if change.merges is not None:
            return change
        covering = self._covering(repository.id, change.name)
        if not covering:
            return change
        if self._git.ref_target(repository.id, change.name) != change.old:
            raise ConcurrentWrite
        found = [
            objection
            for rule in covering
            for objection in self._objections(principal, repository.id, rule, change)
        ]
        return self._passed(principal, repository, change, found)

    def decide_name(
        self, principal: Principal, repository: Repository, reference: str, *, deletes: bool
    ) -> None:
        """What can be told before the content has come: nobody shall send gigabytes in vain.

        Raises:
            ProtectedReference: a rule objects, whatever came.
        """
        change = RefChange(reference, None, None)
        found = [
            objection
            for rule in self._covering(repository.id, reference)
            for objection in _on_name(principal, rule, reference, deletes=deletes)
        ]
        self._passed(principal, repository, change, found)

    def decide_rewriting(self, principal: Principal, repository: Repository) -> None:
        """Whether what main holds may be taken out of the repository.

        Raises:
            ProtectedReference: a rule keeps main's history.
        """
        found = [
            Objection(each, f"the history of {_short(MAIN)} is protected: nothing is taken out")
            for each in self._covering(repository.id, MAIN)
            if each.terms.no_force
        ]
        self._passed(principal, repository, RefChange(MAIN, None, None), found)

    def _covering(self, repository_id: int, reference: str) -> tuple[Rule, ...]:
        return self._database.read(lambda conn: rows.covering(conn, repository_id, reference))

    def _passed(
        self,
        principal: Principal,
        repository: Repository,
        change: RefChange,
        found: list[Objection],
    ) -> RefChange:
        if not found:
            return change
        words = tuple(dict.fromkeys(each.words for each in found))
        if may_pass_over(principal, repository, (each.rule for each in found)):
            return replace(change, overrides=words)
        raise ProtectedReference(_short(change.name), words)

    def _objections(
        self, principal: Principal, repository_id: int, rule: Rule, change: RefChange
    ) -> Iterator[Objection]:
        deletes = change.new is None
        yield from _on_name(principal, rule, change.name, deletes=deletes)
        if change.new is None or change.new == change.old:
            return
        if change.old is not None and rule.terms.no_force:
            is_tag = rule.target is Target.TAG
            if is_tag or not self._git.is_ancestor(repository_id, change.old, change.new):
                what = "a tag stays where it is" if is_tag else "its history may not be rewritten"
                yield Objection(rule, f"{_short(change.name)} is protected: {what}")
        if rule.target is Target.BRANCH and (rule.terms.sign_off or rule.terms.linear):
            old = change.old or self._git.head(repository_id)
            commits, count = self._git.merging.between(
                repository_id, old, change.new, COMMITS_LOOKED_MAX
            )
            told = objections(rule.terms, commits, count)
            yield from (Objection(rule, words) for words in told)


def _on_name(
    principal: Principal, rule: Rule, reference: str, *, deletes: bool
) -> Iterator[Objection]:
    name, terms = _short(reference), rule.terms
    if deletes and terms.no_deletion:
        yield Objection(rule, f"{name} is protected: it may not be deleted")
    match terms.pushers_of(reference):
        case Pushers.WRITERS:
            return
        case Pushers.NAMED if any(principal.role_in(id_) is not None for id_ in terms.pusher_ids):
            return
        case Pushers.NAMED:
            yield Objection(rule, f"{name} is protected: only those whom its rule names push to it")
        case Pushers.NOBODY:
            way = "open a pull request" if reference == MAIN else "nobody pushes to it"
            yield Objection(rule, f"{name} is protected: {way}")


def _short(reference: str) -> str:
    return reference.removeprefix("refs/heads/").removeprefix("refs/")
