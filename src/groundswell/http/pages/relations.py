"""The lineage of a repository in the browser, and the box on its first page that leads there."""

from __future__ import annotations

from typing import Final

from groundswell.core.policy import Action
from groundswell.http.pages.door import Answer, Asked
from groundswell.http.pages.layering import drawing_of
from groundswell.http.pages.repositories import find, head_of, shows
from groundswell.http.pages.views import (
    LineageBox,
    LineagePage,
    LineageRow,
    Origin,
    RepoHead,
)
from groundswell.http.pages.wording import plural
from groundswell.http.routing import Route
from groundswell.hub.relations import COUNTED_MAX, Ancestry, Bond, Relative
from groundswell.hub.repos import Repository

BOXED_MAX: Final = 5
# The word on a line; what goes before the name of the earlier one; what many of them are called.
_WORDS: Final = {
    Bond.FINETUNE: ("finetune", "finetune of", "finetune"),
    Bond.ADAPTER: ("adapter", "adapter for", "adapter"),
    Bond.MERGE: ("merge", "merge of", "merge"),
    Bond.QUANTIZED: ("quantized", "quantized from", "quantization"),
    Bond.DERIVED: ("derived", "derived from", "derived model"),
    Bond.DATASET: ("data", "uses the dataset", "model"),
    Bond.FORK: ("fork", "forked from", "fork"),
}


def _url(relative: Relative) -> str:
    return "" if relative.seen is None else f"/{relative.seen.repo_id.url_path}"


def _origin(relative: Relative, bond: Bond) -> Origin:
    return Origin(
        bond.value, _WORDS[bond][1], relative.name[:200], _url(relative), bond.is_declared
    )


def _counts(counts: tuple[tuple[Bond, int], ...]) -> tuple[str, ...]:
    """``12 finetunes``."""
    return tuple(
        f"more than {plural(COUNTED_MAX, _WORDS[bond][2])}"
        if count > COUNTED_MAX
        else plural(count, _WORDS[bond][2])
        for bond, count in counts
    )


def lineage_box(asked: Asked, repository: Repository, head: RepoHead) -> LineageBox | None:
    """What stands beside the card; None when nothing is known of it."""
    kin = asked.hub.relations.kin(asked.principal, repository)
    origins = tuple(_origin(base.relative, base.bond) for base in kin.bases[:BOXED_MAX])
    counts = _counts(kin.counts)
    if head.forks:
        counts += (plural(head.forks, "fork"),)
    if not origins and not counts and head.upstream is None:
        return None
    return LineageBox(origins, counts, f"{head.url}/lineage")


def _rows(found: Ancestry) -> tuple[LineageRow, ...]:
    origins: list[list[Origin]] = [[] for _ in found.relatives]
    for each in found.relations:
        origins[each.later].append(_origin(found.relatives[each.earlier], each.bond))
    return tuple(
        LineageRow(
            name=relative.name[:200],
            kind=relative.kind.value,
            url=_url(relative),
            is_private=relative.seen is not None and relative.seen.is_private,
            is_here=place == 0,
            origins=tuple(origins[place]),
        )
        for place, relative in enumerate(found.relatives)
    )


def lineage_page(
    head: RepoHead, found: Ancestry, counts: tuple[tuple[Bond, int], ...] = ()
) -> LineagePage:
    """The page of this ancestry; ``counts`` are told where not all of it can be shown."""
    rows = _rows(found)
    drawing = drawing_of(found)
    listed = rows
    if drawing is not None:
        boxes = drawing.boxes
        order = sorted(range(len(rows)), key=lambda place: (boxes[place].layer, boxes[place].y))
        listed = tuple(rows[place] for place in order)
    bonds = sorted({each.bond for each in found.relations}, key=list(Bond).index)
    return LineagePage(
        repo=head,
        rows=listed,
        drawn=rows,
        lines=tuple((each.bond.value, _WORDS[each.bond][0]) for each in found.relations),
        legend=tuple((bond.value, _WORDS[bond][0]) for bond in bonds),
        drawing=drawing,
        is_whole=found.is_whole,
        counts=_counts(counts),
    )


def _show(asked: Asked) -> Answer:
    repository = find(asked, Action.SEE)
    relations = asked.hub.relations
    found = relations.ancestry(asked.principal, repository)
    counts = () if found.is_whole else relations.kin(asked.principal, repository).counts
    return lineage_page(head_of(asked, repository), found, counts)


def routes() -> list[Route]:
    """Addresses of this part."""
    return shows("/lineage", _show, "lineage")
