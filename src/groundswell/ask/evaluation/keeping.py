"""Sets of questions at rest: files that change together, in a dataset of the hub.

Knows which files a set has, and what of them people may have written themselves: their card, and
questions that they kept. Does not know how questions are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from groundswell.ask.evaluation.cards import CARD, card_of, with_counts
from groundswell.ask.evaluation.sets import accepted
from groundswell.ask.receipts import FORMAT as RECEIPT
from groundswell.ask.rewriting import Read, Rewriting
from groundswell.core.errors import BadRequest, Malformed
from groundswell.core.values import Principal, RepoId, Visibility
from groundswell.wire.questions import (
    MANIFEST,
    MANIFEST_BYTES_MAX,
    QUESTIONS,
    QUESTIONS_BYTES_MAX,
    Item,
    Kind,
    SetManifest,
    new_id,
    pack_items,
    pack_set,
    unpack_items,
    unpack_set,
)
from groundswell.wire.questions.manifest import PACKS_MAX

CARD_BYTES_MAX: Final = 1 << 20

Change = Callable[[list[Item]], list[Item]]


def added(items: Sequence[Item]) -> Change:
    """More questions; one that is there already, by its id, takes the place of the former."""

    def change(known: list[Item]) -> list[Item]:
        return list({item.id: item for item in (*known, *items)}.values())

    return change


def made_anew(items: Sequence[Item]) -> Change:
    """Other questions in the place of those that were made; what people asked stays."""

    def change(known: list[Item]) -> list[Item]:
        return [*items, *(each for each in known if each.kind is Kind.HUMAN)]

    return change


def files_with(read: Read, manifest: SetManifest, change: Change) -> dict[str, bytes]:
    """The files of a set after a change.

    Args:
        read: a file of it, up to so many bytes; None where there is none.
        manifest: what the set is; where there is one already, only its packs and seed are taken.
        change: of its questions.

    Raises:
        Malformed: what is there is no set.
        BadRequest: it is a dataset of something else.
    """
    written, told = read(QUESTIONS, QUESTIONS_BYTES_MAX + 1), read(MANIFEST, MANIFEST_BYTES_MAX + 1)
    if written is not None and told is None:
        raise BadRequest(f"There is a {QUESTIONS} without {MANIFEST}: it is another dataset.")
    if told is not None:
        known = unpack_set(told)
        packs = dict.fromkeys((*manifest.packs, *known.packs))
        manifest = replace(known, packs=tuple(packs)[:PACKS_MAX], seed=manifest.seed or known.seed)
    items = change([] if written is None else unpack_items(written))
    card = read(CARD, CARD_BYTES_MAX + 1)
    shown = card_of(manifest, items)
    if card is not None and told is not None:
        shown = with_counts(card.decode("utf-8", "replace"), manifest, items)
    return {
        CARD: shown.encode(),
        MANIFEST: pack_set(manifest),
        QUESTIONS: pack_items(items),
    }


def answers_quoted(text: str) -> tuple[str, ...]:
    """What is accepted of words that were quoted; nothing where they are too long for that."""
    # "Kenya — capital: Nairobi." is answered by its value.
    return accepted(text.rpartition(": ")[2] if " — " in text else text)


def kept_question(
    question: str, answers: Sequence[str], quoted: Mapping[str, str | int] | None, text: str = ""
) -> Item:
    """A question that somebody asked, as one of a set.

    Args:
        question: in their words.
        answers: that they accept; without any, what was quoted, where that is short.
        quoted: where the answer stands (``pack``, ``revision``, ``article``, ``start``, ``stop``);
            None where nothing answers.
        text: of the quote.

    Raises:
        BadRequest: what was quoted is too long to be compared with: an answer has to be said.
    """
    given = tuple(answers)
    if not given and quoted is not None:
        given = answers_quoted(text)
        if not given:
            raise BadRequest(
                "What was quoted is too long to compare answers with: say one answer that is right."
            )
    place = quoted or {}
    return Item(
        id=new_id(question),
        question=question,
        answers=given,
        kind=Kind.HUMAN,
        unanswerable=not given,
        pack=f"{place['pack']}@{place['revision']}" if place else "",
        article=str(place.get("article", "")),
        start=int(place.get("start", 0)),
        stop=int(place.get("stop", 0)),
    )


def kept_receipt(receipt: object, answers: Sequence[str]) -> tuple[Item, tuple[str, ...]]:
    """The question of a receipt (`ask.receipts`) as one of a set, and the packs that were asked.

    Raises:
        Malformed: it is no receipt.
        BadRequest: as `kept_question`.
    """
    try:
        if not isinstance(receipt, dict) or receipt["format"] != RECEIPT:
            raise Malformed("receipt", f"its format is not {RECEIPT}")
        shown = receipt["extract"]
        quoted, text = (shown[0]["citation"], str(shown[0]["text"])) if shown else (None, "")
        packs = tuple(map(str, receipt["packs"]))[:PACKS_MAX]
        return kept_question(str(receipt["asked"]), answers, quoted, text), packs
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise Malformed("receipt", "a part of it is missing or of another type") from error


@dataclass(frozen=True)
class Sets:
    """The sets of a hub."""

    rewriting: Rewriting

    def change(
        self,
        principal: Principal,
        repo_id: RepoId,
        manifest: SetManifest,
        change: Change,
        summary: str,
        visibility: Visibility = Visibility.PRIVATE,
    ) -> str:
        """Commit a change of a set's questions; the set is made where there is none. The commit.

        Raises:
            Forbidden, Unauthenticated: the principal may not write there.
            Malformed, BadRequest: what is there is no set.
            ParentMoved: others committed meanwhile, again and again.
        """
        repository = self.rewriting.repository(principal, repo_id, visibility)
        return self.rewriting.change(
            principal, repository, summary, lambda read: files_with(read, manifest, change)
        )
