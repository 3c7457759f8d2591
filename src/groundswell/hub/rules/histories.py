"""What rules ask of the commits that come: signed off by their authors, in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from groundswell.hub.rules.values import Terms
from groundswell.store.git import CommitSummary
from groundswell.wire.git.sign_off import is_signed_off

COMMITS_LOOKED_MAX: Final = 1_000
COMMITS_NAMED_MAX: Final = 5


def objections(terms: Terms, commits: Sequence[CommitSummary], count: int) -> Iterator[str]:
    """What the terms have against the commits, of which there are ``count`` in all."""
    if not terms.sign_off and not terms.linear:
        return
    if count > len(commits):
        yield f"more than {COMMITS_LOOKED_MAX} commits at once cannot be held against the rules"
    unsigned = lacking_sign_off(commits) if terms.sign_off else []
    if unsigned:
        yield f"Signed-off-by of the author is missing in {named(unsigned)} (git commit --signoff)"
    merges = [each for each in commits if len(each.parents) > 1] if terms.linear else []
    if merges:
        yield f"the history stays a line, and {named(merges)} has several parents"


def lacking_sign_off(commits: Sequence[CommitSummary]) -> list[CommitSummary]:
    """Those whose author did not sign off. A merge brings nothing of its own."""
    return [
        each
        for each in commits
        if len(each.parents) < 2
        and not is_signed_off(each.message, each.author.name, each.author.email)
    ]


def named(commits: Sequence[CommitSummary]) -> str:
    """Some commits by their short ids."""
    told = ", ".join(each.id[:8] for each in commits[:COMMITS_NAMED_MAX])
    more = len(commits) - COMMITS_NAMED_MAX
    return f"{told} and {more} more" if more > 0 else told
