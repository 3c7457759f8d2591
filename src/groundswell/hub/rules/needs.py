"""What a pull request needs before it may be merged, and what still stands in the way: values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from groundswell.hub.checks import Check, State
from groundswell.hub.rules.histories import named
from groundswell.hub.rules.values import Rule, Terms, merged
from groundswell.store.git import CommitSummary

PATHS_NAMED_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that stands in the way: a word for programs, and words for people."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class CheckNeed:
    """A check that has to pass, and the report of it that counts. ``awaited`` are those whose
    reports do; empty: anybody's.
    """

    name: str
    check: Check | None
    awaited: tuple[str, ...] = ()

    @property
    def is_met(self) -> bool:
        """Whether it passed."""
        return self.check is not None and self.check.state.is_good

    @property
    def has_failed(self) -> bool:
        """Whether it ended otherwise."""
        return self.check is not None and self.check.state in {State.FAILED, State.ERRORED}


@dataclass(frozen=True, slots=True)
class OwnersNeed:
    """Paths that are touched and whose owners have a say: one of them approves, or made it."""

    owners: tuple[str, ...]
    paths: tuple[str, ...]
    given_by: tuple[str, ...]

    @property
    def is_met(self) -> bool:
        """Whether one of them did."""
        return bool(self.given_by)


@dataclass(frozen=True, slots=True)
class Needs:
    """Everything that the rules of main demand of one pull request, as it stands. ``faults`` are
    reasons for which that cannot be told.
    """

    rules: tuple[Rule, ...] = ()
    approved_by: tuple[str, ...] = ()
    objected_by: tuple[str, ...] = ()
    checks: tuple[CheckNeed, ...] = ()
    owners: tuple[OwnersNeed, ...] = ()
    unsigned: tuple[CommitSummary, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def terms(self) -> Terms:
        """What the rules demand together."""
        return merged(self.rules)

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """What stands in the way of a merge now."""
        return (*self.of_people, *self.of_checks)

    @property
    def of_people(self) -> tuple[Blocker, ...]:
        """What stands in the way, whatever the checks say."""
        return tuple(self._of_people())

    @property
    def of_checks(self) -> tuple[Blocker, ...]:
        """Checks that have not passed."""
        return tuple(Blocker("check", _words_of(each)) for each in self.checks if not each.is_met)

    def _of_people(self) -> Iterator[Blocker]:
        terms = self.terms
        if self.objected_by:
            words = f"{', '.join(self.objected_by)} asked for changes"
            yield Blocker("changes_requested", words)
        if len(self.approved_by) < terms.approvals:
            have = f"{len(self.approved_by)} of {terms.approvals} approvals"
            yield Blocker("approvals", f"{have} by people who may write and did not write this")
        for each in self.owners:
            if not each.is_met:
                yield Blocker("maintainers", _words_for(each))
        if self.unsigned:
            words = f"Signed-off-by of the author is missing in {named(self.unsigned)}"
            yield Blocker("sign_off", words)
        for fault in self.faults:
            yield Blocker("fault", fault)


def _words_of(need: CheckNeed) -> str:
    if need.check is None and need.awaited:
        whom = " and ".join(f"@{each}" for each in need.awaited)
        return f"the check {need.name} waits for a report of {whom}"
    if need.check is None:
        return f"the check {need.name} has not reported"
    return f"the check {need.name} {_SAID[need.check.state]}"


_SAID: Final = {
    State.QUEUED: "waits to run",
    State.RUNNING: "is running",
    State.FAILED: "failed",
    State.ERRORED: "could not be carried out",
    State.PASSED: "passed",
    State.SKIPPED: "was skipped",
}


def _words_for(need: OwnersNeed) -> str:
    paths = ", ".join(each[:100] for each in need.paths[:PATHS_NAMED_MAX])
    more = len(need.paths) - PATHS_NAMED_MAX
    paths += f" and {more} more" if more > 0 else ""
    return f"waits for {' or '.join('@' + each for each in need.owners)}: {paths}"
