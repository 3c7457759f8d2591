"""What the repositories of a list have in common: tasks, libraries, licences and tags, counted.

Counts only what the list itself shows its reader. Knows how many of the first ones it looks at, so
that its cost does not grow with the hub.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from groundswell.core.values import Principal, RepoKind
from groundswell.hub.repos import Repository
from groundswell.hub.search import ListQuery, Search

LOOKED_AT_MAX: Final = 300
OPTIONS_MAX: Final = 8
# Tags with such a beginning say something of one repository, not what it shares with others.
_OWN: Final = ("arxiv:", "doi:", "base_model:", "dataset:", "region:", "license:")


@dataclass(frozen=True, slots=True)
class Facets:
    """Values and how many have them, most frequent first. ``looked_at`` is how many were counted:
    at most ``LOOKED_AT_MAX`` of the list's first ones.
    """

    looked_at: int
    tasks: tuple[tuple[str, int], ...]
    libraries: tuple[tuple[str, int], ...]
    licenses: tuple[tuple[str, int], ...]
    tags: tuple[tuple[str, int], ...]


def facets_of(search: Search, principal: Principal, kind: RepoKind, query: ListQuery) -> Facets:
    """The facets of a list, for this principal.

    Raises:
        BadRequest: as ``Search.list``.
    """
    wanted = replace(query, limit=LOOKED_AT_MAX, cursor=None, details=False)
    return count(search.list(principal, kind, wanted).repositories)


def count(repositories: Iterable[Repository]) -> Facets:
    """The facets of these repositories."""
    tasks: Counter[str] = Counter()
    libraries: Counter[str] = Counter()
    licenses: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    looked_at = 0
    for each in repositories:
        looked_at += 1
        said = {each.pipeline_tag, each.library_name}
        tasks.update(_known(each.pipeline_tag))
        libraries.update(_known(each.library_name))
        for tag in set(each.tags):
            if tag.startswith("license:"):
                licenses[tag.removeprefix("license:")] += 1
            elif tag not in said and not tag.startswith(_OWN):
                tags[tag] += 1
    return Facets(looked_at, _first(tasks), _first(libraries), _first(licenses), _first(tags))


def _known(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _first(counter: Counter[str]) -> tuple[tuple[str, int], ...]:
    ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return tuple(ordered[:OPTIONS_MAX])
