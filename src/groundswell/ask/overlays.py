"""Corrections of link graphs as somebody makes them: a commit to an overlay of their own.

An overlay is a dataset with `wire.corrections`' file, private unless its owner makes it otherwise.
Ends have to be articles of packs that the corrector may read, and an edge that is added rests on a
sentence of one of the two. Does not walk graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from groundswell.ask.library import Library, whole
from groundswell.ask.library.overlays import own_overlay
from groundswell.ask.packs.graphs.names import Gazetteer
from groundswell.ask.packs.graphs.quoting import sentence_of
from groundswell.ask.reach import check_discreet
from groundswell.ask.rewriting import Read, Rewriting
from groundswell.core.errors import BadRequest, Malformed
from groundswell.core.values import Principal, RepoId, RepoKind, Visibility
from groundswell.wire.corrections import (
    ADDED,
    CORRECTIONS,
    CORRECTIONS_BYTES_MAX,
    TAG,
    Correction,
    End,
    Verdict,
    pack_corrections,
    unpack_corrections,
)
from groundswell.wire.documents import Article

CARD: Final = "README.md"
WITHDRAW: Final = "withdraw"
_CARD: Final = f"""---
tags: [{TAG}]
configs:
- config_name: default
  data_files: {CORRECTIONS}
---

# Corrections

What {{owner}} says of connections between articles of knowledge packs: which of them hold, which do
not, and which were missing, each of those with the sentence it rests on. Choose these corrections
where connections are shown, or copy the dataset to go on from it.
"""


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody says of an edge.

    Attributes:
        verdict: None takes back what the overlay says of it.
        source: where the edge leads from.
        target: where it leads.
        kind: one of `wire.corrections`' KINDS; of an edge that is added, it is ADDED.
        label: what an added edge says.
        quote: the sentence that an added edge rests on; "" to have one looked for.
        note: why.
        overlay: ``namespace/name``; "" for the corrector's own.
    """

    verdict: Verdict | None
    source: End
    target: End
    kind: str
    label: str = ""
    quote: str = ""
    note: str = ""
    overlay: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What became of it: the overlay, its commit, and the correction; None where it is gone."""

    overlay: str
    commit: str
    correction: Correction | None

    def as_json(self) -> dict[str, Any]:
        """For answers."""
        told = None if self.correction is None else self.correction.as_json()
        return {"overlay": self.overlay, "commit": self.commit, "correction": told}


def verdict_of(text: str) -> Verdict | None:
    """What a door was sent: a verdict, or ``withdraw`` for None. Raises BadRequest."""
    if text == WITHDRAW:
        return None
    try:
        return Verdict(text)
    except ValueError as error:
        words = ", ".join((*Verdict, WITHDRAW))
        raise BadRequest(f"What is said of an edge is one of {words}.") from error


def correct(library: Library, rewriting: Rewriting, principal: Principal, saying: Saying) -> Said:
    """Say something of an edge, in one commit.

    Raises:
        RepoNotFound, GatedRepo, DisabledRepo: a pack is not there for the corrector.
        EntryNotFound: a pack has no such article.
        Forbidden, Unauthenticated: they may not write to the overlay.
        BadRequest: what is said is none or too long, nothing is there to be withdrawn, no sentence
            holds the edge, or the overlay would tell of what others must not know.
        ParentMoved: others committed meanwhile, again and again.
    """
    name = saying.overlay or own_overlay(principal)
    repo_id = RepoId.parse(RepoKind.DATASET, name.removeprefix("datasets/"))
    correction = None
    if saying.verdict is not None:
        correction = _looked_at(library, principal, saying, saying.verdict)
    repository = rewriting.repository(principal, repo_id, Visibility.PRIVATE)
    if correction is not None:
        ends = (saying.source, saying.target)
        packs = [library.find(principal, end.pack).repository for end in ends]
        check_discreet(repository, packs)

    def files(read: Read) -> dict[str, bytes]:
        return _files(read, saying, correction, repository.full_name)

    summary = _summary(saying)
    commit = rewriting.change(principal, repository, summary, files)
    return Said(repository.full_name, commit, correction)


def _looked_at(
    library: Library, principal: Principal, saying: Saying, verdict: Verdict
) -> Correction:
    source_article = _article(library, principal, saying.source)
    target_article = _article(library, principal, saying.target)
    try:
        if verdict is not Verdict.ADD:
            return Correction(
                verdict, saying.source, saying.target, saying.kind, note=saying.note.strip()
            )
        quote = saying.quote.strip() or _found(source_article, target_article)
        is_in_source = quote in source_article.text
        if not is_in_source and quote not in target_article.text:
            raise BadRequest(
                "That sentence stands in neither of the two articles. Copy it letter for letter"
                " from one of them."
            )
        return Correction(
            verdict,
            saying.source,
            saying.target,
            ADDED,
            " ".join(saying.label.split()),
            quote,
            not is_in_source,
            saying.note.strip(),
        )
    except Malformed as error:
        raise BadRequest(f"This correction cannot be taken: {error.why}.") from error


def _article(library: Library, principal: Principal, end: End) -> Article:
    ref = library.find(principal, end.pack)
    with library.opened(ref) as pack, whole(ref.name):
        return pack.article(end.article)


def _found(source: Article, target: Article) -> str:
    """The first sentence in which one of the two articles names the other."""
    for article, other in ((source, target), (target, source)):
        names = [(name, other.path) for name in (other.title, *other.aliases)]
        for naming in Gazetteer(names).find(article.text):
            start, stop = sentence_of(article, naming.start, naming.stop)
            return article.text[start:stop]
    raise BadRequest(
        "Neither article names the other. Copy the sentence that says how they are connected,"
        " letter for letter, from one of them."
    )


def _files(
    read: Read, saying: Saying, correction: Correction | None, overlay: str
) -> dict[str, bytes]:
    written = read(CORRECTIONS, CORRECTIONS_BYTES_MAX + 1)
    try:
        known = {each.key: each for each in unpack_corrections(written or b"")}
        if correction is not None:
            known[correction.key] = correction
        elif known.pop((saying.source, saying.target, saying.kind), None) is None:
            raise BadRequest(f"{overlay} says nothing of that edge.")
        files = {CORRECTIONS: pack_corrections(known.values())}
    except Malformed as error:
        raise BadRequest(f"The corrections of {overlay} cannot be changed: {error.why}.") from error
    if read(CARD, 1) is None:
        files[CARD] = _CARD.format(owner=overlay.partition("/")[0]).encode()
    return files


def _summary(saying: Saying) -> str:
    said = "Withdraw what was said of" if saying.verdict is None else saying.verdict.capitalize()
    return f"{said} “{saying.source.article}” → “{saying.target.article}”"[:200]
