"""Rules of branches and tags as values: what they cover, and what they demand."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal
from groundswell.hub.checks import checked_name
from groundswell.hub.repos import Repository
from groundswell.wire.git.patterns import matches

MAIN: Final = "refs/heads/main"
RULES_MAX: Final = 50  # of one repository
PATTERN_CHARACTERS_MAX: Final = 200
APPROVALS_MAX: Final = 10
CHECKS_MAX: Final = 20  # of one rule
PUSHERS_MAX: Final = 50  # of one rule


class Target(enum.StrEnum):
    """What a rule is about."""

    BRANCH = "branch"
    TAG = "tag"

    @property
    def prefix(self) -> str:
        """How the full names of these refs begin."""
        return "refs/heads/" if self is Target.BRANCH else "refs/tags/"


class Pushers(enum.StrEnum):
    """Who may move a ref directly, and not by a pull request."""

    WRITERS = "writers"
    NAMED = "named"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule demands. ``pusher_ids`` are accounts, also of organisations, for ``NAMED``;
    ``reporters`` are checks and the account whose reports of it count.

    What a pull request needs (approvals, maintainers, checks, queue) counts for main: nothing else
    is merged into.
    """

    pushers: Pushers = Pushers.WRITERS
    pusher_ids: tuple[int, ...] = ()
    no_force: bool = True
    no_deletion: bool = True
    approvals: int = 0
    dismisses_stale: bool = True
    maintainers: bool = False
    checks: tuple[str, ...] = ()
    reporters: tuple[tuple[str, int], ...] = ()
    sign_off: bool = False
    linear: bool = False
    queue: bool = False
    admins_override: bool = False

    @property
    def asks_for_requests(self) -> bool:
        """Whether it demands something that only a pull request can bring."""
        return bool(self.approvals or self.maintainers or self.checks or self.queue)

    @property
    def account_ids(self) -> tuple[int, ...]:
        """Every account that is named."""
        return (*self.pusher_ids, *(id_ for _, id_ in self.reporters))

    def pushers_of(self, reference: str) -> Pushers:
        """Who may move that ref directly. Where a pull request has something to show, "those who
        may write" is nobody: else everyone could go around it.
        """
        if reference == MAIN and self.asks_for_requests and self.pushers is Pushers.WRITERS:
            return Pushers.NOBODY
        return self.pushers


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a repository. ``pusher_names`` and ``reporter_names`` are what the accounts of
    its terms are called now.
    """

    id: int
    target: Target
    pattern: str
    terms: Terms
    pusher_names: tuple[str, ...] = ()
    reporter_names: tuple[tuple[str, str], ...] = ()

    def covers(self, reference: str) -> bool:
        """Whether the ref of that full name is meant."""
        prefix = self.target.prefix
        if not reference.startswith(prefix):
            return False
        return matches(self.pattern, reference.removeprefix(prefix), anchored=True)


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as somebody writes it down, with names in the place of accounts. ``reporter_names``
    are checks and whose reports of it count.
    """

    target: Target
    pattern: str
    terms: Terms
    pusher_names: tuple[str, ...] = ()
    reporter_names: tuple[tuple[str, str], ...] = ()


def checked(draft: Draft) -> Draft:
    """The same, tidied, when it can be a rule.

    Raises:
        BadRequest: it cannot; the message says why.
    """
    pattern = draft.pattern.strip().removeprefix(draft.target.prefix)
    if not pattern or len(pattern) > PATTERN_CHARACTERS_MAX or not pattern.isprintable():
        msg = f"A pattern has 1 to {PATTERN_CHARACTERS_MAX} printable characters, such as main."
        raise BadRequest(msg)
    terms = draft.terms
    if not 0 <= terms.approvals <= APPROVALS_MAX:
        msg = f"Between 0 and {APPROVALS_MAX} approvals can be asked for."
        raise BadRequest(msg)
    checks = tuple(dict.fromkeys(checked_name(each) for each in terms.checks))
    if any(" @" in each and " " not in each.rpartition(" @")[2] for each in checks):
        raise BadRequest("A required check's name has no @ before its last word: that is whose.")
    names = tuple(dict.fromkeys(_account(each) for each in draft.pusher_names))
    reporters = _checked_reporters(draft, checks)
    if len(checks) > CHECKS_MAX or len(names) > PUSHERS_MAX:
        msg = f"A rule names at most {CHECKS_MAX} checks and {PUSHERS_MAX} people."
        raise BadRequest(msg)
    if terms.pushers is Pushers.NAMED and not names:
        raise BadRequest("Name who may push directly, or let it be nobody.")
    if terms.pushers is not Pushers.NAMED:
        names = ()
    if draft.target is Target.TAG:
        about_pushing = ("pushers", "pusher_ids", "no_force", "no_deletion", "admins_override")
        terms = Terms(**{name: getattr(terms, name) for name in about_pushing})
        checks = reporters = ()
    return Draft(draft.target, pattern, replace(terms, checks=checks), names, reporters)


def _account(name: str) -> str:
    return name.strip().removeprefix("@")


def _checked_reporters(draft: Draft, checks: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found = dict.fromkeys((name.strip(), _account(who)) for name, who in draft.reporter_names)
    named = [name for name, _ in found]
    if len(set(named)) < len(named):
        raise BadRequest("A rule names one account for each check.")
    if unknown := sorted(set(named) - set(checks)):
        msg = f"The check {unknown[0][:100]} is not among those that must pass."
        raise BadRequest(msg)
    return tuple(found)


def terms_json(terms: Terms) -> dict[str, Any]:
    """How terms are kept."""
    told = asdict(terms)
    told.update(
        pushers=terms.pushers.value,
        pusher_ids=list(terms.pusher_ids),
        checks=list(terms.checks),
        reporters=[list(each) for each in terms.reporters],
    )
    return told


def terms_from(kept: Mapping[str, Any]) -> Terms:
    """Terms as they were kept; what an older hub did not know is as it is by default."""
    values = dict(kept)
    values["pushers"] = Pushers(values["pushers"])
    values["pusher_ids"] = tuple(values["pusher_ids"])
    values["checks"] = tuple(values["checks"])
    values["reporters"] = tuple((name, id_) for name, id_ in values.get("reporters", ()))
    return Terms(**values)


def merged(rules: Iterable[Rule]) -> Terms:
    """What several rules demand together of a pull request: whatever any of them does."""
    found = [each.terms for each in rules]
    return Terms(
        approvals=max((each.approvals for each in found), default=0),
        dismisses_stale=any(each.dismisses_stale for each in found if each.approvals),
        maintainers=any(each.maintainers for each in found),
        checks=tuple(dict.fromkeys(name for each in found for name in each.checks)),
        reporters=tuple(dict.fromkeys(pair for each in found for pair in each.reporters)),
        sign_off=any(each.sign_off for each in found),
        linear=any(each.linear for each in found),
        queue=any(each.queue for each in found),
        admins_override=all(each.admins_override for each in found),
    )


def may_pass_over(principal: Principal, repository: Repository, rules: Iterable[Rule]) -> bool:
    """Whether the principal may do what these rules object to: an admin, where all say so."""
    lets = all(each.terms.admins_override for each in rules)
    return lets and may(principal, Action.GOVERN, repository.subject).allowed
