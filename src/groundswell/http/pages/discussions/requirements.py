"""What the rules of main demand of a pull request, in the words of its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from groundswell.http.pages.checks import AWAITED, check_row
from groundswell.http.pages.door import Asked
from groundswell.http.pages.views import CheckRow, NeedRow, RepoHead
from groundswell.http.pages.wording import plural
from groundswell.hub.discussions import Discussion
from groundswell.hub.repos import Repository
from groundswell.hub.rules.needs import Needs
from groundswell.hub.rules.values import may_pass_over

PATHS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """What a merge box shows of the rules."""

    needs: tuple[NeedRow, ...]
    checks: tuple[CheckRow, ...]
    is_blocked: bool
    may_pass_over: bool
    squash_only: bool
    has_queue: bool
    queue_place: int | None


def shown(
    asked: Asked, repository: Repository, head: RepoHead, discussion: Discussion, tip: str
) -> Shown:
    """Everything that is demanded, what is there of it, and where it stands in the queue."""
    needs = asked.hub.merging.needs(repository, discussion)
    entries = asked.hub.merge_queue.entries(asked.principal, repository)
    place = next(
        (place for place, each in enumerate(entries, 1) if each.number == discussion.number), None
    )
    has_queue = needs.terms.queue
    blockers = needs.of_people if has_queue else needs.blockers
    return Shown(
        needs=tuple(_rows(needs)),
        checks=_checks(asked, repository, head, needs, tip),
        is_blocked=bool(blockers),
        may_pass_over=bool(needs.blockers or has_queue)
        and may_pass_over(asked.principal, repository, needs.rules),
        squash_only=needs.terms.linear,
        has_queue=has_queue,
        queue_place=place,
    )


def _checks(
    asked: Asked, repository: Repository, head: RepoHead, needs: Needs, tip: str
) -> tuple[CheckRow, ...]:
    """Those that are demanded, also when no report that counts is there, and all others of the
    commit.
    """
    reported = asked.hub.checks.of(asked.principal, repository, tip)
    known = {each.name: check_row(head, each) for each in reported}
    wanted = [
        CheckRow(each.name, AWAITED, awaited=each.awaited)
        if each.check is None
        else known.get(each.name) or check_row(head, each.check)
        for each in needs.checks
    ]
    names = {each.name for each in wanted}
    return (*wanted, *(each for name, each in known.items() if name not in names))


def _rows(needs: Needs) -> Iterator[NeedRow]:
    terms = needs.terms
    for name in needs.objected_by:
        yield NeedRow(is_met=False, words=f"{name} asked for changes")
    if terms.approvals:
        by = f" by {', '.join(needs.approved_by)}" if needs.approved_by else ""
        have = len(needs.approved_by)
        words = f"{have} of {plural(terms.approvals, 'approval')}{by}"
        yield NeedRow(have >= terms.approvals, words)
    for each in needs.owners:
        paths = ", ".join(path[:200] for path in each.paths[:PATHS_SHOWN])
        more = len(each.paths) - PATHS_SHOWN
        paths += f" and {more} more" if more > 0 else ""
        if each.is_met:
            yield NeedRow(is_met=True, words=f"{', '.join(each.given_by)} for {paths}")
        else:
            owners = " or ".join(f"@{owner}" for owner in each.owners)
            yield NeedRow(is_met=False, words=f"{owners} has to approve {paths}")
    if terms.sign_off:
        lacking = ", ".join(each.id[:8] for each in needs.unsigned[:PATHS_SHOWN])
        more = len(needs.unsigned) - PATHS_SHOWN
        lacking += f" and {more} more" if more > 0 else ""
        words = (
            f"no sign-off of the author in {lacking}" if lacking else "every commit is signed off"
        )
        yield NeedRow(not needs.unsigned, words)
    for fault in needs.faults:
        yield NeedRow(is_met=False, words=fault)
