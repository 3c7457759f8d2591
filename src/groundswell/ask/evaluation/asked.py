"""A question that a reader asked of the hub's packs, kept in a set of theirs.

Of the answer only its place is taken from the reader: its words are read from the pack again, with
the reader's rights. A set that everybody may read is told of no pack that not everybody may read.
Does not ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from groundswell.ask.evaluation.keeping import Sets, added, kept_question
from groundswell.ask.library import Library, PackRef, whole
from groundswell.ask.reach import check_discreet
from groundswell.ask.rewriting import BRANCH, Rewriting
from groundswell.core.errors import BadRequest, EntryNotFound, RevisionNotFound
from groundswell.core.values import Principal, RepoId, RepoKind, Visibility
from groundswell.hub.repos import Repository
from groundswell.wire.questions import MANIFEST, Item, SetManifest
from groundswell.wire.questions.manifest import PACKS_MAX

OWN_NAME: Final = "my-questions"
_TITLE: Final = "Questions that were asked"
_SUMMARY: Final = "Keep a question that was asked"
# What a dataset has that was just made.
_OF_EVERY_DATASET: Final = ".gitattributes"


@dataclass(frozen=True, slots=True)
class Place:
    """Characters [start, stop) of an article; ``pack`` is ``namespace/name@commit``."""

    pack: str
    article: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a reader wants to keep.

    Attributes:
        question: as it was read.
        packs: ``namespace/name@commit`` of those that were asked.
        place: where the answer stands that was quoted; None where nothing answered.
        answers: that the reader accepts; without any, what was quoted.
        into: ``namespace/name`` of the set.
    """

    question: str
    packs: tuple[str, ...]
    place: Place | None
    answers: tuple[str, ...]
    into: str


def own_set(principal: Principal) -> str:
    """Where somebody's questions lie as long as they name no other place."""
    return f"{principal.name}/{OWN_NAME}"


def set_id(name: str) -> RepoId:
    """The dataset of a name. Raises InvalidName."""
    return RepoId.parse(RepoKind.DATASET, name.removeprefix("datasets/"))


def keep(library: Library, rewriting: Rewriting, principal: Principal, keeping: Keeping) -> str:
    """Keep a question, in one commit; the set is made, private, where there is none. Its name.

    Raises:
        RepoNotFound, RevisionNotFound, GatedRepo, DisabledRepo: a pack is not there for the reader.
        EntryNotFound: it has no such article.
        Forbidden, Unauthenticated: they may not write to the set.
        BadRequest: the question or an answer is none or too long, an answer has to be said, the
            dataset is another one, or everybody would be told of a pack.
        ParentMoved: others committed meanwhile, again and again.
    """
    repo_id = set_id(keeping.into)
    if not 0 < len(keeping.packs) <= PACKS_MAX:
        raise BadRequest("This form is not one of the page's. Load the page again.")
    refs = [library.find(principal, name) for name in keeping.packs]
    item = _item(library, principal, refs, keeping)
    repository = rewriting.repository(principal, repo_id, Visibility.PRIVATE)
    _check_is_set(rewriting, repository)
    check_discreet(repository, (ref.repository for ref in refs))
    named = tuple(f"{ref.name}@{ref.commit}" for ref in refs)
    manifest = SetManifest(_TITLE, "", named)
    Sets(rewriting).change(principal, repo_id, manifest, added([item]), _SUMMARY)
    return repository.full_name


def _item(
    library: Library, principal: Principal, refs: Sequence[PackRef], keeping: Keeping
) -> Item:
    place = keeping.place
    if place is None:
        return kept_question(keeping.question, keeping.answers, None)
    ref = library.find(principal, place.pack)
    if (ref.name, ref.commit) not in {(each.name, each.commit) for each in refs}:
        raise BadRequest("This form is not one of the page's. Load the page again.")
    with library.opened(ref) as pack, whole(ref.name):
        text = pack.article(place.article).text
    if not 0 <= place.start < place.stop <= len(text):
        raise EntryNotFound(place.article, ref.commit, "No such words stand in that article.")
    quoted: dict[str, str | int] = {
        "pack": ref.name,
        "revision": ref.commit,
        "article": place.article,
        "start": place.start,
        "stop": place.stop,
    }
    return kept_question(keeping.question, keeping.answers, quoted, text[place.start : place.stop])


def _check_is_set(rewriting: Rewriting, repository: Repository) -> None:
    """Refuse to put questions among the files of something else."""
    try:
        if rewriting.content.paths_info(repository, BRANCH, [MANIFEST]):
            return
        items = rewriting.content.tree(repository, BRANCH, limit=2).items
    except RevisionNotFound:
        return
    if any(each.entry.path != _OF_EVERY_DATASET for each in items):
        raise BadRequest(
            f"{repository.full_name} is a dataset of something else: it has no {MANIFEST}. Name"
            " another one; where there is none, it is made."
        )
